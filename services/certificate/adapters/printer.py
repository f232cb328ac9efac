"""The certificate's document, rendered in a thread of its own: the loop goes on answering meanwhile."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor

from services.certificate.document.render import CertificateDocument, CertificateFields, render


class Printer:
    """One thread: the compiler takes one document at a time."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, "printer")

    async def print(self, fields: CertificateFields) -> CertificateDocument:
        """Render a certificate."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, render, fields)

    def close(self) -> None:
        """Let the document that is being rendered end, and take no more."""
        self._thread.shutdown(wait=False, cancel_futures=True)
