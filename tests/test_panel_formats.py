"""The exports, opened with what people open them with: every figure, name, type and missing value as in the records."""

from __future__ import annotations

import csv
import shutil
import string
import subprocess
import tracemalloc
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import polars as pl
import pyarrow.parquet as pq
import pyreadstat
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from extractor.errors import GoujiError
from extractor.panel import SHAPES, Entry, Type, excelfile, parquetfile, shape_of, write_panel
from extractor.panel.csvfile import harmless
from extractor.panel.wide import variables
from tests.panel_support import FORMS, ROOT, entries, export, golden_records, synthetic, truth

FORM = FORMS[0]
COUNTS = [f for f in FORM.fields if f.kind == "count"]
AMOUNT = next(f for f in FORM.fields if f.kind == "amount")
NAMES = variables(FORMS)


@pytest.fixture(scope="module")
def records() -> list[dict[str, Any]]:
    return golden_records()


def figures(row: dict[str, Any], form: str | None) -> dict[str, Decimal]:
    """The figures of a wide row by field id, whatever the reader makes of a number."""
    found = {field: row[name] for (owner, field), name in NAMES.items() if owner == form}
    return {field: Decimal(str(v)) for field, v in found.items() if v is not None and v == v and v != ""}


def forms_of(records: list[dict[str, Any]]) -> list[str | None]:
    return [r["form"] for r in records]


# CSV


def test_csv_has_every_digit(tmp_path: Path, records: list[dict[str, Any]]) -> None:
    export(tmp_path / "w.csv", records)
    with (tmp_path / "w.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))

    assert truth(records) == [figures(row, form) for row, form in zip(rows, forms_of(records), strict=True)]


@pytest.mark.parametrize("bom", [False, True])
def test_pandas_reads_csv_with_types_and_missing_values(bom: bool, tmp_path: Path, records: list[dict[str, Any]]) -> None:
    made = export(tmp_path / "w.csv", records, bom=bom)
    types = {c.name: {Type.INTEGER: "Int64", Type.DECIMAL: "float64", Type.TEXT: "str"}[c.type] for c in made.columns}
    frame = pd.read_csv(tmp_path / "w.csv", dtype=types, keep_default_na=False, na_values=[""])

    assert [c.name for c in made.columns] == list(frame.columns)
    assert truth(records) == [
        figures({k: None if pd.isna(v) else v for k, v in row.items()}, form)
        for row, form in zip(frame.to_dict("records"), forms_of(records), strict=True)
    ]
    assert [r["agency"] for r in records] == [None if pd.isna(x) else x for x in frame["agency"]]


def test_polars_reads_csv(tmp_path: Path, records: list[dict[str, Any]]) -> None:
    made = export(tmp_path / "w.csv", records)
    types = {Type.INTEGER: pl.Int64, Type.DECIMAL: pl.Decimal(38, 10), Type.TEXT: pl.String}
    frame = pl.read_csv(tmp_path / "w.csv", schema={c.name: types[c.type] for c in made.columns})

    assert truth(records) == [figures(row, form) for row, form in zip(frame.to_dicts(), forms_of(records), strict=True)]


R = shutil.which("Rscript")


@pytest.mark.skipif(R is None, reason="Rscript is not installed (apt-get install r-base-core r-cran-readr)")
@pytest.mark.parametrize("bom", [False, True])
def test_readr_reads_csv_with_its_own_guesses(bom: bool, tmp_path: Path, records: list[dict[str, Any]]) -> None:
    """R's reader guesses types from the file alone: no problem reported, every figure the same, every name a syntactic one."""
    export(tmp_path / "w.csv", records, bom=bom)
    (tmp_path / "names.txt").write_text("\n".join(dict.fromkeys(NAMES.values())) + "\n", encoding="utf-8")
    script = """
      suppressMessages(library(readr))
      d <- read_csv("w.csv", show_col_types = FALSE, guess_max = Inf, progress = FALSE)
      stopifnot(nrow(problems(d)) == 0, identical(names(d), make.names(names(d), unique = TRUE)))
      figures <- readLines("names.txt")
      stopifnot(all(vapply(d[figures], function(x) is.numeric(x) || all(is.na(x)), TRUE)))
      for (i in seq_len(nrow(d))) for (n in figures) if (!is.na(d[[n]][i])) cat(i, n, format(d[[n]][i], digits = 15, scientific = FALSE), "\\n")
      cat("agency", enc2utf8(paste(ifelse(is.na(d$agency), "", d$agency), collapse = "|")), "\\n")
    """
    assert R is not None
    done = subprocess.run([R, "--vanilla", "-e", script], cwd=tmp_path, capture_output=True, check=False, env={"LC_ALL": "C.UTF-8", "PATH": "/usr/bin:/bin"})
    assert 0 == done.returncode, done.stderr.decode()
    *lines, agencies = done.stdout.decode().splitlines()
    read: list[dict[str, Decimal]] = [{} for _ in records]
    for number, name, figure in (line.split() for line in lines):
        read[int(number) - 1][name] = Decimal(figure)

    assert [{NAMES[form, f]: v for f, v in t.items()} for t, form in zip(truth(records), forms_of(records), strict=True) if form] == [
        found for found, form in zip(read, forms_of(records), strict=True) if form
    ]
    assert "|".join(r["agency"] or "" for r in records) == agencies.removeprefix("agency ").rstrip()


def test_stata_takes_the_wide_shape(tmp_path: Path, records: list[dict[str, Any]]) -> None:
    """Through a .dta file of version 118 and back: names, numbers and missing values survive."""
    made = export(tmp_path / "w.csv", records)
    types = {c.name: "str" if c.type is Type.TEXT else "float64" for c in made.columns}
    frame = pd.read_csv(tmp_path / "w.csv", dtype=types, keep_default_na=False, na_values=[""])
    text = [c.name for c in made.columns if c.type is Type.TEXT]
    frame[text] = frame[text].fillna("").astype(object)
    pyreadstat.write_dta(frame, str(tmp_path / "w.dta"), version=14)
    back, meta = pyreadstat.read_dta(str(tmp_path / "w.dta"))

    assert list(frame.columns) == meta.column_names
    assert truth(records) == [
        {f: v.normalize() + 0 for f, v in figures({k: None if pd.isna(v) else v for k, v in row.items()}, form).items()}
        for row, form in zip(back.to_dict("records"), forms_of(records), strict=True)
    ]


@pytest.mark.parametrize(
    "text", ["=1+1", "+SUM(A1)", "-2+3", "@cmd", "＝1", "＠x", " =1", "\u3000=1", "'quoted", "=cmd|' /C calc'!A0", "-", "－－", "-5", "+1,200.5", "普通", "--x"]
)
@pytest.mark.parametrize("suffix", ["csv", "xlsx", "parquet"])
def test_text_is_never_a_formula_and_never_lost(suffix: str, text: str, tmp_path: Path) -> None:
    export(tmp_path / f"w.{suffix}", [synthetic(FORM, {}, agency=text)])
    if suffix == "parquet":
        assert [text] == pq.read_table(tmp_path / "w.parquet")["agency"].to_pylist()
    elif suffix == "xlsx":
        sheet = openpyxl.load_workbook(tmp_path / "w.xlsx")["wide"]
        cell = sheet.cell(2, [c.value for c in sheet[1]].index("agency") + 1)
        assert (text, "s") == (cell.value, cell.data_type)
    else:
        with (tmp_path / "w.csv").open(encoding="utf-8", newline="") as file:
            held = next(iter(csv.DictReader(file)))["agency"]
        assert held.removeprefix("'") == text or held == text
        begins = held.lstrip(" \u3000")
        assert begins[0] not in "=@＝＠"
        assert begins[0] not in "+-－＋" or not set(begins) - set("+-－0123456789.,")


@given(st.text(max_size=12))
def test_the_apostrophe_can_always_be_taken_off_again(text: str) -> None:
    assert text == harmless(text).removeprefix("'") if harmless(text) != text else not text.startswith("'")


# Parquet


@pytest.mark.parametrize("shape", SHAPES)
def test_parquet_has_the_promised_types_and_its_figures_are_exact(shape: str, tmp_path: Path, records: list[dict[str, Any]]) -> None:
    made = export(tmp_path / "p.parquet", records, shape)
    table = pq.read_table(tmp_path / "p.parquet")
    kinds = {Type.TEXT: "string", Type.INTEGER: "int64", Type.DECIMAL: "decimal128(38, 10)", Type.SHARE: "double", Type.FLAG: "int8"}

    assert [(c.name, kinds[c.type]) for c in made.columns] == [(f.name, str(f.type)) for f in table.schema]
    assert all(f.metadata[b"meaning"] for f in table.schema)
    if shape == "wide":
        assert truth(records) == [figures(row, form) for row, form in zip(table.to_pylist(), forms_of(records), strict=True)]
    if shape == "long":
        held = iter(table.to_pylist())
        cells = [c for r in records for c in r["cells"]]
        assert [(c["value"], c["printed"]) for c in cells] == [(r["value"], r["printed"]) for r in held]


def test_pandas_and_polars_read_parquet(tmp_path: Path, records: list[dict[str, Any]]) -> None:
    export(tmp_path / "p.parquet", records)
    by_pandas = pd.read_parquet(tmp_path / "p.parquet", dtype_backend="pyarrow")
    by_polars = pl.read_parquet(tmp_path / "p.parquet")

    for rows in (by_pandas.to_dict("records"), by_polars.to_dicts()):
        clean = [{k: None if v is pd.NA else v for k, v in row.items()} for row in rows]
        assert truth(records) == [figures(row, form) for row, form in zip(clean, forms_of(records), strict=True)]


@pytest.mark.parametrize(("value", "fits"), [(10**28 - 1, True), (10**28, False), (-(10**28) + 1, True), (Decimal("1E-10"), True), (Decimal("1E-11"), False)])
def test_the_longest_figures_of_a_column_are_exact_and_longer_ones_told(value: Any, fits: bool, tmp_path: Path) -> None:
    export(tmp_path / "p.parquet", [synthetic(FORM, {AMOUNT.id: value})])
    row = pq.read_table(tmp_path / "p.parquet").to_pylist()[0]
    name = NAMES[FORM.id, AMOUNT.id]

    assert (value if fits else None) == row[name]
    assert (None if fits else f"{name}={Decimal(value):f}") == row["unfit"]


@pytest.mark.parametrize(("value", "fits"), [(2**63 - 1, True), (2**63, False), (-(2**63) + 1, True)])
def test_the_largest_counts_are_exact_and_larger_ones_told(value: int, fits: bool, tmp_path: Path) -> None:
    export(tmp_path / "p.parquet", [synthetic(FORM, {COUNTS[0].id: value})])
    row = pq.read_table(tmp_path / "p.parquet").to_pylist()[0]
    name = NAMES[FORM.id, COUNTS[0].id]

    assert (value if fits else None, None if fits else f"{name}={value}") == (row[name], row["unfit"])


def test_parquet_in_several_row_groups_loses_no_row(tmp_path: Path, records: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquetfile, "_VALUES_A_GROUP", 1_000)
    made = export(tmp_path / "p.parquet", records, "long")

    assert sum(len(r["cells"]) for r in records) == pq.read_table(tmp_path / "p.parquet").num_rows
    assert pq.ParquetFile(tmp_path / "p.parquet").num_row_groups > 100 // len(made.columns)


# Excel


def sheet_rows(path: Path, name: str) -> list[dict[str, Any]]:
    head, *rows = openpyxl.load_workbook(path)[name].iter_rows(values_only=True)
    return [dict(zip(map(str, head), row, strict=True)) for row in rows]


def test_excel_has_every_figure_a_frozen_header_a_codebook_and_a_legend(tmp_path: Path, records: list[dict[str, Any]]) -> None:
    export(tmp_path / "w.xlsx", records)
    book = openpyxl.load_workbook(tmp_path / "w.xlsx")

    assert ["wide", "codebook", "legend"] == book.sheetnames
    assert "D2" == book["wide"].freeze_panes
    assert truth(records) == [figures(row, form) for row, form in zip(sheet_rows(tmp_path / "w.xlsx", "wide"), forms_of(records), strict=True)]
    with (tmp_path / "w.xlsx.codebook.csv").open(encoding="utf-8", newline="") as file:
        beside = [[x.removeprefix("'") for x in row] for row in csv.reader(file)]
    assert beside == [[x or "" for x in row] for row in book["codebook"].iter_rows(values_only=True)]


def test_excel_formats_show_every_decimal_and_leave_years_alone(tmp_path: Path) -> None:
    record = synthetic(FORM, {COUNTS[0].id: 12345, AMOUNT.id: Decimal("1234.50")})
    export(tmp_path / "w.xlsx", [record])
    sheet = openpyxl.load_workbook(tmp_path / "w.xlsx")["wide"]
    formats = {head.value: (cell.value, cell.number_format) for head, cell in zip(sheet[1], sheet[2], strict=True)}

    assert (12345, "#,##0") == formats[NAMES[FORM.id, COUNTS[0].id]]
    assert (1234.5, "#,##0.00") == formats[NAMES[FORM.id, AMOUNT.id]]
    assert (2020, "General") == formats["year"]


def test_excel_colours_what_needs_a_look_and_the_legend_explains_each_colour(tmp_path: Path) -> None:
    ids = [f.id for f in COUNTS[:5]]
    cells = {
        ids[0]: {"value": 1, "status": "printed", "decision": "review"}, ids[1]: {"status": "lost"},
        ids[2]: {"value": 3, "status": "deduced"}, ids[3]: 4, ids[4]: 5,
    }  # fmt: skip
    finding = {"rule": "R", "instance": "", "verdict": "fail", "left": 4, "right": 5, "cells": [ids[3]], "blame": "report"}
    export(tmp_path / "w.xlsx", [synthetic(FORM, cells, findings=[finding])])
    book = openpyxl.load_workbook(tmp_path / "w.xlsx")
    colour = {h.value: c.fill.fgColor.rgb if c.fill.fill_type else None for h, c in zip(book["wide"][1], book["wide"][2], strict=True)}
    legend = {row[0].value: row[0].fill.fgColor.rgb for row in book["legend"].iter_rows(min_row=2) if row[0].fill.fill_type}
    names = [NAMES[FORM.id, i] for i in ids]

    assert [legend["open"], legend["lost"], legend["deduced"], legend["finding"], None] == [colour[n] for n in names]
    assert len(legend) == len(set(legend.values()))


def test_a_figure_of_more_digits_than_excel_keeps_is_text(tmp_path: Path) -> None:
    longest, longer = 10**15 - 1, 1234567890123456789
    export(tmp_path / "w.xlsx", [synthetic(FORM, {COUNTS[0].id: longest, COUNTS[1].id: longer})])
    row = sheet_rows(tmp_path / "w.xlsx", "wide")[0]

    assert [longest, str(longer)] == [row[NAMES[FORM.id, f.id]] for f in COUNTS[:2]]


def test_a_full_sheet_is_followed_by_another(tmp_path: Path, records: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch) -> None:
    records = records[:2]
    monkeypatch.setattr(excelfile, "ROWS_A_SHEET", 151)
    export(tmp_path / "l.xlsx", records, "long")
    book = openpyxl.load_workbook(tmp_path / "l.xlsx")
    data = [n for n in book.sheetnames if n.startswith("long")]
    rows = [row for name in data for row in sheet_rows(tmp_path / "l.xlsx", name)]

    assert ["long", "long 2", "long 3"] == data
    assert {151} == {book[n].max_row for n in data[:-1]}
    assert [(r["source"], c["value"]) for r in records for c in r["cells"]] == [
        (r["source"], r["value"] if r["figure"] is None or r["value"] is None else Decimal(r["figure"])) for r in rows
    ]


def test_a_text_that_excel_cannot_hold_is_refused_and_named(tmp_path: Path) -> None:
    record = synthetic(FORM, {}, agency="县" * 40_000)
    with pytest.raises(GoujiError, match=r"(unit|agency): a text of 40,000 characters.*\.csv"):
        export(tmp_path / "w.xlsx", [record])

    assert [] == [p.name for p in tmp_path.iterdir() if "xlsx" in p.name and not p.name.endswith("jsonl")]
    export(tmp_path / "w.csv", [record])


# Whatever a report may show

NUMBERS = st.one_of(
    st.integers(-(10**21), 10**21),
    st.decimals(allow_nan=False, allow_infinity=False, places=3, min_value=-(10**16), max_value=10**16),
    st.decimals(allow_nan=False, allow_infinity=False, places=14, min_value=-100, max_value=100),
)
TEXTS = st.text(st.one_of(st.sampled_from(string.punctuation + " \t\r\n\x00\x1f\x85\u2028\ud800\uffff'=_xX0"), st.characters(codec="utf-8")), max_size=20)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.dictionaries(st.sampled_from([f.id for f in FORM.fields]), NUMBERS, max_size=8), TEXTS), min_size=1, max_size=3))
def test_any_figures_and_texts_come_back_from_every_format(tmp_path: Path, reports: list[tuple[dict[str, Any], str]]) -> None:
    made = [synthetic(FORM, values, source=f"{n}.txt", error={"code": "X", "message": text}) for n, (values, text) in enumerate(reports)]
    for suffix in ("csv", "parquet", "xlsx"):
        export(tmp_path / f"w.{suffix}", made)
    with (tmp_path / "w.csv").open(encoding="utf-8", newline="") as file:
        by_csv: list[dict[str, Any]] = list(csv.DictReader(file))
    by_parquet = pq.read_table(tmp_path / "w.parquet").to_pylist()
    by_excel = sheet_rows(tmp_path / "w.xlsx", "wide")

    for rows in (by_csv, by_parquet, by_excel):
        for (values, _), row in zip(reports, rows, strict=True):
            unfit = dict(x.split("=") for x in (row["unfit"] or "").split())
            told = {f: Decimal(unfit[NAMES[FORM.id, f]]) for f in values if NAMES[FORM.id, f] in unfit}
            assert {f: Decimal(v) for f, v in values.items()} == figures(row, FORM.id) | told
            assert {f for f in values if row[f"{NAMES[FORM.id, f]}_s"].endswith("unfit")} == set(told)
    assert [r["error"] for r in by_csv] == [r["error"] for r in by_parquet] == [r["error"] for r in by_excel]
    assert all("\ud800" not in r["error"] and "\n" not in r["error"] and "\x00" not in r["error"] for r in by_csv)


# Size


@pytest.mark.parametrize("suffix", ["csv", "parquet", "xlsx"])
def test_memory_does_not_grow_with_the_archive(suffix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquetfile, "_VALUES_A_GROUP", 5_000)
    entry = entries(tmp_path, [synthetic(FORM, {f.id: n for n, f in enumerate(FORM.fields)})])[0]
    shape = shape_of("wide", FORMS)

    def peak(reports: int) -> int:
        def many() -> Iterator[Entry]:
            for _ in range(reports):
                yield entry

        tracemalloc.start()
        write_panel(tmp_path / f"{reports}.{suffix}", shape, many())
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return most

    peak(5)
    assert peak(60) < 1.2 * peak(15) + 100_000


def test_the_packages_of_these_tests_stand_in_the_dev_extra() -> None:
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8").partition("dev = [")[2].partition("]\n")[0]

    assert all(f'"{name}>' in text for name in ("pandas", "polars", "openpyxl", "pyreadstat"))
