"""The record of one report, against contract.md: its keys, its exact numbers, its findings.

``report_text`` is a small report written by hand; the other tests of the command line use it too.
"""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from extractor.archive.inputs import one
from extractor.batch import extract_input
from extractor.form import Form, load_forms
from extractor.pipeline import extract
from extractor.policy import Policy
from extractor.read import read_file
from extractor.record import dumps, failing, plain, summarise, to_record, visible
from extractor.types import Blame, Candidate, Extraction, ExtraRow, Finding, Resolved, Status, Verdict

FORMS = load_forms()
FORM = next(f for f in FORMS if f.id == "disclosure-2021")

OUTCOMES = (
    "（一）予以公开", "（二）部分公开", "1.属于国家秘密", "2.其他法律行政法规禁止公开", "3.危及“三安全一稳定”",
    "4.保护第三方合法权益", "5.属于三类内部事务信息", "6.属于四类过程性信息", "7.属于行政执法案卷",
    "8.属于行政查询事项", "1.本机关不掌握相关政府信息", "2.没有现成信息需要另行制作", "3.补正后申请内容仍不明确",
    "1.信访举报投诉类申请", "2.重复申请", "3.要求提供公开出版物", "4.无正当理由大量反复申请",
    "5.要求行政机关确认或重新出具已获取信息", "1.申请人无正当理由逾期不补正、行政机关不再处理其政府信息公开申请",
    "2.申请人逾期未按收费通知要求缴纳费用、行政机关不再处理其政府信息公开申请", "3.其他",
)  # fmt: skip
GROUPS = {
    "（一）予以公开": "三、本年度办理结果",
    "1.属于国家秘密": "（三）不予公开",
    "1.本机关不掌握相关政府信息": "（四）无法提供",
    "1.信访举报投诉类申请": "（五）不予处理",
    "1.申请人无正当理由逾期不补正、行政机关不再处理其政府信息公开申请": "（六）其他处理",
}
NONE = "0 0 0 0 0 0 0"


def report_text(
    new: str = "9 2 0 0 0 1 12",
    granted: str = "8 2 0 0 0 1 11",
    total: str = "8 2 0 0 0 1 11",
    carried_out: str = "1 0 0 0 0 0 1",
    fees: str = "7.90001",
    received: int = 12,
    litigation: bool = True,
) -> str:
    """A whole report of the 2021 form, figures by tab; ``_`` is an empty cell, an empty string leaves a row out."""

    def row(label: str, figures: str) -> list[str]:
        return ["\t".join([label, *("" if f == "_" else f for f in figures.split())])] if figures else []

    lines = [
        "清河县人民政府2022年政府信息公开工作年度报告",
        "一、总体情况",
        f"全年共收到政府信息公开申请{received}件。",
    ]
    lines += ["二、主动公开政府信息情况", "第二十条第（一）项"]
    lines += row("信息内容", "本年制发件数 本年废止件数 现行有效件数")
    lines += row("规章", "0 0 0") + row("行政规范性文件", "3 1 1,240")
    lines += ["第二十条第（五）项", *row("信息内容", "本年处理决定数量"), *row("行政许可", "120")]
    lines += ["第二十条第（六）项", *row("信息内容", "本年处理决定数量"), *row("行政处罚", "4"), *row("行政强制", "0")]
    lines += ["第二十条第（八）项", *row("信息内容", "本年收费金额（单位：万元）"), *row("行政事业性收费", fees)]
    lines += [
        "三、收到和处理政府信息公开申请情况",
        "（本列数据的勾稽关系为：第一项加第二项之和，等于第三项加第四项之和）",
    ]
    lines += row("申请人情况", "自然人 法人或其他组织 总计")
    lines += row("", "商业企业 科研机构 社会公益组织 法律服务机构 其他")
    lines += row("一、本年新收政府信息公开申请数量", new) + row("二、上年结转政府信息公开申请数量", NONE)
    for label in OUTCOMES:
        lines += [GROUPS[label]] if label in GROUPS else []
        lines += row(label, granted if label == OUTCOMES[0] else NONE)
    lines += row("（七）总计", total) + row("四、结转下年度继续办理", carried_out)
    if litigation:
        lines += ["四、政府信息公开行政复议、行政诉讼情况", "行政复议\t行政诉讼", "未经复议直接起诉\t复议后起诉"]
        lines += ["\t".join(["结果维持", "结果纠正", "其他结果", "尚未审结", "总计"] * 3)]
        lines += ["\t".join("1 0 0 0 1 0 0 0 0 0 0 0 0 0 0".split())]
    lines += ["五、存在的主要问题及改进情况", "公开不够及时。", "六、其他需要报告的事项", "无。"]
    return "\n".join(lines) + "\n"


class Open(Policy):
    """Every class is certified, so that what is counted at the moment changes no test."""

    def accepts(self, decision_class: str) -> bool:
        """Yes."""
        return True


def extraction_of(tmp_path: Path, text: str) -> Extraction:
    """The extraction of ``text`` as a file."""
    path = tmp_path / "report.txt"
    path.write_text(text, encoding="utf-8")
    return extract(read_file(path), FORMS, Open())


def record_of(tmp_path: Path, **changes: Any) -> dict[str, Any]:
    """The record of the report with ``changes``."""
    return to_record(extraction_of(tmp_path, report_text(**changes)), FORM)


def cell(record: dict[str, Any], name: str) -> dict[str, Any]:
    """One cell of a record by its field id."""
    found: dict[str, Any] = next(c for c in record["cells"] if f"{c['table']}/{c['row']}/{c['column']}" == name)
    return found


def test_a_record_begins_with_the_keys_of_the_contract(tmp_path: Path) -> None:
    """The keys that other programs read are there, in the contract's order; ours only follow."""
    keys = "source sha256 form year agency decision cells findings extras usage error".split()
    added = "form_evidence year_evidence agency_evidence codes rules encoding media_type notes".split()

    assert keys + added == list(record_of(tmp_path))


def test_a_cell_has_the_keys_of_the_contract(tmp_path: Path) -> None:
    """Every cell has the same keys; alternatives only where there are some."""
    keys = "table row column value status printed evidence confidence decision codes readings".split()

    assert {tuple(keys)} == {tuple(c) for c in record_of(tmp_path)["cells"]}


def test_a_sound_report_is_accepted_whole(tmp_path: Path) -> None:
    """Form, year, agency and all cells of a clean report."""
    record = record_of(tmp_path)
    head = [record[k] for k in ("form", "year", "agency", "decision", "findings", "error")]

    assert ["disclosure-2021", 2022, "清河县人民政府", "accept", [], None] == head
    assert {"requests": 0, "input_tokens": 0, "output_tokens": 0, "cost": 0} == record["usage"]
    assert {"accept"} == {c["decision"] for c in record["cells"]}


def test_cells_are_the_form_s_fields_in_its_order(tmp_path: Path) -> None:
    """Exactly one entry a field, none more, even where a table is missing."""
    record = record_of(tmp_path, litigation=False)

    assert [f.id for f in FORM.fields] == [f"{c['table']}/{c['row']}/{c['column']}" for c in record["cells"]]


def test_evidence_reads_again_as_printed(tmp_path: Path) -> None:
    """The offsets point at the printed characters, separators included."""
    extraction = extraction_of(tmp_path, report_text())
    record = to_record(extraction, FORM)
    printed = [c for c in record["cells"] if c["evidence"]]

    assert [c["printed"] for c in printed] == [
        extraction.document.text[c["evidence"]["start"] : c["evidence"]["end"]] for c in printed
    ]
    in_force = cell(record, "proactive/normative_documents/in_force")
    assert (1240, "1,240") == (in_force["value"], in_force["printed"])


def test_a_blank_cell_has_no_value(tmp_path: Path) -> None:
    """Blank is not zero and not lost."""
    blank = cell(record_of(tmp_path, new="9 2 _ 0 0 1 12"), "requests/new/research")

    assert ("blank", None, {"rules": None}) == (blank["status"], blank["value"], blank["readings"])


def test_a_lost_table_has_neither_values_nor_evidence(tmp_path: Path) -> None:
    """Cells of a table that is not in the text are lost, and are for a person."""
    lost = cell(record_of(tmp_path, litigation=False), "litigation/reconsideration/total")

    assert ("lost", None, None, None, "review") == tuple(
        lost[k] for k in ("status", "value", "printed", "evidence", "decision")
    )


def test_a_deduced_cell_has_a_value_that_no_reader_read(tmp_path: Path) -> None:
    """The value of a deduced cell is there; its reading is null, because nothing was read."""
    deduced = cell(record_of(tmp_path, carried_out=""), "requests/carried_out/total")

    assert ("deduced", 1, None, {"rules": None}) == tuple(
        deduced[k] for k in ("status", "value", "evidence", "readings")
    )


def test_a_failed_rule_is_a_finding_with_both_sides(tmp_path: Path) -> None:
    """A report whose total does not add up: rule, instance, sides, cells by id, blame."""
    findings = record_of(tmp_path, total="0 0 0 0 0 0 0")["findings"]
    first = next(f for f in findings if (f["rule"], f["instance"]) == ("REQ-OUTCOMES", "natural_person"))

    assert ["rule", "instance", "verdict", "left", "right", "cells", "blame"] == list(first)[:7]
    assert ("fail", 8, 0, "report") == tuple(first[k] for k in ("verdict", "left", "right", "blame"))
    assert "requests/total/natural_person" in first["cells"]
    assert "hard" == first["severity"]


def test_a_rule_that_fails_only_with_blanks_as_zero_is_listed_as_such(tmp_path: Path) -> None:
    """A blank total: not assessable as printed, failing with the blank as zero."""
    findings = record_of(tmp_path, new="9 2 0 0 0 1 _")["findings"]
    row = next(f for f in findings if (f["rule"], f["instance"]) == ("REQ-ROW-TOTAL", "new"))

    assert ("not_assessable", "fail", 12, 0) == tuple(row[k] for k in ("verdict", "blank_as_zero", "left", "right"))


def test_rules_that_hold_are_no_findings() -> None:
    """Only what fails, as printed or with blanks as zero, is listed."""

    def finding(verdict: Verdict, as_zero: Verdict) -> Finding:
        return Finding("R", "x", "hard", verdict, as_zero, 1, 1, ())

    good = finding(Verdict.PASS, Verdict.PASS)
    open_ = finding(Verdict.NOT_ASSESSABLE, Verdict.NOT_ASSESSABLE)
    bad = finding(Verdict.NOT_ASSESSABLE, Verdict.FAIL)

    assert [bad] == failing([good, open_, bad])


@pytest.mark.parametrize("digits", ["7.90001", "1880.27", "0.10", "123456789012345678901234567890.123456789"])
def test_decimals_keep_their_digits(digits: str) -> None:
    """No float ever touches an amount."""
    assert f'{{"value":{digits}}}' == dumps({"value": Decimal(digits)})


def test_no_number_is_written_with_an_exponent() -> None:
    """A Decimal that Python would print as 1E+3 or 1E-8 is written out."""
    assert "[1000,0.00000001,-12]" == dumps([Decimal("1E+3"), Decimal("1E-8"), Decimal("-12")])


def test_an_amount_goes_through_a_whole_record_unrounded(tmp_path: Path) -> None:
    """7.90001 万元 in the report is 7.90001 in the JSON."""
    text = dumps(record_of(tmp_path))
    back = json.loads(text, parse_float=Decimal)

    assert '"value":7.90001,"status":"printed","printed":"7.90001"' in text
    assert Decimal("7.90001") == cell(back, "proactive/fees/amount")["readings"]["rules"]


def test_only_finite_numbers_have_a_place_in_a_record() -> None:
    """NaN would be no JSON at all."""
    with pytest.raises(TypeError, match="no place in a record"):
        dumps([Decimal("NaN")])


def test_a_record_is_one_line_for_every_reader() -> None:
    """Characters that some readers take for a line end are escaped."""
    text = dumps({"label": "a\nb\x85c\u2028d\u2029e"})

    assert 1 == len(text.splitlines())
    assert "a\nb\x85c\u2028d\u2029e" == json.loads(text)["label"]


def test_a_lost_cell_has_the_interval_that_its_sums_leave(tmp_path: Path) -> None:
    """The key is there only where both ends are known."""
    extraction = extraction_of(tmp_path, report_text())
    r = extraction.resolved[0]
    lost = Resolved(r.field, Status.LOST, None, None, -1, -1, ("FIELD_LOST",))
    cells = [
        to_record(replace(extraction, resolved=(lost._replace(interval=x), *extraction.resolved[1:])), FORM)["cells"][0]
        for x in ((0, 2), (0, None), None)
    ]

    assert {"least": 0, "most": 2} == cells[0]["interval"]
    assert ["interval" in c for c in cells] == [True, False, False]


def test_readings_that_were_not_chosen_are_kept(tmp_path: Path) -> None:
    """A cell with alternatives lists each with its place."""
    extraction = extraction_of(tmp_path, report_text())
    other = Candidate(0, Status.PRINTED, 7, "7", 3, 4, ("ROW_REPEATED",))
    r = extraction.resolved[0]
    first = Resolved(r.field, r.status, r.value, r.printed, r.start, r.end, r.codes, (other,))
    record = to_record(replace(extraction, resolved=(first, *extraction.resolved[1:])), FORM)
    (alternative,) = record["cells"][0]["alternatives"]

    assert (7, "7", {"start": 3, "end": 4}) == tuple(alternative[k] for k in ("value", "printed", "evidence"))


def test_extra_rows_are_kept_with_their_place(tmp_path: Path) -> None:
    """A row that the form does not have is no field, and is not dropped."""
    extraction = replace(
        extraction_of(tmp_path, report_text()), extras=(ExtraRow("requests", "其中：网上", ("1", "2"), 5, 9),)
    )
    expected = {"table": "requests", "label": "其中：网上", "values": ["1", "2"], "evidence": {"start": 5, "end": 9}}

    assert [expected] == to_record(extraction, FORM)["extras"]


def test_a_finding_names_suspects_cause_and_what_would_mend_it(tmp_path: Path) -> None:
    """Everything a finding knows is in the record, fields by id."""
    finding = Finding(
        "R", "x", "hard", Verdict.FAIL, Verdict.FAIL, 3, None, (0, 1), ((1, Decimal("2.5")),), Blame.READING,
        "少一位数字", (1,), "says", 4, 6,
    )  # fmt: skip
    record = to_record(replace(extraction_of(tmp_path, report_text()), findings=(finding,)), FORM)
    (got,) = record["findings"]

    assert [FORM.fields[1].id] == got["suspects"]
    assert [{"cell": FORM.fields[1].id, "value": Decimal("2.5")}] == got["implied"]
    assert ("少一位数字", "says", {"start": 4, "end": 6}) == (got["cause"], got["message"], got["evidence"])


def test_an_unreadable_file_still_yields_a_record(tmp_path: Path) -> None:
    """No cells, the reason, and the file's hash."""
    (tmp_path / "empty.txt").write_bytes(b"")
    extraction = extract_input(one(str(tmp_path / "empty.txt"), 1_000_000), FORMS)
    record = to_record(extraction, None)

    assert ("unreadable", [], "EMPTY_FILE") == (record["decision"], record["cells"], record["error"]["code"])
    assert "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" == record["sha256"]


def test_the_summary_counts_cells_by_outcome_and_status(tmp_path: Path) -> None:
    """Lost cells are counted among those for review."""
    s = summarise(record_of(tmp_path, litigation=False))

    assert (200, 185, 15, 15, 0) == (s.cells, s.accepted, s.review, s.lost, s.deduced)


def test_what_people_see_cannot_steer_their_terminal() -> None:
    """Escape sequences and line ends of a report are made visible; figures are plain."""
    assert "清·[31m河⇥ ·" == visible("清\x1b[31m河\t\n")
    assert ("100", "0.5", "-3") == (plain(Decimal("1E+2")), plain(Decimal("0.5")), plain(-3))


def test_the_form_of_the_helper_is_the_shipped_one() -> None:
    """The hand-written report uses the edition that these tests name."""
    form: Form = FORM

    assert "国办公开办函〔2021〕30号" == form.spec.authority
