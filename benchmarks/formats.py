"""Reports a second by shape and format, inside one process on one core: what reading, extracting and writing the record take, and the memory.

``python -m benchmarks.formats``. Every line has a process of its own, so that its memory is its own; each report is read anew each time. The start-up of
the command line stands at the end.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from statistics import fmean
from time import perf_counter

from benchmarks.arguments import names
from benchmarks.damage import LEVELS
from benchmarks.others.sample import FIRST_SEED, FORMATS, made
from benchmarks.others.worker import peak
from benchmarks.score import stamp, write_json
from benchmarks.speed import calibration, one_core, start_up
from extractor.form import Form, load_forms
from extractor.pipeline import extract
from extractor.read import read_bytes
from extractor.recordline import written


@dataclass(frozen=True, slots=True)
class Timing:
    """Means over the reports of one shape of one format, in milliseconds: each stage's fastest of some rounds of each report.

    ``memory`` is what the process held at most, ``before`` what it held before the first report, in MiB; ``size`` the bytes of a file.
    """

    format: str
    shape: str
    level: str
    reports: int
    size: int
    read: float
    extract: float
    record: float
    before: float
    memory: float

    @property
    def a_second(self) -> float:
        """Reports a second."""
        return 1000 / (self.read + self.extract + self.record)


def measure(format_: str, shape: str, level: str, files: Sequence[bytes], rounds: int) -> Timing:
    """Read every file ``rounds`` times, after a warm-up."""
    by_id = {f.id: f for f in load_forms()}
    before = peak()
    with one_core():
        for data in files[:2]:
            _once(data, by_id)
        runs = [[_once(data, by_id) for _ in range(rounds)] for data in files]
    read, extracted, record = (1000 * fmean(min(run[n] for run in each) for each in runs) for n in range(3))
    return Timing(format_, shape, level, len(files), round(fmean(map(len, files))), read, extracted, record, before, peak())


def _once(data: bytes, forms: dict[str, Form]) -> tuple[float, float, float]:
    """Seconds for the document, the extraction and the line of JSON."""
    start = perf_counter()
    document = read_bytes(data, "formats")
    read = perf_counter()
    extraction = extract(document)
    extracted = perf_counter()
    written(extraction, forms.get(extraction.form or ""))
    return read - start, extracted - read, perf_counter() - extracted


def main(argv: Sequence[str] | None = None) -> int:
    """Command line."""
    argv = sys.argv[1:] if argv is None else argv
    parser = argparse.ArgumentParser(prog="python -m benchmarks.formats", description=__doc__)
    parser.add_argument("--reports", type=int, default=20, help="of each shape, default 20")
    parser.add_argument("--rounds", type=int, default=5, help="each report is read so often and the fastest counts, default 5")
    parser.add_argument("--formats", type=partial(names, known=FORMATS), default=tuple(FORMATS), metavar="F,…", help=", ".join(FORMATS))
    parser.add_argument("--levels", type=partial(names, known=LEVELS), default=("clean",), metavar="L,…")
    parser.add_argument("--starts", type=int, default=10, help="starts of the command line, default 10")
    parser.add_argument("--json", type=Path, metavar="FILE")
    given = parser.parse_args(argv)
    timings: list[Timing] = []
    forms = load_forms()
    print(f"{'format':13}{'shape':14}{'level':8}{'bytes':>9}{'read ms':>9}{'extract ms':>11}{'record ms':>10}{'a second':>10}{'MiB':>7}{'before':>8}")
    for level, format_, shape in ((v, f, s) for v in given.levels for f in given.formats for s in FORMATS[f]):
        files = [made(forms[n % len(forms)], FIRST_SEED + n, level, format_, shape).data for n in range(given.reports)]
        with ProcessPoolExecutor(1, get_context("spawn")) as own:
            t = own.submit(measure, format_, shape, level, files, given.rounds).result()
        timings.append(t)
        stages = f"{t.read:9.2f}{t.extract:11.2f}{t.record:10.2f}"
        print(f"{format_:13}{shape:14}{level:8}{t.size:9,}{stages}{t.a_second:10.1f}{t.memory:7.0f}{t.before:8.0f}", flush=True)
    with one_core():
        loop, starts = calibration(), start_up(given.starts)
    print(f"loop of a million additions: {loop:.1f} ms", *(f"command line, {name}: {ms:.0f} ms" for name, ms in starts.items()), sep="\n")
    if given.json:
        lines = [asdict(t) | {"a_second": t.a_second, "per_loop": loop * t.a_second / 1000} for t in timings]
        write_json(stamp("benchmarks.formats", argv) | {"reports": given.reports, "loop_ms": loop, "timings": lines, "start_up_ms": starts}, given.json)
    return 0


if __name__ == "__main__":
    sys.exit(main())
