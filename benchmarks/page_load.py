"""Ten thousand reports in the store: how fast are they kept, how large is the file, and how soon does the review page stand?

``python -m benchmarks.page_load``. The reports are some hundred generated ones under many names. A page *stands* when the
cell to be reviewed is drawn in a real browser (Debian's Chromium); ``--db`` takes a store that is filled already.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median, quantiles
from time import perf_counter
from typing import Any

from benchmarks.damage import SHAPES, make_case
from benchmarks.score import extract_case, stamp, write_json
from benchmarks.web_load import served
from extractor.form import load_forms
from extractor.record import to_record
from extractor.store import open_store
from extractor.store.types import NewRun
from extractor.types import Document

_DISTINCT = 100
_TOGETHER = 32  # as `extract --db` keeps them
_FLAGS = "--no-sandbox --disable-gpu --disable-background-networking --no-first-run --disable-component-update --disable-sync"
_WATCH = """
localStorage.setItem("gouji:reviewer", "benchmark");
const watch = new MutationObserver(() => {
  if (!document.querySelector("#grid td.here")) return;
  window.stands = performance.now();
  watch.disconnect();
});
watch.observe(document, { subtree: true, childList: true, attributes: true, attributeFilter: ["class"] });
"""
Kept = tuple[dict[str, Any], Document, bytes]


def distinct(count: int) -> Iterator[Kept]:
    """Generated reports of all shapes and levels, with the records that the rules make of them."""
    forms = load_forms()
    levels = ("clean", "light", "medium")
    for n in range(count):
        case = make_case(forms[n % len(forms)], n, SHAPES[n % len(SHAPES)], levels[n % len(levels)])
        extraction = extract_case(case, forms)
        yield to_record(extraction, next((f for f in forms if f.id == extraction.form), None)), extraction.document, case.data


def fill(db: Path, count: int) -> dict[str, float]:
    """Keep ``count`` reports; seconds, reports a second, and the file's megabytes."""
    made = list(distinct(min(count, _DISTINCT)))
    started = perf_counter()
    with open_store(str(db)) as store:
        for first in range(0, count, _TOGETHER):
            store.save_all([_renamed(made[n % len(made)], n, n // len(made)) for n in range(first, min(count, first + _TOGETHER))], {"version": "benchmark"})
    seconds = perf_counter() - started
    return {"reports": count, "seconds": round(seconds, 1), "reports_a_second": round(count / seconds, 1), "megabytes": round(db.stat().st_size / 1e6, 1)}


def _renamed(kept: Kept, n: int, again: int) -> NewRun:
    """The ``n``-th report: one of those made, for the ``again``-th time, as another unit's or another year's."""
    record, document, content = kept
    return NewRun({**record, "source": f"archive/{n:06}.txt", "agency": f"{record['agency']}{again // 6 or ''}", "year": 2019 + again % 6}, document, content)


def opened(port: int, times: int) -> dict[str, list[float]]:
    """Milliseconds from going to the page until its cell is in the page, by the browser's own clock.

    ``cold`` in a new process of the browser, which has to load its fonts and compile all scripts; ``warm`` is the same page gone to
    again there. The first of each is left out: the service has just been started.
    """
    from playwright.sync_api import sync_playwright

    out: dict[str, list[float]] = {"cold": [], "warm": []}
    with sync_playwright() as p:
        browser = p.chromium.launch(executable_path=shutil.which("chromium"), args=_FLAGS.split())
        for _ in range(times + 1):
            context = browser.new_context(viewport={"width": 1440, "height": 900})
            context.add_init_script(_WATCH)
            page = context.new_page()
            for found in out.values():
                page.goto(f"http://127.0.0.1:{port}/", wait_until="commit")
                page.wait_for_selector("#grid td.here", state="visible")
                found.append(float(page.evaluate("window.stands")))
                page.wait_for_load_state("networkidle")
            context.close()
        browser.close()
    return {name: found[1:] for name, found in out.items()}


def summary(took: Sequence[float]) -> dict[str, float]:
    """Median, 95th percentile and longest, in milliseconds."""
    return {"p50": round(median(took), 1), "p95": round(quantiles(took, n=20)[-1], 1), "longest": round(max(took), 1)}


def main(argv: Sequence[str] | None = None) -> int:
    """Command line."""
    argv = sys.argv[1:] if argv is None else argv
    parser = argparse.ArgumentParser(prog="python -m benchmarks.page_load", description=__doc__)
    parser.add_argument("--reports", type=int, default=10_000)
    parser.add_argument("--times", type=int, default=40)
    parser.add_argument("--db", type=Path, metavar="FILE", help="a store that is filled already")
    parser.add_argument("--json", type=Path, metavar="FILE")
    given = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as folder:
        db = Path(folder) / "load.sqlite"
        filled = fill(db, given.reports) if given.db is None else {}
        if given.db is not None:
            os.link(given.db, db)
        with served(Path(folder), 1) as (port, _):
            took = {name: summary(x) for name, x in opened(port, given.times).items()}
    result = {"store": filled, "opens": given.times, **took}
    print(filled)
    for name, x in took.items():
        print(f"{name}: the page stands after {x['p50']} ms (median of {given.times}), p95 {x['p95']}, longest {x['longest']}")
    if given.json:
        write_json(stamp("benchmarks.page_load", argv) | result, given.json)
    return 0


if __name__ == "__main__":
    sys.exit(main())
