"""What people see: the grid of a report, one cell with everything behind it, and the problem list."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path

import pytest
from rich.cells import cell_len
from rich.console import Console
from typer.testing import CliRunner

from benchmarks.damage import make_case
from cli import app
from extractor.errors import GoujiError
from extractor.form import load_forms
from extractor.problems import problems
from extractor.show import field_of, print_field, print_report, suspects
from extractor.types import Candidate, Extraction, ExtraRow, Resolved, Status
from tests.test_record import FORM, extraction_of, report_text


def drawn(extraction: Extraction, width: int = 140) -> str:
    """The whole report as plain text."""
    console = Console(file=io.StringIO(), width=width)
    print_report(console, extraction, FORM)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def cell_view(extraction: Extraction, name: str) -> str:
    """One cell as plain text."""
    console = Console(file=io.StringIO(), width=140)
    print_field(console, extraction, FORM, field_of(FORM, name))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def line_of(text: str, label: str) -> str:
    """The first line of the drawing that holds ``label``."""
    return next(line for line in text.splitlines() if label in line)


def texts(extraction: Extraction, kind: str) -> list[str]:
    """The problem lines of one kind, without the name of the report."""
    return [p.text.partition("report.txt: ")[2] for p in problems(extraction, FORM) if p.kind == kind]


# The grid


def test_the_head_says_what_was_recognised(tmp_path: Path) -> None:
    """Form, year, agency, decision and counts stand above the grid."""
    lines = drawn(extraction_of(tmp_path, report_text())).splitlines()

    assert "form disclosure-2021 · 政府信息公开工作年度报告（国办公开办函〔2021〕30号）" == lines[1]
    assert "year 2022 · agency 清河县人民政府 · accept" == lines[2]
    assert "200 cells: 200 printed · 200 accepted, 0 for review" == lines[3]


def test_a_row_is_drawn_with_its_figures(tmp_path: Path) -> None:
    """Printed figures stand in the form's order, exact."""
    text = drawn(extraction_of(tmp_path, report_text()))

    assert ["一、本年新收政府信息公开申请数量", "9", "2", "0", "0", "0", "1", "12"] == line_of(
        text, "一、本年新收"
    ).split()
    assert ["行政事业性收费", "7.90001"] == line_of(text, "行政事业性收费").split()


def test_every_group_heading_is_drawn_once(tmp_path: Path) -> None:
    """Rows stand under the headings that the form prints over them."""
    lines = [line.strip() for line in drawn(extraction_of(tmp_path, report_text())).splitlines()]

    assert [1] * 3 == [lines.count(x) for x in ("三、本年度办理结果", "（三）不予公开", "（六）其他处理")]


@pytest.mark.parametrize("width", [140, 80])
def test_figures_are_aligned_in_terminal_cells(tmp_path: Path, width: int) -> None:
    """A Han character is two cells wide: the totals of a block end in the same terminal column."""
    text = drawn(extraction_of(tmp_path, report_text(new="9 2 0 0 0 1 12", carried_out="1 0 0 0 0 0 1")), width)
    ends = {cell_len(line_of(text, label).rstrip()) for label in ("一、本年新收", "（七）总计", "四、结转下年度")}

    assert 1 == len(ends)


def test_a_blank_cell_is_drawn_as_a_blank_sign(tmp_path: Path) -> None:
    """Blank is neither zero nor nothing."""
    text = drawn(extraction_of(tmp_path, report_text(new="9 2 _ 0 0 1 12")))

    assert "␣" == line_of(text, "一、本年新收").split()[3]
    assert "␣ blank" in text


def test_a_lost_cell_is_a_question_mark_for_review(tmp_path: Path) -> None:
    """Cells of a missing table."""
    text = drawn(extraction_of(tmp_path, report_text(litigation=False)))

    assert ["复议后起诉", *["?*"] * 5] == line_of(text, "复议后起诉").split()
    assert "? lost   * for review" in text


def test_a_deduced_cell_stands_in_brackets(tmp_path: Path) -> None:
    """What was worked out is never shown as if it were printed."""
    text = drawn(extraction_of(tmp_path, report_text(carried_out="")))

    assert ["四、结转下年度继续办理", "[1]", *["[0]"] * 5, "[1]"] == line_of(text, "四、结转下年度").split()
    assert "[n] deduced" in text


def test_the_suspects_of_a_failed_rule_carry_an_exclamation_mark(tmp_path: Path) -> None:
    """One wrong cell: it and only it is marked."""
    extraction = extraction_of(tmp_path, report_text(granted="7 2 0 0 0 1 11"))
    text = drawn(extraction)

    assert {FORM.index["requests/granted/natural_person"]} == set(suspects(extraction))
    assert ["（一）予以公开", "7!", "2", "0", "0", "0", "1", "11"] == line_of(text, "（一）予以公开").split()
    assert "! suspect of a failed rule" in text


def test_reasons_are_counted_with_their_sentence(tmp_path: Path) -> None:
    """Each code of the report's cells once, those for a person first."""
    text = drawn(extraction_of(tmp_path, report_text(litigation=False)))

    assert "15 * TABLE_NOT_FOUND The table of this cell is not in the text." == " ".join(
        line_of(text, "TABLE_NOT_FOUND").split()
    )
    assert text.index("TABLE_NOT_FOUND") < text.index("RULE_PASSED")


def test_findings_and_extras_stand_below(tmp_path: Path) -> None:
    """A row without a field is shown, control characters made visible; sound reports have no finding."""
    extraction = extraction_of(tmp_path, report_text())
    odd = ExtraRow("requests", "其中\x1b[31m：网上", ("5", ""), 0, 1)
    text = drawn(replace(extraction, extras=(odd,)))

    assert "  收到和处理政府信息公开申请情况 · 其中·[31m：网上: 5 ␣" in text.splitlines()
    assert ["  none"] == text.splitlines()[-1:]


# One cell


def test_a_cell_shows_its_line_with_the_figure_marked(tmp_path: Path) -> None:
    """The evidence is the line of the text, its neighbours, and the offsets."""
    extraction = extraction_of(tmp_path, report_text())
    text = cell_view(extraction, "proactive/normative_documents/in_force")
    start = extraction.document.text.index("1,240")

    assert f"  characters {start}–{start + 5}, line 8" in text.splitlines()
    assert "  > 行政规范性文件⇥ 3⇥ 1⇥ ⟦1,240⟧" in text.splitlines()
    assert "  rules: 1240 from '1,240'" in text.splitlines()


def test_a_cell_shows_its_rules_with_both_sides(tmp_path: Path) -> None:
    """Every rule the cell takes part in, with labels and figures."""
    text = cell_view(extraction_of(tmp_path, report_text()), "requests/new/total")

    assert "  REQ-ROW-TOTAL new: holds (12 and 12); 自然人与各类法人或其他组织之和等于总计" in text.splitlines()
    assert (
        "    自然人 9 + 商业企业 2 + 科研机构 0 + 社会公益组织 0 + 法律服务机构 0 + 其他 1 == 总计 12"
        in text.splitlines()
    )
    assert "REQ-BALANCE total: holds (12 and 12)" in text


def test_a_cell_shows_a_failed_rule(tmp_path: Path) -> None:
    """The verdict is loud; the reason has its sentence, and no star where the misprint answers it."""
    text = cell_view(extraction_of(tmp_path, report_text(granted="7 2 0 0 0 1 11")), "requests/granted/natural_person")

    assert "REQ-ROW-TOTAL granted: FAILS (10 and 11)" in text
    assert (
        "    RULE_FAILED  A hard rule fails and this cell is among those that could be at fault." in text.splitlines()
    )
    assert any(line.startswith("    MISPRINT  ") for line in text.splitlines())


@pytest.mark.parametrize(
    ("changes", "field", "value", "evidence"),
    [
        ({}, "proactive/fees/amount", "printed 7.90001 万元 · accept", "⟦7.90001⟧"),
        ({"new": "9 2 _ 0 0 1 12"}, "requests/new/research", "blank · ", "nothing is printed"),
        ({"litigation": False}, "litigation/reconsideration/total", "lost · review", "nothing is printed"),
        ({"carried_out": ""}, "requests/carried_out/total", "deduced 1 件 · accept", "nothing is printed"),
    ],
    ids=["printed", "blank", "lost", "deduced"],
)
def test_a_cell_of_each_status(
    tmp_path: Path, changes: dict[str, str | bool], field: str, value: str, evidence: str
) -> None:
    """Status, value with its unit, decision; and the text around it where anything is printed."""
    text = cell_view(extraction_of(tmp_path, report_text(**changes)), field)  # type: ignore[arg-type]

    assert text.splitlines()[1].startswith(f"  {value}")
    assert evidence in text


def test_a_lost_cell_shows_what_its_sums_leave_for_it(tmp_path: Path) -> None:
    """Two outcome rows are gone: neither is decided, and both are bounded by the total of their column."""
    text = report_text().replace("（一）予以公开\t8", "（一）予以公开\t7").replace("1\t11\n（二）", "1\t10\n（二）")
    gone = [line for line in text.splitlines() if not line.startswith(("2.重复申请", "3.要求提供公开出版物"))]
    view = cell_view(extraction_of(tmp_path, "\n".join(gone)), "requests/not_processed_repeated/natural_person")

    assert view.splitlines()[1].startswith("  lost, 0 to 1 by its sums · review")
    assert "  * FIELD_LOST  The text no longer holds this cell." in view.splitlines()


def test_a_cell_shows_the_readings_that_were_not_chosen(tmp_path: Path) -> None:
    """A row printed twice leaves two readings."""
    extraction = extraction_of(tmp_path, report_text())
    r = extraction.resolved[0]
    other = Candidate(0, Status.PRINTED, 7, "7", 3, 4, ("ROW_REPEATED",))
    first = Resolved(r.field, r.status, r.value, r.printed, r.start, r.end, r.codes, (other,))
    text = cell_view(replace(extraction, resolved=(first, *extraction.resolved[1:])), FORM.fields[0].id)

    assert "  not chosen, rules: 7 from '7' at 3–4 ROW_REPEATED" in text.splitlines()


def test_an_unknown_field_is_answered_with_near_ones() -> None:
    """The end of an id and a misspelt id both lead to the field meant."""
    with pytest.raises(GoujiError, match="near: requests/new/total$"):
        field_of(FORM, "new/total")
    with pytest.raises(GoujiError, match="near: .*requests/new/total"):
        field_of(FORM, "request/new/totl")
    with pytest.raises(GoujiError, match="a field is table/row/column"):
        field_of(FORM, "§§")


# The problem list


def test_a_finding_is_one_line_with_place_sides_cause_and_fault(tmp_path: Path) -> None:
    """Table, row, column, rule, both sides, difference, likely cause, whose fault, the regulator's sentence."""
    found = texts(extraction_of(tmp_path, report_text(granted="7 2 0 0 0 1 11")), "finding")

    assert (
        "收到和处理政府信息公开申请情况 · （一）予以公开 · 自然人: REQ-OUTCOMES: 7 ≠ 8 (difference -1), "
        "likely cause: 「（一）予以公开」×「自然人」一位数字不同（8→7）, fault: 报告; "
        "三、本年度办理结果（一）至（六）各项之和等于（七）总计"
    ) in found


def test_a_sentence_against_the_table_is_a_soft_finding_with_its_line(tmp_path: Path) -> None:
    """The narrative says 13, the table 12."""
    (line,) = texts(extraction_of(tmp_path, report_text(received=13)), "finding")

    assert line.startswith(
        "line 3 · 「收到政府信息公开申请13件」: TEXT-RECEIVED (soft): 13 ≠ 12 (difference 1), fault: 不明; "
    )


def test_an_inequality_is_printed_with_its_own_sign(tmp_path: Path) -> None:
    """A soft rule that asks for at least so many fails with a ``<``."""
    text = report_text().replace("行政规范性文件\t3\t1\t1,240", "行政规范性文件\t3\t1\t1")
    (line,) = texts(extraction_of(tmp_path, text), "finding")

    assert "PRO-VALID-MADE (soft): 1 < 2 (difference -1)" in line
    assert line.startswith("主动公开政府信息情况 · 行政规范性文件 · all columns: ")


def test_a_sum_that_fails_only_with_blanks_as_zero_says_so(tmp_path: Path) -> None:
    """The reader is told that the difference rests on a blank."""
    found = texts(extraction_of(tmp_path, report_text(new="9 2 0 0 0 1 _")), "finding")

    assert any("REQ-ROW-TOTAL: 12 ≠ 0 (difference 12, blanks counted as zero)" in x for x in found)


def test_cells_for_review_are_grouped(tmp_path: Path) -> None:
    """A table that is not in the text is one line, not fifteen."""
    (line,) = texts(extraction_of(tmp_path, report_text(litigation=False)), "review")

    assert (
        "政府信息公开行政复议、行政诉讼情况 · all rows · all columns: 15 lost cells for review: "
        "The table of this cell is not in the text. [FIELD_LOST TABLE_NOT_FOUND]"
    ) == line


def test_the_data_of_a_problem_names_every_cell(tmp_path: Path) -> None:
    """What the line abbreviates, the JSON line spells out."""
    (problem,) = problems(extraction_of(tmp_path, report_text(litigation=False)), FORM)

    assert [f.id for f in FORM.fields if f.table == "litigation"] == problem.data["cells"]


def test_a_sound_report_has_no_problem(tmp_path: Path) -> None:
    """Nothing to say, nothing said."""
    assert [] == list(problems(extraction_of(tmp_path, report_text()), FORM))


def test_a_cell_of_a_format_with_a_grid_says_where_it_stands_in_the_file(tmp_path: Path) -> None:
    """The web page's own table, row and column, as the record's ``place`` has them."""
    case = make_case(load_forms()[1], 71_900, "html", "clean")
    path = tmp_path / "a.html"
    path.write_bytes(case.data)
    field = "requests/new/total"
    shown = CliRunner().invoke(app, ["show", str(path), "--field", field]).stdout
    record = json.loads(CliRunner().invoke(app, ["extract", str(path), "--jsonl", "-"]).stdout)
    place = next(c["place"] for c in record["cells"] if f"{c['table']}/{c['row']}/{c['column']}" == field)

    assert f"in the file: table {place['table']}, row {place['row']}, column {place['column']}" in shown
