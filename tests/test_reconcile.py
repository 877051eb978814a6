"""Choose, deduce and prove on hand-made tables: what the sums may settle, and above all what they may not."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from benchmarks.costs import learned, misprints
from extractor.costs import DOUBTS, Costs, load_costs
from extractor.errors import GoujiError
from extractor.form import Form, Table, load_forms
from extractor.golden import load_golden
from extractor.reconcile import choose, deduce, prove, reconcile
from extractor.reconcile.choose import Settled, settle
from extractor.reconcile.search import Undecided
from extractor.reconcile.slips import _slips
from extractor.types import Candidate, Number, Resolved, Status, TableReading

ROOT = Path(__file__).resolve().parent.parent
FORM: Form = next(f for f in load_forms() if f.id == "disclosure-2021")
REQUESTS: Table = FORM.table("requests")
BLOCK = REQUESTS.blocks[0]
ROWS = [r.id for r in BLOCK.rows]
COLUMNS = [c.id for c in BLOCK.columns]

# What a cell of these tables can be beside a figure.
BLANK, LOST = "blank", "lost"
Cell = int | str
Row = tuple[Cell, ...]

NOTHING: Row = (0,) * 7
# 40 requests came in, 12 were carried in, 45 answered, 7 carried out; all other rows are zero.
SOUND: dict[str, Row] = {
    "new": (30, 4, 0, 1, 0, 5, 40),
    "carried_in": (10, 0, 0, 2, 0, 0, 12),
    "granted": (20, 3, 0, 0, 0, 4, 27),
    "partial": (12, 0, 0, 2, 0, 1, 15),
    "unavailable_not_held": (2, 1, 0, 0, 0, 0, 3),
    "total": (34, 4, 0, 2, 0, 5, 45),
    "carried_out": (6, 0, 0, 1, 0, 0, 7),
}


def candidate(field: int, cell: Cell, codes: tuple[str, ...], option: int) -> Candidate:
    """One cell of one reading; where it is printed does not matter here, but that it is."""
    if cell == LOST:
        return Candidate(field, Status.LOST, None, "", -1, -1, codes, option)
    if cell == BLANK:
        return Candidate(field, Status.BLANK, None, "", -1, -1, codes, option)
    assert isinstance(cell, int)
    return Candidate(field, Status.PRINTED, cell, str(cell), 10 * field, 10 * field + len(str(cell)), codes, option)


def candidates(row: str, readings: Sequence[Row], codes: tuple[str, ...]) -> list[Candidate]:
    """A row with its readings, the reader's first one first; a single reading of nothing but ``LOST`` is no candidate."""
    fields = BLOCK.grid[ROWS.index(row)]
    if list(readings) == [(LOST,) * 7]:
        return []
    return [candidate(i, x, codes, k) for k, figures in enumerate(readings) for i, x in zip(fields, figures, strict=True)]


def table(
    rows: Mapping[str, Row] = SOUND, several: Mapping[str, Sequence[Row]] | None = None, codes: Mapping[str, tuple[str, ...]] | None = None
) -> list[TableReading]:
    """The readings of a report: ``rows`` and ``several`` for the rows with more than one; ``codes`` by row, ``*`` for all."""
    codes = codes or {}
    mine: list[Candidate] = []
    for row in ROWS:
        readings = (several or {}).get(row) or [rows.get(row, NOTHING)]
        mine += candidates(row, readings, codes.get(row, codes.get("*", ())))
    return [
        TableReading(t.id, True, 0, 1, tuple(mine) if t is REQUESTS else (), ()) for t in FORM.tables
    ]


def solved(readings: Sequence[TableReading], costs: Costs = Costs()) -> tuple[tuple[Resolved, ...], Settled]:  # noqa: B008
    """The three steps in a row, and what was settled of the table."""
    resolved, settled = reconcile(FORM, readings, costs)
    return prove(FORM, deduce(FORM, resolved), settled), settled[FORM.tables.index(REQUESTS)]


def cell(resolved: Sequence[Resolved], row: str, column: str = "natural_person") -> Resolved:
    return resolved[BLOCK.grid[ROWS.index(row)][COLUMNS.index(column)]]


def figures(resolved: Sequence[Resolved], row: str) -> list[Number | str | None]:
    """A row as it came out: figures, and the status of what is no printed figure."""
    return [r.value if r.status is Status.PRINTED else r.status.value for c in COLUMNS for r in [cell(resolved, row, c)]]


def proven(resolved: Sequence[Resolved]) -> set[tuple[str, str]]:
    return {(r, c) for r in ROWS for c in COLUMNS if "PROVEN" in cell(resolved, r, c).codes}


def changed(row: str, **cells: Cell) -> dict[str, Row]:
    """The sound table with some cells of one row changed."""
    old = SOUND.get(row, NOTHING)
    return SOUND | {row: tuple(cells.get(c, x) for c, x in zip(COLUMNS, old, strict=True))}


# ---------------------------------------------------------------- choose


def test_the_sums_choose_between_readings_of_a_row() -> None:
    """A row short by one zero: of all places where it could be missing, those that keep the sums have the same figures."""
    short = [(20, 3, 0, 0, 4, 27, LOST), (20, 3, 0, 0, 4, LOST, 27), (20, 3, 0, 0, LOST, 4, 27), (LOST, 20, 3, 0, 0, 4, 27)]
    resolved, s = solved(table(several={"granted": short}, codes={"granted": ("COUNT_SHORT",)}))

    assert figures(resolved, "granted") == [20, 3, 0, 0, "deduced", 4, 27]
    assert cell(resolved, "granted", "legal_service").value == 0
    assert "CHOSEN_BY_SUM" in cell(resolved, "granted").codes
    assert s.left[ROWS.index("granted")] == (2,)


def test_a_row_of_zeros_never_rules_other_readings_out() -> None:
    """0 = 0 holds in any table: that a row of zeros keeps the sums says nothing for it."""
    both: list[Row] = [NOTHING, (0, 0, 0, 1, 0, 0, 0)]
    resolved, s = solved(table(several={"denied_third_party": both}, codes={"denied_third_party": ("COUNT_LONG",)}))

    assert s.left[ROWS.index("denied_third_party")] == (0, 1)
    assert figures(resolved, "denied_third_party") == [0, 0, 0, "deduced", 0, 0, 0]
    assert "CHOSEN_BY_SUM" not in cell(resolved, "denied_third_party").codes


def test_equal_figures_are_no_tie() -> None:
    """Two readings that take the same figures from other places say the same thing."""
    same = [SOUND["granted"], SOUND["granted"], (20, 3, 0, 0, 4, 0, 27)]
    resolved, s = solved(table(several={"granted": same}, codes={"granted": ("COUNT_LONG",)}))

    assert figures(resolved, "granted") == list(SOUND["granted"])
    assert s.left[ROWS.index("granted")] == (0, 1)
    assert ("granted", "other_org") in proven(resolved)


def test_a_tie_stays_a_tie() -> None:
    """Two outcome rows that could exchange a figure between two columns: both ways every sum holds."""
    several = {"granted": [SOUND["granted"], (21, 2, 0, 0, 0, 4, 27)], "partial": [(11, 1, 0, 2, 0, 1, 15), SOUND["partial"]]}
    resolved, s = solved(table(several=several, codes={"granted": ("DIGITS_GLUED",), "partial": ("DIGITS_GLUED",)}))

    assert s.left == {ROWS.index("granted"): (0, 1), ROWS.index("partial"): (0, 1)}
    assert figures(resolved, "granted") == ["lost", "lost", 0, 0, 0, 4, 27]
    assert "AMBIGUOUS_PLACE" in cell(resolved, "granted").codes
    assert {c.value for c in cell(resolved, "granted").alternatives} == {20, 21}
    assert not proven(resolved) & {(r, c) for r in several for c in ("natural_person", "commercial")}


def test_a_blank_and_a_zero_are_two_answers() -> None:
    """Which of two cells is the empty one no sum can tell: only the cells on which all readings agree are settled."""
    several = {"carried_in": [(10, BLANK, 0, 2, 0, 0, 12), (10, 0, BLANK, 2, 0, 0, 12)]}
    resolved, _ = solved(table(several=several, codes={"carried_in": ("COUNT_SHORT",)}))

    assert figures(resolved, "carried_in") == [10, "deduced", "deduced", 2, 0, 0, 12]
    assert {("carried_in", "natural_person"), ("carried_in", "total")} <= proven(resolved)
    assert not {("carried_in", "commercial"), ("carried_in", "research")} & proven(resolved)


def test_a_row_no_reading_of_which_adds_up_stays_open() -> None:
    """It was not read at all; its figures must not rule out readings of other rows."""
    wrong = {"granted": [(20, 3, 0, 0, 0, 4, 26), (20, 3, 0, 0, 4, 0, 26)], "partial": [SOUND["partial"], (12, 0, 2, 0, 0, 1, 15)]}
    _, s = solved(table(several=wrong, codes={"granted": ("COUNT_LONG",), "partial": ("COUNT_LONG",)}))

    assert s.searched == {ROWS.index("partial")}
    assert s.left[ROWS.index("granted")] == (0, 1)


def test_two_printings_of_a_row_are_a_doubt_even_where_one_adds_up() -> None:
    fields = BLOCK.grid[ROWS.index("granted")]
    readings = table()
    other = [candidate(i, x, ("ROW_REPEATED",), 61) for i, x in zip(fields, (20, 3, 0, 0, 0, 5, 28), strict=True)]
    at = FORM.tables.index(REQUESTS)
    readings[at] = TableReading("requests", True, 0, 1, (*readings[at].candidates, *other), ())
    resolved, _ = solved(readings)

    assert figures(resolved, "granted") == list(SOUND["granted"])
    assert {"ROW_REPEATED", "CHOSEN_BY_SUM"} <= set(cell(resolved, "granted").codes)


def test_a_misprint_is_named_and_nothing_is_changed() -> None:
    """The cheapest account calls one figure misprinted; it stays as printed, and beside it nothing is proven."""
    several = {"granted": [SOUND["granted"], (20, 3, 0, 0, 4, 0, 27)]}
    rows = changed("carried_out", natural_person=9)
    resolved, s = solved(table(rows, several, codes={"granted": ("COUNT_LONG",), "new": ("DIGITS_SPLIT",)}))

    assert figures(resolved, "carried_out") == [9, 0, 0, 1, 0, 0, 7]
    assert s.misprints == {BLOCK.grid[ROWS.index("carried_out")][0]}
    assert ("new", "natural_person") not in proven(resolved)
    assert ("granted", "other_org") in proven(resolved)


def test_what_is_not_settled_within_the_steps_stays_open() -> None:
    short: list[Row] = [(20, 3, 0, 0, LOST, 4, 27), (20, 3, LOST, 0, 0, 4, 27), (LOST, 20, 3, 0, 0, 4, 27)]
    readings = table(several={"granted": short}, codes={"granted": ("COUNT_SHORT",)})
    _, s = solved(readings, Costs(steps=0))
    _, full = solved(readings)

    assert s.left[ROWS.index("granted")] == (0, 1, 2)
    assert full.left[ROWS.index("granted")] == (0, 1)


@pytest.mark.interpreted
def test_an_undecided_table_proves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """The search gave up: every reading is left, and no doubt in the table is answered."""

    def gives_up(*_: object, **__: object) -> None:
        raise Undecided

    several = {"granted": [SOUND["granted"], (20, 3, 0, 0, 4, 0, 27)]}
    readings = table(several=several, codes={"granted": ("COUNT_LONG",), "new": ("DIGITS_SPLIT",)})
    before, _ = solved(readings)
    monkeypatch.setattr(choose, "best", gives_up)
    resolved, s = solved(readings)

    assert s.undecided
    assert s.left[ROWS.index("granted")] == (0, 1)
    assert ("new", "natural_person") in proven(before)
    assert not proven(resolved)


def test_a_price_alone_never_rules_a_reading_out() -> None:
    """What is merely usual makes an account dearer, by no more than the margin; more than that is refused."""
    both = [SOUND["granted"], (21, 2, 0, 0, 0, 4, 27)]
    several = {"granted": both, "partial": [SOUND["partial"], (11, 1, 0, 2, 0, 1, 15)]}
    readings = table(several=several, codes={"granted": ("COUNT_SHORT",), "partial": ("ROW_UNMARKED",)})
    _, s = solved(readings, Costs(other_reading={"COUNT_SHORT": 45}))

    assert s.left[ROWS.index("granted")] == (0, 1)
    with pytest.raises(ValueError, match="margin"):
        Costs(other_reading={"COUNT_SHORT": 46})
    with pytest.raises(ValueError, match="margin"):
        Costs(misprint=45)


def test_the_shipped_costs_are_those_that_the_program_falls_back_on(tmp_path: Path) -> None:
    shipped = load_costs()

    assert (shipped.misprint, shipped.margin) == (Costs().misprint, Costs().margin)
    with pytest.raises(GoujiError, match=r"nowhere\.json: cannot be read"):
        load_costs(f"{tmp_path}/nowhere.json")
    (file := tmp_path / "costs.json").write_text('{"version": 0}', encoding="utf-8")
    with pytest.raises(GoujiError, match="not the costs of this version"):
        load_costs(str(file))


def test_the_shipped_costs_follow_from_their_counts() -> None:
    """The file holds what was counted and what follows from it; the golden half of it is counted again here."""
    data = json.loads((ROOT / "schemas" / "costs.json").read_text(encoding="utf-8"))
    counts = data["counts"]

    assert learned(counts["golden"], counts["rows"]) == data["costs"]
    assert misprints(load_golden(ROOT / "golden", load_forms(), "dev"), load_forms()) == counts["golden"]
    assert set(counts["rows"]) == set(DOUBTS)


def test_a_price_is_learned_only_where_the_first_reading_is_clearly_right() -> None:
    """Two to one of all rows, a row of which no reading is true among them, and never more than the margin."""
    golden = {"figures": 999, "misprints": 0}
    rows = {
        "COUNT_SHORT": {"first": 300, "another": 100, "none of them": 0},
        "COUNT_LONG": {"first": 300, "another": 100, "none of them": 60},
        "DIGITS_GLUED": {"first": 90, "another": 1},
        "AMBIGUOUS_PLACE": {"first": 900, "another": 0},
    }

    assert learned(golden, rows) == {
        "misprint": 76,  # -10·ln(0.5 / 1000)
        "other_reading": {"COUNT_SHORT": 11, "COUNT_LONG": 0, "DIGITS_GLUED": 0, "AMBIGUOUS_PLACE": 45},
    }


def test_a_table_without_a_doubtful_row_is_not_searched() -> None:
    by_field = [[c] for c in table()[FORM.tables.index(REQUESTS)].candidates]
    empty: list[list[Candidate]] = [[] for _ in FORM.fields]
    for (c,) in by_field:
        empty[c.field] = [c]
    s = settle(FORM, REQUESTS, empty, Costs())

    assert (s.left, s.searched, s.misprints) == ({}, frozenset(), frozenset())


# ---------------------------------------------------------------- prove: figures


def test_a_doubtful_figure_is_proven_by_the_rest_of_the_table() -> None:
    resolved, _ = solved(table(codes={"granted": ("DIGITS_SPLIT",)}))

    assert {("granted", c) for c in COLUMNS} <= proven(resolved)


def test_two_errors_that_cancel_are_no_proof() -> None:
    """Four doubtful figures at the corners of a rectangle: each follows from the others, all together from nothing."""
    rows = changed("granted", natural_person=21, commercial=2) | {"partial": (11, 1, 0, 2, 0, 1, 15)}
    doubt = {"granted": ("DIGITS_SPLIT",), "partial": ("DIGITS_SPLIT",)}
    resolved, _ = solved(table(rows, codes=doubt))
    corners = {(r, c) for r in doubt for c in ("natural_person", "commercial")}

    assert not proven(resolved) & corners


def test_nothing_is_proven_beside_a_sum_that_fails() -> None:
    rows = changed("new", total=41)
    resolved, _ = solved(table(rows, codes={"new": ("DIGITS_SPLIT",), "granted": ("DIGITS_SPLIT",)}))

    assert not {(r, c) for r, c in proven(resolved) if r == "new"}
    assert ("granted", "research") in proven(resolved)


def test_readings_that_were_cut_off_prove_nothing() -> None:
    """The row can be read in more ways than were kept, so what the kept ones agree on need not be so."""
    several = {"granted": [SOUND["granted"], (20, 3, 0, 0, 4, 0, 27)]}
    kept, _ = solved(table(several=several, codes={"granted": ("COUNT_SHORT",)}))
    cut, _ = solved(table(several=several, codes={"granted": ("COUNT_SHORT", "READINGS_CUT")}))

    assert ("granted", "natural_person") in proven(kept)
    assert not {(r, c) for r, c in proven(cut) if r == "granted"}


def test_an_empty_cell_in_the_row_stands_against_the_proof_of_its_place() -> None:
    """The sums cannot tell an empty cell from a zero; a doubt about digits they can answer all the same."""
    rows = changed("granted", research=BLANK)
    place, _ = solved(table(rows, codes={"granted": ("STRAY_FIGURE",)}))
    digits, _ = solved(table(rows, codes={"granted": ("DIGITS_SPLIT",)}))
    full, _ = solved(table(codes={"granted": ("STRAY_FIGURE",)}))

    assert ("granted", "natural_person") in proven(full)
    assert ("granted", "natural_person") not in proven(place)
    # The row's own sum takes no part, but the column's does.
    assert ("granted", "natural_person") in proven(digits)


def test_a_doubt_that_no_sum_can_answer_stays() -> None:
    """A label matched by likeness is about which row it is: order of rows, to which the sums are blind."""
    resolved, _ = solved(table(codes={"granted": ("LABEL_FUZZY",), "partial": ("DIGITS_SPLIT", "LABEL_TRUNCATED")}))

    assert not {(r, c) for r, c in proven(resolved) if r in ("granted", "partial")}


# ---------------------------------------------------------------- prove: headers and order


def only_one_column(column: str) -> dict[str, Row]:
    """A report whose every figure stands in one column and in the total."""
    places = {"new": 9, "granted": 7, "partial": 1, "total": 8, "carried_out": 1}
    return {r: tuple(n if c in (column, "total") else 0 for c in COLUMNS) for r, n in places.items()}


def test_a_total_that_repeats_its_only_part_does_not_answer_for_the_header() -> None:
    """With one column besides the total any of the six may be it; a row of two parts shows which column is the total."""
    codes = {"*": ("HEADER_NOT_SEEN",)}
    resolved, _ = solved(table(only_one_column("natural_person"), codes=codes))
    told, _ = solved(table(codes=codes))
    zeros = {(r, c) for r in ROWS if r not in only_one_column("natural_person") for c in COLUMNS}

    assert proven(resolved) == zeros
    assert len(proven(told)) == len(ROWS) * len(COLUMNS)


def test_counting_is_confirmed_by_the_sums_of_the_whole_table_alone() -> None:
    codes = {"*": ("PLACED_BY_COUNT",)}
    whole, _ = solved(table(codes=codes))
    broken, _ = solved(table(changed("new", total=41), codes=codes))
    lost, _ = solved(table(changed("denied_third_party", natural_person=LOST), codes=codes))
    zeros, _ = solved(table({}, codes=codes))

    assert len(proven(whole)) == len(proven(zeros)) == len(ROWS) * len(COLUMNS)
    assert not proven(broken)
    assert not proven(lost)


# ---------------------------------------------------------------- prove: rows against labels


def emptied(row: str) -> list[TableReading]:
    """The sound table with one row without figures, and the doubt that this gives all others."""
    return table(SOUND | {row: (LOST,) * 7}, codes={"*": ("ROW_EMPTIED",)})


def test_balances_refute_a_slip_of_the_outer_rows() -> None:
    """本年新收 has no figures: had the rows below it slipped up by one, the balance would not hold."""
    resolved, _ = solved(emptied("new"))

    assert figures(resolved, "new") == ["deduced"] * 7
    assert [cell(resolved, "new", c).value for c in COLUMNS] == list(SOUND["new"])
    assert {("total", "natural_person"), ("carried_out", "natural_person"), ("granted", "total")} <= proven(resolved)


def test_nothing_refutes_a_slip_inside_the_outcome_rows() -> None:
    """（二）部分公开 has no figures, and the row before or after may be it: every sum holds either way."""
    rows = SOUND | {"partial": (LOST,) * 7, "denied_state_secret": SOUND["partial"]}
    resolved, _ = solved(table(rows, codes={"*": ("ROW_EMPTIED",)}))

    assert [cell(resolved, "partial", c).value for c in COLUMNS] == [0] * 7
    assert not {(r, c) for r, c in proven(resolved) if r in ("granted", "denied_state_secret") and c in ("natural_person", "total")}
    # What is 0 in either row is 0 whichever row it is.
    assert {("granted", "research"), ("denied_state_secret", "research")} <= proven(resolved)
    assert {("new", "natural_person"), ("carried_out", "natural_person")} <= proven(resolved)


def test_every_slip_that_could_have_emptied_a_row_is_tried() -> None:
    shown = (True, True, False, True, False)

    assert list(_slips(2, shown, over=False)) == [(2, 3), (2, 1), (2, 1, 0)]
    assert list(_slips(4, shown, over=True)) == [(4, 3), (4, 3, 1), (4, 3, 1, 0)]
    assert list(_slips(4, shown, over=False)) == [(4, 3)]


def test_with_many_rows_without_figures_no_slip_is_refuted() -> None:
    gone = ("carried_in", "granted", "unavailable_not_held", "carried_out")
    resolved, _ = solved(table(SOUND | dict.fromkeys(gone, (LOST,) * 7), codes={"*": ("ROW_EMPTIED",)}))

    assert not proven(resolved)


# ---------------------------------------------------------------- deduce


def deduced(rows: Mapping[str, Row]) -> tuple[Resolved, ...]:
    return solved(table(rows))[0]


def test_a_single_lost_cell_follows_and_two_sums_confirm_it() -> None:
    r = cell(deduced(changed("granted", natural_person=LOST)), "granted")

    assert (r.status, r.value, r.printed, r.start) == (Status.DEDUCED, 20, None, -1)
    assert {"DEDUCED", "CONFIRMED"} <= set(r.codes)


def test_one_sum_alone_does_not_confirm() -> None:
    """A lost row: each column gives its cell, and the row's own sum knows nothing by itself."""
    rows = SOUND | {"carried_in": (LOST,) * 7}
    alone = deduced(rows | {"new": (30, 4, 0, 1, 0, BLANK, 40)})

    assert "CONFIRMED" in cell(deduced(rows), "carried_in").codes
    assert (cell(alone, "carried_in").status, cell(alone, "carried_in").value) == (Status.DEDUCED, 10)
    assert "CONFIRMED" not in cell(alone, "carried_in").codes
    assert cell(alone, "carried_in", "other_org").status is Status.DEDUCED


def test_lost_cells_that_must_sum_to_zero_are_zero() -> None:
    rows = {"denied_state_secret": (LOST, LOST, 0, 0, 0, 0, 0), "denied_third_party": (LOST, LOST, 0, 0, 0, 0, 0)}
    resolved = deduced(SOUND | rows)

    assert [cell(resolved, r, c).value for r in rows for c in COLUMNS[:2]] == [0, 0, 0, 0]


def test_a_cell_that_nothing_determines_has_an_interval() -> None:
    """Two rows and two columns cross in lost cells: bounded by what each sum leaves over, and never filled."""
    rows = {"granted": (LOST, LOST, 0, 0, 0, 4, 27), "partial": (LOST, LOST, 0, 2, 0, 1, 15)}
    resolved = deduced(SOUND | rows)

    assert [cell(resolved, r, c).interval for r in rows for c in COLUMNS[:2]] == [(0, 23), (0, 3), (0, 12), (0, 3)]
    assert all(cell(resolved, r, c).status is Status.LOST for r in rows for c in COLUMNS[:2])


def test_a_total_lost_with_one_of_its_parts_is_not_filled_with_zeros() -> None:
    rows = {r: (*SOUND.get(r, NOTHING)[:5], LOST, LOST) for r in ROWS}
    resolved = deduced(rows)

    assert {cell(resolved, r, c).status for r in ROWS for c in ("other_org", "total")} == {Status.LOST}
    assert cell(resolved, "denied_third_party", "total").interval == (0, None)


def test_a_contradiction_withdraws_everything_deduced_in_the_table() -> None:
    """The lost figure would have to be 20 by its row and 19 by its column: then the print cannot be relied on."""
    rows = changed("granted", natural_person=LOST) | {"total": (33, 4, 0, 2, 0, 5, 44), "denied_third_party": (0, 0, LOST, 0, 0, 0, 0)}
    resolved = deduced(rows)

    assert cell(resolved, "granted").status is Status.LOST
    assert cell(resolved, "denied_third_party", "research").status is Status.LOST


def test_a_blank_cell_takes_no_part_in_deduction() -> None:
    """Not even as zero: nobody has said what it means."""
    rows = changed("granted", natural_person=LOST, research=BLANK) | {"partial": (BLANK, 0, 0, 2, 0, 1, 15)}
    resolved = deduced(rows)

    assert cell(resolved, "granted").status is Status.LOST
    assert cell(resolved, "granted", "research").status is Status.BLANK


def test_a_deduced_value_beside_a_doubtful_figure_says_so() -> None:
    rows = changed("granted", natural_person=LOST)
    plain, _ = solved(table(rows))
    doubtful, _ = solved(table(rows, codes={"granted": ("LABEL_FUZZY",)}))

    assert "RESTS_ON_DOUBT" not in cell(plain, "granted").codes
    assert "RESTS_ON_DOUBT" in cell(doubtful, "granted").codes


def test_a_sound_table_comes_out_as_it_went_in() -> None:
    resolved, _ = solved(table())

    assert [figures(resolved, r) for r in ROWS] == [list(SOUND.get(r, NOTHING)) for r in ROWS]
    assert deduce(FORM, resolved)[BLOCK.grid[0][0]] == cell(resolved, "new")
