"""Other tools beside Gouji: the mapper and the counts by hand, the scripts, and a small run with the tools that are at hand."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks import formats
from benchmarks.damage import Truth
from benchmarks.others import __main__ as others
from benchmarks.others import llm, scripts, worker
from benchmarks.others.figures import Counts, counted, numbers
from benchmarks.others.mapper import cells
from benchmarks.others.run import OTHERS, _recorded, gouji, other, outline
from benchmarks.others.sample import FORMATS, Report, write
from extractor.build import compiled
from extractor.form import load_forms

FORMS = {f.id: f for f in load_forms()}
FORM = FORMS["disclosure-2021"]
HERE = ("pandas.read_html", "pandas.read_excel", "openpyxl", "python-docx", "pdfplumber", "split lines", "count figures", "regular expressions")
"""The tools that the development environment has."""


def field(name: str) -> int:
    return FORM.index[name]


def named(grid: list[list[str | None]], *more: list[list[str | None]]) -> dict[str, str]:
    """What the mapper reads of grids, by the fields' names."""
    return {FORM.fields[i].id: text for i, text in cells(FORM, [grid, *more]).items()}


# the mapper


NEW = {f"requests/new/{c}": str(n) for n, c in enumerate(("natural_person", "commercial", "research", "public_welfare", "legal_service", "other_org", "total"))}
HEAD: list[list[str | None]] = [["", "自然人", "法人或其他组织", "", "", "", "", "总计"], ["", "", "商业企业", "科研机构", "社会公益组织", "法律服务机构", "其他", ""]]


@pytest.mark.parametrize(
    "row",
    [
        ["一、本年新收政府信息公开申请数量", *"0123456"],
        ["本年新收政府信息 公开申请数量", None, None, *"0123456"],
        ["一、本年新收政府信息公开申请数量", "一、本年新收政府信息公开申请数量", *"0123456"],
        ["一、本年新收政府信息公开申请数量", "", "", *"0123456", ""],
        ["一、本年新收政府信息公开申请数量", "0 1", "2 3 4", "", "5 6"],
    ],
    ids=["plain", "covered squares", "repeated squares", "empty squares", "figures in one cell"],
)
def test_figures_are_taken_in_order_where_their_number_is_the_forms(row: list[str | None]) -> None:
    assert named([*HEAD, row]) == NEW


def test_other_rows_are_read_by_the_column_labels_seen_above() -> None:
    licences = [["信息内容", "本年处理决定数量", "本年处理决定数量"], ["行政许可", "7", "7"]]
    gap = ["一、本年新收政府信息公开申请数量", "0", "1", "", "3", "4", "5", "6", "加减"]

    assert named(licences) == {"proactive/licences/decisions": "7"}
    assert named([*HEAD, gap]) == NEW | {"requests/new/research": ""}
    assert named([*HEAD], [gap]) == named([*HEAD, gap])
    assert named([gap]) == {}
    assert named([HEAD[1], gap]) == {}


def test_a_band_is_one_line_of_figures_below_its_labels() -> None:
    fields = [f.id for f in FORM.fields if f.table == "litigation"]
    labels: list[list[str | None]] = [["行政复议", None, "行政诉讼"], ["结果维持", "总计", "未经复议直接起诉", "复议后起诉"], ["结果维持", "总计"]]
    line: list[str | None] = [str(n) for n in range(15)]

    assert named([*labels, line]) == dict(zip(fields, map(str, range(15)), strict=True))
    assert named([line]) == named([*labels, line[:14]]) == {}
    assert named([*labels, line, [str(n + 1) for n in range(15)]])[fields[0]] == "0"


# the counts


def report(*truths: Truth) -> Report:
    rest = [Truth(None, None, frozenset({"lost"}))] * (len(FORM.fields) - len(truths))
    return Report(Path("by-hand"), "text", "clean", FORM, (*truths, *rest))


def test_what_is_counted() -> None:
    printed, blank, excluded = Truth(1470, "1,470", frozenset({"printed"})), Truth(None, None, frozenset({"blank"})), Truth(3, "3", frozenset({"excluded"}))
    one = report(printed, printed, printed, blank, blank, excluded)
    given = numbers(one, {0: "１470", 1: "147", 3: "0", 4: "/", 5: "9"})
    counts = counted(one, given, accepted=frozenset({0, 1, 2, 3, 4, 5}))

    assert given == {0: 1470, 1: 147, 3: 0, 5: 9}
    assert (counts.figures, counts.right, counts.wrong, counts.missing, counts.invented) == (3, 1, 1, 1, 1)
    assert (counts.cells, counts.accepted, counts.accepted_wrong, counts.to_person) == (200, 6, 3, 194)
    assert counted(one, given).cells == 0


def test_the_originals_figure_in_an_unplaceable_text_is_neither_right_nor_wrong() -> None:
    one = replace(report(Truth(5, None, frozenset({"lost"}))), unplaceable=True)
    same, other_one = (counted(one, {0: n}, accepted=frozenset({0})) for n in (5, 6))

    assert (same.equal_value, same.invented, same.accepted_wrong, same.figures) == (1, 0, 0, 0)
    assert (other_one.equal_value, other_one.invented, other_one.accepted_wrong) == (0, 1, 1)
    assert counted(replace(one, unplaceable=False), {0: 5}, accepted=frozenset({0})).accepted_wrong == 1


def test_under_another_form_every_accepted_cell_is_wrong() -> None:
    one = report(Truth(5, "5", frozenset({"printed"})))
    accepted = {"status": "printed", "value": 5, "decision": "accept"}
    counts = _recorded(one, {"form": "disclosure-2019", "cells": [accepted] * 3 + [accepted | {"decision": "review"}]})

    assert (counts.failed, counts.right, counts.missing, counts.accepted_wrong, counts.accepted, counts.to_person) == (1, 0, 1, 3, 3, 1)
    assert _recorded(one, {"form": None, "cells": []}).to_person == len(FORM.fields)


# reading


def test_pipe_tables_of_markdown() -> None:
    text = "前\n| a | NaN |\n| --- | :---: |\n| 1 | b\\|c |\n后\n| x |\n"

    assert [[["a", ""], ["1", "b\\|c"]], [["x"]]] == worker.pipe_tables(text)


SECTION = (
    "二、主动公开政府信息情况\n{0}\n三、收到和处理政府信息公开申请情况\n四、政府信息公开行政复议、行政诉讼情况\n结果维持\n" + "1 " * 15 + "\n五、存在的主要问题及改进情况\n"
)


def test_the_scripts_over_plain_text() -> None:
    known = outline(FORM)
    whole = SECTION.format("规章\t1\t2\t3\n行政规范性\n文件|4|5|6|\n行政许可 7\n行政处罚 8\n行政强制 9\n行政事业性收费 10.5")
    short = SECTION.format("规章 1 2 3\n行政规范性文件 4 5\n行政许可 7 8")
    band = {f.index: "1" for f in FORM.fields if f.table == "litigation"}
    proactive = [f.index for f in FORM.fields if f.table == "proactive"]
    figures = dict(zip(proactive, ["1", "2", "3", "4", "5", "6", "7", "8", "9", "10.5"], strict=True))

    assert scripts.count_figures(whole, known) == scripts.regular_expressions(whole, known) == figures | band
    assert scripts.count_figures(short, known) == band
    assert scripts.regular_expressions(short, known) == dict(list(figures.items())[:3]) | band
    assert scripts.count_figures("", known) == {}


# runs


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> list[Report]:
    return write(tmp_path_factory.mktemp("others") / "reports", tuple(FORMATS), ("clean",), 3, 2, False)


@pytest.mark.parametrize(("format_", "tool"), [(f, t) for f, tools in OTHERS.items() for t in tools if t in HERE])
def test_every_tool_at_hand_reads_what_it_is_given(format_: str, tool: str, reports: list[Report], tmp_path: Path) -> None:
    mine = [r for r in reports if r.format == format_]
    row = other(tool, sys.executable, mine, tmp_path, 5)
    counts = row.levels["clean"]

    assert (row.error, row.errors, counts.reports, counts.failed) == ("", [], len(mine), 0)
    assert counts.right + counts.wrong + counts.missing == counts.figures == sum("printed" in t.statuses for r in mine for t in r.truth)
    assert row.memory > 5
    assert row.a_second("clean") > 0
    if format_ in ("html", "docx", "xlsx"):
        assert counts.right == counts.figures


def test_a_tool_that_fails_says_so(reports: list[Report], tmp_path: Path) -> None:
    mine = [r for r in reports if r.format == "html"]

    assert "KeyError" in other("no such tool", sys.executable, mine, tmp_path, 5).error
    failed = other("python-docx", sys.executable, mine, tmp_path, 5)
    assert (failed.levels["clean"].failed, failed.levels["clean"].right) == (len(mine), 0)
    assert failed.levels["clean"].missing == failed.levels["clean"].figures
    assert len(failed.errors) == len(mine)
    assert "reports failed, the first: clean/00000.html" in next(iter(others.table([failed])))


def test_gouji_is_held_against_the_same_truth(reports: list[Report], tmp_path: Path) -> None:
    mine = [r for r in reports if r.format == "docx"]
    row = gouji(mine, tmp_path, 1, 5)
    counts = row.levels["clean"]

    assert (counts.reports, counts.failed, counts.accepted_wrong) == (3, 0, 0)
    assert counts.accepted + counts.to_person == counts.cells == sum(len(r.form.fields) for r in mine)
    assert counts.right + counts.wrong + counts.missing == counts.figures
    assert counts.right > 0


def test_gouji_is_run_as_installed_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What is installed for the interpreter of the tests is this checkout."""
    result = tmp_path / "result.json"
    arguments = f"--texts 2 --levels clean --formats text --workers 1 --no-golden --tools pandas.read_html --python {sys.executable} --installed={sys.executable}"

    assert 0 == others.main([*arguments.split(), "--json", str(result)])
    first, second = json.loads(result.read_text("utf-8"))["tools"]
    assert first["levels"] == second["levels"]
    assert 2 == capsys.readouterr().out.count(", 1 worker")  # compiled or not


def test_a_model_alone_is_counted_in_tokens(reports: list[Report]) -> None:
    mine = [r for r in reports if r.format in ("text", "html")]
    slow, fast = (llm.measure(mine, speed) for speed in (50, 100))

    assert slow["reports"] == len(mine)
    assert slow["seconds"] == 2 * fast["seconds"] > 0
    assert slow["input"] > slow["output"] > 200
    assert set(slow["usd_per_1000"]) == set(llm.MODELS)


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    result = tmp_path / "result.json"
    arguments = "--reports 2 --texts 2 --levels clean --formats text,html --workers 1 --no-golden --python".split()
    code = others.main([*arguments, sys.executable, "--tools", "split lines,pandas.read_html", "--json", str(result)])
    data = json.loads(result.read_text("utf-8"))

    assert code == 0
    assert {"command", "commit", "dirty", "machine", "reports", "texts", "levels", "tools", "llm_alone"} <= set(data)
    ours = "gouji compiled, 1 worker" if compiled() else "gouji, 1 worker"
    assert [(r["format"], r["tool"]) for r in data["tools"]] == [
        ("text", "split lines"), ("text", ours), ("html", "pandas.read_html"), ("html", ours),
    ]  # fmt: skip
    assert all(Counts(**r["levels"]["clean"]).reports == 2 for r in data["tools"])
    assert "no accuracy is claimed" in capsys.readouterr().out


def test_formats_are_timed_stage_by_stage(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    result = tmp_path / "result.json"
    formats.main(["--reports", "2", "--rounds", "1", "--starts", "1", "--formats", "docx", "--json", str(result)])
    data = json.loads(result.read_text("utf-8"))

    assert [("docx", shape) for shape in FORMATS["docx"]] == [(t["format"], t["shape"]) for t in data["timings"]]
    assert all(min(t["read"], t["extract"], t["record"], t["memory"]) > 0 for t in data["timings"])
    assert all(pytest.approx(t["a_second"]) == 1000 / (t["read"] + t["extract"] + t["record"]) for t in data["timings"])
    assert {"--help", "extract one report"} == set(data["start_up_ms"])
    assert "command line, --help" in capsys.readouterr().out
