"""Which reports are of one unit, what a units file says, and the table of units × years."""

from __future__ import annotations

import re
from io import StringIO
from itertools import combinations
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from extractor.across import Lineage, Member, load_lineage, of_record, unit_key
from extractor.across.coverage import Coverage, as_rows, as_table, coverage
from extractor.across.lineage import BreakSpec, UnitSpec, UnitsSpec
from extractor.archive.inputs import one
from extractor.batch import extract_input
from extractor.errors import GoujiError
from extractor.form import load_forms
from extractor.record import to_record
from tests.across_support import BOOK, FORMS, LOST, UNIT, member, of_rule, unread, written

# Names

SAME = [
    ("社旗县人民政府", "社旗县政府", "社旗县", " 社旗县 人民政府\n", "社旗縣人民政府"),
    ("义乌市人民政府廿三里街道办事处", "义乌市廿三里街道办事处", "义乌市廿三里街道", "义乌市政府廿三里街道办"),
    ("廿三里街道办事处", "廿三里街道", "廿三里街道办"),
    ("赵堡镇人民政府", "赵堡镇政府", "赵堡镇"),
    ("青石县人民政府办公室", "青石县政府办公室", "青石县人民政府办", "青石县政府办"),
    ("云江省人民政府办公厅", "云江省政府办公厅"),
    ("临江新区管理委员会", "临江新区管委会"),
    ("青石县自然资源局（林业局）", "青石县自然资源局(林业局)", "青石县自然资源局 (林业局)"),
]


@pytest.mark.parametrize("names", SAME, ids=lambda n: n[0])
def test_ways_to_write_one_name_share_a_key(names: tuple[str, ...]) -> None:
    assert 1 == len({unit_key(n) for n in names})


def test_different_bodies_never_share_a_key() -> None:
    """Among them: a government and its office, a zone and its committee, districts of one name in two cities."""
    bodies = [names[0] for names in SAME] + [
        "社旗县人民政府办公室", "社旗县人民政府办公厅", "社旗县委员会", "社旗县人民法院", "社旗镇人民政府", "社旗乡人民政府", "社旗街道办事处",
        "南京市鼓楼区统计局", "徐州市鼓楼区统计局", "鼓楼区统计局", "鼓楼区", "云江市市场监督管理局", "云江市场监督管理局", "临江新区", "赵堡",
        "河东区人民政府", "河东县人民政府", "江北市政府采购中心", "江北市采购中心", "江北市政府服务中心", "江北市行政审批局", "政府办公室",
    ]  # fmt: skip

    assert [] == [(a, b) for a, b in combinations(bodies, 2) if unit_key(a) == unit_key(b)]


def test_a_superior_s_name_is_dropped_only_where_the_file_says_so() -> None:
    within = ("浙江省", "义乌市")

    assert unit_key("义乌市廿三里街道办事处") != unit_key("廿三里街道")
    assert 1 == len({unit_key(n, within) for n in ("浙江省义乌市统计局", "义乌市统计局", "统计局")})
    assert unit_key("浙江省统计局", within) != unit_key("义乌市统计局", within)  # the province has one of its own
    assert "义乌市" == unit_key("义乌市人民政府", within)
    assert unit_key("义乌市人民政府办公室", within) == unit_key("政府办公室", within)


PLACES = st.text("青石云江河东柳溪白山临川松岭", min_size=2, max_size=4)
ENDINGS = ("县人民政府", "县人民政府办公室", "镇人民政府", "街道办事处", "县统计局", "新区管理委员会", "县委员会", "市政府采购中心")


@given(PLACES, st.sampled_from(ENDINGS), PLACES, st.sampled_from(ENDINGS))
def test_two_names_share_a_key_only_where_place_and_body_are_the_same(a: str, body: str, b: str, other: str) -> None:
    assert ((a, body) == (b, other)) == (unit_key(a + body) == unit_key(b + other))


# The units file

FULL = """\
within: [云江市, 青石县]
units:
  - name: 青石县数据局
    names: [青石县信息中心, 青石县信息化办公室]
    since: 2020
    breaks:
      - {year: 2023, kind: merged, note: 与大数据中心合并}
  - name: 青石县人民政府
    children: [青石县统计局, 数据局]
    complete: true
  - name: 青石县档案馆
    reports: [archive/*.txt]
"""


def file(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "units.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_units_file_says_whose_report_it_is(tmp_path: Path) -> None:
    lineage = load_lineage(file(tmp_path, FULL))

    def unit(agency: str | None, report: str = "x.txt") -> str | None:
        return lineage.unit_of(member(2022, agency=agency, report=report))

    assert "数据局" == unit("青石县数据局") == unit("信息中心") == unit("云江市青石县信息化办公室")
    assert "档案馆" == unit(None, "data/archive/2022.txt") == unit("别的名字", "archive/a.txt")
    assert (None, "统计局") == (unit(None), unit("青石县统计局"))
    assert ("merged", None) == (lineage.break_of("数据局", 2023).kind, lineage.break_of("数据局", 2022))  # type: ignore[union-attr]
    assert (("统计局", "数据局"), True) == (lineage.units["青石县"].children, lineage.units["青石县"].complete)


def test_names_through_the_years_make_pairs(tmp_path: Path) -> None:
    members = [
        member(2021, {"requests/carried_out/total": 4}, agency="青石县信息中心"),
        member(2022, agency="青石县数据局"),
        member(2023, agency="青石县数据局"),
    ]
    lineage = load_lineage(file(tmp_path, FULL))

    assert 7 == len(of_rule("Y-CARRY", *members))  # by name alone: 2022 → 2023
    assert {(2021, 2022)} == {f.years for f in of_rule("Y-CARRY", *members[:2], lineage=lineage).values()}
    assert {"break 2023: merged"} == {f.note for f in of_rule("Y-CARRY", *members[1:], lineage=lineage).values()}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("units:\n  - names: [甲局]\n", ":2: units.0.name: Field required"),
        ("units:\n  - name: 甲局\n    parent: 乙县\n", ":3: units.0.parent: Extra inputs"),
        ("units:\n  - name: 甲局\n  - name: 乙局\n    names: [甲局]\n", ":3: the name 甲局 is already one of 甲局"),
        ("units:\n  - name: 甲县\n  - name: 甲县人民政府\n", ":3: the name 甲县人民政府 is already one of 甲县"),
        ("units:\n  - name: 甲局\n    breaks: [{year: 2023, kind: closed}]\n", ":3: units.0.breaks.0.kind"),
        ("units:\n  - name: 甲局\n    breaks: [{year: 23, kind: merged}]\n", ":3: units.0.breaks.0.year"),
        ("units:\n  - name: 甲局\n    breaks: [{year: 2023, kind: merged}, {year: 2023, kind: split}]\n", ":3: 甲局 has two breaks"),
        ("units:\n  - name: 甲局\n    since: 2023\n    until: 2020\n", ":4: 甲局 ends in 2020"),
        ("units:\n  - name: 甲县\n    complete: true\n", ":3: 甲县 is complete without"),
        ("units:\n  - name: 甲县\n    children: [乙局, 乙局]\n", ":3: 甲县 has a child twice"),
        ("units:\n  - name: 甲县\n    children: [甲县政府]\n", ":3: 甲县 is among its own children"),
        ("units:\n  - name: 甲县\n    children: [乙局]\n  - name: 乙局\n    children: [甲县]\n", ":3: 甲县 is among its own children"),
        ("units:\n  - name: 甲局\n  name: 乙局\n", ": not valid YAML"),
        ("units:\n  - {name: 甲局, name: 乙局}\n", ":2: the key 'name' stands twice"),
        ("units:\n  - name: 。\n", ":2: '。' is no name"),
        ("within: ['']\n", ":1: a place without a name"),
        ("- 甲局\n", ":1: a units file is a mapping"),
        ("units:\n  - name: 2023\n", ":2: units.0.name: Input should be a valid string"),
    ],
)
def test_what_is_wrong_with_a_units_file_is_said_with_its_line(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(GoujiError) as caught:
        load_lineage(file(tmp_path, text))

    assert str(caught.value).startswith(str(tmp_path / "units.yaml"))
    assert said in str(caught.value)


def test_a_units_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(GoujiError, match="cannot be read"):
        load_lineage(tmp_path / "nothing.yaml")


def test_a_units_file_may_be_larger_than_a_form(tmp_path: Path) -> None:
    text = "units:\n" + "".join(f"  - {{name: 第{n}局, names: [第{n}处]}}\n" for n in range(9_000))

    assert 9_000 == len(load_lineage(file(tmp_path, text)).units)


def test_the_units_file_and_the_rules_of_the_documentation_are_real(tmp_path: Path) -> None:
    """The example loads, every key of a units file and every rule stands in the document."""
    text = (Path(__file__).parent.parent / "docs" / "across.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"^```yaml\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    lineage = load_lineage(file(tmp_path, example))
    rules = {r.id for rules in BOOK.pairs.values() for r in rules} | {spec.id for spec, _ in BOOK.jumps}
    more = {spec.id for spec in (BOOK.repeats, BOOK.versions, BOOK.levels) if spec}

    assert {"数据局", "青石县", "档案馆"} == set(lineage.units)
    assert set() == {k for k in (*rules, *more, *UnitSpec.model_fields, *UnitsSpec.model_fields) if f"`{k}`" not in text and k != "units"}
    assert set() == {k for k in get_args(BreakSpec.model_fields["kind"].annotation) if f"`{k}`" not in text}
    assert set() == {s.value for s in Coverage if f"`{s.value}`" not in text}


@pytest.mark.parametrize("title", ["{}关于2022年度政府信息公开工作年度报告", "{}2022年政府信息公开工作年度报告", "{}\n2022年政府信息公开工作年度报告"])
@pytest.mark.parametrize("agency", ["青石县公安局", "青石县档案馆", "青石县文学艺术界联合会"])
def test_a_report_is_placed_by_its_title(title: str, agency: str, tmp_path: Path) -> None:
    text = written(2022, {}).split("\n\n", 1)[1]
    path = tmp_path / "report.md"
    path.write_text(title.format(agency) + "\n\n" + text, encoding="utf-8")
    extraction = extract_input(one(str(path), 1_000_000), load_forms())
    read = of_record(to_record(extraction, FORMS["disclosure-2021"]))

    assert (agency, 2022) == (read.agency, read.year)


def test_an_index_number_before_the_title_is_not_the_year(tmp_path: Path) -> None:
    path = tmp_path / "report.txt"
    text = f"索引号:000014349/2021-00012 {' '.join(written(2022, {}, shape='flat').split())}"
    path.write_text(text, encoding="utf-8")

    assert "2022" == extract_input(one(str(path), 1_000_000), load_forms()).year.value  # type: ignore[union-attr]


# Coverage


def states(members: list[Member], lineage: Lineage | None = None) -> dict[str, list[str]]:
    table = coverage(members, lineage or Lineage())
    return {row.name: [p.state.value for p in row.years] for row in table.rows}


def test_every_state_of_a_unit_and_year() -> None:
    members = [
        member(2019), member(2020, {"requests/new/total": LOST}), unread("bad.txt", agency=UNIT, year=2021),
        member(2023, report="a.txt"), member(2023, report="b.txt"), member(2024, report="c.txt", sha="same"), member(2024, report="d.txt", sha="same"),
        member(2025, agency="柳溪县统计局"),
    ]  # fmt: skip

    assert {
        UNIT: ["accepted", "review", "unreadable", "missing", "twice", "accepted", "outside"],
        "柳溪县统计局": ["outside"] * 6 + ["accepted"],
    } == states(members)


def test_an_unreadable_version_beside_a_readable_one_is_there_twice() -> None:
    assert {UNIT: ["twice"]} == states([member(2022), unread("bad.txt", agency=UNIT, year=2022)])


def test_the_units_file_says_what_is_expected(tmp_path: Path) -> None:
    lineage = load_lineage(file(tmp_path, FULL))
    members = [member(y, agency="青石县统计局") for y in (2019, 2020, 2021)] + [member(2020, agency="信息中心"), member(2023)]

    assert {
        "青石县数据局": ["outside", "accepted", "missing", "missing", "missing"],  # since 2020
        "青石县人民政府": ["missing"] * 5,  # in the file, and no report of any year
        "青石县档案馆": ["missing"] * 5,
        "青石县统计局": ["accepted", "accepted", "accepted", "missing", "accepted"],
    } == states(members, lineage)


def test_reports_of_unknown_unit_or_year_stand_beside_the_table() -> None:
    members = [unread("empty.txt"), member(2022, agency=None, report="nobody.txt"), member(2022)]
    table = coverage(members, Lineage(), [("gone.txt", "NOT_FOUND: gone")])

    assert {"empty.txt": "EMPTY_FILE: nothing in it", "nobody.txt": "no unit in the text", "gone.txt": "NOT_FOUND: gone"} == dict(table.unplaced)
    assert (1, 0) == (table.counts["accepted"], table.counts["missing"])


def test_rows_for_machines_leave_out_what_is_not_expected(tmp_path: Path) -> None:
    lineage = load_lineage(file(tmp_path, "units:\n  - name: 青石县统计局\n    breaks: [{year: 2022, kind: split}]\n"))
    rows = as_rows(coverage([member(2021), member(2022, {"requests/new/total": LOST}), member(2020, agency="柳溪县统计局")], lineage))

    assert {"unit": UNIT, "year": 2022, "state": "review", "reports": [f"{UNIT}-2022.txt"], "open": 1, "break": "split"} in rows
    assert 3 == len(rows)


def drawn(members: list[Member], most: int = 200) -> str:
    out = StringIO()
    Console(file=out, width=100).print(as_table(coverage(members, Lineage()), most))
    return out.getvalue()


def test_the_table_is_drawn_with_a_sign_for_each_state() -> None:
    text = drawn([member(2021), member(2023, {"requests/new/total": LOST})])
    (line,) = [x for x in text.splitlines() if UNIT in x]

    assert ["✓", "–", "?"] == [c for c in line if c in "✓–?"]
    assert "✓ accepted 1, ? review 1, ✗ unreadable 0, 2 twice 0, – missing 1" in " ".join(text.split())


def test_of_many_units_those_with_gaps_are_drawn_first() -> None:
    sound = [member(2022, agency=f"甲{n}局") for n in range(5)]
    text = drawn([*sound, member(2022, {"requests/new/total": LOST}, agency="乙局")], most=2)

    assert "乙局" in text
    assert "… and 4 more" in text


def test_an_empty_archive_has_an_empty_table() -> None:
    table = coverage([], Lineage())

    assert ((), ()) == (table.years, table.rows)
    assert set(table.counts) == {s.value for s in Coverage}
    assert "coverage" in drawn([])


def test_no_report_steers_the_terminal() -> None:
    assert "\x1b[31m" not in drawn([member(2022, agency="青\x1b[31m石县")])


def test_findings_name_the_unit_as_the_file_does(tmp_path: Path) -> None:
    lineage = load_lineage(file(tmp_path, FULL))
    members = [member(2021, {"requests/carried_out/total": 1}, agency="信息中心"), member(2022, agency="信息中心")]

    assert {"青石县数据局"} == {f.unit for f in of_rule("Y-CARRY", *members, lineage=lineage).values()}
