"""How long one report takes inside the process, stage by stage, and how long the command line takes to start.

``python -m benchmarks.speed``. One core, after a warm-up. A fixed loop of plain Python is timed beside it, so that two
machines can be compared by the ratio ``reports per loop`` rather than by milliseconds.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import wraps
from pathlib import Path
from statistics import fmean, median, quantiles
from time import perf_counter_ns
from types import FunctionType
from typing import Any

from benchmarks.damage import SHAPES, make_case
from benchmarks.score import ROOT, stamp, write_json
from extractor import pipeline
from extractor.errors import ReportUnreadable
from extractor.form import load_forms
from extractor.read import read_bytes

GOLDEN = ("000", "002", "real-006")
_LOOPS = 1_000_000
_MS = 1e6


@dataclass(frozen=True, slots=True)
class Timing:
    """Milliseconds of reading and extracting one text; ``stages`` are medians, ``other`` is what no stage took."""

    name: str
    texts: int
    repetitions: int
    characters: int
    median: float
    p95: float
    stages: Mapping[str, float]


@contextmanager
def one_core() -> Iterator[None]:
    """Keep this process on one core where the system can."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(before)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def calibration(runs: int = 5) -> float:
    """Milliseconds of a fixed loop of plain Python: the best of some runs."""
    return min(_loop() for _ in range(runs))


def _loop() -> float:
    start, n = perf_counter_ns(), 0
    for i in range(_LOOPS):
        n += i % 7
    assert n
    return (perf_counter_ns() - start) / _MS


def stage_names() -> tuple[str, ...]:
    """The functions of other modules that the pipeline calls: its stages, whatever they are called by now."""
    return tuple(
        name
        for name, value in vars(pipeline).items()
        if isinstance(value, FunctionType) and value.__module__ not in (pipeline.__name__, "functools")
    )


@contextmanager
def watched(spent: dict[str, int]) -> Iterator[None]:
    """While open, every stage adds its nanoseconds to ``spent``; a stage called by a stage counts in both."""
    before = {name: getattr(pipeline, name) for name in stage_names()}

    def timed(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(function)
        def call(*args: Any, **named: Any) -> Any:
            start = perf_counter_ns()
            try:
                return function(*args, **named)
            finally:
                spent[name] = spent.get(name, 0) + perf_counter_ns() - start

        return call

    for name, function in before.items():
        setattr(pipeline, name, timed(name, function))
    try:
        yield
    finally:
        for name, function in before.items():
            setattr(pipeline, name, function)


def _once(data: bytes) -> tuple[int, int]:
    """Nanoseconds for reading the bytes and for extracting; the same for a text that cannot be read."""
    start = perf_counter_ns()
    try:
        document = read_bytes(data, "speed")
    except ReportUnreadable:
        return perf_counter_ns() - start, 0
    middle = perf_counter_ns()
    pipeline.extract(document)
    return middle - start, perf_counter_ns() - middle


def measure(name: str, texts: Sequence[bytes], repetitions: int) -> Timing:
    """Time ``texts`` in turn, at least ``repetitions`` in all; the stages in as many further runs."""
    rounds = -(-repetitions // len(texts))
    for data in texts:
        for _ in range(2):
            _once(data)
    took = [sum(_once(data)) / _MS for _ in range(rounds) for data in texts]
    return Timing(
        name=name,
        texts=len(texts),
        repetitions=len(took),
        characters=round(fmean(len(data.decode("utf-8", "replace")) for data in texts)),
        median=median(took),
        p95=quantiles(took, n=20)[-1],
        stages=_stages([data for _ in range(max(1, rounds // 2)) for data in texts]),
    )


def _stages(texts: Sequence[bytes]) -> dict[str, float]:
    rows: list[dict[str, float]] = []
    for data in texts:
        spent: dict[str, int] = {}
        with watched(spent):
            reading, extracting = _once(data)
        inside = sum(spent.values())
        rows.append({k: v / _MS for k, v in ({"read": reading} | spent | {"other": extracting - inside}).items()})
    names = list(dict.fromkeys(name for row in rows for name in row))
    return {name: median(row.get(name, 0.0) for row in rows) for name in names}


def texts(level: str, shape: str, count: int) -> list[bytes]:
    """Generated reports of one shape, in every form in turn."""
    forms = load_forms()
    return [make_case(forms[n % len(forms)], n, shape, level).data for n in range(count)]


def measure_all(repetitions: int, shapes: Sequence[str], count: int) -> list[Timing]:
    """Golden reports, clean and heavy generated ones by shape."""
    out = [measure(f"golden {g}", [(ROOT / "golden" / g / "source.txt").read_bytes()], repetitions) for g in GOLDEN]
    for level in ("clean", "heavy"):
        out += [measure(f"{level} {shape}", texts(level, shape, count), repetitions) for shape in shapes]
    return out


def start_up(runs: int) -> dict[str, float]:
    """Milliseconds (median) until ``--help`` has answered, and until one report has been extracted."""
    report = str(ROOT / "golden" / "000" / "source.txt")
    commands = {"--help": ["--help"], "extract one report": ["extract", report, "--jsonl", "-"]}
    return {name: median(_command(arguments) for _ in range(runs)) for name, arguments in commands.items()}


def _command(arguments: Sequence[str]) -> float:
    start = perf_counter_ns()
    done = subprocess.run([sys.executable, "cli.py", *arguments], cwd=ROOT, capture_output=True, check=False)  # noqa: S603
    took = (perf_counter_ns() - start) / _MS
    if done.returncode not in (0, 1):
        raise RuntimeError(f"cli.py {' '.join(arguments)}: exit {done.returncode}: {done.stderr.decode()[-500:]}")
    return took


def main(argv: Sequence[str] | None = None) -> int:
    """Command line."""
    argv = sys.argv[1:] if argv is None else argv
    parser = argparse.ArgumentParser(prog="python -m benchmarks.speed", description=__doc__)
    parser.add_argument("--repetitions", type=int, default=200, help="runs for each line, default 200")
    parser.add_argument("--texts", type=int, default=20, help="generated reports for each shape, default 20")
    parser.add_argument("--shapes", type=lambda t: tuple(t.split(",")), default=SHAPES, metavar="S,…")
    parser.add_argument("--starts", type=int, default=10, help="starts of the command line, default 10")
    parser.add_argument("--json", type=Path, metavar="FILE")
    given = parser.parse_args(argv)
    with one_core():
        loop = calibration()
        timings = measure_all(given.repetitions, given.shapes, given.texts)
        loop = min(loop, calibration())
        starts = start_up(given.starts)
    for line in _lines(timings, loop, starts):
        print(line)
    if given.json:
        figures = {"timings": [asdict(t) | {"per_loop": loop / t.median} for t in timings], "start_up_ms": starts}
        write_json(stamp("benchmarks.speed", argv) | {"loop_ms": loop, **figures}, given.json)
    return 0


def _lines(timings: Sequence[Timing], loop: float, starts: Mapping[str, float]) -> Iterator[str]:
    yield f"loop of {_LOOPS:,} additions: {loop:.1f} ms"
    yield f"{'':20}{'characters':>11}{'median ms':>11}{'p95 ms':>9}{'reports/loop':>14}   stages of most time (median ms)"
    for t in timings:
        top = sorted(t.stages.items(), key=lambda item: -item[1])[:5]
        slowest = ", ".join(f"{name} {ms:.2f}" for name, ms in top)
        yield f"{t.name:20}{t.characters:11}{t.median:11.2f}{t.p95:9.2f}{loop / t.median:14.1f}   {slowest}"
    for name, ms in starts.items():
        yield f"command line, {name}: {ms:.0f} ms"


if __name__ == "__main__":
    sys.exit(main())
