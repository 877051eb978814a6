"""Members made by hand, and reports written from figures, for the tests of rules between reports."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from random import Random

from benchmarks.damage import case_of
from benchmarks.damage.content import Content
from extractor.across import Held, Lineage, Member, PairFinding, assess, load_book
from extractor.across.member import places_of
from extractor.form import load_forms
from extractor.types import Number, Status

FORMS = {f.id: f for f in load_forms()}
BOOK = load_book(load_forms())
F2019, F2021 = "disclosure-2019", "disclosure-2021"
UNIT = "青石县统计局"

Given = Mapping[str, Number | Held]

BLANK = Held(None, Status.BLANK, True, "")
LOST = Held(None, Status.LOST, False, "")


def printed(value: Number, sure: bool = True) -> Held:
    """A printed figure, accepted or waiting for a person."""
    return Held(value, Status.PRINTED, sure, "printed")


def member(year: int, figures: Given | None = None, form: str = F2021, agency: str | None = UNIT, report: str = "", sha: str = "") -> Member:
    """A report in which every field not given prints 0."""
    given = dict(figures or {})
    fields = tuple(f.id for f in FORMS[form].fields)
    unknown = set(given) - set(fields)
    assert not unknown, f"{form} has no {unknown}"
    held = tuple(x if isinstance(x := given.get(f, 0), Held) else printed(x) for f in fields)
    name = report or f"{agency}-{year}.txt"
    return Member(name, form, year, agency, sha or name, places_of(fields), held)


def unread(report: str, error: str = "EMPTY_FILE: nothing in it", agency: str | None = None, year: int | None = None) -> Member:
    """A report without cells."""
    return Member(report, None, year, agency, report, {}, (), error)


def of_rule(rule: str, *members: Member, lineage: Lineage | None = None) -> dict[str, PairFinding]:
    """What became of one rule, by instance; every instance must stand there once."""
    found = [f for f in assess(members, BOOK, lineage or Lineage()) if f.rule == rule]
    out = {f.instance: f for f in found}
    assert len(out) == len(found), "several findings for one instance"
    return out


def written(year: int, figures: Mapping[str, Number], form: str = F2021, agency: str = UNIT, shape: str = "markdown") -> str:
    """The text of a report with these figures, all others 0."""
    chosen = FORMS[form]
    values = tuple(figures.get(f.id, Decimal(0) if f.kind == "amount" else 0) for f in chosen.fields)
    prose: dict[str, tuple[str, ...]] = dict.fromkeys(("opening", "overview", "problems", "other"), ())
    content = Content(chosen, agency, year, "small", values, (), (), prose)
    return case_of(content, Random(7), shape, "clean", "written").text
