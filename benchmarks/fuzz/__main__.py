"""Command line: one reader, or all of them side by side."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from math import inf
from pathlib import Path
from typing import Any

from benchmarks.fuzz.watch import Watch
from benchmarks.score import ROOT, stamp

READERS = ("text", "html", "mhtml", "docx", "xlsx", "pdf", "doc", "rtf", "zip", "tar", "jsonl")


def main(argv: Sequence[str] | None = None) -> int:
    """Command line; 1 where anything failed."""
    argv = sys.argv[1:] if argv is None else argv
    parser = argparse.ArgumentParser(prog="python -m benchmarks.fuzz", description="Every reader against damaged files.")
    parser.add_argument("--reader", choices=(*READERS, "all"), required=True)
    parser.add_argument("--seconds", type=float, default=60, help="for each reader; `all` has them run side by side")
    parser.add_argument("--files", type=int, default=inf, metavar="N", help="end sooner, after so many files")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", type=Path, default=Path(tempfile.gettempdir()) / "gouji-fuzz", metavar="FOLDER", help="where files that failed are kept")
    parser.add_argument("--json", type=Path, metavar="FILE", help="the report, written anew every few seconds")
    parser.add_argument("--nice", type=int, default=19, help="how far to stand back for other work")
    options = parser.parse_args(argv)
    os.nice(max(0, options.nice - os.nice(0)))
    head = stamp("benchmarks.fuzz", argv)
    if options.reader == "all":
        reports = _all(options, head)
    else:
        watch = Watch(options.reader, options.seed, options.keep)
        reports = [watch.run(options.seconds, lambda r: _write(options.json, head, [r.as_json()]), options.files).as_json()]
    for report in reports:
        print(_words(report))
    return 1 if any(r["failures"] for r in reports) or len(reports) < (len(READERS) if options.reader == "all" else 1) else 0


def _all(options: argparse.Namespace, head: dict[str, Any]) -> list[dict[str, Any]]:
    """Each reader in a process of its own, their reports in one."""
    parts = {name: options.keep / f"{name}.json" for name in READERS}
    options.keep.mkdir(parents=True, exist_ok=True)
    running = []
    for name, part in parts.items():
        part.unlink(missing_ok=True)
        command = [sys.executable, "-m", "benchmarks.fuzz", "--reader", name, "--seconds", str(options.seconds), "--seed", str(options.seed), "--nice", str(options.nice)]
        command += ["--files", str(options.files)] if options.files < inf else []
        running.append(subprocess.Popen([*command, "--keep", str(options.keep), "--json", str(part)], cwd=ROOT, stdout=subprocess.DEVNULL))  # noqa: S603
    while True:
        ended = all(p.poll() is not None for p in running)
        reports = [r for part in parts.values() if part.is_file() for r in json.loads(part.read_text(encoding="utf-8"))["readers"]]
        _write(options.json, head, reports)
        if ended:
            return reports
        time.sleep(10)


def _write(path: Path | None, head: dict[str, Any], reports: Sequence[dict[str, Any]]) -> None:
    """The report as it stands, never half written."""
    if path is None:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    part.write_text(json.dumps({**head, "readers": list(reports)}, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    part.replace(path)


def _words(report: dict[str, Any]) -> str:
    """A reader's report for people."""
    r = report
    lines = [f"{r['reader']}: {r['inputs']:,} files in {r['seconds']:,.0f} s, {r['processor']:,.0f} s of processor time ({r['per_second']:g} a second; {r['feedback']}, {r['edges']:,} edges), at most {r['memory'] / 1e6:,.0f} MB"]
    lines.append("  " + " · ".join(f"{word} {n:,}" for word, n in r["outcomes"].items()))
    lines += [f"  {s['seconds']:.2f} s: {s['bytes']:,} bytes, {s['outcome']} {s['file']}" for s in r["slowest"][:2]]
    lines += [f"  FAILED {f['count']:,} times: {f['signature']} {f['detail'][:200]} {f['files'][0]}" for f in r["failures"]]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
