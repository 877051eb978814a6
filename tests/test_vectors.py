"""The decision spec as hand-written vectors: every reason code and every edit rule, given and not given.

The vectors in ``tests/vectors`` say what docs/decision.md demands; no expectation is copied from a run.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from extractor.check.narrative import _compiled
from extractor.codes import CELL_CODES, unanswered
from extractor.form import Form, compile_form, load_forms
from extractor.pipeline import Draft, decide, extract
from extractor.pipeline import draft as drafted
from extractor.policy import Policy
from extractor.read import read_bytes
from extractor.types import Candidate, Extraction, Finding, Number, Status, Verdict

HERE = Path(__file__).resolve().parent
SPEC = (HERE.parent / "docs" / "decision.md").read_text(encoding="utf-8")
SENTENCE = "全年工作平稳有序。"
BUILT_IN = {"TYPE", "BLANK-AND-ZERO", "FORM-YEAR"}
MENTION = "mention"

Vector = dict[str, Any]


def load(name: str) -> Any:
    """One of the vector files; decimals stay exact."""

    class Exact(yaml.SafeLoader):
        pass

    Exact.add_constructor("tag:yaml.org,2002:float", lambda loader, node: Decimal(str(node.value)))
    return yaml.load((HERE / "vectors" / name).read_text(encoding="utf-8"), Exact)


BASES: dict[str, str] = load("bases.yaml")
BY_CODE: list[Vector] = load("codes.yaml")
BY_RULE: list[Vector] = load("rules.yaml")
RUNS = [(v, base) for v in BY_RULE for base in v["bases"]]


def put(text: str, old: str, new: str, vector: str) -> str:
    """``text`` with ``old``, which stands in it exactly once, replaced."""
    assert text.count(old) == 1, f"{vector}: {old!r} stands {text.count(old)} times in the text"
    return text.replace(old, new)


def written(vector: Vector, base: str) -> str:
    """The text of a vector: its base with the vector's changes."""
    name = vector["id"]
    text = BASES[base].replace("\n", "↵")
    if "say" in vector:
        text = put(text, SENTENCE, vector["say"], name)
    for part in vector.get("drop", ()):
        lines = text.split("↵")
        (line,) = [x for x in lines if part in x] if sum(part in x for x in lines) == 1 else [""]
        assert line, f"{name}: {part!r} does not name one line"
        lines.remove(line)
        text = "↵".join(lines)
    for old, new in vector.get("replace", ()):
        text = put(text, old, new, name)
    if "cut_from" in vector:
        assert text.count(vector["cut_from"]) == 1, name
        text = text[: text.index(vector["cut_from"])]
    return text.replace("↵", "\n").replace("→", "\t")


@lru_cache(maxsize=1)
def drafts() -> tuple[Form, ...]:
    """The shipped forms as if they were drafts."""
    return tuple(compile_form(f.spec.model_copy(update={"draft": True}), f.path) for f in load_forms())


class Open(Policy):
    """A policy under which every class is certified: what a vector shows is the rest of the decision."""

    def accepts(self, decision_class: str) -> bool:
        """Yes."""
        return True


POLICIES = {"open": Open(), "none": Policy()}


@lru_cache(maxsize=256)
def run(text: str, draft: bool = False, policy: str = "open", notes: tuple[str, ...] = ()) -> tuple[Extraction, Form]:
    """The whole pipeline over one text, and the form it was read with."""
    forms = drafts() if draft else load_forms()
    document = read_bytes(text.encode(), "vector")
    got = extract(replace(document, notes=document.notes + notes), forms, POLICIES[policy])
    return got, next(f for f in forms if f.id == got.form)


def run_vector(vector: Vector) -> tuple[Extraction, Form]:
    """The pipeline over the text of a vector of a code, with what its model reads."""
    text, policy = written(vector, vector["base"]), vector.get("policy", "open")
    if "model" not in vector:
        return run(text, vector.get("draft", False), policy, tuple(vector.get("notes", ())))
    begun = drafted(read_bytes(text.encode(), "vector"), load_forms())
    assert isinstance(begun, Draft)
    said = [_said(vector["id"], text, begun.form.index[field], x) for field, x in vector["model"].items()]
    return decide(begun, POLICIES[policy], said), begun.form


def _said(name: str, text: str, field: int, said: dict[str, Any]) -> Candidate:
    """A model's reading of one cell: the figure ``token`` in the one line that holds ``line``, or an empty cell."""
    codes = tuple(said.get("codes", ()))
    if not said["token"]:
        return Candidate(field, Status.BLANK, None, "", -1, -1, codes, producer="model")
    (line,) = [m for m in re.finditer(r"[^\n]+", text) if said["line"] in m[0]]
    places = [line.start() + m.start() for m in re.finditer(rf"(?<!\d){said['token']}(?!\d)", line[0])]
    assert len(places) >= said.get("nth", 1), f"{name}: {said['token']} does not stand in the line"
    start = places[said.get("nth", 1) - 1]
    return Candidate(field, Status.PRINTED, int(said["token"]), said["token"], start, start + len(said["token"]), codes, producer="model")


def values(got: Extraction, blank_as_zero: bool = False) -> list[Number | None]:
    """What takes part in the rules: printed values, and blanks as none where asked."""
    blank = 0 if blank_as_zero else None
    return [
        r.value if r.status is Status.PRINTED else blank if r.status is Status.BLANK else None for r in got.resolved
    ]


def cell(got: Extraction, form: Form, field: str) -> dict[str, Any]:
    """What became of one cell, as the vectors say it."""
    r, d = got.resolved[form.index[field]], got.decisions[form.index[field]]
    printed = r.printed if r.start >= 0 else None
    interval = list(r.interval) if r.interval else None
    return {"status": r.status.value, "value": r.value, "printed": printed, "decision": d.outcome, "interval": interval}


# ---------------------------------------------------------------- codes


@pytest.mark.parametrize("vector", BY_CODE, ids=lambda v: v["id"])
def test_each_code_is_given_where_the_spec_says(vector: Vector) -> None:
    """The cell of the vector has the outcome written by hand, with the code or without it."""
    got, form = run_vector(vector)
    expect = dict(vector["expect"])
    wanted, unwanted = set(expect.pop("with", ())), set(expect.pop("without", ()))
    decided = set(got.decisions[form.index[vector["field"]]].codes)
    where = set(got.codes) if vector.get("of") == "report" else decided

    assert expect == {k: v for k, v in cell(got, form, vector["field"]).items() if k in expect}
    assert vector["gives"] == (vector["code"] in where), sorted(where)
    assert wanted <= decided, sorted(decided)
    assert not unwanted & decided
    assert vector.get("report", got.decision) == got.decision


@pytest.mark.parametrize("vector", BY_CODE, ids=lambda v: v["id"])
def test_an_open_flag_or_doubt_sends_the_cell_to_a_person_and_nothing_else_does(vector: Vector) -> None:
    """In every text of the vectors a cell is for review exactly where it is lost or carries a code that nothing answers."""
    got, _ = run_vector(vector)
    lost = [r.status is Status.LOST for r in got.resolved]
    spent = [{"FIELD_LOST"} if r.status is Status.DEDUCED else set() for r in got.resolved]
    by_codes = [
        "review" if x or set(unanswered(d.codes)) - s else "accept"
        for x, s, d in zip(lost, spent, got.decisions, strict=True)
    ]

    assert by_codes == [d.outcome for d in got.decisions]


def test_every_code_has_a_vector_each_way() -> None:
    """Each code of codes.py keeps one vector in which it is given and one in which it is not."""
    ways = {(v["code"], v["gives"]) for v in BY_CODE}

    assert {(c, way) for c in CELL_CODES for way in (True, False)} == ways


def test_vectors_have_names_of_their_own() -> None:
    names = [v["id"] for v in [*BY_CODE, *BY_RULE]]

    assert sorted(set(names)) == sorted(names)


# ---------------------------------------------------------------- rules


def instance_of(vector: Vector, base: str) -> str:
    """The instance of the rule that the vector looks at in this base."""
    return str(vector["instances"][base] if "instances" in vector else vector.get("instance", "narrative"))


def found(got: Extraction, rule: str, instance: str) -> list[Finding]:
    """The findings of one instance of one rule."""
    return [f for f in got.findings if (f.rule, f.instance) == (rule, instance)]


def holds_on(
    vector: Vector, instance: str, got: Extraction, form: Form
) -> tuple[Verdict, Verdict, Number | None, Number | None]:
    """The verdicts of a compiled rule on the print and with blanks as none, and the two sides of the last."""
    rule = next(r for r in form.rules if (r.id, r.instance) == (vector["rule"], instance))
    verdict, left, right = rule.relation.verdict(values(got))
    as_zero = verdict
    if verdict is Verdict.NOT_ASSESSABLE:
        as_zero, left, right = rule.relation.verdict(values(got, blank_as_zero=True))
    return verdict, as_zero, left, right


@pytest.mark.parametrize(("vector", "base"), RUNS, ids=[f"{v['id']}-{base}" for v, base in RUNS])
def test_each_rule_says_what_the_spec_demands(vector: Vector, base: str) -> None:
    """Verdict, sides, severity, blame, suspects, cause and implied values are those written by hand."""
    got, form = run(written(vector, base))
    instance = instance_of(vector, base)
    findings = found(got, vector["rule"], instance)
    fails = "fail" in (vector["verdict"], vector.get("as_zero"))

    assert int(fails) == len(findings), findings
    if findings:
        _check_finding(vector, findings[0], form)
    if "suspects" in vector:
        assert set(vector["suspects"]) == {
            form.fields[i].id for f in got.findings if f.severity == "hard" for i in f.suspects
        }
    if vector["rule"] in {r.id for r in form.rules} and vector["verdict"] != "off":
        verdict, as_zero, left, right = holds_on(vector, instance, got, form)

        assert (vector["verdict"], vector.get("as_zero", vector["verdict"])) == (verdict.value, as_zero.value)
        assert {k: vector[k] for k in ("left", "right") if k in vector} == {
            k: v for k, v in {"left": left, "right": right}.items() if k in vector
        }
    for field, expect in vector.get("cells", {}).items():
        assert expect == {k: v for k, v in cell(got, form, field).items() if k in expect}, field


def _check_finding(vector: Vector, f: Finding, form: Form) -> None:
    narrative = f.instance == "narrative"
    expected = {
        "verdict": vector["verdict"], "as_zero": vector.get("as_zero", vector["verdict"]),
        "left": vector.get("left"), "right": vector.get("right"),
        "severity": vector.get("severity", "soft" if narrative else None),
        "blame": vector.get("blame", "unknown" if narrative else None), "cause": vector.get("cause", f.cause),
    }  # fmt: skip
    implied = {form.fields[i].id: v for i, v in f.implied}

    assert expected == {
        "verdict": f.verdict.value, "as_zero": f.blank_as_zero.value, "left": f.left, "right": f.right,
        "severity": f.severity, "blame": f.blame.value, "cause": f.cause,
    }  # fmt: skip
    assert vector.get("implied", {}).items() <= implied.items()


@pytest.mark.parametrize(
    ("vector", "base"),
    [(v, base) for v, base in RUNS if "implied" in v and v["verdict"] == "not_assessable"],
    ids=lambda x: x if isinstance(x, str) else x["id"],
)
def test_a_hard_rule_says_what_its_missing_cell_must_be(vector: Vector, base: str) -> None:
    """Where one participant is missing the rule implies the value written by hand."""
    got, form = run(written(vector, base))
    rule = next(r for r in form.rules if (r.id, r.instance) == (vector["rule"], vector["instance"]))
    known = values(got, blank_as_zero=True)

    assert vector["implied"] == {field: rule.relation.implied(known, form.index[field]) for field in vector["implied"]}


@pytest.mark.parametrize(
    ("vector", "base"),
    [(v, base) for v, base in RUNS if "say" in v],
    ids=lambda x: x if isinstance(x, str) else x["id"],
)
def test_the_sentence_of_a_narrative_vector_is_one_that_the_rule_reads(vector: Vector, base: str) -> None:
    """A narrative vector that passes does so because the figures agree, not because no pattern matches."""
    _, form = run(written(vector, base))
    rule = next(n for n in form.narrative if n.id == vector["rule"])
    said = vector["say"].replace("，", ",")

    assert any(_compiled(p).search(said) for p in rule.patterns)


def rule_ids(form: Form) -> Iterator[str]:
    """Every rule of a form: edit rules, narrative rules and the three built-in checks."""
    yield from {r.id for r in form.rules} | {n.id for n in form.narrative} | BUILT_IN


@pytest.mark.parametrize("form", load_forms(), ids=lambda f: f.id)
def test_every_rule_has_a_vector_that_holds_and_one_that_fails(form: Form) -> None:
    """Each rule of each shipped form keeps one vector of each verdict in that form."""
    base_of = {"disclosure-2019": "19", "disclosure-2021": "21"}[form.id]
    seen: dict[str, set[str]] = defaultdict(set)
    for vector, base in RUNS:
        if base.endswith(base_of):
            seen[vector["rule"]].add(vector["verdict"])

    assert {r: {"pass", "fail"} for r in rule_ids(form)} == {r: seen[r] & {"pass", "fail"} for r in rule_ids(form)}


@pytest.mark.parametrize("form", load_forms(), ids=lambda f: f.id)
def test_every_hard_rule_has_vectors_for_lost_and_blank_cells(form: Form) -> None:
    """Each hard rule keeps a vector with a lost participant and one that holds with blanks as none."""
    hard = {r.id for r in form.rules if r.severity == "hard"}
    lost = {v["rule"] for v in BY_RULE if v["verdict"] == "not_assessable" and "as_zero" not in v}
    blank = {v["rule"] for v in BY_RULE if v.get("as_zero") == "pass"}

    assert hard <= lost & blank


# ---------------------------------------------------------------- the spec itself


def table_of_codes() -> dict[str, tuple[str, str]]:
    """Code to kind and vector names, as the tables of docs/decision.md print them."""
    rows = re.findall(r"^\| `([A-Z_]+)` \| (flag|doubt|info) \| .+ \| ([^|]+) \|$", SPEC, re.M)
    return {code: (kind, names) for code, kind, names in rows}


def test_the_spec_and_the_program_have_the_same_codes() -> None:
    """docs/decision.md defines every code of codes.py, of the same kind, and no other."""
    assert {c: x.kind for c, x in CELL_CODES.items()} == {c: kind for c, (kind, _) in table_of_codes().items()}


def test_the_spec_names_every_vector_of_a_code() -> None:
    """The table of codes names the vectors that show each code, all of them."""
    named = {code: set(re.findall(r"[a-z][a-z0-9-]+", names)) for code, (_, names) in table_of_codes().items()}
    mine: dict[str, set[str]] = defaultdict(set)
    for v in BY_CODE:
        mine[v["code"]].add(v["id"])

    assert dict(mine) == named


def test_the_spec_is_short() -> None:
    assert len(SPEC.splitlines()) <= 240
