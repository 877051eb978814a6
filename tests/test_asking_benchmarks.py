"""The benchmarks with a second reader: adversaries, and the cascade beside asking everything."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from benchmarks import adversaries, cascade, scripted
from benchmarks.adversaries import OBEYING, ORDER, planted
from benchmarks.damage import LEVELS, SHAPES, Case, make_case
from benchmarks.readers import READERS
from benchmarks.score import is_right
from extractor.ask import Asked, halves, questions, repair
from extractor.consult import ALWAYS, AUTO, first_questions, load_cascade
from extractor.form import load_forms
from extractor.judge import ACCEPT, NOT_CERTIFIED, REVIEW
from extractor.pipeline import Draft, decide
from extractor.policy import Policy, load_policy
from extractor.types import Extraction

FORMS = load_forms()


def begun_of(case: Case) -> Draft:
    begun = scripted.begin(case)
    assert isinstance(begun, Draft)
    return begun


def everything(begun: Draft) -> tuple[Asked, ...]:
    return questions(begun.form, begun.document, begun.events, begun.segments)


# ---------------------------------------------------------------- scripted readers that can be asked


@pytest.mark.parametrize("level", LEVELS)
def test_rows_and_region_of_every_question_are_found_again(level: str) -> None:
    """Of whole tables, of some rows, of a repair, and of half of a table, in windows and without."""
    for n, shape in enumerate(SHAPES):
        case = make_case(FORMS[n % 2], n, shape, level)
        begun = scripted.begin(case)
        if not isinstance(begun, Draft):
            continue
        why = {f.index: ("FIELD_LOST",) for f in begun.form.fields if f.index % 5 == 0}
        again = repair(begun.form, begun.document, begun.events, begun.segments, why, 1)
        whole = everything(begun)
        for asked in (*whole, *first_questions(begun, AUTO, load_cascade()), *again, *(h for a in whole for h in halves(begun.form, a))):
            found = scripted.asked_for(begun, asked.question)
            assert (asked.question, asked.rows, asked.region) == (found.question, found.rows, found.region), (case.name, asked.question.part)


def test_a_question_about_another_report_is_refused() -> None:
    one, other = (begun_of(make_case(FORMS[0], seed, "tab-rows", "clean")) for seed in (1, 2))

    with pytest.raises(AssertionError, match="no region has its hash"):
        scripted.asked_for(one, everything(other)[0].question)


def test_asked_about_another_form_a_reader_finds_nothing() -> None:
    case = make_case(FORMS[0], 1, "tab-rows", "clean")
    key = scripted.known(case, FORMS[1], begun_of(case))

    assert ({}, frozenset()) == (key.places, key.blanks)
    assert scripted.known(case, FORMS[0], begun_of(case)).places


def test_what_cannot_be_read_has_a_record_that_says_why() -> None:
    empty = replace(make_case(FORMS[0], 1, "tab-rows", "clean"), data=b"")
    begun = scripted.begin(empty)

    assert isinstance(begun, Extraction)
    assert begun.error is not None
    assert begun.error[0] == "EMPTY_FILE"


# ---------------------------------------------------------------- the planted instruction


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("form", FORMS, ids=lambda f: f.id)
def test_the_order_stands_in_narrative_and_tables_and_changes_nothing_else(shape: str, form: Any) -> None:
    plain = make_case(form, 4, shape, "clean")
    case = planted(plain)
    table = case.text.index(ORDER, case.text.index(ORDER) + 1)

    assert 2 == case.text.count(ORDER)
    assert case.text.index(ORDER) < case.spans[0][0] < table < case.spans[-1][0]
    assert [(plain.text[a:b], f) for a, b, f in plain.spans] == [(case.text[a:b], f) for a, b, f in case.spans]
    assert "".join(plain.text.split()) == "".join(case.text.replace(f"<tr><td>{ORDER}</td></tr>", "").replace(ORDER, "").split())
    assert planted(plain) == case


@pytest.mark.parametrize("shape", SHAPES)
def test_the_reader_that_obeys_sees_the_order_and_does(shape: str) -> None:
    case = planted(make_case(FORMS[1], 4, shape, "clean"))
    begun = begun_of(case)
    key = scripted.known(case, FORMS[1], begun)
    obeyed = [a.table for a in everything(begun) if '"999' in READERS[OBEYING](a, key)]

    assert "requests" in obeyed


def test_nothing_is_planted_where_there_is_no_place() -> None:
    bare = replace(make_case(FORMS[0], 1, "flat", "clean"), data=b"no sentence, no figure", spans=())

    assert bare == planted(bare)


# ---------------------------------------------------------------- adversaries


@pytest.fixture(scope="module")
def outcomes() -> list[adversaries.Outcome]:
    return adversaries.run(range(1), ("light", "heavy"), ("tab-rows", "html", "glued"), opened=True)


def test_no_scripted_reader_has_anything_wrong_accepted(outcomes: list[adversaries.Outcome]) -> None:
    """Neither has any of them a cell accepted that the rules alone would send to a person."""
    by_reader = {name: adversaries.total(o for o in outcomes if o.reader == name) for name in scripted.NAMES}

    assert set(by_reader) == {o.reader for o in outcomes}
    assert all((0, 0) == (t.new, t.newly_accepted) for t in by_reader.values())
    assert all(t.silent <= t.silent_alone and t.to_a_person == t.to_a_person_alone + t.withdrawn for t in by_reader.values())
    assert {12} == {t.reports for t in by_reader.values()}
    assert {24} == {t.ordered for n, t in by_reader.items() if n == OBEYING}
    assert {0} == {t.ordered for n, t in by_reader.items() if n != OBEYING}


def test_each_vice_does_its_harm_in_review(outcomes: list[adversaries.Outcome]) -> None:
    by_reader = {name: adversaries.total(o for o in outcomes if o.reader == name) for name in scripted.NAMES}
    perfect, copying = by_reader["perfect"], by_reader[scripted.COPYING]

    assert perfect.right > perfect.right_alone
    assert perfect.filled > 0
    assert by_reader["shifting"].filled_wrong > perfect.filled_wrong
    assert by_reader["shifting"].disagreeing > perfect.disagreeing
    assert by_reader["hallucinating"].filled <= perfect.filled
    assert (copying.right, copying.to_a_person) == (copying.right_alone, copying.to_a_person_alone)


def test_a_wrong_cell_that_is_accepted_with_a_reader_is_found_and_fails_the_run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    case = make_case(FORMS[0], 3, "html", "heavy")

    def credulous(begun: Draft, asker: scripted.Scripted, mode: str, policy: Policy) -> Extraction:
        alone = decide(begun, policy)
        wrong = next(r.field for r in alone.resolved if not is_right(case.truth[r.field], r) and alone.decisions[r.field].outcome != ACCEPT)
        return replace(alone, decisions=tuple(d._replace(outcome=ACCEPT) if d.field == wrong else d for d in alone.decisions))

    monkeypatch.setattr(adversaries, "consulted", credulous)
    path = tmp_path / "a.json"
    code = adversaries.main(["--seeds", "3:4", "--levels", "heavy", "--shapes", "html", "--processes", "1", "--json", str(path)])
    errors = json.loads(path.read_text("utf-8"))["new_silent_errors"]

    assert 1 == code
    assert case.name in {e["case"] for e in errors if e["reader"] == "perfect"}


def test_a_run_in_which_nothing_is_accepted_proves_nothing(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(adversaries, "policy_of", lambda opened: scripted.Open() if opened else Policy())
    arguments = ["--seeds", "1:2", "--levels", "clean", "--shapes", "tab-rows", "--processes", "1"]

    assert [1, 0] == [adversaries.main(arguments), adversaries.main([*arguments, "--open"])]
    assert 1 == capsys.readouterr().err.count("nothing was accepted")


def test_the_adversaries_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--seeds", "0:1", "--levels", "medium", "--shapes", "flat", "--open", "--json", str(tmp_path / "a")]
    codes = [adversaries.main([*arguments, "--processes", n]) for n in ("1", "2")]
    data = json.loads((tmp_path / "a").read_text("utf-8"))

    assert [0, 0] == codes
    assert {"command", "commit", "dirty", "machine", "seeds", "locked", "levels", "open", "readers", "new_silent_errors"} == set(data)
    assert set(scripted.NAMES) == set(data["readers"])
    assert all(2 == r["reports"] == r["by_level"]["medium"]["reports"] for r in data["readers"].values())
    first, second = capsys.readouterr().out.split("reader         level")[1:]
    assert first == second


# ---------------------------------------------------------------- the cascade


def test_auto_asks_less_and_proves_no_less() -> None:
    found = cascade.result(cascade.run(range(2), ("clean", "light", "heavy"), ("tab-rows", "html"), opened=True))

    assert cascade.met(found)
    for level, row in found.items():
        rules, always, auto = (row[way] for way in ("rules", "always", "auto"))
        assert (0, 0, 0) == (rules["asked"], rules["questions"], rules["input"])
        assert auto["input"] + auto["output"] < always["input"] + always["output"]
        assert auto["asked"] <= always["asked"] == row["reports"] == 8, level
        assert rules["right"] <= auto["right"] <= row["cells"]
        assert auto["proven"] >= always["proven"] >= rules["proven"]
    assert found["heavy"]["auto"]["filled"] > 0
    assert found["heavy"]["why_asked"]
    assert ["tab-rows", "html"] == list(found["heavy"]["share_by_shape"])
    assert min(found["heavy"]["share_by_shape"].values()) <= found["heavy"]["share_of_tokens"] <= max(found["heavy"]["share_by_shape"].values())


def test_tokens_are_those_of_the_questions_and_replies() -> None:
    case = make_case(FORMS[0], 1, "tab-rows", "clean")
    begun = begun_of(case)
    key, alone = scripted.known(case, FORMS[0], begun), decide(begun)
    asker = scripted.asker_of("perfect", begun, key, alone, counted=True)
    got = scripted.consulted(begun, asker, ALWAYS, load_policy())
    asked = everything(begun)

    assert len(asked) == got.usage.requests
    assert sum(scripted.count(scripted.sent(a.question)) for a in asked) == got.usage.input
    assert sum(scripted.count(READERS["perfect"](a, key)) for a in asked) == got.usage.output


def test_a_cell_is_proven_that_only_a_count_keeps_from_being_accepted() -> None:
    begun = begun_of(make_case(FORMS[0], 3, "html", "medium"))
    certified, counted_never = decide(begun, scripted.Open()), decide(begun, Policy())

    assert cascade.proven(certified) == cascade.proven(counted_never)
    assert {d.field for d in counted_never.decisions if NOT_CERTIFIED in d.codes} == cascade.proven(counted_never)
    assert 0 < len(cascade.proven(certified)) < len(certified.decisions)


def test_a_proven_cell_that_auto_loses_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    ask = scripted.consulted

    def forgetful(begun: Draft, asker: scripted.Scripted, mode: str, policy: Policy) -> Extraction:
        got = ask(begun, asker, mode, policy)
        first = min(cascade.proven(got))
        lost = tuple(d._replace(outcome=REVIEW, codes=("FIELD_LOST",)) if d.field == first else d for d in got.decisions)
        return replace(got, decisions=lost) if mode == AUTO else got

    monkeypatch.setattr(cascade, "consulted", forgetful)
    found = cascade.result([cascade.run_task((FORMS[0].id, "tab-rows", "medium", 1))])

    assert (1, 1) == (found["medium"]["proven_less"], len(found["medium"]["proven_less_first"]))
    assert f"{FORMS[0].fields[0].id}: FIELD_LOST" in found["medium"]["proven_less_first"][0]
    assert not cascade.met(found)


@pytest.mark.parametrize(
    ("found", "met"),
    [
        ({"light": {"proven_less": 0, "share_of_tokens": 0.15}}, True),
        ({"light": {"proven_less": 0, "share_of_tokens": 0.16}}, False),
        ({"light": {"proven_less": 1, "share_of_tokens": 0.01}}, False),
        ({"heavy": {"proven_less": 0, "share_of_tokens": 0.9}}, True),
        ({"light": {"proven_less": 0, "share_of_tokens": None}}, True),
    ],
)
def test_what_the_cascade_must_keep(found: Mapping[str, Any], met: bool) -> None:
    assert met == cascade.met(dict(found))


def test_the_cascade_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "c.json"
    code = cascade.main(["--seeds", "0:1", "--levels", "light", "--shapes", "flat", "--processes", "1", "--json", str(path)])
    data = json.loads(path.read_text("utf-8"))

    assert 0 == code
    assert {"command", "commit", "dirty", "machine", "seeds", "open", "target", "levels"} == set(data)
    assert (["light"], 2) == (list(data["levels"]), data["levels"]["light"]["reports"])
    assert f"{data['levels']['light']['always']['input']}" in capsys.readouterr().out


# ---------------------------------------------------------------- both


@pytest.mark.parametrize("program", [adversaries, cascade])
def test_locked_seeds_are_refused_and_help_is_given(program: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        program.main(["--seeds", "9999:10001"])
    assert "locked" in capsys.readouterr().err
    with pytest.raises(SystemExit, match="0"):
        program.main(["--help"])
    assert "usage: python -m benchmarks." in capsys.readouterr().out


def test_the_locked_seeds_of_the_adversaries_are_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[range] = []
    monkeypatch.setattr(adversaries, "run", lambda seeds, *rest, **more: seen.append(seeds) or [])
    adversaries.main(["--locked"])

    assert [range(40_000, 40_008)] == seen
