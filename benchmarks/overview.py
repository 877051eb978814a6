"""How long ``gouji status`` takes over a large store, and what memory: ``python -m benchmarks.overview --reports 10000``.

A few generated reports are read once; their records are stored over and over under other units and years, some twice, some
missing, some unreadable. People answer some open cells and key some accepted ones. ``--store FILE`` keeps the store.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

from benchmarks.damage import make_case
from benchmarks.score import stamp, write_json
from extractor import pipeline
from extractor.batch import nothing_read
from extractor.effective import Action, Mode, field_of
from extractor.form import load_forms
from extractor.read import read_bytes
from extractor.record import plain, to_record
from extractor.store import NewEvent, open_store
from extractor.store.store import Store
from extractor.types import Document

STAMP = {"version": "benchmark"}
_YEARS = range(2018, 2026)
_LEVELS = ("clean", "light", "medium", "heavy")
_ROOT = Path(__file__).resolve().parent.parent


def samples(each: int) -> list[tuple[dict[str, Any], Document]]:
    """``each`` generated reports of every form and level, read once."""
    found = []
    for form in load_forms():
        for level in _LEVELS:
            for seed in range(each):
                document = read_bytes(make_case(form, seed, "tab-rows", level).data, "sample")
                extraction = pipeline.extract(document)
                if extraction.form == form.id:
                    found.append((to_record(extraction, form), document))
    return found


def fill(store: Store, reports: int, each: int = 4, seed: int = 1) -> None:
    """Put so many reports into a store, with what people said of some."""
    rng = Random(seed)
    read = samples(each)
    units = reports * 100 // (97 * len(_YEARS)) + 1  # enough, although some years are left out
    for n, (unit, year, copy) in enumerate(_places(units, rng)):
        if n == reports:
            break
        source = f"{year}/{unit:05}{copy}.txt"
        if rng.random() < 0.01:
            store.save(to_record(nothing_read(source, "", "FILE_UNREADABLE", "not a text"), None), None, None, STAMP)
            continue
        record, document = rng.choice(read)
        named = record | {"source": source, "agency": f"云江市第{unit}街道办事处", "year": year, "sha256": f"{n:064x}"}
        saved = store.save(named, replace(document, sha256=named["sha256"]), None, STAMP)
        if rng.random() < 0.1:
            _answer(store, named, saved.report, saved.run, rng)


def _places(units: int, rng: Random) -> Iterator[tuple[int, int, str]]:
    """Units and years, some left out and some twice, then again until there are enough."""
    again = ""
    while True:
        for unit in range(units):
            for year in _YEARS:
                if rng.random() > 0.03:
                    yield unit, year, again
                if rng.random() < 0.01:
                    yield unit, year, f"{again}b"
        again += "c"


def _answer(store: Store, record: Mapping[str, Any], report: int, run: int, rng: Random) -> None:
    """Two open cells answered and two accepted ones keyed blind, one of them otherwise now and then."""
    for mode, wanted in ((Mode.REVIEW, "review"), (Mode.AUDIT, "accept")):
        cells = [c for c in record["cells"] if c["decision"] == wanted and c["status"] == "printed"]
        for n, cell in enumerate(rng.sample(cells, min(2, len(cells)))):
            value = plain(cell["value"]) if rng.random() < 0.99 else "7"
            at = f"2026-01-01T00:{n:02}:{{:02}}+00:00"
            store.append(
                NewEvent(f"{report}/{mode.value}/{n}", report, run, field_of(cell), Action.CORRECT, rng.choice("甲乙丙"), value, mode, at.format(0), at.format(rng.randint(2, 20)))
            )


def measure(database: str, page: Path) -> dict[str, float]:
    """Seconds and MiB of one ``gouji status --html``, in a process of its own."""
    begun = time.perf_counter()
    command = [sys.executable, str(_ROOT / "cli.py"), "status", "--db", database, "--html", str(page)]
    process = os.spawnv(os.P_NOWAIT, sys.executable, command)  # noqa: S606 - this very program
    _, code, usage = os.wait4(process, 0)
    if code:
        raise SystemExit(f"gouji status ended with {os.waitstatus_to_exitcode(code)}")
    return {
        "seconds": round(time.perf_counter() - begun, 2), "memory_mib": round(usage.ru_maxrss / 1024, 1), "page_kib": round(page.stat().st_size / 1024, 1),
    }  # fmt: skip


def main(argv: Sequence[str]) -> int:
    """Fill, measure, print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.overview", description=__doc__)
    parser.add_argument("--reports", type=int, default=10_000)
    parser.add_argument("--store", metavar="FILE", help="keep the store; one that is there is measured as it is")
    parser.add_argument("--json", type=Path, metavar="FILE")
    asked = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as folder:
        database = asked.store or f"{folder}/store.sqlite"
        begun = time.perf_counter()
        if "://" in database or not Path(database).exists():
            with open_store(database) as store:
                fill(store, asked.reports)
        filled = time.perf_counter() - begun
        found = {"reports": asked.reports, "filled_seconds": round(filled, 1), **measure(database, Path(folder) / "overview.html")}
    print(found)
    if asked.json:
        write_json({**stamp("benchmarks.overview", argv), "result": found}, asked.json)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
