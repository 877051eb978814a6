"""Wrong and adversarial form files: each is refused when it is loaded, in bounded time, with the line that is wrong."""

from __future__ import annotations

import itertools
import re
import time
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from extractor.errors import FormError
from extractor.form import Form, load_form
from extractor.form.exact import CONSTANT, Domain, Fault, Row, examine, impossible, says_nothing
from extractor.form.pattern import check_pattern

ROOT = Path(__file__).resolve().parent.parent
SHIPPED = sorted((ROOT / "schemas").glob("disclosure-*.yaml"))

GOOD = """\
form: letters-2023
title: 来信统计表
authority: 某办〔2023〕1号
detect: [本年来信件数]
sections:
  - {label: 来信情况, table: letters}
tables:
  - id: letters
    label: 来信情况
    unit: 件
    blocks:
      - columns:
          - {id: received, label: 本年来信件数}
          - {id: change, label: 比上年增减, kind: signed}
          - {id: cost, label: 办理费用, kind: amount, unit: 万元}
        rows:
          - id: kinds
            label: 来信种类
            children:
              - {id: petitions, label: 投诉请求}
              - {id: advice, label: 意见建议}
          - {id: total, label: 来信合计}
rules:
  - id: TOTAL
    each: column of letters
    expr: sum(kinds) == total
    severity: hard
    says: 各类之和等于合计
    source: 表一
narrative:
  - id: SAID
    kind: equals
    severity: soft
    patterns: ["收到来信{n}件"]
    equals: [letters.total.received]
    says: 正文与表一一致
    source: 正文
"""


def load(tmp_path: Path, text: str) -> Form:
    path = tmp_path / "letters.yaml"
    path.write_text(text, encoding="utf-8")
    return load_form(path)


def refused(tmp_path: Path, text: str) -> tuple[int, str]:
    """The line and the message with which a form is refused."""
    begun = time.process_time()
    with pytest.raises(FormError) as caught:
        load(tmp_path, text)
    assert time.process_time() - begun < 2
    found = re.fullmatch(rf"{re.escape(str(tmp_path))}/letters\.yaml:(\d+): (.*)", str(caught.value), re.DOTALL)
    assert found, str(caught.value)
    assert len(found[2]) < 600
    return int(found[1]), found[2]


def line_of(text: str, part: str) -> int:
    """The line in which ``part`` begins for the last time."""
    return text.count("\n", 0, text.rindex(part)) + 1


def rule(expr: str, more: str = "severity: hard", number: int = 1) -> str:
    """One more rule over the whole report, on five lines of its own."""
    return f"  - id: MORE-{number}\n    expr: {expr}\n    {more}\n    says: 示例\n    source: 表一\n"


def with_rules(*rules: str) -> str:
    return GOOD.replace("narrative:\n", "".join(rules) + "narrative:\n")


A, B, T = "letters.petitions.received", "letters.advice.received", "letters.total.received"
CHANGE, COST, COSTS = "letters.petitions.change", "letters.petitions.cost", "letters.advice.cost"


def test_the_good_form_is_a_form(tmp_path: Path) -> None:
    form = load(tmp_path, GOOD)

    assert (9, 3, 1) == (len(form.fields), len(form.rules), len(form.narrative))


# One wrong place: what is changed, where the line is, what is said


CHANGED: list[tuple[str, str, str, str]] = [
    # structure
    ("form: letters-2023", "form: letters 2023", "form:", "must be one word"),
    ("detect: [本年来信件数]", "detect: []", "detect:", "at least one label"),
    ("detect: [本年来信件数]", "since: 2024\nuntil: 2023\ndetect: [本年来信件数]", "until:", "before since"),
    ("title: 来信统计表", "title: 2023-01-01", "title:", "in quotes"),
    ("title: 来信统计表", "title: 1.5", "title:", "in quotes"),
    ("title: 来信统计表", "title: 12", "title:", "title: Input should be a valid string"),
    ("title: 来信统计表", "titel: 来信统计表", "form:", "title: Field required"),
    ("authority: 某", "authorities: 某\nauthority: 某", "authorities:", "authorities: Extra inputs"),
    ("title: 来信统计表", "title: 来信统计表\ntitle: 来信", "title: 来信\n", "stands twice"),
    ("table: letters}", "table: letter}", "table: letter}", "no table 'letter'"),
    ("    unit: 件\n    blocks:", "    unit: 件\n    units: 件\n    blocks:", "units:", "units: Extra inputs"),
    ("  - id: letters\n", "  - id: letters list\n", "id: letters list", "cannot stand in an expression"),
    ("kind: signed", "kind: sign", "kind: sign}", "kind: Input should be"),
    ("id: advice", "id: petitions", "意见建议", "stands twice"),
    ("id: advice", "id: kinds", "意见建议", "stands twice"),
    ("id: advice", "id: ad-vice", "意见建议", "cannot stand in an expression"),
    ("id: advice", "id: ａdvice", "意见建议", "cannot stand in an expression"),
    ("label: 意见建议", "label: 投诉请求", "advice, label", "same label"),
    ("label: 意见建议", "label: ——", "label: ——", "empty label"),
    ("          - {id: total, label: 来信合计}\n", "          - {id: total}\n", "id: total}", "label: Field required"),
    # names and shape of rules
    ("sum(kinds) == total", "sum(kind) == total", "sum(kind)", "no row 'kind'"),
    ("sum(kinds) == total", "kinds == total", "expr: kinds", "2 fields"),
    ("sum(kinds) == total", "sum(kinds) + total == total", "expr:", "names a field twice"),
    ("sum(kinds) == total", "sum(kinds) * total == 1", "expr:", "not allowed"),
    ("sum(kinds) == total", "sum(kinds)", "expr:", "exactly one of"),
    ("sum(kinds) == total", "sum(kinds) == 2000000", "expr:", "none may be above"),
    ("each: column of letters", "each: column of letter", "each:", "tables are letters"),
    ("each: column of letters", "each: column of letters\n    needs: [nobody]", "needs:", "has all of nobody"),
    ("each: column of letters", "needs: [total]", "needs:", "there is no `each`"),
    ("each: column of letters", "each: column of letters\n    when: letters.total == 1", "when:", "table.row.column"),
    ("each: column of letters", "each: column of letters\n    when: letters.total.sum == 1", "when:", "no column 'sum'"),
    ("each: column of letters", "each: column of letters\n    unless_agency: 局(", "unless", "not a regular expression"),
    ("severity: hard", "severity: harsh", "severity: harsh", "severity: Input should be"),
    ("  - id: SAID", "  - id: TOTAL", "id: TOTAL", "already taken"),
    # the narrative
    ("收到来信{n}件", "收到来信{n件", "patterns:", "no {n}"),
    ("收到来信{n}件", "收到(来信{n}件", "patterns:", "not a regular expression"),
    ("收到来信{n}件", "收到来信件", "patterns:", "no {n}, which the kind equals needs"),
    ("kind: equals", "kind: percent", "patterns:", "no (?P<p>…)"),
    ("kind: equals", "kind: mention", "id: SAID", "needs `when`"),
    ("equals: [letters.total.received]", "equals: [letters.total.spent]", "equals:", "no column 'spent'"),
    ("    equals: [letters.total.received]\n", "", "id: SAID", "needs `equals`"),
    ('patterns: ["收到来信{n}件"]', "patterns: []", "patterns:", "no pattern"),
]


@pytest.mark.parametrize(("old", "new", "at", "words"), CHANGED, ids=[c[1][:40] for c in CHANGED])
def test_one_wrong_entry_is_refused_with_its_line(tmp_path: Path, old: str, new: str, at: str, words: str) -> None:
    assert old in GOOD
    text = GOOD.replace(old, new, 1)
    line, message = refused(tmp_path, text)

    assert words in message
    assert line_of(text, at) == line, message


# Rules that cannot hold, or say nothing


NEVER = [
    f"{A} + {B} == -1", f"{A} <= -1", f"-{A} >= 1", f"{A} + 3 <= {'0'}", f"2 * {A} == 2 * {B} + 1",
    f"4 * {A} - 6 * {B} == 3", f"3 * {A} + 5 * {B} == 7", f"2 * {CHANGE} == 5", f"3 * {COST} == 1", f"{COST} + {COSTS} == -2",
]  # fmt: skip
NOTHING = [f"{A} >= 0", f"{A} + {B} >= -5", f"-{A} <= 0", f"0 <= {COST}", f"{A} + 1 >= 0"]
SAYS_SOMETHING = [
    f"{A} <= 5", f"2 * {A} == 2 * {B} + 4", f"{CHANGE} >= 0", f"{CHANGE} == -3", f"3 * {COST} == 6", f"5 * {COST} == 1",
    f"3 * {A} + 5 * {B} == 8", f"{A} + {B} >= 1", f"{A} - {B} <= -1",
]  # fmt: skip


@pytest.mark.parametrize("severity", ["hard", "soft"])
@pytest.mark.parametrize("expr", NEVER)
def test_a_rule_that_no_figures_fit_is_refused_with_its_line(tmp_path: Path, expr: str, severity: str) -> None:
    text = with_rules(rule(expr, f"severity: {severity}"))
    line, message = refused(tmp_path, text)

    assert line_of(text, f"expr: {expr}") == line
    assert "rule MORE-1 can never hold" in message


@pytest.mark.parametrize("severity", ["hard", "soft"])
@pytest.mark.parametrize("expr", NOTHING)
def test_a_rule_that_all_figures_fit_is_refused_with_its_line(tmp_path: Path, expr: str, severity: str) -> None:
    text = with_rules(rule(expr, f"severity: {severity}"))
    line, message = refused(tmp_path, text)

    assert line_of(text, f"expr: {expr}") == line
    assert "rule MORE-1 says nothing" in message


@pytest.mark.parametrize("expr", SAYS_SOMETHING)
def test_a_rule_that_some_figures_fit_is_taken(tmp_path: Path, expr: str) -> None:
    assert 4 == len(load(tmp_path, with_rules(rule(expr, "severity: soft"))).rules)


@pytest.mark.parametrize(
    ("when", "words"),
    [(f"{A} <= -1", "condition `when` of rule MORE-1 can never hold"), (f"{A} >= 0", "condition `when` of rule MORE-1 says nothing")],
)
def test_a_condition_that_never_or_always_holds_is_refused_with_its_line(tmp_path: Path, when: str, words: str) -> None:
    text = with_rules(rule(f"{A} == 1", f"when: {when}\n    severity: soft"))
    line, message = refused(tmp_path, text)

    assert line_of(text, "when:") == line
    assert words in message


# Rules that are wrong together


@pytest.mark.parametrize(
    ("rules", "culprit", "words"),
    [
        ([f"{A} == {B}", f"{A} == {B} + 1"], 2, "contradicts the hard rules before it"),
        ([f"{A} >= {T} + 1"], 1, "contradicts the hard rules before it"),
        ([f"{A} <= {B}", f"{B} <= {A} - 1"], 2, "contradicts the hard rules before it"),
        ([f"{A} == {B}", f"{T} == 5"], 2, "contradicts the hard rules before it"),  # 5 has no half
        ([f"{A} == 0"], 1, f"leaves {A.replace('.', '/')} no value but 0"),
        ([f"{A} + {B} == 0"], 1, "no value but 0"),
        ([f"{A} == {T}"], 1, f"leaves {B.replace('.', '/')} no value but 0"),
        ([f"{A} >= {T}"], 1, f"leaves {B.replace('.', '/')} no value but 0"),
        ([f"{A} <= 3", f"{A} >= 3"], 2, f"leaves {A.replace('.', '/')} no value but 3"),
        ([f"{A} == {B}", f"{A} + {B} + {T} == 4"], 2, "no value but"),
        ([f"{T} == {A} + {B}"], 1, "says the same as rule TOTAL (received) in line 26"),
        ([f"2 * {T} == 2 * {A} + 2 * {B}"], 1, "says the same as rule TOTAL (received)"),
        ([f"{A} <= {B}", f"{B} - {A} >= 0"], 2, "says the same as rule MORE-1 in line"),
    ],
)
def test_hard_rules_that_are_wrong_together_are_refused_where_they_become_so(
    tmp_path: Path, rules: list[str], culprit: int, words: str
) -> None:
    text = with_rules(*(rule(expr, number=n + 1) for n, expr in enumerate(rules)))
    line, message = refused(tmp_path, text)

    assert line_of(text, f"expr: {rules[culprit - 1]}") == line, message
    assert f"rule MORE-{culprit}" in message
    assert words in message


@pytest.mark.parametrize(
    ("expr", "more"),
    [
        (f"{A} >= {T} + 1", "severity: soft"),
        (f"{B} + 1 <= {B.replace('advice', 'petitions')} - {T}", "severity: soft"),
        (f"{A} == 0", f"when: {A} >= 1\n    severity: soft"),
        (f"{A} == {T}", f"when: {B} >= 1\n    severity: hard"),
    ],
)
def test_a_rule_that_cannot_hold_beside_the_hard_ones_is_refused(tmp_path: Path, expr: str, more: str) -> None:
    text = with_rules(rule(expr, more))
    line, message = refused(tmp_path, text)

    assert line_of(text, f"expr: {expr}") == line
    assert "can never hold" in message


def test_a_rule_that_follows_from_others_is_no_error(tmp_path: Path) -> None:
    """The sums of rows and of columns share one equation; and a soft rule may well force a figure."""
    sums = GOOD.replace("- {id: change, label: 比上年增减, kind: signed}", "- {id: closed, label: 本年办结件数}").replace(
        "- {id: cost, label: 办理费用, kind: amount, unit: 万元}", "- {id: all, label: 合计件数}"
    )
    across = "  - {id: ACROSS, each: row of letters, expr: received + closed == all, severity: hard, says: 示例, source: 表一}\n"
    form = load(tmp_path, sums.replace("narrative:\n", across + rule(f"{A} == 0", "severity: soft") + "narrative:\n"))

    assert 7 == len(form.rules)


# Files made to do harm


def test_what_is_too_much_for_a_form_is_refused_at_once(tmp_path: Path) -> None:
    bomb = "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12))
    many = "".join(f"              - {{id: r{n}, label: 第{n}种来信}}\n" for n in range(2000))
    texts = [
        GOOD.replace("detect:", f"a0: &a0 [x, x]\n{bomb}detect:"),
        GOOD.replace("title: 来信统计表", "title: " + "[" * 100_000),
        GOOD.replace("title: 来信统计表", "title: " + "{a: " * 20_000),
        GOOD.replace("title: 来信统计表", "title: &t [*t]"),
        GOOD.replace("title: 来信统计表", "title: *nobody"),
        GOOD + "---\n" + GOOD,
        GOOD.replace("title: 来信统计表", "title: !!python/object/apply:os.system [ls]"),
        GOOD.replace("title: 来信统计表", "title: !!binary aGVsbG8="),
        GOOD.replace("title: 来信统计表", "? [title]\n: 来信统计表"),
        GOOD.replace("              - {id: petitions", many + "              - {id: petitions"),
        GOOD.replace("              - {id: petitions", many[: 1200 * 50] + "              - {id: petitions").replace("each: column", "each: row"),
        with_rules(*(f"  - {{id: M{n}, expr: {A} == 1, severity: soft, says: 示例, source: 表一}}\n" for n in range(2500))),
    ]  # fmt: skip
    for text in texts:
        refused(tmp_path, text)
    (tmp_path / "letters.yaml").write_bytes(b"form: x\n" + b"# \n" * 200_000)
    with pytest.raises(FormError, match="longer than"):
        load_form(tmp_path / "letters.yaml")


def test_rules_beyond_number_are_refused(tmp_path: Path) -> None:
    many = "".join(f"              - {{id: r{n}, label: 第{n}种来信}}\n" for n in range(800))
    each = "".join(
        f"  - {{id: M{n}, each: row of letters, expr: {n + 2} * received >= change + {n}, severity: soft, says: 示例, source: 表一}}\n"
        for n in range(3)
    )
    text = with_rules(each).replace("              - {id: petitions", many + "              - {id: petitions")

    assert "more than 2,000 instances of rules" in refused(tmp_path, text)[1]


@pytest.mark.parametrize("severity", ["hard", "soft"])
def test_entangled_rules_are_taken_or_refused_in_bounded_time(tmp_path: Path, severity: str) -> None:
    """Sixty equations over sixty rows each with thirty random factors: numbers of hundreds of digits on the way."""
    rng = Random(3)
    rows = "".join(f"              - {{id: r{n}, label: 第{n}种来信}}\n" for n in range(80))
    rules = []
    for n in range(60):
        left, right = ([f"{rng.randint(1, 999_999)} * letters.r{i}.received" for i in rng.sample(range(40 * k, 40 * k + 40), 12)] for k in (0, 1))
        expr = f"{' + '.join(left)} == {' + '.join(right)}"
        rules.append(f"  - {{id: M{n}, expr: {expr}, severity: {severity}, says: 示例, source: 表一}}\n")
    path = tmp_path / "letters.yaml"
    path.write_text(with_rules(*rules).replace("              - {id: petitions", rows + "              - {id: petitions"), encoding="utf-8")
    begun = time.process_time()
    try:
        load_form(path)
    except FormError as exc:
        assert re.search(r"letters\.yaml:\d+: ", str(exc))
    assert time.process_time() - begun < 10


def test_the_line_of_what_is_no_yaml_or_no_text_is_named(tmp_path: Path) -> None:
    broken = GOOD.replace("    unit: 件\n", "   unit: 件\n")
    assert line_of(broken, "   unit: 件\n") == refused(tmp_path, broken)[0]
    control = GOOD.replace("label: 来信合计", "label: 来信\x07合计")
    assert line_of(control, "\x07") == refused(tmp_path, control)[0]
    (tmp_path / "letters.yaml").write_bytes(GOOD.replace("合计}", "@").encode().replace(b"@", "合计}".encode("gb18030")))
    with pytest.raises(FormError, match=rf":{line_of(GOOD, '来信合计')}: cannot be read: not UTF-8"):
        load_form(tmp_path / "letters.yaml")


def test_a_wrong_entry_reached_through_an_alias_is_named_where_it_is_written(tmp_path: Path) -> None:
    block = "      - columns: *c\n        rows: [{id: other, label: 其他来信}]\n"
    text = GOOD.replace("columns:", "columns: &c").replace("rules:\n", block + "rules:\n").replace("kind: signed", "kind: sign")

    assert line_of(text, "kind: sign}") == refused(tmp_path, text)[0]


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        ("(a+)+b", "repeat inside a repeat"),
        ("(?:来信*)*件", "repeat inside a repeat"),
        ("(?:来|信?)*件{n}", None),
        ("(?:来{1,9}){2,}", "repeat inside a repeat"),
        ("(?:来{2})+件", None),
        ("(?:{n}件)+", "repeat inside a repeat"),
        (".*a.*b.*c.*d.*e", "open repeats"),
        ("(?:.*a|.*b|.*c|.*d|.*e)$", None),
        ("(?:来信|的|各类)*{n}件", None),
        ("收到(?:公开|申请|公开申请)*{n}件", "'公开申请' is made of others"),
        ("收到(?:公开|申请|依申请)*{n}件", None),
        ("x{99999999999}", "not a regular expression"),
        ("[[a]", "not a regular expression"),
        ("来" * 3000, "at most 2,000"),
        ("(" * 400 + "a" + ")" * 400, "not a regular expression"),
    ],
)
def test_a_pattern_that_could_run_away_is_refused(pattern: str, words: str | None) -> None:
    begun = time.process_time()
    if words is None:
        check_pattern(pattern, "form.yaml:3")
    else:
        with pytest.raises(FormError, match="^form.yaml:3: ") as caught:
            check_pattern(pattern, "form.yaml:3")
        assert words in str(caught.value)
    assert time.process_time() - begun < 1


# Against trying everything, and against an outside solver


def system(rng: Random) -> tuple[list[Row], list[Row], list[Domain]]:
    """A small random system: equations, inequalities, domains."""
    count = rng.randint(1, 5)
    domains = [rng.choice(("count", "count", "amount", "signed")) for _ in range(count)]

    def row() -> Row:
        out = {i: rng.choice((-2, -1, 1, 1, 3)) for i in rng.sample(range(count), rng.randint(1, min(3, count)))}
        return out | ({CONSTANT: rng.choice((-6, -3, 1, 2))} if rng.random() < 0.5 else {})

    return [row() for _ in range(rng.randint(0, 4))], [row() for _ in range(rng.randint(0, 3))], domains  # type: ignore[return-value]


def test_one_row_against_all_values_up_to_a_bound() -> None:
    """Over whole numbers from 0 (from -12 for signed ones) to 12 no solution of an impossible row turns up, and so on."""
    rng = Random(11)
    for _ in range(400):
        count = rng.randint(1, 3)
        domains: list[Domain] = [rng.choice(("count", "count", "signed")) for _ in range(count)]
        row: Row = {i: rng.choice((-3, -2, 1, 2, 4)) for i in range(count)} | {CONSTANT: rng.randint(-9, 9)}
        points = itertools.product(*(range(-12 if d == "signed" else 0, 13) for d in domains))
        sums = [sum(row[i] * x for i, x in enumerate(p)) + row[CONSTANT] for p in points]
        assert impossible(row, domains, equation=True) == (0 not in sums), (row, domains)
        assert impossible(row, domains, equation=False) == (min(sums) > 0), (row, domains)
        assert says_nothing(row, domains, equation=False) == (max(sums) <= 0), (row, domains)


def test_a_system_against_a_linear_programme() -> None:
    """scipy (HiGHS) as the judge: no solution, or one unknown with a single value, is found wherever it is; where whole
    numbers or decimals are needed more may be refused, never less."""
    optimize = pytest.importorskip("scipy.optimize")
    rng = Random(23)
    seen = set()
    for _ in range(400):
        equations, limits, domains = system(rng)
        wanted = judged(optimize.linprog, equations, limits, domains)
        fault = examine(equations, limits, domains)
        seen.add(wanted)
        if wanted == "sound":
            assert fault is None or fault == Fault(None), (equations, limits, domains)
        else:
            assert fault is not None, (equations, limits, domains)
    assert {"sound", "fixed", "nothing fits"} == seen


def judged(linprog: object, equations: list[Row], limits: list[Row], domains: list[Domain]) -> str:
    """What linear programming says of a system: over decimals, without whole numbers."""
    size = len(domains)

    def solve(goal: list[int]) -> object:
        def matrix(rows: list[Row]) -> tuple[object, object]:
            both = [[row.get(i, 0) for i in range(size)] for row in rows], [-row.get(CONSTANT, 0) for row in rows]
            return both if rows else (None, None)

        (a, b), (c, d) = matrix(limits), matrix(equations)
        bounds = [(None if x == "signed" else 0, None) for x in domains]
        return linprog(goal, A_ub=a, b_ub=b, A_eq=c, b_eq=d, bounds=bounds)  # type: ignore[operator]

    if solve([0] * size).status == 2:  # type: ignore[attr-defined]
        return "nothing fits"
    for i in {i for row in (*equations, *limits) for i in row if i != CONSTANT}:
        low, high = (solve([sign if n == i else 0 for n in range(size)]) for sign in (1, -1))
        if low.status == high.status == 0 and abs(low.fun + high.fun) < 1e-7:  # type: ignore[attr-defined]
            return "fixed"
    return "sound"


# Mutations of the shipped files


WORDS = ["==", "<=", "+", "-", "sum(", ")", "[", "]", "{", "}", "&a", "*a", ":", "\n", "\t", "  ", "9" * 30, "total", "\0", "null", "#", "'", "|", "-1"]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_a_mutated_form_is_taken_or_refused_and_nothing_else(tmp_path: Path, data: st.DataObject) -> None:
    """Lines deleted, doubled and exchanged, words put in anywhere: a form or a FormError with a line, within two seconds."""
    text = data.draw(st.sampled_from(SHIPPED)).read_text(encoding="utf-8")
    for _ in range(data.draw(st.integers(1, 4))):
        lines = text.split("\n")
        a, b = data.draw(st.integers(0, len(lines) - 1)), data.draw(st.integers(0, len(lines) - 1))
        kind = data.draw(st.sampled_from(["delete", "double", "exchange", "insert"]))
        if kind == "delete":
            del lines[a : a + data.draw(st.integers(1, 3))]
        elif kind == "double":
            lines.insert(a, lines[b])
        elif kind == "exchange":
            lines[a], lines[b] = lines[b], lines[a]
        else:
            at = data.draw(st.integers(0, len(lines[a])))
            lines[a] = lines[a][:at] + data.draw(st.sampled_from(WORDS)) + lines[a][at:]
        text = "\n".join(lines)
    path = tmp_path / "mutated.yaml"
    path.write_text(text, encoding="utf-8")
    begun = time.process_time()
    try:
        load_form(path)
    except FormError as exc:
        assert re.match(rf"{re.escape(str(path))}:\d+: ", str(exc)), str(exc)
    assert time.process_time() - begun < 2
