"""The nasty cases of reconciliation.md §D4 as hand-written vectors: what must come out, and what no arithmetic can see.

``tests/vectors/nasty.yaml`` says it twice where it can: of readings given to the reconciler, and of a text through the
whole program under a policy that accepts every class, so that nothing but doubt sends a cell to a person.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from extractor.check import check_rules
from extractor.codes import unanswered
from extractor.costs import load_costs
from extractor.form import Form, load_forms
from extractor.pipeline import extract
from extractor.policy import Policy
from extractor.read import read_bytes
from extractor.reconcile import deduce, prove, reconcile, second
from extractor.types import Candidate, Extraction, Finding, Resolved, Status, TableReading, Verdict

Vector = dict[str, Any]
Outcome = tuple[Form, Sequence[Resolved], Sequence[Finding]]

DATA: dict[str, Any] = yaml.safe_load((Path(__file__).resolve().parent / "vectors" / "nasty.yaml").read_text(encoding="utf-8"))
TABLES: dict[str, dict[str, str]] = DATA["tables"]
VECTORS: list[Vector] = DATA["vectors"]
CASES = ["1", "2", "3a", "3b", "4", "4b", "4c", "5", "5b", "5c", "6", "6b", "7", "8", "8b", "9", "10", "11", "12"]
FORMS = {f.id: f for f in load_forms()}
GONE = "gone"
EMPTY, LOST = "·", "x"


class Open(Policy):
    """A policy that accepts every class: what is then sent to a person is sent there by a doubt."""

    def accepts(self, decision_class: str) -> bool:
        """Every class there is."""
        return bool(decision_class)

    def confidence(self, decision_class: str, outcome: str) -> float:
        """Nobody asks for it here."""
        return 0.5 if decision_class and outcome else 0.0


def rows_of(vector: Vector) -> dict[str, str]:
    """The figures of every row of table 三: zeros, the vector's base table, its own rows; ``x`` in its lost columns."""
    block = FORMS[vector.get("form", "disclosure-2021")].table("requests").blocks[0]
    own = {r.id: "0 0 0 0 0 0 0" for r in block.rows} | TABLES[vector.get("table", "zeros")] | vector.get("rows", {})
    lost = {n for n, c in enumerate(block.columns) if c.id in vector.get("lost", ())}
    return {r: " ".join(LOST if n in lost else x for n, x in enumerate(figures.split())) for r, figures in own.items()}


# ---------------------------------------------------------------- readings, given to the reconciler


def reconciled(vector: Vector) -> Outcome:
    """Candidates as the vector says them, through choose, deduce, prove and the rules."""
    form = FORMS[vector.get("form", "disclosure-2021")]
    table = form.table("requests")
    found: list[Candidate] = []
    for header, fields in zip(table.blocks[0].rows, table.blocks[0].grid, strict=True):
        readings = vector.get("readings", {}).get(header.id) or [rows_of(vector)[header.id]]
        codes = tuple(vector.get("codes", {}).get(header.id, vector.get("codes", {}).get("*", ())))
        for k, reading in enumerate(readings):
            if reading != GONE:
                found += [_candidate(i, x, codes, k) for i, x in zip(fields, reading.split(), strict=True)]
    readings_of = [TableReading(t.id, True, 0, 1, tuple(found) if t is table else (), ()) for t in form.tables]
    resolved, settled = reconcile(form, readings_of, load_costs())
    if "model" in vector:
        resolved = second(resolved, deduce(form, resolved), list(_said(vector, form)))
    resolved = prove(form, deduce(form, resolved), settled)
    return form, resolved, check_rules(form, resolved, None, None).findings


def _said(vector: Vector, form: Form) -> Iterator[Candidate]:
    """What a model reads of some rows, each figure at a place of its own in the text."""
    block = form.table("requests").blocks[0]
    for header, fields in zip(block.rows, block.grid, strict=True):
        for i, x in zip(fields, vector["model"].get(header.id, "").split(), strict=False):
            c = _candidate(i, x, (), 0)
            yield c._replace(start=c.start + 100_000, end=c.end + 100_000, producer="model") if c.start >= 0 else c


def _candidate(field: int, cell: str, codes: tuple[str, ...], option: int) -> Candidate:
    if cell in (EMPTY, LOST):
        return Candidate(field, Status.BLANK if cell == EMPTY else Status.LOST, None, "", -1, -1, codes, option)
    return Candidate(field, Status.PRINTED, int(cell), cell, 10 * field, 10 * field + len(cell), codes, option)


# ---------------------------------------------------------------- a text, through the whole program


def text_of(vector: Vector) -> str:
    """A report with tabs between its cells; table 三 as the vector says, everything else sound."""
    form = FORMS[vector.get("form", "disclosure-2021")]
    own = rows_of(vector)
    lines = [*DATA["before"][form.id].splitlines(), *vector.get("header", DATA["header"])]
    for row in form.table("requests").blocks[0].rows:
        label = vector.get("labels", {}).get(row.id, row.label)
        if own[row.id] == GONE:
            lines.append(f"{label}→")
        else:
            lines.append("→".join((label, *("" if x == EMPTY else x for x in own[row.id].split() if x != LOST))))
    text = "\n".join((*lines, *DATA["after"].splitlines()))
    for old, new in vector.get("replace", ()):
        assert text.count(old) == 1, f"{vector['id']}: {old!r} stands {text.count(old)} times in the text"
        text = text.replace(old, new)
    return text.replace("→", "\t")


@lru_cache(maxsize=128)
def run(text: str) -> Extraction:
    return extract(read_bytes(text.encode(), "nasty"), tuple(FORMS.values()), Open())


def extracted(vector: Vector) -> Outcome:
    got = run(text_of(vector))
    assert got.form is not None, got.error
    decided = [r._replace(codes=d.codes) for r, d in zip(got.resolved, got.decisions, strict=True)]
    return FORMS[got.form], decided, got.findings


# ---------------------------------------------------------------- what is expected


def shown(r: Resolved) -> str:
    """One cell as the vectors write it."""
    if r.status is Status.PRINTED:
        return str(r.value)
    return f"d{r.value}" if r.status is Status.DEDUCED else EMPTY if r.status is Status.BLANK else LOST


def is_held(r: Resolved) -> bool:
    """A person must look: the cell is lost, or a flag or a doubt of it is open."""
    open_ = [c for c in unanswered(r.codes) if not (c == "FIELD_LOST" and r.status is Status.DEDUCED)]
    return r.status is Status.LOST or bool(open_)


def cells(form: Form, names: Sequence[str]) -> list[int]:
    """Fields of table 三 by ``row/column``, or ``row/*`` for all of a row."""
    out = []
    for name in names:
        row, _, column = name.partition("/")
        mine = [f.index for f in form.fields if (f.table, f.row) == ("requests", row) and column in ("*", f.column)]
        assert mine, f"{name!r} names no field"
        out += mine
    return out


def check(vector: Vector, outcome: Outcome) -> None:
    form, resolved, findings = outcome
    expect = vector["expect"]
    block = form.table("requests").blocks[0]
    rows = {h.id: " ".join(shown(resolved[i]) for i in fields) for h, fields in zip(block.rows, block.grid, strict=True)}
    names = {i: form.fields[i].id.removeprefix("requests/") for i in range(len(form.fields))}

    assert expect.get("rows", {}) == {r: rows[r] for r in expect.get("rows", {})}
    assert set(cells(form, expect.get("held", ()))) <= {i for i, r in enumerate(resolved) if is_held(r)}
    assert not [names[i] for i in cells(form, expect.get("free", ())) if is_held(resolved[i])]
    for name, codes in expect.get("with", {}).items():
        assert set(codes) <= set(resolved[cells(form, [name])[0]].codes), name
    for name, codes in expect.get("without", {}).items():
        assert not set(codes) & set(resolved[cells(form, [name])[0]].codes), name
    for name, value in expect.get("values", {}).items():
        assert resolved[form.index[name]].value == value, name
    for name, interval in expect.get("intervals", {}).items():
        assert resolved[cells(form, [name])[0]].interval == tuple(interval), name
    check_findings(expect, [f for f in findings if f.severity == "hard"], names)
    assert form.id == expect.get("form", form.id)


def check_findings(expect: Mapping[str, Any], hard: Sequence[Finding], names: Mapping[int, str]) -> None:
    failing = sorted(f"{f.rule} {f.instance}" for f in hard if Verdict.FAIL in (f.verdict, f.blank_as_zero))
    suspects = {names[i] for f in hard for i in f.suspects}
    if "findings" in expect:
        assert sorted(expect["findings"]) == failing
    if "suspects" in expect:
        assert set(expect["suspects"]) == suspects
    if "cause" in expect:
        assert {expect["cause"]} == {f.cause for f in hard}
    if "blame" in expect:
        assert {expect["blame"]} == {f.blame.value for f in hard}
    assert set(expect.get("suspects_include", ())) <= suspects


@pytest.mark.parametrize("vector", [v for v in VECTORS if v["level"] == "readings"], ids=lambda v: v["id"])
def test_the_reconciler_on_given_readings(vector: Vector) -> None:
    """Choose, deduce, prove and the rules do what the case requires."""
    check(vector, reconciled(vector))


@pytest.mark.parametrize("vector", [v for v in VECTORS if v["level"] == "text"], ids=lambda v: v["id"])
def test_the_whole_program_on_a_text(vector: Vector) -> None:
    """The same from the text on, with every class of cells open for acceptance."""
    check(vector, extracted(vector))
    if "decision" in vector["expect"]:
        assert run(text_of(vector)).decision == vector["expect"]["decision"]


@pytest.mark.parametrize("vector", [v for v in VECTORS if "limit" in v], ids=lambda v: v["id"])
def test_what_arithmetic_cannot_see_passes_every_sum(vector: Vector) -> None:
    """So that nobody claims otherwise: these are wrong, and no hard rule fails. Only an anchor can hold them."""
    _, _, findings = (reconciled if vector["level"] == "readings" else extracted)(vector)

    assert not [f for f in findings if f.severity == "hard"]
    assert vector["expect"]["findings"] == []


def test_every_nasty_case_has_a_vector() -> None:
    """Each case of reconciliation.md §D4 is here, and those that need a second reader have one."""
    assert set(CASES) == {v["case"] for v in VECTORS}
    assert {"4c", "6b", "8b"} == {v["case"] for v in VECTORS if "model" in v}
    assert {"3b", "5c", "6", "8", "8b"} == {v["case"] for v in VECTORS if "limit" in v}
    assert len({v["id"] for v in VECTORS}) == len(VECTORS)
    assert all("why" in v or "limit" in v or any("why" in w for w in VECTORS if w["case"] == v["case"]) for v in VECTORS)
