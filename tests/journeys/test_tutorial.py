"""The tutorial says only what works."""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
from pathlib import Path

from cli.demo.addresses import addresses
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


def test_the_tutorial_keeps_no_token_that_runs_out_while_somebody_reads() -> None:
    text = TUTORIAL.read_text(encoding="utf-8")
    assert not re.search(r"[A-Z]+=\$\(token ", text)
    assert all("$(token " in line or "$SECRET" in line for line in text.splitlines() if "Authorization: Bearer" in line)


def test_the_last_line_of_make_run_gets_a_new_token(told: Told, tmp_path: Path) -> None:
    secret = tmp_path / "admin secret"
    secret.write_text(told.house.info.admin_secret + "\n", encoding="utf-8")
    lines = asyncio.run(addresses(told.house.info, told.result, secret))
    assert "five minutes" in lines[-3]
    done = subprocess.run(["bash", "-c", lines[-2]], capture_output=True, text=True, check=True)
    token = json.loads(done.stdout)["access_token"]
    (city,) = [line for line in lines if line.startswith("# city")]
    asked = re.sub(r"Bearer [^']+", f"Bearer {token}", city)
    seen = subprocess.run(["bash", "-c", asked], capture_output=True, text=True, check=True)
    assert json.loads(seen.stdout)["id"] == told.result["applications"][0]
