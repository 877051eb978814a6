"""Every form file keeps what docs/forms.md promises, and a wrong one is refused with its place named."""

from __future__ import annotations

import csv
import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
import yaml

from extractor.errors import FormError
from extractor.form import Form, FormSpec, HeaderSpec, load_form, load_forms
from extractor.text import key, normalise
from extractor.types import Number, Verdict

HERE = Path(__file__).resolve().parent
SCHEMAS = HERE.parent / "schemas"
DICTIONARY = HERE / "data" / "dictionary.csv"
ORIGINAL = HERE.parents[1] / "shared" / "dictionary.csv"
PATHS = sorted(p for p in SCHEMAS.glob("*.yaml") if re.search(r"^form:", p.read_text(encoding="utf-8"), re.MULTILINE))
FORMS = [load_form(p) for p in PATHS]
EVERY = pytest.mark.parametrize("form", FORMS, ids=lambda f: f.id)
PETITION = HERE / "forms" / "petition.yaml"


def dictionary(form_id: str) -> list[dict[str, str]]:
    with DICTIONARY.open(encoding="utf-8-sig", newline="") as file:
        return [row for row in csv.DictReader(file) if row["form"] == form_id]


def families(headers: Sequence[HeaderSpec]) -> Iterator[Sequence[HeaderSpec]]:
    """The headers of one parent, for every parent."""
    yield headers
    for h in headers:
        if h.children:
            yield from families(h.children)


# The shipped forms


def test_there_are_forms_and_each_file_is_named_after_its_form() -> None:
    assert {"disclosure-2019", "disclosure-2021"} <= {f.id for f in FORMS}
    assert [p.stem for p in PATHS] == [f.id for f in FORMS]
    assert [f.id for f in FORMS] == [f.id for f in load_forms()]


@EVERY
def test_fields_equal_the_dictionary_in_id_order_label_kind_and_unit(form: Form) -> None:
    expected = [tuple(row.values()) for row in dictionary(form.id)]
    actual = [
        (form.id, f.table, f.row, f.column, f.row_label, f.row_group, f.column_label, f.kind, f.unit) for f in form.fields
    ]

    assert expected == actual
    assert [f"{f.table}/{f.row}/{f.column}" for f in form.fields] == [f.id for f in form.fields]
    assert list(range(len(form.fields))) == [f.index for f in form.fields]


def test_the_dictionary_holds_no_form_that_has_no_file() -> None:
    with DICTIONARY.open(encoding="utf-8-sig", newline="") as file:
        counts = Counter(row["form"] for row in csv.DictReader(file))

    assert {"disclosure-2019": 198, "disclosure-2021": 200} == counts
    assert set(counts) <= {f.id for f in FORMS}


@pytest.mark.skipif(not ORIGINAL.is_file(), reason="the shared original lies beside the checkout only at work")
def test_the_committed_dictionary_is_the_shared_one() -> None:
    assert ORIGINAL.read_bytes() == DICTIONARY.read_bytes()


@EVERY
def test_labels_differ_within_their_parent_also_in_their_variants(form: Form) -> None:
    for table in form.spec.tables:
        for block in table.blocks:
            for siblings in (*families(block.rows), *families(block.columns)):
                keys = [k for h in siblings for k in {key(normalise(x)) for x in (h.label, *h.also)}]
                assert all(keys), (table.id, siblings)
                assert {} == {k: n for k, n in Counter(keys).items() if n > 1}, table.id


@EVERY
def test_every_rule_quotes_its_sentence_and_its_source(form: Form) -> None:
    for rule in (*form.spec.rules, *form.spec.narrative):
        assert rule.says.strip(), rule.id
        assert rule.source.strip(), rule.id
    ids = [r.id for r in (*form.spec.rules, *form.spec.narrative)]
    assert sorted(set(ids)) == sorted(ids)
    assert all(re.fullmatch(r"[A-Z][A-Z0-9]*(-[A-Z0-9]+)*", i) for i in ids)


@EVERY
def test_the_hard_rules_are_the_equations_of_the_form(form: Form) -> None:
    hard = [r for r in form.rules if r.severity == "hard"]

    assert {"disclosure-2019": 40, "disclosure-2021": 42}[form.id] == len(hard)
    assert {"=="} == {r.relation.operator for r in hard}
    assert len(hard) == len({(r.id, r.instance) for r in hard})


@EVERY
def test_every_hard_rule_passes_on_a_form_of_zeros_and_fails_on_any_single_change(form: Form) -> None:
    zeros: list[Number | None] = [0] * len(form.fields)
    for rule in form.rules:
        if rule.severity != "hard":
            continue
        assert rule.relation.verdict(zeros)[0] is Verdict.PASS
        for i in rule.relation.fields:
            one = [*zeros[:i], 1, *zeros[i + 1 :]]
            assert rule.relation.verdict(one)[0] is Verdict.FAIL
            assert rule.relation.implied(one, i) == 0


@EVERY
def test_the_deciding_labels_stand_in_no_other_form(form: Form) -> None:
    mine = {key(normalise(d)) for d in form.spec.detect}
    for other in FORMS:
        if other is not form:
            labels = {label.key for label in other.labels if label.role in ("row", "column", "block", "section")}
            assert not {(d, k) for d in mine for k in labels if d in k}


# The JSON Schema that editors use


def test_the_json_schema_is_the_one_that_the_models_give() -> None:
    """When this fails: `make schema`."""
    expected = json.dumps(FormSpec.model_json_schema(), ensure_ascii=False, indent=2) + "\n"

    assert expected == (SCHEMAS / "form.schema.json").read_text(encoding="utf-8")


# What is refused


def refused(tmp_path: Path, old: str, new: str) -> str:
    """The message that the invented form gives with ``old`` replaced by ``new``."""
    source = PETITION.read_text(encoding="utf-8")
    assert old in source
    path = tmp_path / "broken.yaml"
    path.write_text(source.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(FormError) as caught:
        load_form(path)
    found = re.fullmatch(rf"{re.escape(str(path))}:\d+: (.*)", str(caught.value), re.DOTALL)
    assert found, str(caught.value)
    return found[1]


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("expr: letters + visits", "expr: letter + visits", ["rule PET-CHANNELS", "no row 'letter'", "letters"]),
        ("expr: first + repeated", "expr: first + again", ["rule PET-KINDS", "no column 'again'", "repeated"]),
        ("each: row of intake", "each: row of inlet", ["rule PET-KINDS", "'row of inlet'", "intake"]),
        ("each: row of intake", "each: every row", ["rule PET-KINDS", "'every row'", "row of TABLE"]),
        ("first + repeated", "first * repeated", ["rule PET-KINDS", "first * repeated", "not allowed"]),
        ("first + repeated == total", "first + repeated", ["rule PET-KINDS", "exactly one of =="]),
        ("first + repeated == total", "first + == total", ["rule PET-KINDS", "not valid"]),
        ("first + repeated == total", "first + first == total", ["rule PET-KINDS", "names a field twice"]),
        ("first + repeated == total", "1 == 1", ["rule PET-KINDS", "names no field"]),
        ("first + repeated == total", "__import__('os') == total", ["rule PET-KINDS", "not allowed"]),
        ("sum(budget) + donations", "budget + donations", ["rule PET-RELIEF", "2 fields", "sum(budget)"]),
        ("appeals.review.total <=", "appeal.review.total <=", ["rule PET-APPEALS-NEED-CASES", "'appeal.review.total'"]),
        ("appeals.review.total <=", "appeals.revue.total <=", ["rule PET-APPEALS-NEED-CASES", "no row 'revue'"]),
        ("appeals.review.total <=", "appeals.review.sum <=", ["rule PET-APPEALS-NEED-CASES", "no column 'sum'"]),
        ("when: intake.total.first", "when: intake.total", ["rule PET-APPEALS-NEED-CASES", "table.row.column"]),
        ("equals: [intake.total.total]", "equals: [intake.all.total]", ["narrative PET-TEXT-RECEIVED", "no row 'all'"]),
        ("登记(?:受理)?", "登记(?:受理?", ["narrative PET-TEXT-RECEIVED", "not a regular expression"]),
        ("each: row of intake", "each: row of intake\n    unless_agency: 局(", ["rule PET-KINDS", "not a regular"]),
        ("each: row of intake", "each: row of intake\n    needs: [third]", ["rule PET-KINDS", "third"]),
        ("{id: online, label: 网上信访}", "{id: letters, label: 网上信访}", ["table intake: rows", "'letters'", "twice"]),
        ("label: 网上信访}", "label: 群众来信}", ["table intake: rows", "online and letters", "群众来信"]),
        ("label: 网上信访}", "label: ——}", ["table intake: rows", "online", "empty label"]),
        ("table: intake,", "table: inlet,", ["section 信访事项受理情况", "'inlet'", "intake"]),
    ],
)  # fmt: skip
def test_a_form_whose_names_do_not_fit_is_refused(tmp_path: Path, old: str, new: str, words: list[str]) -> None:
    message = refused(tmp_path, old, new)

    assert [] == [w for w in words if w not in message], message


@pytest.mark.parametrize(
    ("old", "new", "entry"),
    [
        ("since: 2022", "since: 2022\nuntill: 2024", "untill"),
        ("unit: 件", "units: 件", "tables.0"),
        ("severity: hard", "severity: fatal", "rules.0.severity"),
        ("severity: hard", "severity: hard\n    tolerance: 1", "rules.0.tolerance"),
        ("layout: band", "layout: ribbon", "tables.1.blocks.0.layout"),
        ("kind: amount", "kind: money", "tables.2.blocks.0.columns.0.kind"),
        ("kind: equals", "kind: same", "narrative.0.kind"),
        ("form: petition-2022", "form: 2022", "form"),
    ],
)
def test_an_entry_that_the_schema_does_not_know_is_refused(tmp_path: Path, old: str, new: str, entry: str) -> None:
    message = refused(tmp_path, old, new)

    assert message.startswith(entry), message
    assert "form.schema.json" in message


@pytest.mark.parametrize("missing", ["form", "title", "authority", "detect", "tables"])
def test_an_entry_that_every_form_needs_is_named_where_it_is_missing(tmp_path: Path, missing: str) -> None:
    data = yaml.safe_load(PETITION.read_text(encoding="utf-8"))
    del data[missing]
    path = tmp_path / "broken.yaml"
    path.write_text(yaml.safe_dump(data, allow_unicode=True), encoding="utf-8")

    with pytest.raises(FormError, match=rf"broken.yaml:1: {missing}: Field required"):
        load_form(path)


def test_what_is_no_yaml_or_no_text_is_refused_with_the_file_named(tmp_path: Path) -> None:
    for name, data in (("a.yaml", b"form: [\n"), ("b.yaml", "form: 表".encode("gb18030")), ("c.yaml", b"- form\n")):
        path = tmp_path / name
        path.write_bytes(data)
        with pytest.raises(FormError, match=re.escape(str(path))):
            load_form(path)
    with pytest.raises(FormError, match=r"none\.yaml"):
        load_form(tmp_path / "none.yaml")


def test_a_folder_without_forms_and_an_id_taken_twice_are_refused(tmp_path: Path) -> None:
    with pytest.raises(FormError, match="no form file"):
        load_forms(str(tmp_path))
    (tmp_path / "again.yaml").write_bytes(PATHS[0].read_bytes())
    with pytest.raises(FormError, match=f"{FORMS[0].id}.*already taken"):
        load_forms(str(tmp_path))


def test_a_file_of_nested_aliases_is_refused_at_once(tmp_path: Path) -> None:
    """A form is written by hand, so an alias may repeat columns; it must not make a machine hang."""
    path = tmp_path / "bomb.yaml"
    lines = ["form: x", "a0: &a0 [x, x]"] + [f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]" for n in range(1, 30)]
    path.write_text("\n".join(lines), encoding="utf-8")

    with pytest.raises(FormError):
        load_form(path)
