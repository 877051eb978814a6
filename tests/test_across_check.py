"""``gouji check`` on several reports: what it prints of the rules between them, for people and for machines."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from cli import app
from extractor.across import findings_of, of_cells
from extractor.effective import Cell, State
from extractor.store import open_store
from extractor.types import Number
from tests.across_support import BOOK, F2019, written

Figures = dict[str, Number]


def gouji(*args: object) -> Result:
    return CliRunner().invoke(app, [str(a) for a in args])


def row(name: str, value: int) -> Figures:
    """Requests of natural persons."""
    return {f"requests/{name}/natural_person": value, f"requests/{name}/total": value}


def balanced(new: int, into: int, out: int) -> Figures:
    """Requests that add up, all granted."""
    done = new + into - out
    return {**row("new", new), **row("carried_in", into), **row("granted", done), **row("total", done), **row("carried_out", out)}


@pytest.fixture
def pair(tmp_path: Path) -> Path:
    """Two sound reports of one unit; more was carried in than the year before carried out."""
    place = tmp_path / "pair"
    place.mkdir()
    (place / "2022.md").write_text(written(2022, balanced(7, 1, 1)), encoding="utf-8")
    (place / "2023.md").write_text(written(2023, balanced(16, 3, 1)), encoding="utf-8")
    return place


def test_a_sound_pair_is_silent(pair: Path) -> None:
    (pair / "2023.md").write_text(written(2023, balanced(16, 1, 1)), encoding="utf-8")
    result = gouji("check", pair)

    assert (0, "", "2 reports: no problems\n") == (result.exit_code, result.stdout, result.stderr)


@pytest.mark.parametrize("shape", ["markdown", "html", "tab-rows"])
def test_what_does_not_carry_over_is_one_line_a_column(pair: Path, shape: str) -> None:
    for year, figures in ((2022, balanced(7, 1, 1)), (2023, balanced(16, 3, 1))):
        (pair / f"{year}.md").write_text(written(year, figures, shape=shape), encoding="utf-8")
    result = gouji("check", pair)
    lines = [x for x in result.stdout.splitlines() if "Y-CARRY" in x]

    assert 1 == result.exit_code
    assert 2 == len(lines)
    assert lines[0] == (
        f"{pair}/2023.md: 青石县统计局 2022→2023: Y-CARRY (soft): 3 ≠ 1 (difference 2), beside {pair}/2022.md, fault: 不明; "
        "本年「上年结转」应等于上一年报告的「结转下年度继续办理」 "
        "[2023 二、上年结转政府信息公开申请数量 · 自然人 3; 2022 四、结转下年度继续办理 · 自然人 1]"
    )
    assert "2 between reports" in result.stderr


def test_the_same_for_machines(pair: Path) -> None:
    got: list[dict[str, Any]] = [json.loads(x, parse_float=Decimal) for x in gouji("check", pair, "--json").stdout.splitlines()]

    assert ["across"] * 2 == [x["problem"] for x in got]
    assert {
        "source": f"{pair}/2023.md", "rule": "Y-CARRY", "instance": "natural_person", "unit": "青石县统计局", "years": [2022, 2023],
        "reports": [f"{pair}/2023.md", f"{pair}/2022.md"], "verdict": "fail", "left": 3, "right": 1, "difference": 2, "blame": "unknown",
    }.items() <= got[0].items()  # fmt: skip
    assert [
        {"report": f"{pair}/2023.md", "year": 2023, "cell": "requests/carried_in/natural_person", "value": 3, "status": "printed",
         "sure": True, "origin": "printed"},
        {"report": f"{pair}/2022.md", "year": 2022, "cell": "requests/carried_out/natural_person", "value": 1, "status": "printed",
         "sure": True, "origin": "printed"},
    ] == got[0]["cells"]  # fmt: skip


def test_amounts_keep_their_digits(pair: Path) -> None:
    for year, amount in ((2022, "4068.208"), (2023, "40682080")):
        figures = {**balanced(7, 1, 1), "proactive/fees/amount": Decimal(amount)}
        (pair / f"{year}.md").write_text(written(year, figures), encoding="utf-8")

    assert "Y-UNIT (soft): 40682080 against 4068.208 (difference 40678011.792)" in gouji("check", pair).stdout
    assert '"right":4068.208' in gouji("check", pair, "--json").stdout


def test_items_of_the_2019_form_and_a_change_of_form(tmp_path: Path) -> None:
    change = {"proactive/licences/previous_items": 90, "proactive/licences/change": -8}
    (tmp_path / "2019.txt").write_text(written(2019, {**change, **balanced(3, 0, 2)}, F2019), encoding="utf-8")
    (tmp_path / "2020.txt").write_text(written(2020, {"proactive/licences/previous_items": 81, **balanced(3, 2, 1)}, F2019), encoding="utf-8")
    (tmp_path / "2021.txt").write_text(written(2021, balanced(3, 0, 0)), encoding="utf-8")
    found = [(x["rule"], x["instance"]) for x in map(json.loads, gouji("check", tmp_path, "--json").stdout.splitlines()) if x["problem"] == "across"]

    assert [("Y-ITEMS", "licences"), ("Y-CARRY", "natural_person"), ("Y-CARRY", "total")] == found


def test_units_through_the_years_and_their_government(tmp_path: Path) -> None:
    """--units: a renamed unit is one unit, and the government's report adds up those of its units."""
    reports = tmp_path / "reports"
    reports.mkdir()
    for name, agency, year, figures in (
        ("a22", "青石县信息中心", 2022, balanced(7, 0, 2)), ("a23", "青石县数据局", 2023, balanced(5, 0, 0)),
        ("b23", "青石县档案局", 2023, balanced(4, 0, 0)), ("g23", "青石县人民政府", 2023, balanced(10, 0, 0)),
    ):  # fmt: skip
        (reports / f"{name}.md").write_text(written(year, figures, agency=agency), encoding="utf-8")
    units = tmp_path / "units.yaml"
    units.write_text(
        "units:\n  - {name: 青石县数据局, names: [青石县信息中心]}\n"
        "  - {name: 青石县人民政府, children: [青石县数据局, 青石县档案局], complete: true}\n", encoding="utf-8",
    )  # fmt: skip

    assert 0 == gouji("check", reports).exit_code
    result = gouji("check", reports, "--units", units)
    assert 1 == result.exit_code
    assert "青石县数据局 2022→2023: Y-CARRY (soft): 0 ≠ 2" in result.stdout
    assert "青石县人民政府 2023: H-SUM (soft), beside" in result.stdout
    assert "6 个非零项中有 6 项不符" in result.stdout


def test_a_units_file_with_an_error_is_usage(pair: Path, tmp_path: Path) -> None:
    units = tmp_path / "units.yaml"
    units.write_text("units:\n  - name: 甲局\n    parent: 乙县\n", encoding="utf-8")
    result = gouji("check", pair, "--units", units)

    assert (2, "") == (result.exit_code, result.stdout)
    assert f"{units}:3: units.0.parent" in result.stderr


def test_a_path_steers_no_terminal(pair: Path) -> None:
    (pair / "2023.md").rename(pair / "\x1b[31m2023.md")

    assert "\x1b[31m" not in gouji("check", pair).stdout


def test_a_person_s_answer_in_the_store_mends_a_finding(pair: Path, tmp_path: Path) -> None:
    """Members of effective values: the page and the export see what people answered."""
    database = tmp_path / "gouji.sqlite"
    assert 0 == gouji("extract", pair, "--db", database).exit_code
    with open_store(str(database)) as store:
        before = [of_cells(record, cells) for _, record, cells in store.current()]
        after = [of_cells(record, [_answered(c) if record["year"] == 2023 else c for c in cells]) for _, record, cells in store.current()]

    assert {"natural_person", "total"} == {f.instance for f in findings_of(before, BOOK)}
    assert {"total"} == {f.instance for f in findings_of(after, BOOK)}


def _answered(cell: Cell) -> Cell:
    if cell.field != "requests/carried_in/natural_person":
        return cell
    return replace(cell, value=1, origin="person", state=State.ANSWERED)
