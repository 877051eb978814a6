"""Known errors put into the texts of golden reports, and whether each is caught, sent to a person, or accepted.

``python -m benchmarks.planted``. What the kinds are and how an outcome is judged is said in ``extractor.plant``; here
are the long run over many seeds on several processes, the table, and the result file. The texts are those of the
development split. ``gouji evaluate --planted`` is the same in seconds.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from functools import lru_cache
from multiprocessing import Pool
from pathlib import Path

from benchmarks.arguments import seed_range
from benchmarks.score import ROOT, stamp, write_json
from extractor.form import load_forms
from extractor.golden import load_golden
from extractor.plant import KINDS, OUTCOMES, Base, PlantedSummary, Result, bases_of, plant_kind, summarise


@lru_cache(maxsize=1)
def bases() -> tuple[Base, ...]:
    """Every text of the development split that has figures to change."""
    forms = load_forms()
    return bases_of(load_golden(ROOT / "golden", forms, "dev"), forms)


def run(seeds: range, processes: int = 1) -> PlantedSummary:
    """Plant every kind in every text, once for each seed; one plant is tried once."""
    tasks = [(n, kind, seeds) for n in range(len(bases())) for kind in KINDS]
    if processes == 1:
        results = [r for t in tasks for r in run_kind(t)]
    else:
        with Pool(processes) as pool:
            results = [r for some in pool.imap(run_kind, tasks) for r in some]
    return summarise(results, [b.name for b in bases()], seeds)


def run_kind(task: tuple[int, str, range]) -> list[Result]:
    """One kind of error in one text."""
    number, kind, seeds = task
    return plant_kind(bases()[number], kind, seeds, load_forms())


def counts(summary: PlantedSummary) -> dict[str, dict[str, int]]:
    """Outcomes by kind, with how many were tried, and the sum of all kinds."""
    out = {kind: {"tried": sum(by.values())} | dict(by) for kind, by in summary.counts.items()}
    out["all"] = {"tried": summary.tried} | {o: summary.outcome(o) for o in OUTCOMES}
    return out


def _table(summary: PlantedSummary) -> Iterator[str]:
    heads = ("tried", "caught", "sent", "recovered", "esc. flagged", "esc. silent", "invis. sent", "invis. acc.")
    yield f"{'kind':36}" + "".join(f"{h:>14}" for h in heads)
    for kind, numbers in counts(summary).items():
        wide = sum(ord(c) > 0x2E80 for c in kind)
        yield kind + " " * (36 - len(kind) - wide) + "".join(f"{n:14}" for n in numbers.values())
    yield "invis.: invisible by construction: the figures as changed are a consistent other report"
    for e in summary.escapes:
        cells = ", ".join(c.field for c in e.escaped[:8])
        yield f"{e.outcome.upper()}: {e.kind} in {e.report}: {e.plant}: accepted {cells} ({len(e.escaped)} cells)"


def main(argv: Sequence[str] | None = None) -> int:
    """Command line; exit code 1 where an error escapes without a word."""
    argv = sys.argv[1:] if argv is None else argv
    parser = argparse.ArgumentParser(prog="python -m benchmarks.planted", description=__doc__)
    parser.add_argument("--seeds", type=seed_range, default=range(100), metavar="A:B", help="default 0:100")
    parser.add_argument("--json", type=Path, metavar="FILE")
    parser.add_argument("--processes", type=int, default=2)
    given = parser.parse_args(argv)
    summary = run(given.seeds, given.processes)
    for line in _table(summary):
        print(line)
    if given.json:
        about = {"seeds": f"{given.seeds.start}:{given.seeds.stop}", "texts": list(summary.texts)}
        escapes = [asdict(e) for e in summary.escapes]
        data = stamp("benchmarks.planted", argv) | about | {"counts": counts(summary), "escapes": escapes}
        write_json(data, given.json)
    return int(summary.silent > 0)


if __name__ == "__main__":
    sys.exit(main())
