"""What holds for every text, damaged in whatever way: evidence, statuses, decisions, rules and numerals.

No truth is needed here: each test asks only whether a result is consistent with its own text and its own form.
"""

from __future__ import annotations

import random
from functools import lru_cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.damage import LEVELS, SHAPES, make_case
from extractor import text as text_module
from extractor.check.localise import localise
from extractor.codes import CODES, unanswered
from extractor.errors import ReportUnreadable
from extractor.form import Form, load_forms
from extractor.numerals import DASH, read_number
from extractor.pipeline import extract
from extractor.policy import Policy
from extractor.read import read_bytes, read_file
from extractor.record import dumps, to_record
from extractor.text import normalise
from extractor.types import Document, Extraction, Finding, Number, Resolved, Status, Verdict

ROOT = Path(__file__).resolve().parent.parent
FORMS = load_forms()
SOURCES = sorted(ROOT.glob("golden/*/source*"))
UNITS = (None, "万元", "元", "百元", "千元", "亿元")
OF_PRINT = {"RULE_PASSED", "RULE_FAILED", "RULE_FAILED_ELSEWHERE", "NO_RULE_COVERS", "UNSUPPORTED"}
# Doubts that stand in the place of an arithmetic code (docs/decision.md §5).
IN_PLACE = {"HEADER_INCOMPLETE"}
OF_BLANK = {"BLANK_OR_ZERO", "BLANK_AS_ZERO_HOLDS"}

quick = settings(max_examples=60, deadline=None, derandomize=True, database=None)
thorough = settings(quick, max_examples=150)


# ---------------------------------------------------------------- the invariants


def check(got: Extraction) -> None:
    """Every invariant of one extraction."""
    if got.form is None:
        assert (got.decision, got.resolved, got.decisions, got.findings) == ("unreadable", (), (), ())
        assert got.error
        return
    form = next(f for f in FORMS if f.id == got.form)
    check_cells(got, form)
    check_evidence(got.document, got.resolved)
    check_decisions(got)
    check_deduced(got, form)
    for f in got.findings:
        check_finding(f, got, form)


def check_cells(got: Extraction, form: Form) -> None:
    """Exactly one cell a field, in the form's order, each with what its status allows."""
    assert list(range(len(form.fields))) == [r.field for r in got.resolved] == [d.field for d in got.decisions]
    for r in got.resolved:
        if r.status is Status.PRINTED:
            check_printed(r, got.document, form)
        elif r.status is Status.BLANK:
            assert r.value is None, form.fields[r.field].id
            shown = got.document.norm[r.start : r.end] if r.start >= 0 else ""
            assert shown in ("", "无") or DASH.fullmatch(shown), form.fields[r.field].id
        else:
            assert (r.printed, r.start, r.end) == (None, -1, -1), form.fields[r.field].id
            assert (r.status is Status.DEDUCED) == (r.value is not None), form.fields[r.field].id
        if r.interval is not None:
            least, most = r.interval
            assert r.status is Status.LOST, form.fields[r.field].id
            assert 0 <= least, form.fields[r.field].id
            assert most is None or least <= most, form.fields[r.field].id


def check_printed(r: Resolved, document: Document, form: Form) -> None:
    """A printed cell re-reads at its evidence, and its value is what those characters say."""
    field = form.fields[r.field]
    assert 0 <= r.start < r.end <= len(document.text), field.id
    assert document.text[r.start : r.end] == r.printed, field.id
    said = [read_number(document.norm[r.start : r.end], field.kind, unit)[0] for unit in UNITS]
    assert r.value in said, (field.id, r.printed, r.value)
    assert r.value is not None or "TYPE_INVALID" in r.codes, field.id
    if isinstance(r.value, int) and field.kind != "amount" and not {"LOOKALIKE_DIGIT", "DIGITS_SPLIT"} & set(r.codes):
        digits = "".join(c for c in document.norm[r.start : r.end] if c.isdigit())

        assert str(abs(r.value)) == (digits.lstrip("0") or "0"), field.id


def check_evidence(document: Document, resolved: tuple[Resolved, ...]) -> None:
    """No character is the evidence of two fields."""
    spans = sorted((r.start, r.end, r.field) for r in resolved if r.start >= 0)
    shared = [(a, b) for a, b in zip(spans, spans[1:], strict=False) if b[0] < a[1]]

    assert [] == shared


def check_decisions(got: Extraction) -> None:
    """Open flags and doubts and nothing else send a cell to a person; a lost cell always goes."""
    for r, d in zip(got.resolved, got.decisions, strict=True):
        assert set(d.codes) <= set(CODES)
        assert len(set(d.codes)) == len(d.codes)
        spent = {"FIELD_LOST"} if r.status is Status.DEDUCED else set()
        open_ = r.status is Status.LOST or bool(set(unanswered(d.codes)) - spent)
        assert ("review" if open_ else "accept") == d.outcome, d
        assert ("ANCHORED" in d.codes) == (d.outcome == "accept"), d
        assert d.decision_class.startswith(f"{r.status.value}|"), d
        assert ("PROVEN" in d.codes) <= (r.status is Status.PRINTED), d
        assert 0 <= d.confidence <= 1
        kinds = len(OF_PRINT & set(d.codes)), len(OF_BLANK & set(d.codes))
        turned = r.status is Status.PRINTED and bool(IN_PLACE & set(d.codes))
        # Of a deduced cell the last says that its table holds a sum that fails.
        beside = r.status is Status.DEDUCED and "RULE_FAILED_ELSEWHERE" in d.codes
        assert {Status.PRINTED: (1, 0), Status.BLANK: (0, 1)}.get(r.status, (0, 0)) == kinds or (
            (turned and kinds == (0, 0)) or (beside and kinds == (1, 0))
        ), d
    accepted = all(d.outcome == "accept" for d in got.decisions)

    assert ("accept" if accepted else "review") == got.decision


def check_deduced(got: Extraction, form: Form) -> None:
    """No deduced cell stands in a hard rule that fails, and none is negative where the form counts."""
    known: list[Number | None] = [
        r.value if r.status in (Status.PRINTED, Status.DEDUCED) else None for r in got.resolved
    ]
    for i, r in enumerate(got.resolved):
        if r.status is Status.DEDUCED:
            verdicts = {form.rules[n].relation.verdict(known)[0] for n in form.rules_of[i]}

            assert Verdict.FAIL not in verdicts, form.fields[i].id
            assert Verdict.PASS in verdicts, form.fields[i].id
            assert r.value is not None
            assert r.value >= 0 or form.fields[i].kind == "signed", form.fields[i].id


def check_finding(f: Finding, got: Extraction, form: Form) -> None:
    """A finding fails somewhere, its implied values mend it, its suspects are cells of its rule."""
    assert Verdict.FAIL in (f.verdict, f.blank_as_zero)
    assert -1 <= f.start <= f.end <= len(got.document.text)
    assert set(f.suspects) <= set(f.fields)
    rule = next((r for r in form.rules if (r.id, r.instance) == (f.rule, f.instance)), None)
    if rule is None:
        return
    values: list[Number | None] = [
        0 if r.status is Status.BLANK else r.value if r.status is Status.PRINTED else None for r in got.resolved
    ]
    for i, wanted in f.implied:
        mended = {**dict(enumerate(values)), i: wanted}

        assert Verdict.PASS is rule.relation.verdict(mended)[0], (f.rule, f.instance)


class Open(Policy):
    """Every class is certified, so that whatever is not in doubt is accepted."""

    def accepts(self, decision_class: str) -> bool:
        """Yes."""
        return True


def read(data: bytes) -> Extraction | None:
    """The whole pipeline; None where the bytes are refused, which is the only exception there may be."""
    try:
        return extract(read_bytes(data, "x"), policy=Open())
    except ReportUnreadable:
        return None


def record(got: Extraction) -> str:
    """The line that other programs read."""
    form = next((f for f in FORMS if f.id == got.form), None)
    return dumps(to_record(got, form))


# ---------------------------------------------------------------- every golden source, every generated shape


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: f"{p.parent.name}-{p.stem}")
def test_invariants_hold_for_every_golden_source(path: Path) -> None:
    """Each report of the golden set, in each rendering of it."""
    check(extract(read_file(path)))


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: f"{p.parent.name}-{p.stem}")
def test_the_same_bytes_give_the_same_record(path: Path) -> None:
    """Two runs over one golden source write the same line, character for character."""
    data = path.read_bytes()

    assert record(extract(read_bytes(data, "x"))) == record(extract(read_bytes(data, "x")))


@pytest.mark.parametrize("form", FORMS, ids=lambda f: f.id)
@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("shape", SHAPES)
def test_invariants_hold_for_generated_reports(shape: str, level: str, form: Form) -> None:
    """Three reports of each shape, level of damage and form."""
    for seed in (901, 902, 903):
        got = read(make_case(form, seed, shape, level).data)
        if got is not None:
            check(got)


def test_line_ends_make_no_difference() -> None:
    """A report with CR LF line ends is read like one with LF."""
    for shape in ("tab-rows", "tab-cells", "plain-rows", "bare-lines"):
        data = make_case(FORMS[0], 905, shape, "clean").data
        one, other = read(data), read(data.replace(b"\n", b"\r\n"))
        assert one is not None
        assert other is not None

        assert [(r.status, r.value, r.printed) for r in one.resolved] == [
            (r.status, r.value, r.printed) for r in other.resolved
        ]
        assert [d.outcome for d in one.decisions] == [d.outcome for d in other.decisions]


# ---------------------------------------------------------------- random damage


@lru_cache(maxsize=1)
def texts() -> tuple[str, ...]:
    """A sound report of every shape, going round the forms."""
    return tuple(make_case(FORMS[n % len(FORMS)], 910 + n, shape, "clean").text for n, shape in enumerate(SHAPES))


NOISE = ["0", "7", "12", "1,470", "-", "/", "|", "\t", "\n", "\n\n", " ", "\u3000", "\u00a0", "总计", "其他", "（七）总计", "自然人", "规章", "第二十条第（五）项",
         "三、本年度办理结果", "四、政府信息公开行政复议、行政诉讼情况", "- 3 -", "１２", "O", "〇", "<td>", "&nbsp;", "万元", "ﬁ", "國", "😀", "\x00", "\ufeff", "\u200b"]  # fmt: skip
OPERATIONS = (
    "delete lines",
    "double lines",
    "swap lines",
    "delete characters",
    "insert",
    "truncate",
    "behead",
    "wrap",
    "line ends",
    "join lines",
)


def damaged(text: str, operation: str, rng: random.Random) -> str:
    """``text`` with one kind of damage somewhere."""
    lines = text.split("\n")
    a = rng.randrange(len(lines))
    b = min(len(lines), a + rng.choice((1, 1, 2, 9)))
    at = rng.randrange(len(text) + 1)
    match operation:
        case "delete lines":
            return "\n".join(lines[:a] + lines[b:])
        case "double lines":
            return "\n".join(lines[:b] + lines[a:])
        case "swap lines":
            c = rng.randrange(len(lines))
            lines[a], lines[c] = lines[c], lines[a]
            return "\n".join(lines)
        case "delete characters":
            return text[:at] + text[at + rng.choice((1, 1, 2, 7, 40)) :]
        case "insert":
            return text[:at] + rng.choice(NOISE) + text[at:]
        case "truncate":
            return text[:at]
        case "behead":
            return text[at:]
        case "wrap":
            width = rng.choice((10, 20, 80))
            return "\n".join(line[i : i + width] for line in lines for i in range(0, max(1, len(line)), width))
        case "join lines":
            return "\n".join(lines[:a]) + " ".join(lines[a:b]) + "\n".join(lines[b:])
        case _:
            return text.replace("\n", rng.choice(("\r\n", "\r", "\n\n")))


def every_operation(text: str, operations: list[str], seed: int) -> str:
    """``text`` after several kinds of damage, one after the other."""
    rng = random.Random(seed)
    for operation in operations:
        text = damaged(text, operation, rng) if text else text
    return text


@thorough
@given(
    st.integers(0, len(SHAPES) - 1),
    st.lists(st.sampled_from(OPERATIONS), min_size=1, max_size=6),
    st.integers(0, 2**32),
)
def test_no_damage_breaks_an_invariant(base: int, operations: list[str], seed: int) -> None:
    """Whatever is deleted, doubled, swapped, inserted, cut or wrapped, the result agrees with its own text."""
    got = read(every_operation(texts()[base], operations, seed).encode())
    if got is not None:
        check(got)


@quick
@given(
    st.integers(0, len(SHAPES) - 1),
    st.lists(st.sampled_from(OPERATIONS), min_size=1, max_size=4),
    st.integers(0, 2**32),
)
def test_damaged_texts_are_read_the_same_twice(base: int, operations: list[str], seed: int) -> None:
    """The same damaged bytes give the same record."""
    data = every_operation(texts()[base], operations, seed).encode()
    one, other = read(data), read(data)

    assert (one and record(one)) == (other and record(other))


@quick
@given(st.binary(max_size=400))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    """Bytes that are no report are refused with a code or give a record without cells."""
    got = read(data)
    if got is not None:
        check(got)


@quick
@given(st.text(max_size=300), st.integers(0, len(SHAPES) - 1), st.floats(0, 1))
def test_any_text_may_stand_in_a_report(text: str, base: int, place: float) -> None:
    """Text of any kind, anywhere in a report, breaks nothing."""
    whole = texts()[base]
    at = int(place * len(whole))
    got = read((whole[:at] + text + whole[at:]).encode("utf-8", "replace"))
    if got is not None:
        check(got)


# ---------------------------------------------------------------- rules and suspects


def consistent(form: Form, rng: random.Random) -> list[Number | None]:
    """Values of a report in which every hard rule holds: those of a generated one without misprints."""
    for seed in range(rng.randrange(10_000), 20_000):
        case = make_case(form, seed, "tab-rows", "clean")
        values = [t.value for t in case.truth]
        if not any(r.relation.verdict(values)[0] is Verdict.FAIL for r in form.rules if r.severity == "hard"):
            return values
    raise AssertionError("no consistent report")


def reached(form: Form, failing: list[int]) -> set[int]:
    """The cells that hang together with the failing rules through any hard rules."""
    cells = {i for n in failing for i in form.rules[n].relation.fields}
    while True:
        more = cells | {i for c in cells for n in form.rules_of[c] for i in form.rules[n].relation.fields}
        if more == cells:
            return cells
        cells = more


@quick
@given(st.sampled_from(FORMS), st.integers(0, 2**32), st.integers(1, 4))
def test_suspects_hang_together_with_the_failing_rules(form: Form, seed: int, errors: int) -> None:
    """No cell is named that no chain of hard rules ties to a failing one, and every explanation mends all of them."""
    rng = random.Random(seed)
    values = consistent(form, rng)
    covered = [i for i in range(len(form.fields)) if form.rules_of[i] and values[i] is not None]
    for i in rng.sample(covered, errors):
        values[i] = rng.randrange(40)
    failing = [
        n for n, r in enumerate(form.rules) if r.severity == "hard" and r.relation.verdict(values)[0] is Verdict.FAIL
    ]
    got = localise(form, failing, values)

    assert got.suspects <= reached(form, failing)
    assert bool(failing) == bool(got.suspects)
    for explanation in got.explanations:
        mended = {**dict(enumerate(values)), **dict(explanation)}
        concerned = {n for i, _ in explanation for n in form.rules_of[i]}

        assert not any(form.rules[n].relation.verdict(mended)[0] is Verdict.FAIL for n in concerned)
        assert all(w >= 0 or form.fields[i].kind == "signed" for i, w in explanation)


@quick
@given(st.sampled_from(FORMS), st.integers(0, 2**32))
def test_one_wrong_cell_is_always_a_suspect(form: Form, seed: int) -> None:
    """Where one cell of a consistent report is changed, that cell is among the suspects."""
    rng = random.Random(seed)
    values = consistent(form, rng)
    i = rng.choice([k for k in range(len(form.fields)) if form.rules_of[k] and values[k] is not None])
    values[i] = (values[i] or 0) + rng.randint(1, 30)
    failing = [n for n in form.rules_of[i] if form.rules[n].relation.verdict(values)[0] is Verdict.FAIL]

    assert i in localise(form, failing, values).suspects


@thorough
@given(st.sampled_from(FORMS), st.integers(0, 2**32))
def test_the_implied_value_satisfies_its_rule(form: Form, seed: int) -> None:
    """Whatever the other cells hold, putting the implied value in makes the equation hold."""
    rng = random.Random(seed)
    values: list[Number | None] = [rng.randrange(1000) for _ in form.fields]
    for rule in form.rules:
        if rule.severity != "hard":
            continue
        i = rng.choice(rule.relation.fields)
        wanted = rule.relation.implied(values, i)

        assert Verdict.PASS is rule.relation.verdict({**dict(enumerate(values)), i: wanted})[0]


# ---------------------------------------------------------------- numerals and text

FULL_WIDTH = str.maketrans("0123456789,+-", "０１２３４５６７８９，＋－")


@thorough
@given(st.integers(0, 10**15), st.booleans(), st.booleans(), st.sampled_from(["", " ", "\u3000"]))
def test_a_count_is_read_as_it_is_written(n: int, grouped: bool, wide: bool, blank: str) -> None:
    """Digits, with separators or without, half or full width, with blanks around: the same number and no doubt."""
    printed = f"{n:,}" if grouped else str(n)
    printed = blank + (printed.translate(FULL_WIDTH) if wide else printed) + blank
    value, codes = read_number(normalise(printed), "count")

    assert n == value
    assert set(codes) <= {"NUMERAL_NORMALISED"}


@thorough
@given(st.integers(-(10**9), 10**9), st.booleans())
def test_a_signed_figure_keeps_its_sign(n: int, wide: bool) -> None:
    """+129, －48 and 0 come back as they were."""
    printed = f"{n:+d}".translate(FULL_WIDTH) if wide else f"{n:+d}"
    value, codes = read_number(normalise(printed), "signed")

    assert n == value
    assert set(codes) <= {"NUMERAL_NORMALISED"}


@thorough
@given(st.integers(0, 10**12), st.integers(0, 4))
def test_money_is_exact(n: int, places: int) -> None:
    """An amount in 万元 has exactly the printed digits, and in 元 a ten thousandth of them."""
    printed = str(n) if not places else f"{n // 10**places}.{n % 10**places:0{places}d}"
    value, _ = read_number(printed, "amount", "万元")
    small, _ = read_number(f"{printed}元", "amount", "万元")
    assert value is not None
    assert small is not None

    assert n == value * 10**places
    assert value == small * 10_000


def test_characters_are_replaced_in_any_order_alike() -> None:
    """They are replaced one after the other, so none may become what another is."""
    every = "".join(map(chr, text_module._TABLE))

    assert every.translate(text_module._TABLE) == normalise(every)


@thorough
@given(st.text(alphabet=st.one_of(st.characters(), st.sampled_from("（）總計０９　\u00a0\r㈠⑴務開−│"))))
def test_normalising_never_moves_a_character(text: str) -> None:
    """Normalised text has the length of the text, and normalising again changes nothing."""
    once = normalise(text)

    assert len(text) == len(once)
    assert once == normalise(once)
