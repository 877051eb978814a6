"""Generated reports into ``schemas/confidence.json``: how often each class of decisions was right.

``python -m benchmarks.calibrate``. Only development seeds are counted, of all levels of damage, so the figures say how
sure a decision is on reports as damaged as these. A value that stands in an accepted cell of a text which no longer
says whose it is (``equal_value``) is counted as not right here.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.accuracy import run
from benchmarks.damage import LEVELS, SHAPES
from benchmarks.score import LOCKED_FROM, ROOT, Score, seed_range, stamp, total, write_json
from extractor.judge import ACCEPT, REVIEW

TARGET = ROOT / "schemas" / "confidence.json"


def classes(scores: Iterable[Score]) -> dict[str, list[int]]:
    """[seen, right] by class of decisions, and of all accepted and all reviewed cells, in order of name."""
    out: dict[str, list[int]] = {ACCEPT: [0, 0], REVIEW: [0, 0]}
    for s in scores:
        for name, counted in s.classes.items():
            for key in (name, name.partition("|")[0]):
                mine = out.setdefault(key, [0, 0])
                mine[0] += counted[0]
                mine[1] += counted[1]
    return dict(sorted(out.items()))


def confidence(scores: Sequence[Score], measured: Mapping[str, Any]) -> dict[str, Any]:
    """The content of ``schemas/confidence.json``."""
    counts = total(scores)
    more = {"reports": counts.cases, "cells": counts.accepted + counts.review_right + counts.review_wrong, "equal_value": counts.equal_value}
    return {"measured": {**measured, **more}, "classes": classes(scores)}


def main(argv: Sequence[str] | None = None) -> int:
    """Command line."""
    argv = sys.argv[1:] if argv is None else argv
    parser = argparse.ArgumentParser(prog="python -m benchmarks.calibrate", description=__doc__)
    parser.add_argument("--seeds", type=seed_range, default=range(100), metavar="A:B", help="default 0:100")
    parser.add_argument("--output", type=Path, default=TARGET, metavar="FILE")
    parser.add_argument("--processes", type=int, default=2)
    given = parser.parse_args(argv)
    if given.seeds.stop > LOCKED_FROM:
        parser.error(f"seeds from {LOCKED_FROM} on are locked: a confidence is never measured on them")
    scores = run(given.seeds, LEVELS, SHAPES, given.processes)
    made = stamp("benchmarks.calibrate", argv)
    measured = {
        "command": made["command"],
        "seeds": f"{given.seeds.start}:{given.seeds.stop}",
        "levels": list(LEVELS),
        "commit": made["commit"],
        "dirty": made["dirty"],
    }
    data = confidence(scores, measured)
    write_json(data, given.output)
    for name in (ACCEPT, REVIEW):
        seen, right = data["classes"][name]
        print(f"{name}: {right} of {seen} right; {sum(k.startswith(name + '|') for k in data['classes'])} classes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
