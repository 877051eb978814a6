"""What a user would reach for instead, on the same reports in one run: figures right, seconds, memory.

``python -m benchmarks.others --reports 30``. The task is the same for all: the value of every cell of the form. The other tools run in an environment
of their own: ``python -m venv ~/.cache/gouji/others && ~/.cache/gouji/others/bin/pip install -r benchmarks/others/requirements.txt``.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

from benchmarks.arguments import names
from benchmarks.damage import LEVELS
from benchmarks.others import llm
from benchmarks.others.run import OTHERS, Row, by_level, gouji, other
from benchmarks.others.sample import FIRST_SEED, FORMATS, Report, write
from benchmarks.programs import THIS, add_installed
from benchmarks.score import stamp, write_json

_MAKE = "python -m venv {0} && {0}/bin/pip install -r benchmarks/others/requirements.txt"


def environment() -> Path:
    """The folder in which the other tools' environment is looked for."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "gouji" / "others"


def main(argv: Sequence[str] | None = None) -> int:
    """Command line."""
    argv = sys.argv[1:] if argv is None else argv
    given = _parser().parse_args(argv)
    python = given.python or _found()
    with tempfile.TemporaryDirectory(prefix="gouji-") as name:
        desk = Path(name)
        reports = write(desk / "reports", given.formats, given.levels, given.reports, given.texts, not given.no_golden)
        rows: list[Row] = []
        alone: dict[str, dict[str, Any]] = {}
        print(heading())
        for format_ in given.formats:
            mine = [r for r in reports if r.format == format_]
            for row in _rows(mine, python, given, desk):
                rows.append(row)
                for line in table([row]):
                    print(line, flush=True)
            alone[format_] = llm.measure(mine, given.output_speed)
    for line in _llm_table(alone, given.output_speed):
        print(line)
    if given.json:
        sample = {"reports": given.reports, "texts": given.texts, "levels": given.levels, "first_seed": FIRST_SEED, "output_speed": given.output_speed}
        write_json(stamp("benchmarks.others", argv) | sample | {"tools": [_as_data(r) for r in rows], "llm_alone": alone}, given.json)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.others", description=__doc__)
    parser.add_argument("--reports", type=int, default=20, help="of each format and level, default 20")
    parser.add_argument("--texts", type=int, default=1400, help="plain texts of each level, default 1,400")
    parser.add_argument("--levels", type=partial(names, known=LEVELS), default=LEVELS, metavar="L,…")
    parser.add_argument("--formats", type=partial(names, known=FORMATS), default=tuple(FORMATS), metavar="F,…", help=", ".join(FORMATS))
    parser.add_argument("--tools", type=partial(names, known=_tools()), default=_tools(), metavar="T,…", help=", ".join(_tools()))
    parser.add_argument("--workers", type=_numbers, default=(1, os.cpu_count() or 1), metavar="N,…", help="Gouji's, one run each; default 1 and one for each core")
    add_installed(parser)
    parser.add_argument("--no-golden", action="store_true", help="leave the golden set out")
    parser.add_argument("--python", metavar="PATH", help=f"of the other tools' environment, default {environment()}/bin/python")
    parser.add_argument("--minutes", type=float, default=20, help="a tool may take for one format, default 20")
    parser.add_argument("--output-speed", type=float, default=80, help="tokens a second that a model is assumed to write, default 80")
    parser.add_argument("--json", type=Path, metavar="FILE")
    return parser


def _tools() -> tuple[str, ...]:
    return tuple(dict.fromkeys(t for tools in OTHERS.values() for t in tools))


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(dict.fromkeys(int(n) for n in text.split(",")))


def _found() -> str:
    python = environment() / "bin" / "python"
    if python.is_file():
        return str(python)
    print(f"no environment of the other tools at {environment()}: taking this one's, so that some may be missing.\n"
          f"To make it: {_MAKE.format(environment())}", file=sys.stderr)  # fmt: skip
    return sys.executable


def _rows(reports: Sequence[Report], python: str, given: argparse.Namespace, desk: Path) -> Iterator[Row]:
    for tool in OTHERS[reports[0].format]:
        if tool in given.tools:
            yield other(tool, python, reports, desk, given.minutes)
    for program, workers in product((THIS, *given.installed), dict.fromkeys(given.workers)):
        yield gouji(reports, desk, workers, given.minutes, program)


# ---------------------------------------------------------------- what is shown


def heading() -> str:
    """The titles of the columns of ``table``."""
    return (
        f"{'format':14}{'tool':27}{'level':8}{'reports':>8}{'failed':>7}{'figures':>9}{'right %':>9}{'wrong':>7}{'missing':>8}{'invented':>9}{'equal':>6}"
        f"{'acc. %':>8}{'acc. wrong':>11}{'to person':>10}{'ms each':>9}{'a second':>9}{'start s':>9}{'MiB':>6}"
    )


def table(rows: Sequence[Row]) -> Iterator[str]:
    """A line for each level; start and memory are of the whole process and stand in the first."""
    for row in rows:
        if row.error:
            yield f"{row.format:14}{row.tool:27}failed: {row.error}"
        elif row.errors:
            yield f"{row.format:14}{row.tool:27}{len(row.errors)} reports failed, the first: {row.errors[0]}"
    for row, level, c in by_level(rows):
        line = f"{row.format:14}{row.tool:27}{level:8}{c.reports:8,}{c.failed:7}{c.figures:9,}{_share(c.right, c.figures):>9}"
        line += f"{c.wrong:7,}{c.missing:8,}{c.invented:9,}{c.equal_value:6}"
        line += f"{_share(c.accepted, c.cells):>8}{c.accepted_wrong:11,}{c.to_person:10,}" if c.cells else " " * 29
        speed = row.a_second(level)
        line += f"{1000 / speed:9.1f}{speed:9.1f}" if speed else f"{'-':>9}{'-':>9}"
        if level == next(iter(row.levels)):
            line += (f"{row.start:9.2f}" if row.start else f"{'-':>9}") + f"{row.memory:6.0f}"
        yield line


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.2f}" if whole else "-"


def _llm_table(alone: Mapping[str, Mapping[str, Any]], speed: float) -> Iterator[str]:
    yield f"\na language model alone, tokens a report (o200k); seconds at an assumed {speed:g} tokens a second of output; no accuracy is claimed"
    yield f"{'format':14}{'reports':>8}{'input':>8}{'output':>8}{'seconds':>9}   US dollars for 1,000 reports"
    for format_, m in alone.items():
        costs = ", ".join(f"{name} {cost:.2f}" for name, cost in m["usd_per_1000"].items())
        yield f"{format_:14}{m['reports']:8}{m['input']:8,}{m['output']:8,}{m['seconds']:9.1f}   {costs}"


def _as_data(row: Row) -> dict[str, Any]:
    data = asdict(row) | {"a_second": {level: row.a_second(level) for level in row.levels}}
    data["errors"] = row.errors[:5]
    return data


if __name__ == "__main__":
    sys.exit(main())
