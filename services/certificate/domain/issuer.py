"""Who issues, and what the notice says about it (附十一, 说二, 说三)."""

from __future__ import annotations

from typing import Final

ISSUER: Final = "北京市人力资源和社会保障局"
"""The implementing body (附十一)."""

SEAL: Final = "北京市人力资源和社会保障局职称专用章"
"""The seal of the electronic certificate (京人社事业发〔2021〕2号, from its 经办流程)."""

HOTLINE: Final = "12333"
"""Advice on applications and certificates (说三); shown on every answer to a verification."""
