"""Two scorecards of the same golden set held side by side: paired by text and field, nothing left out in silence.

A scorecard is read back from its JSON; of that only what stands in ``Card`` is needed, so a baseline is a scorecard
without the rest (``baseline``). Texts and fields that only one card has are listed and never paired.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from extractor.errors import GoujiError
from extractor.paired import Difference, McNemar, difference, mcnemar
from extractor.record import dumps
from extractor.scores import OF_MARK

BROKEN, FIXED, DIFFERENT, MOVED = "broken", "fixed", "still wrong, differently", "moved"
KINDS = (BROKEN, FIXED, DIFFERENT, MOVED)
ABSENT = "·"  # the mark of a cell that a run did not print, of a form the text does not hold
_WIDE = 160


class _Stored(BaseModel):
    """A part of a scorecard file; further keys are other readers' business."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class StoredCell(_Stored):
    """A wrong cell, as in ``scores.CellScore``."""

    report: str
    source: str
    field: str
    label: str
    truth: str
    truth_value: str
    truth_printed: str
    got: str
    value: str
    printed: str
    outcome: str
    codes: tuple[str, ...]
    context: tuple[str, str, str]

    @property
    def silent(self) -> bool:
        """Accepted; every stored cell is wrong."""
        return self.outcome == "accept"

    @property
    def unit(self) -> str:
        """The text it stands in."""
        return f"{self.report}/{self.source}"


class StoredUnit(_Stored):
    """One text, as in ``scores.UnitScore``."""

    report: str
    source: str
    form: str
    failed: str | None
    exact: bool
    accepted: bool
    silent: int
    accepted_judged: int
    judged: int
    wrong: int
    held: int
    filled: int
    unanswered: int = 0

    @property
    def name(self) -> str:
        """``report/source``."""
        return f"{self.report}/{self.source}"


class StoredPlanted(_Stored):
    """Counts of planted errors, as in ``scores.Planted``."""

    counts: dict[str, dict[str, int]]
    escaped: tuple[str, ...]
    seeds: tuple[int, ...]

    def outcome(self, name: str) -> int:
        """How many errors of all kinds came out as ``name``."""
        return sum(n.get(name, 0) for n in self.counts.values())

    @property
    def tried(self) -> int:
        """How many errors were planted."""
        return sum(sum(n.values()) for n in self.counts.values())


class Card(_Stored):
    """What a comparison needs of a scorecard. ``reason`` says why a baseline is what it is.

    The figures are those of the first of ``readers``; ``others`` holds the cards of the further ones.
    """

    reason: str = ""
    stamp: dict[str, str]
    readers: tuple[str, ...] = Field(min_length=1)
    silent_report_bound: float
    planted: StoredPlanted | None = None
    units: tuple[StoredUnit, ...]
    wrong: tuple[StoredCell, ...]
    layout: dict[str, dict[str, str]]
    marks: dict[str, dict[str, str]]
    others: dict[str, Card] = {}

    def of(self, reader: str) -> Card:
        """The card of one of its readers alone."""
        card = self if reader == self.readers[0] else self.others[reader]
        return card.model_copy(update={"readers": (reader,), "others": {}})

    @cached_property
    def wrong_by_unit(self) -> dict[str, dict[str, StoredCell]]:
        """The wrong cells of each text by field."""
        out: dict[str, dict[str, StoredCell]] = {}
        for c in self.wrong:
            out.setdefault(c.unit, {})[c.field] = c
        return out

    def cells(self, unit: StoredUnit) -> dict[str, str]:
        """The mark of every cell of one text, by field."""
        rows = self.marks.get(unit.name, {})
        columns = self.layout.get(unit.form, {})
        marks = {f"{row}/{c}": m for row, letters in rows.items() for c, m in zip(columns[row].split(), letters, strict=True)}
        for field, cell in self.wrong_by_unit.get(unit.name, {}).items():
            marks.setdefault(field, "S" if cell.silent else "W")
        return marks


@dataclass(frozen=True, slots=True)
class Change:
    """One cell that is not as before. ``base`` and ``new`` are what was read, where that was wrong."""

    unit: str
    field: str
    kind: str
    before: str
    after: str
    base: StoredCell | None
    new: StoredCell | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """Everything that differs. ``reports`` are those with a paired text; ``notes`` say what makes the pairing unequal."""

    base: Card
    new: Card
    notes: tuple[str, ...]
    pairs: tuple[tuple[StoredUnit, StoredUnit], ...]
    only_base: tuple[str, ...]
    only_new: tuple[str, ...]
    changes: tuple[Change, ...]
    new_silent: tuple[StoredCell, ...]
    exact: McNemar
    straight: McNemar
    wrong: Difference
    silent: Difference

    def of_kind(self, kind: str) -> tuple[Change, ...]:
        """The changes of one kind."""
        return tuple(c for c in self.changes if c.kind == kind)

    def moves(self) -> dict[str, int]:
        """How many cells moved between outcomes, by both, most first."""
        n = Counter(f"{meaning(c.before)} → {meaning(c.after)}" for c in self.changes if c.before != c.after)
        return dict(sorted(n.items(), key=lambda x: (-x[1], x[0])))


def meaning(mark: str) -> str:
    """A mark in words."""
    outcome, right = OF_MARK.get(mark, ("not there", None))
    return f"{outcome} {'right' if right else 'wrong'}" if right is not None else outcome


# Files


def read_card(path: Path) -> Card:
    """A scorecard or baseline from its file; GoujiError names the file and the key at fault."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as exc:
        raise GoujiError(f"{path}: cannot be read: {getattr(exc, 'strerror', None) or exc}") from exc
    except json.JSONDecodeError as exc:
        raise GoujiError(f"{path}:{exc.lineno}: not JSON: {exc.msg}; give what `gouji evaluate --json` wrote") from exc
    return make_card(data, str(path))


def make_card(data: object, name: str) -> Card:
    """A scorecard from its JSON data; GoujiError, with ``name`` in front, where it is none."""
    try:
        card = Card.model_validate(data)
        if absent := [reader for reader in card.readers[1:] if reader not in card.others]:
            raise GoujiError(f"{name}: others: no card of the reader {absent[0]}; write it anew with `gouji evaluate --json`")
        for reader in card.readers:
            one = card.of(reader)
            for unit in one.units:
                one.cells(unit)
    except ValidationError as exc:
        first = exc.errors()[0]
        place = ".".join(map(str, first["loc"])) or "the whole"
        raise GoujiError(f"{name}: {place}: {first['msg']}; no scorecard of this version: write it anew with --json") from exc
    except (KeyError, ValueError) as exc:
        raise GoujiError(f"{name}: marks do not fit the layout ({exc}); write it anew with `gouji evaluate --json`") from exc
    return card


def baseline(card: Card, reason: str) -> str:
    """The file of a new baseline: what a comparison needs, one row, text or wrong cell a line, and why it changed."""
    return canonical(card.model_copy(update={"reason": reason}).model_dump(mode="json")) + "\n"


def canonical(x: Any, indent: str = "") -> str:
    """JSON with one short thing a line, so that two files can be compared line by line."""
    line = dumps(x)
    if not isinstance(x, (dict, list)) or not x or (len(line) + len(indent) <= _WIDE and _is_leaf(x)):
        return line
    inner = indent + " "
    if isinstance(x, dict):
        items = [f"{dumps(str(k))}:{canonical(v, inner)}" for k, v in x.items()]
    else:
        items = [canonical(v, inner) for v in x]
    open_, close = "{}" if isinstance(x, dict) else "[]"
    return f"{open_}\n" + ",\n".join(inner + item for item in items) + f"\n{indent}{close}"


def _is_leaf(x: Mapping[str, Any] | Sequence[Any]) -> bool:
    return not any(isinstance(v, dict) for v in (x.values() if isinstance(x, Mapping) else x))


# Pairing


def compare(base: Card, new: Card) -> Comparison:
    """Hold ``new`` against ``base``, text by text and field by field, for the first reader of ``base`` that both have.

    Where they have none in common, the first of each is taken, and a note says so. A text that recorded replies do not
    answer counts as one that the card does not have.
    """
    base, new = _one_reader(base, new)
    before, after = ({u.name: u for u in card.units if not u.unanswered} for card in (base, new))
    pairs = tuple((before[name], u) for name, u in after.items() if name in before)
    changes = tuple(c for b, n in pairs for c in _changes(base, new, b, n))
    was_silent = {(c.unit, c.field) for c in base.wrong if c.silent}
    reports: dict[str, list[tuple[StoredUnit, StoredUnit]]] = {}
    for b, n in pairs:
        reports.setdefault(n.report, []).append((b, n))
    return Comparison(
        base=base,
        new=new,
        notes=tuple(_notes(base, new, pairs)),
        pairs=pairs,
        only_base=tuple(name for name in before if name not in after),
        only_new=tuple(name for name in after if name not in before),
        changes=tuple(sorted(changes, key=lambda c: (KINDS.index(c.kind), c.after != "S"))),
        new_silent=tuple(c for c in new.wrong if c.silent and (c.unit, c.field) not in was_silent),
        exact=mcnemar([(all(b.exact for b, _ in us), all(n.exact for _, n in us)) for us in reports.values()]),
        straight=mcnemar([(all(b.accepted for b, _ in us), all(n.accepted for _, n in us)) for us in reports.values()]),
        wrong=_difference(reports.values(), "wrong", "judged"),
        silent=_difference(reports.values(), "silent", "accepted_judged"),
    )


def _one_reader(base: Card, new: Card) -> tuple[Card, Card]:
    shared = next((name for name in base.readers if name in new.readers), None)
    return base.of(shared or base.readers[0]), new.of(shared or new.readers[0])


def _difference(reports: Any, count: str, of: str) -> Difference:
    def counts(side: int) -> list[tuple[int, int]]:
        return [(sum(getattr(p[side], count) for p in us), sum(getattr(p[side], of) for p in us)) for us in reports]

    return difference(counts(0), counts(1))


def _changes(base: Card, new: Card, b: StoredUnit, n: StoredUnit) -> Iterator[Change]:
    before, after = base.cells(b), new.cells(n)
    wrong_before, wrong_after = base.wrong_by_unit.get(b.name, {}), new.wrong_by_unit.get(n.name, {})
    for field in dict.fromkeys((*before, *after)):
        was, now = wrong_before.get(field), wrong_after.get(field)
        if not (field in before and field in after) and "absent" not in {c.truth for c in (was, now) if c}:
            continue  # a field that only one form has: in the notes
        marks = before.get(field, ABSENT), after.get(field, ABSENT)
        kind = _kind(*marks, was, now)
        if kind:
            yield Change(n.name, field, kind, *marks, was, now)


def _kind(before: str, after: str, was: StoredCell | None, now: StoredCell | None) -> str | None:
    right, wrong = set("AR"), set("SWM")
    if after in wrong:
        if before not in wrong:
            return BROKEN
        if was and now and (was.got, was.value) != (now.got, now.value):
            return DIFFERENT
    elif before in wrong and (after in right or after == ABSENT):
        return FIXED
    return MOVED if before != after else None


def _notes(base: Card, new: Card, pairs: Sequence[tuple[StoredUnit, StoredUnit]]) -> Iterator[str]:
    """What makes the two cards unequal, in sentences."""
    if base.readers != new.readers:
        yield f"different readers: {', '.join(base.readers)} → {', '.join(new.readers)}"
    for side, card in (("base", base), ("new card", new)):
        unanswered = sum(u.unanswered > 0 for u in card.units)
        if unanswered:
            yield f"{unanswered} texts of the {side} lack recorded replies and are not paired"
    for key in dict.fromkeys((*base.stamp, *new.stamp)):
        if key in ("date", "commit", "version") or base.stamp.get(key) == new.stamp.get(key):
            continue
        what = {"golden": "golden sets: labels or texts changed, paired over what both have"}.get(key, key)
        yield f"different {what} ({base.stamp.get(key, 'none')} → {new.stamp.get(key, 'none')})"
    for b, n in pairs:
        if b.form != n.form:
            yield f"{n.name}: the golden form changed from {b.form} to {n.form}"
    for form in sorted(base.layout.keys() & new.layout.keys()):
        old, now = (_fields(card.layout[form]) for card in (base, new))
        for side, fields in (("the base", old - now), ("the new card", now - old)):
            if fields:
                yield f"fields of {form} that only {side} has, unpaired: {', '.join(sorted(fields))}"
    if (base.planted is None) != (new.planted is None):
        yield f"planted errors only in {'the base' if base.planted else 'the new card'}: not compared"


def _fields(layout: Mapping[str, str]) -> set[str]:
    return {f"{row}/{column}" for row, columns in layout.items() for column in columns.split()}
