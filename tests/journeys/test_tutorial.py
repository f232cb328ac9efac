"""The tutorial says only what works."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

from tests.journeys.conftest import Told

CHECKOUT = Path(__file__).resolve().parents[2]
TUTORIAL = CHECKOUT / "docs" / "tutorial" / "a-case-with-curl.md"


def test_every_block_of_the_tutorial_can_be_pasted_in_order(told: Told) -> None:
    blocks = re.findall(r"```bash\n(.*?)```", TUTORIAL.read_text(encoding="utf-8"), re.DOTALL)
    script = "set -eu\nPATH=.venv/bin:$PATH\n" + "\n".join(blocks)
    done = subprocess.run(
        ["bash", "-c", script],
        cwd=CHECKOUT,
        env={**os.environ, "HOUSE": str(told.house.root), "PYTHONPATH": str(CHECKOUT)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    assert "the same bytes" in done.stdout
    assert "PUBLICITY_TOO_SHORT" in done.stdout
    assert "ApplicationQualified" in done.stdout
    assert "EligibilityAssessed" in done.stdout
