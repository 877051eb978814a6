"""The damage generator: reports of known content, damaged on purpose, with the truth of every field."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Sequence
from decimal import Decimal
from functools import lru_cache
from itertools import product
from pathlib import Path
from random import Random

import pytest

from benchmarks.damage import LEVELS, SHAPES, Case, Truth, cases, make_case
from benchmarks.damage.case import ShownRow
from benchmarks.damage.content import failing
from benchmarks.determined import determined, forced
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


@lru_cache(maxsize=1)
def heavy() -> tuple[Case, ...]:
    """Heavy cases enough for every damage to occur."""
    return tuple(some("heavy", 900))


def damaged(words: str) -> list[Case]:
    """The heavy cases with a damage that is so named, and with the damaged table still there as a whole."""
    found = [c for c in heavy() if any(words in d for d in c.damages)]
    gone = ("cut off", "table missing", "repeated lines removed")
    found = [c for c in found if not any(d.startswith(gone) for d in c.damages)]
    assert len(found) > 5, words
    return found


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


# Rows and columns moved


def test_a_slipped_row_shows_the_figures_of_its_neighbour_which_stay_the_neighbours_truth() -> None:
    for case in damaged("rows slipped"):
        moved = [r for r in case.rows if r.own and any(i >= 0 and i not in r.own for i, _ in r.figures)]
        alone = [r for r in case.rows if not r.own and any(i >= 0 for i, _ in r.figures)]
        assert moved or alone, case.name
        for i, text in (f for r in (*moved, *alone) for f in r.figures if f[0] >= 0):
            assert case.truth[i].printed == (text or None) or not case.truth[i].value, case.name


def test_where_the_last_figures_of_a_slip_are_gone_they_are_lost_and_differ_from_what_stands_there() -> None:
    """Where the figure beside the label is the very one that the label had, it is not called lost."""
    for case in damaged("the last gone"):
        beside = {own: i for r in case.rows if len(r.own) == len(r.figures) for own, (i, _) in zip(r.own, r.figures, strict=True)}
        for own, i in beside.items():
            if i >= 0 and i != own and "lost" in case.truth[own].statuses and not case.unplaceable and not case.altered:
                assert case.truth[i].value != case.truth[own].value, case.name


def test_a_slip_whose_figures_are_all_there_loses_nothing() -> None:
    for case in damaged("the last without a label"):
        if len([d for d in case.damages if "lost" in d or "cut" in d or "short" in d or "missing" in d]) == 0:
            assert all(t.statuses in ({"printed"}, {"blank"}) for t in case.truth), case.name


@pytest.mark.parametrize("words", ["a column of copied figures more", "a column of row numbers more"])
def test_a_stray_column_is_one_more_figure_that_no_field_prints(words: str) -> None:
    for case in damaged(words):
        assert [r for r in case.rows if len(r.own) == 7 and any(i < 0 for i, _ in r.figures)], case.name


def test_exchanged_columns_take_their_figures_with_them() -> None:
    for case in damaged("two columns exchanged"):
        whole = [r for r in case.rows if len(r.own) == 7 and len(r.figures) == 7 and all(i in r.own for i, _ in r.figures)]
        orders = {tuple(r.own.index(i) for i, _ in r.figures) for r in whole}
        for order in orders if "slipped" not in " ".join(case.damages) else ():
            assert [n for n, place in enumerate(order) if place != n] in ([1, 2], [2, 3], [3, 4], [4, 5]), case.name


# What the text still determines


def fees(
    tmp_path: Path, rows: Sequence[tuple[Sequence[int], Sequence[tuple[int, str]]]], values: Sequence[int], shape: str
) -> tuple[Case, Form]:
    """A case of the small form with these rows shown: own fields, and figures with the field they print."""
    path = tmp_path / "fees.yaml"
    path.write_text(OTHER_FORM, encoding="utf-8")
    form = load_form(path)
    shown = {i: text for _, figures in rows for i, text in figures if i >= 0}
    truth = tuple(Truth(v, shown.get(n), frozenset({"printed" if n in shown else "lost"})) for n, v in enumerate(values))
    found = tuple(ShownRow("fees", tuple(own), tuple(figures)) for own, figures in rows)
    return Case("fees", form.id, 2020, "", b"", ".txt", shape, "heavy", truth, (), (), False, "", rows=found), form


def row(fields: Sequence[int], *texts: str) -> tuple[Sequence[int], list[tuple[int, str]]]:
    return fields, list(zip(fields, texts, strict=True))


def test_in_a_run_of_digits_a_cell_is_determined_where_every_cut_agrees(tmp_path: Path) -> None:
    """1 12 13 is also 11 2 13; 4 0 4 can only be cut so; a sum down a column is not asked."""
    rows = [row((0, 1, 2), "1", "12", "13"), row((3, 4, 5), "4", "0", "4"), row((6, 7, 8), "5", "12", "17")]
    case, form = fees(tmp_path, rows, [1, 12, 13, 4, 0, 4, 5, 12, 17], "glued")

    assert {2, 3, 4, 5, 6, 7, 8} == determined(case, form)


def test_a_figure_too_many_leaves_a_cell_determined_where_leaving_out_any_other_gives_it_too(tmp_path: Path) -> None:
    """1 2 3 with a 3 more is 1 2 3 either way; 1 0 1 before a 1 may be 0 1 1 as well."""
    clear = ((0, 1, 2), [(0, "1"), (1, "2"), (2, "3"), (-1, "3")])
    unclear = ((3, 4, 5), [(3, "1"), (4, "0"), (5, "1"), (-1, "1")])
    case, form = fees(tmp_path, [clear, unclear, row((6, 7, 8), "2", "2", "4")], [1, 2, 3, 1, 0, 1, 2, 2, 4], "bare-lines")

    assert {0, 1, 2, 5, 6, 7, 8} == determined(case, form)


def test_beside_a_label_without_figures_rows_that_may_have_slipped_are_not_determined(tmp_path: Path) -> None:
    """The figures may be those of a and b, or of a and the sum, or of b and the sum: nobody can say which are lost."""
    rows = [((0, 1, 2), []), row((3, 4, 5), "4", "1", "5"), row((6, 7, 8), "5", "3", "8")]
    case, form = fees(tmp_path, rows, [1, 2, 3, 4, 1, 5, 5, 3, 8], "bare-lines")

    assert frozenset() == determined(case, form)


def test_a_slip_that_only_one_story_explains_is_determined(tmp_path: Path) -> None:
    """The figures beside the sum cannot be the sum of those beside b: they are those of b, and so on."""
    rows = [((0, 1, 2), []), ((3, 4, 5), [(0, "7"), (1, "2"), (2, "9")]), ((6, 7, 8), [(3, "4"), (4, "1"), (5, "5")])]
    case, form = fees(tmp_path, rows, [7, 2, 9, 4, 1, 5, 11, 3, 14], "bare-lines")

    assert {0, 1, 2, 3, 4, 5} == determined(case, form)
    assert {6: 11, 7: 3, 8: 14} == forced(form, {n: t.value for n, t in enumerate(case.truth) if n < 6 and t.value is not None})


def test_of_a_failing_sum_only_the_cells_that_no_other_sum_supports_are_in_doubt(tmp_path: Path) -> None:
    rows = [row((0, 1, 2), "9", "2", "3"), row((3, 4, 5), "4", "1", "5"), row((6, 7, 8), "5", "3", "8")]
    case, form = fees(tmp_path, rows, [9, 2, 3, 4, 1, 5, 5, 3, 8], "tab-rows")

    assert {1, 2, 3, 4, 5, 6, 7, 8} == determined(case, form)


def test_an_unplaceable_text_determines_nothing() -> None:
    for case in (c for c in heavy() if c.unplaceable or c.form_id is None):
        assert not determined(case, form_of(case))


@pytest.mark.parametrize("level", ["clean", "light"])
def test_without_a_misprint_every_cell_of_an_undamaged_case_is_determined_but_in_runs_of_digits(level: str) -> None:
    for case in some(level, 120):
        if case.shape != "glued" and not case.misprints:
            assert determined(case, form_of(case)) == set(range(len(case.truth))), case.name


def test_what_the_rules_force_is_what_every_completion_agrees_on(tmp_path: Path) -> None:
    """Against trying every value from 0 to 8 in every lost cell of a small table."""
    _, form = fees(tmp_path, [], [0] * 9, "tab-rows")
    rng = Random(5)
    for _ in range(60):
        a, b, c, d = (rng.choice((0, 0, 1, 2)) for _ in range(4))
        full = [a, b, a + b, c, d, c + d, a + c, b + d, a + b + c + d]
        lost = sorted(rng.sample(range(9), 3))
        known = {n: v for n, v in enumerate(full) if n not in lost}
        fits = []
        for guess in product(range(9), repeat=3):
            values = [dict(zip(lost, guess, strict=True)).get(n, full[n]) for n in range(9)]
            if not failing(form, values):
                fits.append(guess)
        for i, value in forced(form, known).items():
            assert {value} == {g[lost.index(i)] for g in fits}


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


