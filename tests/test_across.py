"""Rules between reports, each with members made by hand: holding, failing, nearly, and not to be assessed."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from extractor.across import Book, Lineage, Member, arrange, findings_of, load_book, of_cells, of_record
from extractor.across.lineage import Break, Unit
from extractor.effective import Cell, State
from extractor.errors import FormError
from extractor.form import load_forms
from extractor.types import Blame, Number, Status, Verdict
from tests.across_support import BLANK, BOOK, F2019, F2021, LOST, UNIT, Given, member, of_rule, printed

PASS, FAIL, NA = Verdict.PASS, Verdict.FAIL, Verdict.NOT_ASSESSABLE
OUT, IN = "requests/carried_out/", "requests/carried_in/"


def verdict(rule: str, instance: str, *members: Member, lineage: Lineage | None = None) -> tuple[Verdict, Verdict]:
    found = of_rule(rule, *members, lineage=lineage)[instance]
    return found.verdict, found.blank_as_zero


def broken(year: int, kind: str = "merged") -> Lineage:
    return Lineage(units={UNIT: Unit(UNIT, UNIT, None, None, (Break(year, kind, ""),), (), False)})


# Y-CARRY


def row(name: str, natural: int, total: int) -> dict[str, Number]:
    return {f"requests/{name}/natural_person": natural, f"requests/{name}/total": total}


def test_requests_carried_over_in_the_pair_of_the_domain_document() -> None:
    """义乌廿三里街道 2022 → 2023 (domain.md §2.4): both balance, and what goes out comes in."""
    first = member(2022, row("new", 7, 7) | row("carried_in", 1, 1) | row("granted", 3, 3) | row("total", 7, 7) | row("carried_out", 1, 1))
    second = member(2023, row("new", 16, 16) | row("carried_in", 1, 1) | row("total", 16, 16) | row("carried_out", 1, 1))

    assert {(PASS, PASS)} == {(f.verdict, f.blank_as_zero) for f in of_rule("Y-CARRY", first, second).values()}
    assert 7 == len(of_rule("Y-CARRY", first, second))
    assert [] == findings_of([second, first], BOOK)


def test_requests_that_are_lost_between_two_years() -> None:
    first, second = member(2022, row("carried_out", 3, 3)), member(2023, row("carried_in", 2, 3))
    found = of_rule("Y-CARRY", first, second)
    wrong = found["natural_person"]

    assert {"natural_person"} == {k for k, f in found.items() if f.fails}
    assert (2, 3, -1, Blame.UNKNOWN, "soft") == (wrong.left, wrong.right, wrong.difference, wrong.blame, wrong.severity)
    assert ((second.report, first.report), (2022, 2023)) == (wrong.reports, wrong.years)
    assert [(second.report, f"{IN}natural_person"), (first.report, f"{OUT}natural_person")] == [(c.report, c.field) for c in wrong.cells]


@pytest.mark.parametrize("first", [F2019, F2021])
@pytest.mark.parametrize("second", [F2019, F2021])
def test_requests_are_carried_over_from_any_form_to_any(first: str, second: str) -> None:
    """A 2022 report on the 2019 form exists: the form never follows from the year."""
    members = member(2020, {f"{OUT}total": 5}, first), member(2021, {f"{IN}total": 4}, second)

    assert (FAIL, FAIL) == verdict("Y-CARRY", "total", *members)
    assert (PASS, PASS) == verdict("Y-CARRY", "commercial", *members)


@pytest.mark.parametrize(
    ("earlier", "later", "expected"),
    [
        (LOST, 1, (NA, NA)),
        (1, LOST, (NA, NA)),
        (BLANK, 0, (NA, PASS)),
        (BLANK, 1, (NA, FAIL)),
        (BLANK, BLANK, (NA, PASS)),
        (BLANK, LOST, (NA, NA)),
    ],
)
def test_a_cell_without_a_figure_leaves_the_rule_open(earlier: object, later: object, expected: tuple[Verdict, Verdict]) -> None:
    """Blank counts as zero in the second verdict only; lost never counts."""
    assert expected == verdict("Y-CARRY", "total", member(2022, {f"{OUT}total": earlier}), member(2023, {f"{IN}total": later}))  # type: ignore[dict-item]


def test_who_is_at_fault_is_never_guessed() -> None:
    first = member(2022, {f"{OUT}total": printed(4, sure=False), f"{OUT}research": 4})
    found = of_rule("Y-CARRY", first, member(2023))

    assert (Blame.READING, Blame.UNKNOWN) == (found["total"].blame, found["research"].blame)


def test_years_with_a_gap_between_them_are_no_pair() -> None:
    assert {} == of_rule("Y-CARRY", member(2021, {f"{OUT}total": 5}), member(2023))


def test_units_with_other_names_are_no_pair() -> None:
    assert {} == of_rule("Y-CARRY", member(2022, {f"{OUT}total": 5}), member(2023, agency="柳溪县统计局"))


@pytest.mark.parametrize("kind", ["merged", "split", "renamed", "reorganised"])
def test_a_break_of_the_unit_leaves_every_year_rule_open(kind: str) -> None:
    members = [member(2022, {f"{OUT}total": 5, "proactive/licences/decisions": 50}), member(2023, {"proactive/licences/decisions": 5000})]
    found = of_rule("Y-CARRY", *members, lineage=broken(2023, kind))

    assert {(NA, f"break 2023: {kind}")} == {(f.verdict, f.note) for f in found.values()}
    assert [] == findings_of(members, BOOK, broken(2023, kind))
    assert {"Y-CARRY", "Y-JUMP"} == {f.rule for f in findings_of(members, BOOK, broken(2022, kind))}


# Y-VALID, Y-ITEMS, Y-PUBLIC, Y-PENDING


def documents(issued: int, repealed: int, in_force: int) -> dict[str, Number]:
    name = "proactive/normative_documents"
    return {f"{name}/issued": issued, f"{name}/repealed": repealed, f"{name}/in_force": in_force}


@pytest.mark.parametrize(("in_force", "expected"), [(11, PASS), (12, FAIL), (10, FAIL)])
def test_documents_in_force(in_force: int, expected: Verdict) -> None:
    members = member(2022, documents(9, 9, 8)), member(2023, documents(5, 2, in_force))

    assert (expected, expected) == verdict("Y-VALID", "normative_documents", *members)
    assert (PASS, PASS) == verdict("Y-VALID", "rules", *members)


def test_documents_in_force_compare_two_reports_on_the_2021_form_only() -> None:
    assert {} == of_rule("Y-VALID", member(2020, form=F2019), member(2021))
    assert (NA, NA) == verdict("Y-VALID", "rules", member(2022), member(2023, {"proactive/rules/repealed": LOST}))


@pytest.mark.parametrize(("now", "expected"), [(38, PASS), (48, FAIL), (39, FAIL)])
def test_items_of_last_year(now: int, expected: Verdict) -> None:
    """本年增/减 may be negative."""
    first = member(2019, {"proactive/fees/previous_items": 46, "proactive/fees/change": -8}, F2019)
    second = member(2020, {"proactive/fees/previous_items": now}, F2019)

    assert (expected, expected) == verdict("Y-ITEMS", "fees", first, second)
    assert 5 == len(of_rule("Y-ITEMS", first, second))
    assert {} == of_rule("Y-ITEMS", first, member(2020))


@pytest.mark.parametrize(("now", "expected"), [(30, PASS), (29, PASS), (31, FAIL)])
def test_documents_disclosed_are_at_most_those_of_last_year_and_the_new_ones(now: int, expected: Verdict) -> None:
    first = member(2019, {"proactive/rules/disclosed_total": 20}, F2019)
    second = member(2020, {"proactive/rules/disclosed_total": now, "proactive/rules/newly_disclosed": 10}, F2019)

    assert (expected, expected) == verdict("Y-PUBLIC", "rules", first, second)


@pytest.mark.parametrize(("now", "expected"), [(2, PASS), (3, PASS), (1, FAIL), (LOST, NA)])
def test_pending_cases_come_back_in_their_block(now: Number, expected: Verdict) -> None:
    first = member(2021, {"litigation/direct_lawsuit/pending": 2})
    second = member(2022, {"litigation/direct_lawsuit/total": now, "litigation/reconsideration/total": 9})

    assert (expected, expected) == verdict("Y-PENDING", "direct_lawsuit", first, second)


# Y-UNIT, Y-JUMP

FEES, LICENCES = "proactive/fees/amount", "proactive/licences/decisions"


@pytest.mark.parametrize(
    ("earlier", "later", "expected"),
    [
        (Decimal("4068.208"), Decimal(40682080), FAIL),  # the same amount in 元
        (Decimal("4068.208"), Decimal("39000000"), FAIL),
        (Decimal("55000"), Decimal("5.31"), FAIL),
        (Decimal("5.31"), Decimal("531"), PASS),  # much, and no slip of the unit
        (Decimal("1"), Decimal("2999"), PASS),
        (Decimal("1"), Decimal("30001"), PASS),
        (Decimal("0.09"), Decimal("900"), PASS),  # too small to say
        (Decimal(0), Decimal("40000"), PASS),
        (BLANK, Decimal("40000"), NA),
    ],
)
def test_a_slip_of_the_unit(earlier: Number, later: Number, expected: Verdict) -> None:
    """About ten thousand times as much money: exact on decimals."""
    found = of_rule("Y-UNIT", member(2022, {FEES: earlier}), member(2023, {FEES: later}))[FEES]

    assert (expected, expected) == (found.verdict, found.blank_as_zero)
    assert (expected is FAIL) == ("元" in found.cause)


@pytest.mark.parametrize(
    ("earlier", "later", "expected"),
    [(20, 200, FAIL), (200, 20, FAIL), (147, 1470, FAIL), (20, 199, PASS), (19, 190, PASS), (0, 5000, PASS), (LOST, 5000, NA)],
)
def test_ten_times_as_many_decisions(earlier: Number, later: Number, expected: Verdict) -> None:
    assert (expected, expected) == verdict("Y-JUMP", LICENCES, member(2022, {LICENCES: earlier}), member(2023, {LICENCES: later}))


def test_decisions_are_compared_between_the_two_forms() -> None:
    members = member(2020, {LICENCES: 30}, F2019), member(2021, {LICENCES: 3000})

    assert (FAIL, FAIL) == verdict("Y-JUMP", LICENCES, *members)


def test_a_year_that_departs_from_both_its_neighbours_is_one_finding() -> None:
    years = [member(y, {LICENCES: v}) for y, v in ((2021, 140), (2022, 1650), (2023, 150), (2024, 160))]
    (found,) = findings_of(years, BOOK)

    assert ((2021, 2022, 2023), [140, 1650, 150]) == (found.years, [c.held.value for c in found.cells])
    assert "2022 年与前后两年都不相称" in found.cause


def test_a_level_that_stays_is_one_finding_that_names_no_odd_year() -> None:
    years = [member(y, {LICENCES: v}) for y, v in ((2021, 140), (2022, 1450), (2023, 1500))]
    (found,) = findings_of(years, BOOK)

    assert ((2021, 2022), False) == (found.years, "前后两年" in found.cause)


def test_two_jumps_upwards_are_two_findings() -> None:
    years = [member(y, {LICENCES: v}) for y, v in ((2021, 20), (2022, 200), (2023, 2000))]

    assert [(2021, 2022), (2022, 2023)] == [f.years for f in findings_of(years, BOOK)]


# Y-REPEAT

TELLING: Given = {"requests/new/total": 12, "requests/granted/total": 7, "proactive/licences/decisions": 345,
                  "proactive/penalties/decisions": 18, "proactive/fees/amount": Decimal("4.50"), "litigation/reconsideration/total": 2}  # fmt: skip


def test_the_same_figures_as_last_year() -> None:
    (found,) = findings_of([member(2022, TELLING), member(2023, TELLING)], BOOK)

    assert ("Y-REPEAT", (2022, 2023), 12, "info") == (found.rule, found.years, len(found.cells), found.severity)
    assert "本单位另一年度" in found.cause


def test_the_same_figures_as_another_unit() -> None:
    (found,) = findings_of([member(2022, TELLING), member(2022, TELLING, agency="柳溪县统计局")], BOOK)

    assert ("Y-REPEAT", (2022,)) == (found.rule, found.years)
    assert "的报告相同" in found.cause


@pytest.mark.parametrize(
    "other",
    [
        {**TELLING, "requests/granted/total": 8},  # one figure differs
        {**TELLING, "requests/new/research": 1},  # one more figure
        {**TELLING, "requests/new/research": LOST},  # a lost cell might differ
    ],
    ids=["one differs", "one more", "one lost"],
)
def test_figures_that_are_nearly_the_same_say_nothing(other: Given) -> None:
    assert {} == of_rule("Y-REPEAT", member(2022, TELLING), member(2023, other))


def test_few_figures_may_well_be_the_same() -> None:
    """Idle units print nearly only zeros; a total beside its only part is the same figure twice."""
    few = dict(list(TELLING.items())[:5]) | {"requests/new/natural_person": 12, "requests/granted/natural_person": 7}

    assert [] == findings_of([member(2022, few), member(2022, few, agency="柳溪县统计局"), member(2023)], BOOK)


def test_blank_instead_of_zero_does_not_hide_a_repetition() -> None:
    assert {"report"} == set(of_rule("Y-REPEAT", member(2022, TELLING), member(2023, {**TELLING, "requests/new/research": BLANK})))


# Y-REVISED


def test_two_versions_of_one_report_that_differ() -> None:
    first, second = member(2022, TELLING, report="a.txt"), member(2022, {**TELLING, "requests/new/total": 13}, report="b.txt")
    found = of_rule("Y-REVISED", first, second)["report"]

    assert (FAIL, ("b.txt", "a.txt"), [12, 13]) == (found.verdict, found.reports, [c.held.value for c in found.cells])
    assert Blame.UNKNOWN is found.blame


def test_versions_that_say_the_same_and_copies_are_no_finding() -> None:
    first = member(2022, TELLING, report="a.txt", sha="1")
    page = member(2022, TELLING, report="a.html", sha="2")
    copy = member(2022, TELLING, report="copy/a.txt", sha="1")

    assert PASS is of_rule("Y-REVISED", first, page, copy)["report"].verdict
    assert [] == findings_of([first, page, copy], BOOK)
    assert {} == of_rule("Y-REVISED", first, copy)


def test_versions_are_held_against_each_other_in_sure_cells_only() -> None:
    """What waits for a person may be our misreading, and what is lost in one copy was not changed."""
    first = member(2022, {"requests/new/total": 12, "requests/new/research": 3}, report="a.txt")
    second = member(2022, {"requests/new/total": printed(13, sure=False), "requests/new/research": LOST}, report="b.txt")

    assert PASS is of_rule("Y-REVISED", first, second)["report"].verdict
    assert PASS is of_rule("Y-CARRY", first, second, member(2023))["total"].verdict


def test_versions_that_differ_leave_the_year_rules_open_where_they_do() -> None:
    versions = [member(2022, {f"{OUT}total": 1, f"{OUT}research": 1}, report="a.txt"), member(2022, {f"{OUT}total": 2, f"{OUT}research": 1}, report="b.txt")]
    found = of_rule("Y-CARRY", *versions, member(2023))

    assert (NA, "the versions of a report differ here") == (found["total"].verdict, found["total"].note)
    assert FAIL is found["research"].verdict


def test_a_cell_lost_in_one_copy_is_taken_from_the_other() -> None:
    copies = [member(2022, {f"{OUT}total": LOST}, report="a.txt"), member(2022, {f"{OUT}total": 2}, report="b.txt")]
    found = of_rule("Y-CARRY", *copies, member(2023, {f"{IN}total": 3}))["total"]

    assert (FAIL, "b.txt") == (found.verdict, found.reports[1])


def test_versions_on_two_forms_are_a_finding_and_no_pair() -> None:
    versions = [member(2021, form=F2019, report="a.txt"), member(2021, report="b.txt")]

    assert "表式不同" in of_rule("Y-REVISED", *versions)["report"].cause
    assert {} == of_rule("Y-CARRY", *versions, member(2022))


# H-SUM

PARENT, OFFICE, BUREAU = "青石县人民政府", "青石县人民政府办公室", "青石县统计局"


def government(complete: bool = True, **more: Unit) -> Lineage:
    key = "青石县"
    units = {key: Unit(key, PARENT, None, None, (), ("青石县政府办公室", "青石县统计局", *more), complete)}
    return Lineage(units=units | more)


def three(parent: Given, office: Given, bureau: Given) -> list[Member]:
    return [member(2022, parent, agency=PARENT), member(2022, office, agency=OFFICE), member(2022, bureau, agency=BUREAU)]


NEW = "requests/new/total"


@pytest.mark.parametrize(("total", "expected"), [(12, PASS), (13, FAIL), (11, FAIL)])
def test_an_aggregate_is_the_sum_of_all_its_units(total: int, expected: Verdict) -> None:
    members = three({NEW: total, FEES: Decimal("0.3")}, {NEW: 5, FEES: Decimal("0.1")}, {NEW: 7, FEES: Decimal("0.2")})
    found = of_rule("H-SUM", *members, lineage=government())

    assert (expected, total, 12, "==") == (found[NEW].verdict, found[NEW].left, found[NEW].right, found[NEW].operator)
    assert (PASS, Decimal("0.3")) == (found[FEES].verdict, found[FEES].right)
    assert ({NEW} if expected is FAIL else set()) == {k for k, f in found.items() if f.fails}


@pytest.mark.parametrize("total", [7, 12, 900])
def test_an_aggregate_cannot_be_judged_while_a_unit_is_missing(total: int) -> None:
    members = three({NEW: total}, {}, {NEW: 7})
    found = of_rule("H-SUM", members[0], members[2], lineage=government())[NEW]

    assert (NA, NA, ">=") == (found.verdict, found.blank_as_zero, found.operator)
    assert "missing" in found.note


@pytest.mark.parametrize("gap", ["missing", "lost", "incomplete"])
def test_an_aggregate_is_never_less_than_what_is_known(gap: str) -> None:
    members = three({NEW: 6}, {NEW: LOST if gap == "lost" else 0}, {NEW: 7})
    if gap == "missing":
        del members[1]
    found = of_rule("H-SUM", *members, lineage=government(complete=gap != "incomplete"))[NEW]

    assert (FAIL, 6, 7, ">=") == (found.verdict, found.left, found.right, found.operator)
    assert found.note


def test_a_lower_bound_says_nothing_of_figures_that_may_be_negative() -> None:
    name = "proactive/fees/change"
    members = [member(2020, {name: v}, F2019, agency) for v, agency in ((-3, PARENT), (2, BUREAU))]

    assert NA is of_rule("H-SUM", *members, lineage=government())[name].verdict


def test_documents_issued_together_are_not_added_up() -> None:
    members = three(documents(1, 0, 1), documents(1, 0, 1), documents(1, 0, 1))

    assert {} == {k: f for k, f in of_rule("H-SUM", *members, lineage=government()).items() if "documents" in k or f.fails}


def test_a_unit_that_did_not_exist_yet_is_not_missing() -> None:
    later = Unit("青石县数据局", "青石县数据局", 2024, None, (), (), False)
    found = of_rule("H-SUM", *three({NEW: 12}, {NEW: 5}, {NEW: 7}), lineage=government(青石县数据局=later))

    assert PASS is found[NEW].verdict


def test_an_aggregate_that_fits_nowhere_is_one_finding() -> None:
    figures: Given = {"requests/new/total": 9, "requests/granted/total": 8, "requests/total/total": 9, LICENCES: 100}
    members = three(figures, figures, dict.fromkeys(figures, 1))
    failing = [f for f in findings_of(members, BOOK, government()) if f.rule == "H-SUM"]

    assert [("report", 4)] == [(f.instance, len(f.cells)) for f in failing]
    assert "4 个非零项中有 4 项不符" in failing[0].cause


def test_an_aggregate_of_one_unit_repeats_it_rightly() -> None:
    lineage = Lineage(units={"青石县": Unit("青石县", PARENT, None, None, (), (BUREAU,), True)})

    assert [] == findings_of([member(2022, TELLING, agency=PARENT), member(2022, TELLING, agency=BUREAU)], BOOK, lineage)


def test_blanks_of_an_aggregate_count_as_zero_in_the_second_verdict() -> None:
    found = of_rule("H-SUM", *three({NEW: BLANK}, {NEW: 5}, {NEW: BLANK}), lineage=government())[NEW]

    assert (NA, FAIL, 0, 5) == (found.verdict, found.blank_as_zero, found.left, found.right)


# Invariances


@given(st.lists(st.tuples(st.integers(2019, 2024), st.integers(0, 30), st.integers(0, 30)), max_size=6), st.randoms())
def test_the_order_of_the_reports_changes_no_verdict(drawn: list[tuple[int, int, int]], random: object) -> None:
    members = [member(y, {f"{OUT}total": a, f"{IN}total": b, LICENCES: a * 10}, report=f"{n}.txt") for n, (y, a, b) in enumerate(drawn)]
    shuffled = list(members)
    random.shuffle(shuffled)  # type: ignore[attr-defined]

    def outcome(of: list[Member]) -> set[tuple[str, str, tuple[int, ...]]]:
        return {(f.rule, f.instance, f.years) for f in findings_of(of, BOOK)}

    assert outcome(members) == outcome(shuffled)


@given(st.integers(0, 10**12), st.integers(0, 10**12))
def test_what_goes_out_comes_in_whatever_the_size(out: int, into: int) -> None:
    found = of_rule("Y-CARRY", member(2022, {f"{OUT}total": out}), member(2023, {f"{IN}total": into}))["total"]

    assert ((out == into), into - out) == (found.verdict is PASS, found.difference)


@given(st.decimals(Decimal("0.1"), 10**6, places=4))
def test_an_amount_in_yuan_is_always_seen(amount: Decimal) -> None:
    assert (FAIL, FAIL) == verdict("Y-UNIT", FEES, member(2022, {FEES: amount}), member(2023, {FEES: amount * 10000}))


# Members


def test_a_member_of_a_record_and_of_stored_cells() -> None:
    record = {
        "source": "a.txt", "sha256": "ab", "form": F2021, "year": 2022, "agency": UNIT, "error": None,
        "cells": [
            {"table": "requests", "row": "new", "column": "total", "value": Decimal("1.50"), "status": "printed", "decision": "accept"},
            {"table": "requests", "row": "new", "column": "research", "value": None, "status": "lost", "decision": "review"},
            {"table": "requests", "row": "new", "column": "other_org", "value": 0, "status": "deduced", "decision": "review"},
        ],
    }  # fmt: skip
    read = of_record(record)
    cells = [
        Cell("requests/new/total", Decimal("1.50"), "printed", "printed", State.ACCEPTED, {}),
        Cell("requests/new/research", 4, "printed", "person", State.ANSWERED, {}),
        Cell("requests/new/other_org", 0, "deduced", "deduced", State.OPEN, {}),
    ]
    stored = of_cells(record, cells)

    assert ["1.50", "None", "0"] == [str(s.value) for s in read.held]
    assert [(True, "printed"), (False, ""), (False, "deduced")] == [(s.sure, s.origin) for s in read.held]
    assert [(True, "printed"), (True, "person"), (False, "deduced")] == [(s.sure, s.origin) for s in stored.held]
    assert (2, 1) == (read.open, stored.open)
    assert read.at("requests/gone/total") is None


def test_a_person_s_answer_decides_a_rule() -> None:
    first, second = member(2022, {f"{OUT}total": LOST}), member(2023, {f"{IN}total": 3})
    fields, held = zip(*[(f, s) for f, s in zip(first.fields, first.held, strict=True)], strict=True)
    answered = [
        Cell(f, 3 if s.status is Status.LOST else s.value, "printed", "person" if s.status is Status.LOST else "printed",
             State.ANSWERED if s.status is Status.LOST else State.ACCEPTED, {})
        for f, s in zip(fields, held, strict=True)
    ]  # fmt: skip
    record = {"source": first.report, "sha256": None, "form": F2021, "year": 2022, "agency": UNIT, "error": None}

    assert (NA, NA) == verdict("Y-CARRY", "total", first, second)
    assert (PASS, PASS) == verdict("Y-CARRY", "total", of_cells(record, answered), second)


def test_reports_of_unknown_unit_or_year_are_kept_apart() -> None:
    archive = arrange([member(2022, agency=None, report="a.txt"), member(2022)], Lineage())

    assert (["a.txt"], 1) == ([m.report for m in archive.unplaced], len(archive.units))


# The rules as data


def folder(tmp_path: Path, text: str) -> str:
    """A folder of further forms with rules between reports."""
    form = (Path(__file__).parent / "forms" / "petition.yaml").read_text(encoding="utf-8")
    (tmp_path / "petition.yaml").write_text(form, encoding="utf-8")
    (tmp_path / "across.yaml").write_text(text, encoding="utf-8")
    return str(tmp_path)


def book_of(tmp_path: Path, text: str) -> Book:
    place = folder(tmp_path, text)
    return load_book(load_forms(place), place)


RULE = "years:\n  - {{id: Z, earlier: [petition-2022], later: [petition-2022], expr: {expr}, severity: soft, says: 示例, source: test}}\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (RULE.format(expr="later.nothing.at.all == 1"), "across.yaml:2: rule Z"),
        (RULE.format(expr="nobody.a.b.c == 1"), "write earlier."),
        (RULE.format(expr="earlier == later"), "of no report"),
        (RULE.replace("[petition-2022], later", "[nothing-2000], later").format(expr="1 == 1"), "no form 'nothing-2000'"),
        ("years: 3\n", "across.yaml:1: years"),
        ("jumps: [{id: J, fields: [a.b.c], ratio: 10, least: '1', cause: 甲, severity: info, says: 乙, source: 丙}]\n", "no form has 'a.b.c'"),
        ("jumps: [{id: J, fields: [requests], ratio: 1, least: '1', cause: 甲, severity: info, says: 乙, source: 丙}]\n", "jumps.0.ratio"),
        ("rules: []\n", "rules"),
    ],
)
def test_what_is_wrong_with_a_rule_is_said_with_its_line(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(FormError) as caught:
        book_of(tmp_path, text)

    assert said in str(caught.value)
    assert str(tmp_path / "across.yaml") in str(caught.value)


def test_a_new_form_brings_its_own_rules(tmp_path: Path) -> None:
    """No code: the invented form of the tests gets a rule over its columns."""
    rule = RULE.format(expr="later.first == earlier.repeated").replace("expr:", "each: row of intake, expr:")
    book = book_of(tmp_path, rule)

    made = book.pairs["petition-2022", "petition-2022"]
    assert ["letters", "visits", "online", "total"] == [r.instance for r in made]
    assert (("later", "intake/letters/first"), ("earlier", "intake/letters/repeated")) == made[0].terms
    assert set(BOOK.pairs) < set(book.pairs)


def test_a_rule_over_a_table_that_lacks_what_it_names_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FormError, match="no row of intake has all that"):
        book_of(tmp_path, RULE.format(expr="later.first == earlier.carried_out").replace("expr:", "each: row of intake, expr:"))
