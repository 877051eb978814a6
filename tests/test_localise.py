"""Which cells are named where sums fail, by hand-made tables: few wrong cells, and events that move many."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import pytest

from benchmarks.damage.content import make_content
from benchmarks.localise import main_table
from benchmarks.oracle import least_explanations
from extractor.check.displaced import displaced
from extractor.check.localise import Explanation, localise, typing_error
from extractor.form import Form, load_forms
from extractor.types import Number, Verdict

FORM = next(f for f in load_forms() if f.id == "disclosure-2021")
GRID = FORM.table("requests").blocks[0].grid
ROWS = [r.id for r in FORM.table("requests").blocks[0].rows]
LABELS = [r.label for r in FORM.table("requests").blocks[0].rows]

Values = list[Number | None]


def a_table(*rows: tuple[str, tuple[int, ...]]) -> Values:
    """A report of zeros, but for some rows of requests."""
    values: Values = [0] * len(FORM.fields)
    for name, figures in rows:
        for i, v in zip(GRID[ROWS.index(name)], figures, strict=True):
            values[i] = v
    return values


def sound() -> Values:
    """A consistent report: 40 requests came in, 12 were carried in, 45 answered, 7 carried out."""
    return a_table(
        ("new", (30, 4, 0, 1, 0, 5, 40)),
        ("carried_in", (10, 0, 0, 2, 0, 0, 12)),
        ("granted", (20, 3, 0, 0, 0, 4, 27)),
        ("partial", (12, 0, 0, 2, 0, 1, 15)),
        ("unavailable_not_held", (2, 1, 0, 0, 0, 0, 3)),
        ("total", (34, 4, 0, 2, 0, 5, 45)),
        ("carried_out", (6, 0, 0, 1, 0, 0, 7)),
    )


def explained(values: Values) -> Explanation:
    hard = [n for n, r in enumerate(FORM.rules) if r.severity == "hard" and r.relation.verdict(values)[0] is Verdict.FAIL]
    return localise(FORM, hard, values)


def row(name: str) -> tuple[int, ...]:
    return GRID[ROWS.index(name)]


def changed(values: Values) -> set[int]:
    return {i for i, v in enumerate(values) if v != sound()[i]}


def test_the_sound_table_is_sound() -> None:
    assert Explanation(frozenset(), (), ()) == explained(sound())


@pytest.mark.parametrize("cells", [(("granted", 0), ("granted", 1)), (("granted", 0), ("partial", 1)), (("new", 0), ("total", 6)),
                                   (("partial", 0), ("partial", 6)), (("carried_in", 3), ("total", 3)),
                                   (("granted", 0), ("granted", 1), ("granted", 2)), (("granted", 0), ("partial", 0), ("partial", 1))])  # fmt: skip
def test_wrong_cells_are_named_and_no_others(cells: tuple[tuple[str, int], ...]) -> None:
    """Two of one row too: their sum does not say by how much each is wrong, the columns do."""
    values = sound()
    for n, (name, column) in enumerate(cells):
        i = row(name)[column]
        values[i] = (values[i] or 0) + 50 + 7 * n

    assert changed(values) == explained(values).suspects


def test_a_tie_stays_a_tie() -> None:
    """Two rows off by the same amount in two columns: either diagonal of the rectangle explains it."""
    values = sound()
    for name, column in (("granted", 0), ("partial", 1)):
        i = row(name)[column]
        values[i] = (values[i] or 0) + 3

    assert {row(r)[c] for r in ("granted", "partial") for c in (0, 1)} == explained(values).suspects


def moved(values: Values, targets: list[int], sources: list[int]) -> None:
    before = list(values)
    for t, s in zip(targets, sources, strict=True):
        values[t] = before[s]


def rows_exchanged(values: Values) -> None:
    moved(values, [*row("new"), *row("partial")], [*row("partial"), *row("new")])


def rows_slipped(values: Values) -> None:
    names = ROWS[ROWS.index("other_other") : ROWS.index("carried_out") + 1]
    moved(values, [i for n in names for i in row(n)], [i for n in (names[-1], *names[:-1]) for i in row(n)])


def columns_exchanged(values: Values) -> None:
    moved(values, [r[c] for r in GRID for c in (1, 6)], [r[c] for r in GRID for c in (6, 1)])


def row_shifted(values: Values) -> None:
    r = row("partial")
    moved(values, list(r), [*r[1:], r[0]])


def figures_glued(values: Values) -> None:
    for i, v in zip(row("granted"), (203, 0, 0, 0, 4, 27, 0), strict=True):
        values[i] = v


def figure_split(values: Values) -> None:
    for i, v in zip(row("granted"), (2, 0, 3, 0, 0, 0, 4), strict=True):
        values[i] = v


def row_left_out(values: Values) -> None:
    for i in row("total"):
        values[i] = 0


def column_left_out(values: Values) -> None:
    for r in GRID:
        values[r[6]] = 0


@pytest.mark.parametrize(
    ("event", "says"),
    [
        (rows_exchanged, f"「{LABELS[0]}」与「{LABELS[3]}」两行的数互换了"),
        (columns_exchanged, "「商业企业」与「总计」两列的数互换了"),
        (row_shifted, f"「{LABELS[3]}」一行的数错位一列"),
        (figures_glued, f"「{LABELS[2]}」一行有两格的数粘连（20、3→203）"),
        (figure_split, f"「{LABELS[2]}」一行有一个数被拆成两格（20→2、0）"),
        (row_left_out, "「（七）总计」一行未填"),
        (column_left_out, "「总计」一列未填"),
    ],
)
def test_an_event_that_moves_many_figures_is_one_and_has_a_name(event: Callable[[Values], None], says: str) -> None:
    values = sound()
    event(values)
    got = explained(values)

    assert changed(values) <= got.suspects
    assert says == got.cause_of(sorted(got.suspects))


def test_two_events_that_explain_the_same_are_both_suspects_and_not_named() -> None:
    """The first and the last column exchanged, or all of them shifted by one: nothing tells which."""
    values = sound()
    moved(values, [r[c] for r in GRID for c in (0, 6)], [r[c] for r in GRID for c in (6, 0)])
    got = explained(values)

    assert (2, "") == (len(got.explanations), got.cause_of(sorted(got.suspects)))
    assert {i for r in GRID for i in r if values[i]} <= got.suspects


def test_slipped_rows_are_all_suspects() -> None:
    values = sound()
    rows_slipped(values)

    assert changed(values) <= explained(values).suspects


def test_an_event_is_not_looked_for_where_one_cell_explains_everything() -> None:
    values = sound()
    values[row("granted")[0]] = 203
    got = explained(values)

    assert ({row("granted")[0]}, 1) == (got.suspects, len(got.explanations))


def test_every_event_mends_every_sum() -> None:
    for event in (rows_exchanged, rows_slipped, columns_exchanged, row_shifted, figures_glued, figure_split):
        values = sound()
        event(values)
        hard = [n for n, r in enumerate(FORM.rules) if r.severity == "hard" and r.relation.verdict(values)[0] is Verdict.FAIL]
        for found in displaced(FORM, hard, values):
            mended = {**dict(enumerate(values)), **dict(found.cells)}
            assert not any(r.relation.verdict(mended)[0] is Verdict.FAIL for r in FORM.rules if r.severity == "hard")


@pytest.mark.parametrize(
    ("printed", "wanted", "says"),
    [
        ("0", "7", "填为 0"),
        ("12", "120", "少一位数字（120→12）"),
        ("120", "12", "多一位数字（12→120）"),
        ("21", "12", "相邻数字颠倒（12→21）"),
        ("70000", "7", "差一万倍，单位可能有误（7→70000）"),
        ("7", "70000", "差一万倍，单位可能有误（70000→7）"),
        ("35", "8", ""),
    ],
)
def test_the_typing_error_has_a_name(printed: str, wanted: str, says: str) -> None:
    assert says == typing_error(printed, wanted)


@pytest.mark.parametrize("form", load_forms(), ids=lambda f: f.id)
def test_one_and_two_wrong_cells_against_brute_force(form: Form) -> None:
    """What is named is the union of all smallest explanations that a search over every cell and pair finds."""
    cells = [f.index for f in form.fields if f.table == main_table(form)]
    for seed in range(40):
        rng = Random(seed)
        content = make_content(form, rng)
        if content.misprints:
            continue
        values: Values = list(content.values)
        for i in rng.sample(cells, 1 + seed % 2):
            values[i] = (values[i] or 0) + rng.randint(1, 60)
        hard = [n for n, r in enumerate(form.rules) if r.severity == "hard" and r.relation.verdict(values)[0] is Verdict.FAIL]
        least = least_explanations(form, values, 2)

        assert least
        assert frozenset().union(*least) <= localise(form, hard, values).suspects
        if len(least) == 1:
            assert next(iter(least)) == localise(form, hard, values).suspects
