"""A form that nobody had in mind when the parser was written: YAML alone must be enough.

``tests/forms/petition.yaml`` has another shape, other labels and other sums than the shipped forms;
its reports are written here in the four ways that text carries a table.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from html import escape
from pathlib import Path

import pytest

from extractor.form import Form, load_form, load_forms
from extractor.pipeline import extract
from extractor.policy import Policy
from extractor.read import read_bytes
from extractor.types import Blame, Extraction, Finding, Number, Resolved, Status, Verdict

HERE = Path(__file__).resolve().parent
FORM = load_form(HERE / "forms" / "petition.yaml")
FORMS = load_forms(str(HERE / "forms"))

Rows = list[list[str]]

INTAKE = {
    "群众来信": ["31", "4", "35"],
    "群众来访": ["52", "17", "69"],
    "网上信访": ["128", "9", "137"],
    "各渠道合计": ["211", "30", "241"],
}
APPEALS = ["6", "1", "7", "2", "0", "2"]
RELIEF = {
    "县级财政资金": ["12.5", "-3"],
    "乡镇财政资金": ["0.75", "2"],
    "社会捐助资金": ["3", "0"],
    "救助资金总额": ["16.25", "-1"],
}
TITLE = "清水县信访局2023年信访工作年度统计表"
BEFORE = "一、信访工作总体概述"
NARRATIVE = "2023年，全局坚持依法处理，全年登记受理群众信访事项241件，均按规定程序办理。"
AFTER = "五、下一步信访工作打算"
PLANS = "继续加强源头治理，进一步规范办理程序，提高群众满意度。"


def intake_rows(figures: dict[str, list[str]]) -> Rows:
    return [["信访渠道", "初次信访件数", "重复信访件数", "信访件数合计"], *([k, *v] for k, v in figures.items())]


def appeals_rows(figures: list[str]) -> Rows:
    return [["信访复查", "信访复核"], ["维持原意见", "改变原意见", "办理总数"] * 2, figures]


def relief_rows(figures: dict[str, list[str]], unit: str) -> Rows:
    rows = [["资金来源一览"], ["资金来源", f"救助资金支出（{unit}）", "比上年增减户数"]]
    for label, values in figures.items():
        group = ["财政资金"] if label == "县级财政资金" else []
        rows.append([*group, label, *values])
    return rows


def tab_rows(rows: Rows) -> str:
    return "\n".join("\t".join(row) for row in rows)


def plain_rows(rows: Rows) -> str:
    return "\n".join(" ".join(row) for row in rows)


def pipe_rows(rows: Rows) -> str:
    width = max(map(len, rows))
    lines = ["| " + " | ".join([*row, *[""] * (width - len(row))]) + " |" for row in rows]
    return "\n".join([lines[0], "|" + "---|" * width, *lines[1:]])


def html_rows(rows: Rows) -> str:
    lines = ("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return "<table>" + "".join(lines) + "</table>"


SHAPES: dict[str, Callable[[Rows], str]] = {"tab": tab_rows, "plain": plain_rows, "pipe": pipe_rows, "html": html_rows}


def report(
    shape: str,
    intake: dict[str, list[str]] = INTAKE,
    appeals: list[str] = APPEALS,
    relief: dict[str, list[str]] = RELIEF,
    unit: str = "单位：万元",
    narrative: str = NARRATIVE,
) -> bytes:
    """The bytes of one report of the invented form."""
    draw = SHAPES[shape]
    parts = [
        TITLE, BEFORE, narrative,
        "二、信访事项受理情况", draw(intake_rows(intake)),
        "三、复查复核办理情况", draw(appeals_rows(appeals)),
        "四、信访救助资金使用情况", draw(relief_rows(relief, unit)),
        AFTER, PLANS,
    ]  # fmt: skip
    if shape == "html":
        parts = [p if p.startswith("<table") else f"<p>{p}</p>" for p in parts]
        return ("<html><body>" + "".join(parts) + "</body></html>").encode()
    return ("\n\n".join(parts) + "\n").encode()


class Open(Policy):
    """Every class is certified: what is counted for the shipped forms says nothing of this one."""

    def accepts(self, decision_class: str) -> bool:
        """Yes."""
        return True


def read(data: bytes, forms: tuple[Form, ...] = FORMS) -> Extraction:
    return extract(read_bytes(data, "petition"), forms, Open())


def number(text: str) -> Number:
    return Decimal(text) if "." in text else int(text)


def expected() -> dict[str, Number]:
    """Every figure of the report by its field, typed in the form's order."""
    printed = [x for v in INTAKE.values() for x in v] + APPEALS + [x for v in RELIEF.values() for x in v]
    return {f.id: number(x) for f, x in zip(FORM.fields, printed, strict=True)}


def cell(extraction: Extraction, field: str) -> Resolved:
    return extraction.resolved[FORM.index[field]]


def hard(extraction: Extraction) -> list[Finding]:
    return [f for f in extraction.findings if f.severity == "hard"]


@pytest.mark.parametrize("shape", SHAPES)
def test_every_figure_is_read_in_every_shape(shape: str) -> None:
    got = read(report(shape))

    assert "petition-2022" == got.form
    assert expected() == {f.id: r.value for f, r in zip(FORM.fields, got.resolved, strict=True)}
    assert {Status.PRINTED} == {r.status for r in got.resolved}


@pytest.mark.parametrize("shape", SHAPES)
def test_every_figure_re_reads_at_its_evidence_and_no_two_share_a_place(shape: str) -> None:
    got = read(report(shape))

    assert [r.printed for r in got.resolved] == [got.document.text[r.start : r.end] for r in got.resolved]
    assert len(FORM.fields) == len({r.start for r in got.resolved})


@pytest.mark.parametrize("shape", SHAPES)
def test_an_undamaged_report_is_accepted_without_a_person(shape: str) -> None:
    got = read(report(shape))

    doubts = {FORM.fields[d.field].id: d.codes for d in got.decisions if d.outcome != "accept"}
    assert {} == doubts
    assert "accept" == got.decision
    assert () == got.findings


@pytest.mark.parametrize("shape", SHAPES)
def test_the_year_is_read_from_the_title(shape: str) -> None:
    got = read(report(shape))

    assert "2023" == (got.year and got.year.value)


@pytest.mark.parametrize("shape", SHAPES)
def test_the_agency_is_read_from_the_title(shape: str) -> None:
    got = read(report(shape))

    assert "清水县信访局" == (got.agency and got.agency.value)


@pytest.mark.parametrize("shape", SHAPES)
def test_a_misprint_is_found_kept_as_printed_and_laid_to_the_report(shape: str) -> None:
    """Where nothing marks the cells of a row, the doubt reaches its whole row."""
    misprint = {**INTAKE, "群众来访": ["25", "17", "69"]}  # 52 with its digits exchanged
    got = read(report(shape, intake=misprint))

    assert (Status.PRINTED, 25) == (cell(got, "intake/visits/first").status, cell(got, "intake/visits/first").value)
    assert {("PET-CHANNELS", "first", 184, 211), ("PET-KINDS", "visits", 42, 69)} == {
        (f.rule, f.instance, f.left, f.right) for f in hard(got)
    }
    assert {Blame.REPORT} == {f.blame for f in hard(got)}
    assert {FORM.index["intake/visits/first"]} == {i for f in hard(got) for i in f.suspects}
    assert {"52→25"} == {f.cause[f.cause.index("（") + 1 : -1] for f in hard(got)}
    failed = {FORM.fields[d.field].id: d for d in got.decisions if "RULE_FAILED" in d.codes}
    row = {f"intake/visits/{column}" for column in ("first", "repeated", "total")}
    assert (row if shape == "plain" else {"intake/visits/first"}) == set(failed)
    assert all("MISPRINT" in d.codes and d.outcome == "accept" for d in failed.values())


@pytest.mark.parametrize("shape", SHAPES)
def test_a_lost_row_is_deduced_from_the_sums(shape: str) -> None:
    rest = {k: v for k, v in INTAKE.items() if k != "群众来访"}
    got = read(report(shape, intake=rest))

    row = [cell(got, f"intake/visits/{column}") for column in ("first", "repeated", "total")]
    assert [Status.DEDUCED] * 3 == [r.status for r in row]
    assert [52, 17, 69] == [r.value for r in row]
    assert all("DEDUCED" in got.decisions[r.field].codes for r in row)
    assert [] == hard(got)


@pytest.mark.parametrize("shape", SHAPES)
def test_money_keeps_its_decimals_and_a_change_its_sign(shape: str) -> None:
    got = read(report(shape))

    assert Decimal("0.75") == cell(got, "relief/township/spent").value
    assert -3 == cell(got, "relief/county/change").value
    assert all(not isinstance(r.value, float) for r in got.resolved)


@pytest.mark.parametrize(
    "unit",
    [
        "元",
        "单位：元",
    ],
)
@pytest.mark.parametrize("shape", SHAPES)
def test_money_printed_in_yuan_comes_back_in_the_unit_of_the_form(shape: str, unit: str) -> None:
    in_yuan = {k: [str(int(Decimal(spent) * 10_000)), change] for k, (spent, change) in RELIEF.items()}
    got = read(report(shape, relief=in_yuan, unit=unit))

    spent = [cell(got, f"relief/{row}/spent") for row in ("county", "township", "donations", "total")]
    assert [Decimal("12.5"), Decimal("0.75"), 3, Decimal("16.25")] == [r.value for r in spent]
    assert ["125000", "7500", "30000", "162500"] == [r.printed for r in spent]


def test_empty_cells_are_blank_and_not_zero() -> None:
    got = read(report("html", relief={**RELIEF, "社会捐助资金": ["3", ""]}))

    blank = cell(got, "relief/donations/change")
    assert (Status.BLANK, None) == (blank.status, blank.value)
    assert "BLANK_AS_ZERO_HOLDS" in got.decisions[blank.field].codes


@pytest.mark.parametrize("shape", SHAPES)
def test_a_soft_rule_is_a_finding_and_sends_no_cell_to_a_person(shape: str) -> None:
    got = read(report(shape, intake={**INTAKE, "群众来信": ["4", "31", "35"], "各渠道合计": ["184", "57", "241"]}))

    assert [("PET-FEWER-REPEATS", "letters")] == [(f.rule, f.instance) for f in got.findings]
    assert "accept" == got.decision


@pytest.mark.parametrize("shape", SHAPES)
def test_the_narrative_is_held_against_the_table(shape: str) -> None:
    got = read(report(shape, narrative=NARRATIVE.replace("241", "214")))

    assert [("PET-TEXT-RECEIVED", 214, 241)] == [(f.rule, f.left, f.right) for f in got.findings]
    found = got.findings[0]
    assert "登记受理群众信访事项214件" == got.document.text[found.start : found.end]


def test_a_row_that_the_form_does_not_have_is_kept_as_an_extra() -> None:
    rows = {"群众来信": INTAKE["群众来信"], "领导信箱转办": ["5", "0", "5"]} | INTAKE
    got = read(report("tab", intake=rows))

    assert [("intake", "领导信箱转办", ("5", "0", "5"))] == [(x.table, x.label, x.values) for x in got.extras]
    assert 31 == cell(got, "intake/letters/first").value


def test_the_shipped_forms_do_not_claim_a_report_of_the_new_form() -> None:
    shipped = load_forms()

    assert {None} == {read(report(shape), shipped).form for shape in SHAPES}


def test_the_new_form_does_not_claim_a_report_of_a_shipped_form() -> None:
    for source in sorted((HERE.parent / "golden").glob("*/source*.*")):
        data = source.read_bytes()
        alone = extract(read_bytes(data, source.name), load_forms())
        beside = read(data)

        assert (source, alone.form, alone.resolved) == (source, beside.form, beside.resolved)
        assert read(data, (FORM,)).form is None, source


def test_every_hard_rule_of_the_new_form_can_pass_and_can_fail() -> None:
    values: list[Number | None] = list(expected().values())
    for rule in FORM.rules:
        assert (rule.id, Verdict.PASS) == (rule.id, rule.relation.verdict(values)[0])
        if rule.severity == "hard":
            i = rule.relation.fields[0]
            wrong = [*values[:i], (values[i] or 0) + 1, *values[i + 1 :]]
            assert (rule.id, Verdict.FAIL) == (rule.id, rule.relation.verdict(wrong)[0])
