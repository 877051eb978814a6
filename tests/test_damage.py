"""The damage generator: reports of known content, damaged on purpose, with the truth of every field."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from decimal import Decimal
from pathlib import Path

import pytest

from benchmarks.damage import LEVELS, SHAPES, Case, cases, make_case
from benchmarks.damage.content import failing
from extractor.form import Form, load_form, load_forms
from extractor.types import Verdict

FORMS = load_forms()
ROOT = Path(__file__).resolve().parent.parent

OTHER_FORM = """
form: fees-9999
title: 收费情况表
authority: 试行
since: 2015
detect: [窗口收费]
sections:
  - {label: 收费情况, table: fees}
tables:
  - id: fees
    label: 收费情况
    unit: 元
    blocks:
      - label: 收费
        corner: 项目
        columns: [{id: desk, label: 窗口收费}, {id: net, label: 网上收费}, {id: all, label: 合计}]
        rows: [{id: a, label: 证照工本费}, {id: b, label: 档案查询费}, {id: sum, label: 小计}]
rules:
  - {id: SUM, each: row of fees, expr: desk + net == all, severity: hard, says: 合计, source: 试行}
  - {id: DOWN, each: column of fees, expr: a + b == sum, severity: hard, says: 小计, source: 试行}
"""


def some(level: str, count: int = 90, start: int = 0) -> list[Case]:
    """Cases of one level, going round all shapes and forms."""
    return list(cases(FORMS, range(start, start + count), level))


def form_of(case: Case) -> Form:
    """The form that a case was made of."""
    return next(f for f in FORMS if case.name.startswith(f.id))


@pytest.mark.parametrize("form", FORMS, ids=lambda f: f.id)
@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("shape", SHAPES)
def test_every_shape_level_and_form_makes_a_case(shape: str, level: str, form: Form) -> None:
    """Each combination gives a case with bytes to read and one truth for each field of the form."""
    case = make_case(form, 7, shape, level)

    assert len(form.fields) == len(case.truth)
    assert case.data
    assert case.text


@pytest.mark.parametrize("level", LEVELS)
def test_same_seed_same_case(level: str) -> None:
    """Two calls with the same arguments give equal cases, and another seed gives another one."""
    assert some(level, 30) == some(level, 30)
    assert make_case(FORMS[0], 1, "tab-rows", level).data != make_case(FORMS[0], 2, "tab-rows", level).data


def test_same_bytes_in_every_process() -> None:
    """A fresh interpreter with another hash seed makes the same bytes."""
    code = (
        "import hashlib; from benchmarks.damage import cases; from extractor.form import load_forms; h = hashlib.sha256();\n"
        "[h.update(c.data) for level in ('light', 'heavy') for c in cases(load_forms(), range(40), level)]; print(h.hexdigest())"
    )
    made = {
        subprocess.run(
            [sys.executable, "-c", code],
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }

    assert len(made) == 1


@pytest.mark.parametrize("level", LEVELS)
def test_truth_obeys_the_hard_rules_but_for_planted_misprints(level: str) -> None:
    """On the printed values exactly the recorded rules fail, and none where no misprint was planted."""
    for case in some(level, 150):
        values = [
            t.value if t.statuses == {"printed"} and i not in case.altered else None for i, t in enumerate(case.truth)
        ]

        assert set(failing(form_of(case), values)) == set(case.misprints), case.name


@pytest.mark.parametrize("level", ["clean", "light"])
def test_nothing_is_lost_in_clean_and_light_cases(level: str) -> None:
    """Every field is printed or visibly blank, and every printed token stands in the text."""
    for case in some(level):
        text = case.text
        for truth in case.truth:
            assert truth.statuses in ({"printed"}, {"blank"}), case.name
            if truth.statuses == {"printed"}:
                assert truth.printed, case.name
                assert truth.printed in text, case.name


def test_clean_tokens_say_their_value() -> None:
    """A clean report prints every figure as plain digits of exactly its value."""
    for case in some("clean", 60):
        for truth in case.truth:
            assert truth.printed is not None
            assert Decimal(truth.printed) == truth.value, case.name


def test_light_tokens_still_say_their_value() -> None:
    """Separators, full-width digits, signs and units change a token, never the value it stands for."""
    for case in some("light", 150):
        for truth in case.truth:
            if truth.statuses != {"printed"}:
                continue
            assert truth.printed is not None
            digits = (
                truth.printed.translate(str.maketrans("０１２３４５６７８９", "0123456789"))
                .replace(",", "")
                .lstrip("+")
            )
            factor = Decimal(10000) if digits.endswith("元") and not digits.endswith("万元") else Decimal(1)
            assert Decimal(re.sub("[万元]", "", digits)) / factor == truth.value, case.name


@pytest.mark.parametrize("level", ["medium", "heavy"])
def test_damaged_cases_say_what_was_done(level: str) -> None:
    """The damages of a medium or heavy case are named."""
    for case in some(level, 120):
        assert case.damages, case.name


def test_tab_rows_read_back() -> None:
    """In a clean tab-rows report the figures of table three, read by eye, are the truth in order."""
    for form in FORMS:
        case = make_case(form, 11, "tab-rows", "clean")
        table = form.table("requests").blocks[0]
        body = case.text.split("申请人情况")[1].split("\n四、政府信息公开行政复议")[0]
        found = [re.findall(r"(?<=\t)\d+(?=\t|$)", line) for line in body.split("\n") if re.search(r"\t\d", line)]

        assert [[case.truth[i].printed for i in row] for row in table.grid] == found


@pytest.mark.parametrize(
    "shape", ["tab-cells", "tab-rows", "pipe-rows", "markdown", "pipe-lines", "bare-lines", "flat", "html"]
)
def test_clean_figures_stand_in_field_order(shape: str) -> None:
    """Outside the shapes that lose it, the reading order of the text is the order of the fields."""
    case = make_case(FORMS[1], 3, shape, "clean")
    at = 0
    text = re.sub(r"<[^>]*>", " ", case.text.split("二、主动公开", 1)[1])
    for truth in case.truth:
        assert truth.printed is not None
        match = re.compile(rf"(?<![\d.\w-]){re.escape(truth.printed)}(?![\d.\w、])").search(text, at)
        assert match, case.name
        at = match.end()


def test_lost_cells_keep_the_value_the_original_printed() -> None:
    """A lost field has no printed token, but still the value for scoring deductions; only blanks have none."""
    lost = [t for c in some("heavy", 120) for t in c.truth if "lost" in t.statuses]

    assert lost
    assert all(t.printed is None for t in lost)
    assert all(t.value is not None or "blank" in t.statuses for t in lost)


def test_blank_cells_have_neither_value_nor_token() -> None:
    """A blank field was blank in the original: no value, nothing printed."""
    blank = [t for level in LEVELS for c in some(level, 120) for t in c.truth if t.statuses == {"blank"}]

    assert blank
    assert all(t.value is None and t.printed is None for t in blank)


def test_altered_digits_break_a_rule_that_can_be_checked() -> None:
    """A confused digit shows another number, and every rule over it is assessable and fails."""
    altered = [c for c in some("heavy", 400) if c.altered]

    assert altered
    for case in altered:
        shown = [Decimal(t.printed) if i in case.altered and t.printed else t.value for i, t in enumerate(case.truth)]
        for i in case.altered:
            assert case.truth[i].statuses == {"printed"}
            assert Decimal(case.truth[i].printed or "0") != case.truth[i].value, case.name
            rules = [form_of(case).rules[n].relation for n in form_of(case).rules_of[i]]
            assert rules
            assert all(r.verdict(shown)[0] is Verdict.FAIL for r in rules), case.name


def test_a_misprint_case_in_about_seven() -> None:
    """Roughly one clean case in seven carries misprints, none of them with blank fields."""
    made = some("clean", 600)
    share = sum(bool(c.misprints) for c in made) / len(made)

    assert 0.1 < share < 0.2
    assert not [c for c in some("light", 300) if c.misprints and any(t.statuses != {"printed"} for t in c.truth)]


def test_encodings_decode_to_the_text() -> None:
    """Every file decodes with the encoding that is named, and several encodings occur."""
    made = some("light", 200)

    assert {"utf-8", "utf-8-sig", "gb18030", "utf-16"} == {c.encoding for c in made}
    assert all(c.text.encode(c.encoding) == c.data for c in made)


def test_deduplicated_lines_are_unplaceable() -> None:
    """Where repeated lines were removed the case says that its figures cannot be placed."""
    made = [
        c
        for c in cases(FORMS, range(200), "heavy", shapes=("bare-lines", "pipe-lines"))
        if "repeated lines removed" in c.damages
    ]

    assert made
    assert all(c.unplaceable for c in made)


def test_unknown_shapes_and_levels_are_refused() -> None:
    """A misspelt shape or level names the ones that exist."""
    with pytest.raises(ValueError, match="shapes are tab-cells"):
        make_case(FORMS[0], 1, "tabs", "clean")
    with pytest.raises(ValueError, match="levels are clean"):
        make_case(FORMS[0], 1, "flat", "gentle")


def test_shapes_that_are_damage_fall_back_below_heavy() -> None:
    """Detached labels and column-major figures exist only at the heavy level, and the case says its real shape."""
    assert make_case(FORMS[0], 1, "detached", "light").shape == "aligned"
    assert make_case(FORMS[0], 1, "column-major", "medium").shape == "bare-lines"
    assert make_case(FORMS[0], 1, "detached", "heavy").shape == "detached"


def test_another_form_works_as_well(tmp_path: Path) -> None:
    """Nothing in the generator needs the shipped editions: a small form of another kind makes cases too."""
    path = tmp_path / "fees.yaml"
    path.write_text(OTHER_FORM, encoding="utf-8")
    form = load_form(path)
    made = [make_case(form, seed, shape, level) for seed in range(4) for shape in SHAPES for level in LEVELS]

    assert all(len(c.truth) == 9 for c in made)
    assert any(t.value for c in made for t in c.truth)


def test_fast_enough_for_thousands_of_cases() -> None:
    """Two hundred cases a second, with room to spare for slow machines."""
    some("light", 30)
    start = time.process_time()
    some("light", 120)

    assert time.process_time() - start < 1.5
