"""Whether builds of Gouji read alike: ``python -m benchmarks.alike --installed=PATH``.

Each program reads the same generated reports, of every shape and level of damage, by ``gouji extract``; every line must be the same to the byte.
Exit 1 where one is not, naming the report.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from itertools import product
from pathlib import Path

from benchmarks.arguments import case_parser
from benchmarks.damage import make_case
from benchmarks.programs import Program, add_programs, programs_of
from benchmarks.score import stamp, write_json
from benchmarks.throughput import Run, run
from extractor.form import load_forms

_NAMED = 20
_CODES = (0, 1)  # 1: some report could not be read, as heavy damage may have it


def write_cases(folder: Path, given: argparse.Namespace) -> list[str]:
    """Write one report for each seed, level, shape and form; their names in the order in which they are read."""
    folder.mkdir()
    for seed, level, shape, form in product(given.seeds, given.levels, given.shapes, load_forms()):
        case = make_case(form, seed, shape, level)
        (folder / f"{case.name}{case.suffix}").write_bytes(case.data)
    return sorted(p.name for p in folder.iterdir())


def compare(programs: Sequence[Program], place: Path, names: Sequence[str], workers: int) -> tuple[list[Run], list[str]]:
    """Each program's run over the reports, and the names of those that one reads otherwise than the first."""
    runs, first, different = [], b"", set()
    for program in programs:
        output = place / "out.jsonl"
        runs.append(run(place / "reports", output, workers, program, _CODES))
        lines = output.read_bytes()
        first = first or lines
        different |= {n for n, a, b in zip(names, first.splitlines(), lines.splitlines(), strict=True) if a != b}
    return runs, sorted(different)


def main(argv: Sequence[str] | None = None) -> int:
    """Command line."""
    argv = sys.argv[1:] if argv is None else argv
    parser = case_parser("benchmarks.alike", __doc__)
    add_programs(parser)
    given = parser.parse_args(argv)
    if len(programs := programs_of(given)) < 2:
        parser.error("name another program with --python or --installed")
    with tempfile.TemporaryDirectory() as temporary:
        names = write_cases(Path(temporary, "reports"), given)
        runs, different = compare(programs, Path(temporary), names, given.processes)
    for r in runs:
        print(f"{r.reports:,} reports in {r.seconds:.1f} s by {r.python}")
    print(f"{len(different)} of them are read otherwise by one than by the first" + "".join(f"\n  {name}" for name in different[:_NAMED]))
    if given.json:
        write_json(stamp("benchmarks.alike", argv) | {"runs": [asdict(r) for r in runs], "different": different}, given.json)
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())
