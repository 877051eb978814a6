"""A large mixed archive in one run, and again with three kills in between: throughput, memory, and whether the results are equal.

``python -m benchmarks.resumed --reports 100000``. The archive is that of ``benchmarks.corpus``: text of all shapes and levels, HTML, DOCX, XLSX, PDF, in
folders, ZIP and TAR.GZ archives and JSON lines, with duplicates and files that are no report. Both runs are of the command line, with two workers.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.programs import THIS
from benchmarks.score import ROOT, stamp, write_json
from benchmarks.watched import Watched, watch

_KILLS = (0.2, 0.45, 0.7)  # of the size of the undisturbed output


def main(argv: Sequence[str] | None = None) -> int:
    """Run and report."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.resumed", description=__doc__)
    parser.add_argument("--reports", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=80_000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--folder", type=Path, help="where the archive is kept, or is already; else in a temporary folder")
    parser.add_argument("--json", type=Path, metavar="FILE")
    given = parser.parse_args(argv)
    result = stamp("benchmarks.resumed", sys.argv[1:] if argv is None else argv)  # before an archive in the checkout makes it look changed
    with tempfile.TemporaryDirectory(prefix="gouji-") as name:
        desk = Path(name)
        archive = given.folder or desk / "archive"
        if not archive.is_dir() or not any(archive.iterdir()):
            make = [sys.executable, "-m", "benchmarks.corpus", archive, "--reports", given.reports, "--seed", given.seed, "--workers", given.workers]
            subprocess.run([str(x) for x in make], cwd=ROOT, check=True)  # noqa: S603
        whole = watch(_command(archive, desk / "whole.jsonl", given.workers), desk / "whole.txt")
        parts = _disturbed(archive, desk / "parts.jsonl", given.workers, (desk / "whole.jsonl").stat().st_size)
        result |= _result(desk, whole, parts)
    print(json.dumps({k: v for k, v in result.items() if k != "memory"}, indent=1, ensure_ascii=False))
    if given.json:
        write_json(result, given.json)
    return 0 if result["equal"] else 1


def _command(archive: Path, target: Path, workers: int) -> list[str]:
    return THIS.command("extract", archive, "--jsonl", target, "--workers", workers)


def _disturbed(archive: Path, target: Path, workers: int, size: int) -> list[Watched]:
    """The runs of the same command until it ends by itself: three of them are killed."""
    part = target.with_name(target.name + ".part")
    runs = []
    for n, share in enumerate((*_KILLS, None)):
        stop = None if share is None else lambda least=share * size: part.exists() and part.stat().st_size >= least
        runs.append(watch(_command(archive, target, workers), target.with_name(f"parts-{n}.txt"), stop))
    return runs


def _result(desk: Path, whole: Watched, parts: Sequence[Watched]) -> dict[str, Any]:
    counts, errors, bytes_ = Counter[str](), Counter[str](), (desk / "whole.jsonl").stat().st_size
    with (desk / "whole.jsonl").open("rb") as lines:
        for line in lines:
            record = json.loads(line)
            counts[record["decision"]] += 1
            if record["error"]:
                errors[record["error"]["code"]] += 1
    reports = counts.total()
    return {
        "reports": reports, "decisions": dict(counts), "errors": dict(errors), "bytes": bytes_,
        "undisturbed": _told(whole), "reports a second": round(reports / whole.seconds, 1), "CPU ms a report": round(1000 * whole.cpu / reports, 2),
        "disturbed": [_told(p) for p in parts],
        "equal": _hash(desk / "whole.jsonl") == _hash(desk / "parts.jsonl"),
        "MiB of the largest process": max(w.largest for w in (whole, *parts)),
        "closing line": [x for x in parts[-1].said.splitlines() if "reports:" in x],
        "memory": [m for n, m in enumerate(whole.memory) if n % 40 == 0],
    }  # fmt: skip


def _told(w: Watched) -> dict[str, Any]:
    return {
        "seconds": round(w.seconds, 1), "CPU seconds": round(w.cpu, 1), "exit": w.code, "MiB of the largest process": w.largest,
        "in each quarter": w.quarters(), "MiB of all": w.together,
    }  # fmt: skip


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


if __name__ == "__main__":
    sys.exit(main())
