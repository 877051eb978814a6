"""How many reports a second ``gouji extract`` reads, from the command to the last line written, and what bounds it.

``python -m benchmarks.throughput``. The program runs as a process over a folder of clean reports of every text shape, with each interpreter and
number of workers in turn; a run over a single report beside it shows what starting costs. What a report costs inside is timed as ``speed`` does.
Machines that are shared change their pace within minutes, so there are rounds, all of them are told, and a loop of plain Python before and after each.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from itertools import count, islice, product
from pathlib import Path
from statistics import fmean

from benchmarks.damage import SHAPES, make_case
from benchmarks.score import ROOT, stamp, write_json
from benchmarks.speed import Timing, calibration, measure
from benchmarks.watched import cpu_of
from extractor.form import load_forms

TEXT_SHAPES = tuple(s for s in SHAPES if s != "html")
_LOOK_EVERY = 0.02


@dataclass(frozen=True, slots=True)
class Run:
    """One run of the command line: seconds on the clock, and of CPU in its first process (the parent) and in the workers.

    ``python`` names the interpreter (``python_name``). ``parent_cpu`` is None where the system does not tell the two apart; ``workers_cpu`` is
    all CPU then. ``loop_ms`` is what a loop of plain Python took just before and just after.
    """

    python: str
    workers: int
    reports: int
    seconds: float
    parent_cpu: float | None
    workers_cpu: float
    loop_ms: tuple[float, float]

    @property
    def rate(self) -> float:
        """Reports a second."""
        return self.reports / self.seconds

    def bound(self) -> str:
        """Which side had the least time to spare: the parent, or the workers on average."""
        if self.parent_cpu is None or self.workers < 2:
            return "one process"
        return "parent" if self.parent_cpu > self.workers_cpu / self.workers else "workers"


def texts(shape: str, number: int) -> list[bytes]:
    """Clean reports of one shape, in every form in turn."""
    forms = load_forms()
    return [make_case(forms[n % len(forms)], n, shape, "clean").data for n in range(number)]


def write_folder(folder: Path, reports: int) -> None:
    """Write so many clean reports, round all shapes and forms, into a new folder."""
    folder.mkdir()
    every = (make_case(form, seed, shape, "clean") for seed in count() for shape, form in product(TEXT_SHAPES, load_forms()))
    for n, case in enumerate(islice(every, reports)):
        (folder / f"{n:06}-{case.name}{case.suffix}").write_bytes(case.data)


@lru_cache
def name_of(python: str) -> str:
    """What an interpreter calls itself; OSError where there is none, CalledProcessError where it cannot run the program."""
    ask = "import cli; from benchmarks.score import python_name; print(python_name())"
    done = subprocess.run([python, "-c", ask], cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True)  # noqa: S603
    return done.stdout.strip()


def run(folder: Path, output: Path, workers: int, python: str = sys.executable) -> Run:
    """Run the command over ``folder``; RuntimeError where it fails or writes another number of records than there are reports."""
    command = [python, "cli.py", "extract", str(folder), "--jsonl", str(output), "--workers", str(workers)]
    name, loop = name_of(python), calibration()
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.perf_counter()
    with tempfile.TemporaryFile() as said, subprocess.Popen(command, cwd=ROOT, stdout=said, stderr=said) as process:  # noqa: S603
        parent = None
        while process.poll() is None:
            parent = cpu_of(process.pid) or parent
            time.sleep(_LOOK_EVERY)
        seconds = time.perf_counter() - start
        said.seek(0)
        words = said.read().decode("utf-8", "replace")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    records = output.read_bytes().count(b"\n") if output.exists() else 0
    reports = sum(1 for _ in folder.iterdir())
    if process.returncode != 0 or records != reports:
        raise RuntimeError(f"{' '.join(command)}: exit {process.returncode}, {records} records of {reports} reports: {words[-500:]}")
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Run(name, workers, reports, seconds, parent, cpu - (parent or 0.0), (loop, calibration()))


def run_all(reports: int, workers: Sequence[int], rounds: int = 1, pythons: Sequence[str] = (sys.executable,)) -> tuple[list[Run], list[Run]]:
    """The run over one report by each interpreter, and those over the whole folder, each with each number of workers in turn in every round."""
    for python in pythons:
        # As installing it does: else every process of it would compile the program once more, which takes as long as loading all else.
        subprocess.run([python, "-m", "compileall", "-q", "cli.py", "extractor"], cwd=ROOT, check=True)  # noqa: S603
    with tempfile.TemporaryDirectory() as temporary:
        place = Path(temporary)
        write_folder(place / "one", 1)
        write_folder(place / "all", reports)
        output = place / "out.jsonl"
        alone = [run(place / "one", output, 1, p) for p in pythons]
        return alone, [run(place / "all", output, n, p) for _ in range(rounds) for n in workers for p in pythons]


def main(argv: Sequence[str] | None = None) -> int:
    """Command line."""
    argv = sys.argv[1:] if argv is None else argv
    parser = argparse.ArgumentParser(prog="python -m benchmarks.throughput", description=__doc__)
    parser.add_argument("--reports", type=int, default=3360, help="reports in the folder, default 3,360")
    parser.add_argument("--workers", type=lambda t: tuple(map(int, t.split(","))), default=(1, 2), metavar="N,…")
    parser.add_argument("--rounds", type=int, default=1, help="each interpreter with each number of workers so often, default 1")
    parser.add_argument("--python", type=_also, default=(sys.executable,), metavar="PATH,…", help="run by these too, in which the program is installed")
    parser.add_argument("--texts", type=int, default=20, help="reports of each shape that are timed inside, default 20; 0 is none")
    parser.add_argument("--json", type=Path, metavar="FILE")
    given = parser.parse_args(argv)
    alone, runs = run_all(given.reports, given.workers, given.rounds, given.python)
    loop = calibration()
    inside = [measure(s, texts(s, given.texts), 3 * given.texts) for s in TEXT_SHAPES] if given.texts else []
    for line in _lines(alone, runs, inside, loop):
        print(line)
    if given.json:
        figures = {"one_report": [asdict(r) for r in alone], "runs": [_data(r) for r in runs], "inside": [asdict(t) for t in inside], "loop_ms": loop}
        write_json(stamp("benchmarks.throughput", argv) | figures, given.json)
    return 0


def _also(text: str) -> tuple[str, ...]:
    return (sys.executable, *(str(Path(p).expanduser()) for p in text.split(",")))


def _data(r: Run) -> Mapping[str, object]:
    return asdict(r) | {"reports_a_second": r.rate, "bound_by": r.bound()}


def _lines(alone: Sequence[Run], runs: Sequence[Run], inside: Sequence[Timing], loop: float) -> Iterator[str]:
    start_up = {r.python: r.seconds for r in alone}
    yield f"loop of plain Python (as in `speed`): {loop:.1f} ms"
    for python, seconds in start_up.items():
        yield f"one report alone by Python {python}: {seconds:.2f} s, all of it start-up"
    yield f"{'Python':10}{'workers':>7}{'reports':>9}{'reports/s':>11}{'seconds':>9}{'start-up':>10}{'CPU parent':>12}{'CPU workers':>13}{'loop ms':>12}   bound by"
    for r in runs:
        parent = "–" if r.parent_cpu is None else f"{r.parent_cpu:.1f} s"
        yield (
            f"{r.python.split()[0]:10}{r.workers:7}{r.reports:9,}{r.rate:11.1f}{r.seconds:9.1f}{start_up[r.python] / r.seconds:10.1%}{parent:>12}"
            f"{r.workers_cpu:11.1f} s{r.loop_ms[0]:7.1f}{r.loop_ms[1]:5.0f}   {r.bound()}"
        )
    for t in inside:
        slowest = ", ".join(f"{name} {ms:.2f}" for name, ms in sorted(t.stages.items(), key=lambda item: -item[1])[:5])
        yield f"{t.name:14} {t.median:6.2f} ms a report in one process alone: {slowest}"
    if inside:
        yield f"{'all shapes':14} {fmean(t.median for t in inside):6.2f} ms, reading and extracting; the line of JSON and the way to the parent come on top"


if __name__ == "__main__":
    sys.exit(main())
