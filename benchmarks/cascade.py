"""What it saves to ask a model only where the rules leave a cell open, and what that loses: ``auto`` beside ``always``.

``python -m benchmarks.cascade``. The model is the perfect scripted reader, so that what is counted is the asking and not the
reading. Tokens are counted as in ``benchmarks.tokens``: all messages with the reply's schema, and the replies.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, fields
from functools import partial
from multiprocessing import Pool
from typing import Any

from benchmarks.arguments import case_parser
from benchmarks.damage import LEVELS, SHAPES, make_case
from benchmarks.score import LOCKED_FROM, score, stamp, write_json
from benchmarks.scripted import asker_of, begin, consulted, known, policy_of
from extractor.codes import unanswered
from extractor.consult import ALWAYS, AUTO, load_cascade, open_fields
from extractor.form import load_forms
from extractor.judge import ACCEPT, NOT_CERTIFIED
from extractor.pipeline import Draft, decide
from extractor.types import Extraction

TARGET = 0.15
"""On the light level ``auto`` may use this share of the tokens of ``always``."""
_LISTED = 20
Task = tuple[str, str, str, int]


@dataclass(frozen=True, slots=True)
class Tally:
    """What one way of asking comes to over reports; ``proven`` cells are accepted, or only a count of their class is missing."""

    asked: int = 0
    questions: int = 0
    input: int = 0
    output: int = 0
    proven: int = 0
    right: int = 0
    filled: int = 0

    @property
    def tokens(self) -> int:
        """In and out."""
        return self.input + self.output

    def __add__(self, other: Tally) -> Tally:
        return Tally(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(self)))


@dataclass(frozen=True, slots=True)
class Outcome:
    """One report: the rules alone and both ways of asking; the cells proven by ``always`` and not by ``auto``; why cells are asked."""

    shape: str
    level: str
    cells: int
    rules: Tally
    always: Tally
    auto: Tally
    less: tuple[str, ...]
    why: Counter[str]


def proven(extraction: Extraction) -> frozenset[int]:
    """The cells that are accepted, or would be if their class had been counted often enough."""
    return frozenset(d.field for d in extraction.decisions if d.outcome == ACCEPT or NOT_CERTIFIED in d.codes)


def run_task(task: Task, opened: bool = False) -> Outcome:
    """One report, both ways."""
    form_id, shape, level, seed = task
    form = next(f for f in load_forms() if f.id == form_id)
    case = make_case(form, seed, shape, level)
    policy = policy_of(opened)
    begun = begin(case)
    if not isinstance(begun, Draft):
        nothing = _tally(begun, 0)
        return Outcome(shape, level, len(form.fields), nothing, nothing, nothing, (), Counter())
    alone = decide(begun, policy)
    asker = asker_of("perfect", begun, known(case, form, begun), alone, counted=True)
    got = {mode: consulted(begun, asker, mode, policy) for mode in (ALWAYS, AUTO)}
    less = sorted(proven(got[ALWAYS]) - proven(got[AUTO]))
    rules, always, auto = (_tally(e, score(case, e, form, False).counts.right) for e in (alone, got[ALWAYS], got[AUTO]))
    names = tuple(f"{case.name} {begun.form.fields[i].id}: {'+'.join(got[AUTO].decisions[i].codes)}" for i in less)
    return Outcome(shape, level, len(form.fields), rules, always, auto, names, _why(alone))


def _tally(extraction: Extraction, right: int) -> Tally:
    heard, usage = extraction.heard, extraction.usage
    filled = sum("MODEL_ONLY" in r.codes for r in extraction.resolved)
    return Tally(int(heard is not None), heard.asked if heard else 0, usage.input, usage.output, len(proven(extraction)), right, filled)


def _why(alone: Extraction) -> Counter[str]:
    """For each set of codes that a reading could answer, how many cells are asked about for these."""
    cascade = load_cascade()
    asked = open_fields(alone, cascade)
    return Counter(
        "+".join(sorted(set(unanswered(d.codes)) - cascade.unanswerable)) or r.status.value
        for r, d in zip(alone.resolved, alone.decisions, strict=True)
        if r.field in asked
    )


# ---------------------------------------------------------------- all of them


def run(
    seeds: range, levels: Sequence[str] = LEVELS, shapes: Sequence[str] = SHAPES, processes: int = 1, opened: bool = False
) -> list[Outcome]:
    """Every case of these seeds, levels and shapes in every form, in a fixed order."""
    tasks = [(f.id, shape, level, seed) for level in levels for shape in shapes for f in load_forms() for seed in seeds]
    one = partial(run_task, opened=opened)
    if processes == 1:
        return [one(t) for t in tasks]
    with Pool(processes) as pool:
        return pool.map(one, tasks, chunksize=10)


def result(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """The three ways, level by level, as JSON-able data."""
    return {level: _summary([o for o in outcomes if o.level == level]) for level in dict.fromkeys(o.level for o in outcomes)}


def _summary(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    ways = {name: sum((getattr(o, name) for o in outcomes), Tally()) for name in ("rules", "always", "auto")}
    shapes = dict.fromkeys(o.shape for o in outcomes)
    less = [name for o in outcomes for name in o.less]
    return {
        "reports": len(outcomes),
        "cells": sum(o.cells for o in outcomes),
        **{name: asdict(t) for name, t in ways.items()},
        "share_of_tokens": _share(outcomes),
        "share_by_shape": {shape: _share([o for o in outcomes if o.shape == shape]) for shape in shapes},
        "proven_less": len(less),
        "proven_less_first": less[:_LISTED],
        "why_asked": dict(sum((o.why for o in outcomes), Counter()).most_common(_LISTED)),
    }


def _share(outcomes: Sequence[Outcome]) -> float | None:
    """The tokens of ``auto`` for each of ``always``; None where nothing could be asked."""
    always = sum(o.always.tokens for o in outcomes)
    return sum(o.auto.tokens for o in outcomes) / always if always else None


def met(found: dict[str, Any]) -> bool:
    """Whether no level loses a proven cell, and the light one keeps to its share of tokens."""
    light = found.get("light")
    kept = all(not level["proven_less"] for level in found.values())
    return kept and (light is None or light["share_of_tokens"] is None or light["share_of_tokens"] <= TARGET)


# What is printed

_HEAD = (
    f"{'level':8}{'way':8}{'reports':>8}{'asked':>7}{'questions':>11}{'tokens in':>11}{'out':>9}{'of always':>11}"
    f"{'proven':>9}{'less':>6}{'right':>9}{'filled':>8}{'of cells':>10}"
)


def table(found: dict[str, Any]) -> Iterator[str]:
    """The three ways side by side; the share of each shape and why cells are asked about; the first proven cells that ``auto`` loses."""
    yield _HEAD
    for level, row in found.items():
        for way in ("rules", "always", "auto"):
            yield _line(level, way, row)
        yield ""
    for level, row in found.items():
        shares = (f"{shape} {'–' if share is None else f'{share:.1%}'}" for shape, share in row["share_by_shape"].items())
        yield f"{level}: of always' tokens, by shape: {', '.join(shares)}"
        yield from (f"{level}: {n} cells are asked about for {why}" for why, n in row["why_asked"].items())
    yield from (f"LESS {name}" for row in found.values() for name in row["proven_less_first"])


def _line(level: str, way: str, row: dict[str, Any]) -> str:
    t = row[way]
    always = row["always"]["input"] + row["always"]["output"]
    share = f"{(t['input'] + t['output']) / always:.1%}" if always else "–"
    less = row["proven_less"] if way == "auto" else ""
    return (
        f"{level:8}{way:8}{row['reports']:8}{t['asked']:7}{t['questions']:11}{t['input']:11}{t['output']:9}{share:>11}"
        f"{t['proven']:9}{less:>6}{t['right']:9}{t['filled']:8}{row['cells']:10}"
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Command line; exit code 1 where ``auto`` loses a proven cell or, on the light level, asks too much."""
    argv = sys.argv[1:] if argv is None else argv
    parser = case_parser("benchmarks.cascade", __doc__)
    parser.add_argument("--open", action="store_true", help="accept every class that the rules alone decide, certified or not")
    given = parser.parse_args(argv)
    if given.seeds.stop > LOCKED_FROM:
        parser.error(f"seeds from {LOCKED_FROM} on are locked; give --seeds below that")
    found = result(run(given.seeds, given.levels, given.shapes, given.processes, given.open))
    for line in table(found):
        print(line)
    if given.json:
        about = {"seeds": f"{given.seeds.start}:{given.seeds.stop}", "open": given.open, "target": TARGET}
        write_json(stamp("benchmarks.cascade", argv) | about | {"levels": found}, given.json)
    return int(not met(found))


if __name__ == "__main__":
    sys.exit(main())
