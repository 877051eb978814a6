"""Ten thousand generated reports through one process, and how much memory it holds on the way.

``python -m benchmarks.memory``. The reports are made in the same process, so what the generator keeps is in the
figures too; a reader that keeps something of every report shows as a slope.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import count, islice
from pathlib import Path
from statistics import linear_regression

from benchmarks.damage import SHAPES, Case, make_case
from benchmarks.score import LOCKED_FROM, extract_case, stamp, write_json
from extractor.form import load_forms

_MB = 1 << 20
# Seeds of their own, apart from those of development and far from the locked ones.
_FIRST_SEED = 2_000


@dataclass(frozen=True, slots=True)
class Memory:
    """Resident memory in MiB. ``slope`` is that of the second half, in KiB for every thousand reports."""

    reports: int
    start: float
    peak: float
    end: float
    slope: float
    samples: tuple[tuple[int, float], ...]


def resident() -> float:
    """Resident memory of this process in MiB."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / _MB


def reports(level: str = "light") -> Iterator[Case]:
    """Endless reports, going round the shapes and the forms; no two are equal."""
    forms = load_forms()
    for n in count():
        seed = _FIRST_SEED + n // (len(SHAPES) * len(forms))
        assert seed < LOCKED_FROM
        yield make_case(forms[n // len(SHAPES) % len(forms)], seed, SHAPES[n % len(SHAPES)], level)


def run(wanted: int, every: int, level: str = "light") -> Memory:
    """Extract ``wanted`` reports and sample the memory before the first and after every ``every``."""
    forms = load_forms()
    samples = [(0, resident())]
    for n, case in enumerate(islice(reports(level), wanted), 1):
        extract_case(case, forms)
        if n % every == 0 or n == wanted:
            samples.append((n, resident()))
    sizes = [size for _, size in samples]
    return Memory(wanted, sizes[0], max(sizes), sizes[-1], slope(samples[len(samples) // 2 :]), tuple(samples))


def slope(samples: Sequence[tuple[int, float]]) -> float:
    """Least squares, in KiB for every thousand reports; 0 for fewer than two samples."""
    if len(samples) < 2:
        return 0.0
    found = linear_regression([n for n, _ in samples], [size for _, size in samples])
    return found.slope * 1024 * 1000


def main(argv: Sequence[str] | None = None) -> int:
    """Command line."""
    argv = sys.argv[1:] if argv is None else argv
    parser = argparse.ArgumentParser(prog="python -m benchmarks.memory", description=__doc__)
    parser.add_argument("--reports", type=int, default=10_000)
    parser.add_argument("--every", type=int, default=500, help="reports from sample to sample, default 500")
    parser.add_argument("--json", type=Path, metavar="FILE")
    given = parser.parse_args(argv)
    memory = run(given.reports, given.every)
    for n, size in memory.samples:
        print(f"{n:7} reports {size:8.1f} MiB")
    print(f"start {memory.start:.1f}, peak {memory.peak:.1f}, end {memory.end:.1f} MiB; "
          f"second half {memory.slope:+.0f} KiB per 1,000 reports")  # fmt: skip
    if given.json:
        write_json(stamp("benchmarks.memory", argv) | {"level": "light"} | asdict(memory), given.json)
    return 0


if __name__ == "__main__":
    sys.exit(main())
