"""How many reports a second ``gouji extract`` reads, from the command to the last line written, and what bounds it.

``python -m benchmarks.throughput``. The program runs as a process over a folder of clean reports of every text shape, by each interpreter and as
installed where asked, with each number of workers in turn; all must write the same bytes. A run over a single report beside it shows what starting
costs. What a report costs inside is timed as ``speed`` does. Machines that are shared change their pace within minutes, so there are rounds, all of them
are told, and a loop of plain Python before and after each.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from hashlib import file_digest
from itertools import count, islice, product
from pathlib import Path
from statistics import fmean

from benchmarks.damage import SHAPES, make_case
from benchmarks.programs import THIS, Program, add_programs, build_of, name_of, programs_of
from benchmarks.score import ROOT, stamp, write_json
from benchmarks.speed import Timing, calibration, measure
from benchmarks.watched import cpu_of
from extractor.form import load_forms

TEXT_SHAPES = tuple(s for s in SHAPES if s != "html")
_LOOK_EVERY = 0.02
_IDLE = 0.05  # of the first process's time: what has less is no worker that reads


@dataclass(frozen=True, slots=True)
class Run:
    """One run of the command line: seconds on the clock, and of CPU in its first process (the parent) and in the workers.

    ``python`` names the interpreter, and says whether Gouji is compiled (``name_of``). ``parent_cpu`` is None where the system does not tell the
    two apart; ``workers_cpu`` is all CPU then. ``loop_ms`` is what a loop of plain Python took just before and just after.
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
        """Which side had the least time to spare: the parent, or the workers on average; one process where there was no other that read."""
        if self.parent_cpu is None or self.workers_cpu < _IDLE * self.parent_cpu:
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


def run(folder: Path, output: Path, workers: int, program: Program = THIS, codes: Collection[int] = (0,)) -> Run:
    """Run the command over ``folder``; RuntimeError where it ends with another exit code or writes another number of records than there are reports."""
    command = program.command("extract", folder, "--jsonl", output, "--workers", workers)
    name, loop = name_of(program), calibration()
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
    if process.returncode not in codes or records != reports:
        raise RuntimeError(f"{' '.join(command)}: exit {process.returncode}, {records} records of {reports} reports: {words[-500:]}")
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Run(name, workers, reports, seconds, parent, cpu - (parent or 0.0), (loop, calibration()))


def run_all(reports: int, workers: Sequence[int], rounds: int, programs: Sequence[Program]) -> tuple[list[Run], list[Run]]:
    """The run over one report by each program, and those over the whole folder, each with each number of workers in turn in every round.

    RuntimeError where two of them do not write the same bytes.
    """
    for program in (p for p in programs if not p.installed):
        # To bytecode, as installing it does: else every process of it would do so once more, which takes as long as loading all else.
        subprocess.run([program.python, "-m", "compileall", "-q", "cli.py", "extractor"], cwd=ROOT, check=True)  # noqa: S603
    with tempfile.TemporaryDirectory() as temporary:
        place = Path(temporary)
        write_folder(place / "one", 1)
        write_folder(place / "all", reports)
        output = place / "out.jsonl"
        alone = [run(place / "one", output, 1, p) for p in programs]
        runs, written = [], {}
        for _, n, program in product(range(rounds), workers, programs):
            done = run(place / "all", output, n, program)
            runs.append(done)
            with output.open("rb") as file:
                written[file_digest(file, "sha256").digest()] = f"{done.python}, {n} workers"
        if len(written) > 1:
            raise RuntimeError(f"the same reports were read otherwise by: {'; '.join(written.values())}; `python -m benchmarks.alike` finds which")
        return alone, runs


def main(argv: Sequence[str] | None = None) -> int:
    """Command line."""
    argv = sys.argv[1:] if argv is None else argv
    parser = argparse.ArgumentParser(prog="python -m benchmarks.throughput", description=__doc__)
    parser.add_argument("--reports", type=int, default=3360, help="reports in the folder, default 3,360")
    parser.add_argument("--workers", type=lambda t: tuple(map(int, t.split(","))), default=(1, 2), metavar="N,…")
    parser.add_argument("--rounds", type=int, default=1, help="each program with each number of workers so often, default 1")
    add_programs(parser)
    parser.add_argument("--texts", type=int, default=20, help="reports of each shape that are timed inside, default 20; 0 is none")
    parser.add_argument("--json", type=Path, metavar="FILE")
    given = parser.parse_args(argv)
    alone, runs = run_all(given.reports, given.workers, given.rounds, programs_of(given))
    loop = calibration()
    inside = [measure(s, texts(s, given.texts), 3 * given.texts) for s in TEXT_SHAPES] if given.texts else []
    for line in _lines(alone, runs, inside, loop):
        print(line)
    if given.json:
        figures = {"one_report": [asdict(r) for r in alone], "runs": [_data(r) for r in runs], "inside": [asdict(t) for t in inside], "loop_ms": loop}
        write_json(stamp("benchmarks.throughput", argv) | figures, given.json)
    return 0


def _data(r: Run) -> Mapping[str, object]:
    return asdict(r) | {"reports_a_second": r.rate, "bound_by": r.bound()}


def _lines(alone: Sequence[Run], runs: Sequence[Run], inside: Sequence[Timing], loop: float) -> Iterator[str]:
    start_up = {r.python: r.seconds for r in alone}
    yield f"loop of plain Python (as in `speed`): {loop:.1f} ms"
    for python, seconds in start_up.items():
        yield f"one report alone by Python {python}: {seconds:.2f} s, all of it start-up"
    yield f"{'Python':20}{'workers':>7}{'reports':>9}{'reports/s':>11}{'seconds':>9}{'start-up':>10}{'CPU parent':>12}{'CPU workers':>13}{'loop ms':>12}   bound by"
    for r in runs:
        parent = "–" if r.parent_cpu is None else f"{r.parent_cpu:.1f} s"
        yield (
            f"{r.python.split()[0] + build_of(r.python):20}{r.workers:7}{r.reports:9,}{r.rate:11.1f}{r.seconds:9.1f}{start_up[r.python] / r.seconds:10.1%}{parent:>12}"
            f"{r.workers_cpu:11.1f} s{r.loop_ms[0]:7.1f}{r.loop_ms[1]:5.0f}   {r.bound()}"
        )
    for t in inside:
        slowest = ", ".join(f"{name} {ms:.2f}" for name, ms in sorted(t.stages.items(), key=lambda item: -item[1])[:5])
        yield f"{t.name:14} {t.median:6.2f} ms a report in one process alone: {slowest}"
    if inside:
        yield f"{'all shapes':14} {fmean(t.median for t in inside):6.2f} ms, reading and extracting; the line of JSON and the way to the parent come on top"


if __name__ == "__main__":
    sys.exit(main())
