"""Pairs of generated reports for two years of one unit: is anything found where all is well, and what was planted where it is not?

The figures of both years are made to agree, then one of the relations between them is broken in the figures of the later
year, which still add up by themselves; both reports are damaged and read. A cell that the text lost leaves a rule open.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import partial
from random import Random

from benchmarks.arguments import case_parser
from benchmarks.damage import case_of
from benchmarks.damage.content import Content, make_content
from benchmarks.score import extract_case, stamp, write_json
from extractor.across import Book, Member, assess, load_book, of_record
from extractor.form import Form, load_forms
from extractor.record import to_record
from extractor.types import Number

FORM = "disclosure-2021"
_APPLICANTS = ("natural_person", "commercial", "research", "public_welfare", "legal_service", "other_org")
_CASES = ("reconsideration", "direct_lawsuit", "lawsuit_after_reconsideration")
_DECISIONS = ("licences", "penalties", "compulsory_measures")


class Figures:
    """The figures of one report by field id."""

    def __init__(self, content: Content) -> None:
        self.content = content
        self.values = list(content.values)

    def __getitem__(self, field: str) -> Number:
        return self.values[self.content.form.index[field]]

    def __setitem__(self, field: str, value: Number) -> None:
        self.values[self.content.form.index[field]] = value

    def add_up(self) -> None:
        """The totals of the rows of requests that were changed."""
        for row in ("new", "carried_in", "carried_out"):
            self[f"requests/{row}/total"] = sum(self[f"requests/{row}/{c}"] for c in _APPLICANTS)

    def made(self, **more: object) -> Content:
        """The report, without prose that would name other figures."""
        return replace(self.content, values=tuple(self.values), paragraphs=dict.fromkeys(("opening", "overview", "problems", "other"), ()), **more)  # type: ignore[arg-type]


def sound(form: Form, rng: Random) -> tuple[Figures, Figures]:
    """Two years of one unit that agree in every rule."""
    a, b = Figures(_without_misprint(form, rng)), Figures(_without_misprint(form, rng))
    for c in _APPLICANTS:
        into, done, out = a[f"requests/carried_out/{c}"], b[f"requests/total/{c}"], b[f"requests/carried_out/{c}"]
        out = max(out, into - done)
        b[f"requests/carried_in/{c}"], b[f"requests/carried_out/{c}"], b[f"requests/new/{c}"] = into, out, done + out - into
    b.add_up()
    for row in ("rules", "normative_documents"):
        name = f"proactive/{row}"
        b[f"{name}/repealed"] = min(b[f"{name}/repealed"], a[f"{name}/in_force"] + b[f"{name}/issued"])
        b[f"{name}/in_force"] = a[f"{name}/in_force"] + b[f"{name}/issued"] - b[f"{name}/repealed"]
    for row in _CASES:
        lacking = max(0, a[f"litigation/{row}/pending"] - b[f"litigation/{row}/total"])
        b[f"litigation/{row}/upheld"] += lacking
        b[f"litigation/{row}/total"] += lacking
    for row in _DECISIONS:
        b[f"proactive/{row}/decisions"] = int(a[f"proactive/{row}/decisions"] * rng.randint(50, 200) / 100)
    b["proactive/fees/amount"] = a["proactive/fees/amount"]
    return a, b


def _without_misprint(form: Form, rng: Random) -> Content:
    while (content := make_content(form, rng)).misprint_kinds:
        pass
    return content


# What is planted: each changes the later figures and names the rule that must fail.


def _carry(a: Figures, b: Figures) -> str:
    for row in ("new", "carried_in"):  # one request more that nobody carried over, one less that came in
        b[f"requests/{row}/natural_person"] += 1 if row == "carried_in" else -1
    if b["requests/new/natural_person"] < 0:
        b["requests/new/natural_person"] += 1
        b["requests/carried_out/natural_person"] += 1
    b.add_up()
    return "Y-CARRY"


def _valid(a: Figures, b: Figures) -> str:
    b["proactive/normative_documents/in_force"] += 3
    return "Y-VALID"


def _unit(a: Figures, b: Figures) -> str:
    a["proactive/fees/amount"] = max(a["proactive/fees/amount"], 7)
    b["proactive/fees/amount"] = a["proactive/fees/amount"] * 10_000
    return "Y-UNIT"


def _jump(a: Figures, b: Figures) -> str:
    a["proactive/licences/decisions"] = max(a["proactive/licences/decisions"], 23)
    b["proactive/licences/decisions"] = a["proactive/licences/decisions"] * 10 + 4
    return "Y-JUMP"


PLANTS: tuple[Callable[[Figures, Figures], str], ...] = (_carry, _valid, _unit, _jump)


def one(form: Form, book: Book, level: str, shapes: Sequence[str], seed: int) -> Counter[str]:
    """What came of one pair without a fault, and of the same with one fault."""
    shape = shapes[seed % len(shapes)]
    counts: Counter[str] = Counter()
    for plant in (None, PLANTS[seed % len(PLANTS)]):
        rng = Random(f"{seed}/{level}/across")
        a, b = sound(form, rng)
        rule = plant(a, b) if plant else None
        later = b.made(agency=a.content.agency, year=a.content.year + 1)
        members = [_read(c, rng, shape, level, n) for n, c in enumerate((a.made(), later))]
        found = list(assess(members, book))
        if rule is None:
            counts["pairs"] += 1
            counts["paired"] += bool(found)
            counts["instances"] += len(found)
            counts["assessed"] += sum(f.verdict.value != "not_assessable" for f in found)
            counts.update(f"false, blame {f.blame.value}" for f in found if f.fails)
        else:
            failing = [f for f in found if f.rule == rule and f.fails]
            counts["planted"] += 1
            counts["found"] += bool(failing)
            counts["found, both sides sure"] += any(f.blame.value == "unknown" for f in failing)
            counts["missed, every cell read"] += not failing and any(f.rule == rule for f in found) and not any(
                f.rule == rule and f.verdict.value == "not_assessable" for f in found
            )  # fmt: skip
    return counts


def _read(content: Content, rng: Random, shape: str, level: str, n: int) -> Member:
    forms = load_forms()
    extraction = extract_case(case_of(content, rng, shape, level, f"{content.year}-{n}"), forms)
    return of_record(to_record(extraction, next((f for f in forms if f.id == extraction.form), None)))


def run(level: str, seeds: range, shapes: Sequence[str]) -> Counter[str]:
    """All pairs of one level."""
    forms = load_forms()
    form, book = next(f for f in forms if f.id == FORM), load_book(forms)
    return sum((one(form, book, level, shapes, seed) for seed in seeds), Counter())


def main(argv: Sequence[str] | None = None) -> int:
    """Command line."""
    argv = sys.argv[1:] if argv is None else argv
    given = case_parser("benchmarks.across", __doc__).parse_args(argv)
    levels: dict[str, dict[str, int]] = {}
    with ProcessPoolExecutor(given.processes) as pool:
        for level, counts in zip(given.levels, pool.map(partial(run, seeds=given.seeds, shapes=given.shapes), given.levels), strict=True):
            levels[level] = dict(sorted(counts.items()))
            print(f"{level:8}" + ", ".join(f"{name} {n}" for name, n in levels[level].items()))
    if given.json:
        write_json(stamp("benchmarks.across", argv) | {"seeds": [given.seeds.start, given.seeds.stop], "levels": levels}, given.json)
    return 0


if __name__ == "__main__":
    sys.exit(main())
