"""What schemathesis makes of the service's own description: thousands of requests, none of them answered with a fault of ours."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.web_support import FLAGGED, REPORT, service

# A longer run: WEB_FUZZ_SECONDS=600 python -m pytest tests/test_web_fuzz.py
SECONDS = os.environ.get("WEB_FUZZ_SECONDS")
# Otherwise so much work, however long it takes: every case that schemathesis derives from the description, and a few at random for each operation.
EXTENT = ["--max-time", SECONDS] if SECONDS else ["--max-examples", "3"]


@pytest.mark.slow
def test_no_request_that_the_description_leads_to_is_answered_with_a_fault(tmp_path: Path) -> None:
    # A time such as 0001-01-01 is well formed and yet refused, which a JSON schema cannot say; and "1" is taken for 1.
    options = [*EXTENT, "--checks", "all", "--exclude-checks", "positive_data_acceptance,negative_data_rejection", "--continue-on-failure"]
    with service(tmp_path) as running, running.client() as client:
        plain = {"content-type": "text/plain"}
        client.post("/v1/extract", params={"store": "true"}, content=FLAGGED.read_bytes(), headers=plain)
        client.post("/v1/jobs", files={"files": ("a.txt", REPORT)})
        command = [sys.executable, "-m", "schemathesis.cli", "run", f"{running.url}openapi.json", *options]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, encoding="utf-8", check=False, timeout=int(SECONDS or 300) + 120)
        lines = [line for line in running.log.splitlines() if "gouji.access" in line]

    assert 0 == done.returncode, done.stdout[-6000:] + done.stderr[-2000:]
    assert len(lines) > 200
    assert [] == [line for line in lines if int(line.rsplit(" ", 3)[1]) >= 500]
