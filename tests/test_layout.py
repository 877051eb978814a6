"""Where a table begins and ends, and what a row is, in texts that mark neither: each text is written by hand."""

from __future__ import annotations

from extractor.form import load_forms
from extractor.pipeline import extract
from extractor.read import read_bytes
from extractor.types import Number, Status

FORM = next(f for f in load_forms() if f.id == "disclosure-2019")
OPENING = "清河县人民政府2020年政府信息公开工作年度报告\n\n二、主动公开政府信息情况\n"
FOUR = (
    "四、政府信息公开行政复议、行政诉讼情况行政复议行政诉讼结果维持结果纠正其他结果尚未审结总计未经复议直接起诉复议后起诉"
    "结果维持结果纠正其他结果尚未审结总计结果维持结果纠正其他结果尚未审结总计"
)


def cells(text: str) -> dict[str, tuple[Status, Number | None]]:
    """Status and value of every field, by its id."""
    got = extract(read_bytes(text.encode(), "by-hand.txt"), load_forms())
    assert got.form == FORM.id
    return {FORM.fields[r.field].id: (r.status, r.value) for r in got.resolved}


def test_prose_glued_behind_the_last_table_does_not_hide_it() -> None:
    text = OPENING + "第二十条第（一）项信息内容本年新制作数量本年新公开数量对外公开总数量规章000规范性文件9934\n\n"
    text += FOUR + "201031001200101五、存在的主要问题及改进情况一是公开内容不够丰富。二是业务能力有待提高。"
    got = cells(text)
    assert got["litigation/reconsideration/upheld"] == (Status.PRINTED, 2)
    assert got["litigation/lawsuit_after_reconsideration/total"] == (Status.PRINTED, 1)


def test_prose_that_names_a_section_is_no_table() -> None:
    prose = "2020年收到申请3件。四、政府信息公开行政复议、行政诉讼情况另见下表，共201031001200101。"
    got = cells(OPENING + "第二十条第（一）项\n信息内容\t本年新制作数量\t本年新公开数量\t对外公开总数量\n规章\t0\t0\t0\n\n" + prose)
    assert got["litigation/reconsideration/upheld"] == (Status.LOST, None)


def test_figures_behind_the_title_of_another_table_belong_to_that_table() -> None:
    text = OPENING + "第二十条第（九）项信息内容采购项目数量采购总金额（单位：万元）政府集中采购00"
    text += "三、收到和处理政府信息公开申请情况四、政府信息公开行政复议、行政诉讼情况008000000000000五、存在的主要问题及改进情况"
    got = cells(text)
    assert got["proactive/procurement/items"] == (Status.PRINTED, 0)
    assert got["proactive/procurement/amount"] == (Status.PRINTED, 0)


def test_a_line_of_a_label_and_empty_cells_is_a_row_where_lines_are_rows() -> None:
    rows = ["行政许可 |  |  |  | ", "其他对外管理服务事项 |  |  |  | "]
    text = OPENING + "\n".join(
        ("第二十条第（一）项 | |||", "信息内容 | 本年新制作数量 | 本年新公开数量 | 对外公开总数量 | ", "规章 |  |  |  | ", "规范性文件 | 1 |  |  | ",
         "第二十条第（五）项 | |||", "信息内容 | 上一年项目数量 | 本年增/减 | 处理决定数量 | ", *rows)
    )
    got = cells(text)
    assert got["proactive/normative_documents/created"] == (Status.PRINTED, 1)
    assert got["proactive/licences/change"] == got["proactive/other_services/decisions"] == (Status.BLANK, None)
