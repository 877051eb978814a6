"""The second reader: whatever a model says, it can put a cell in doubt or fill a lost one, and never have one accepted."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence
from functools import cache

import pytest

from benchmarks.damage import SHAPES, make_case
from benchmarks.readers import READERS, asked_of, key_of, key_of_rules, read_with
from extractor.form import Form, load_forms
from extractor.judge import ACCEPT
from extractor.pipeline import Draft, decide, draft
from extractor.policy import Policy, load_policy
from extractor.read import read_bytes
from extractor.record import to_record
from extractor.types import Candidate, Extraction, Number, Status

FORMS = load_forms()
Figures = list[tuple[int, int, int]]


class Rules(Policy):
    """Every class of the rules is certified, and none that a model has a part in."""

    def accepts(self, decision_class: str) -> bool:
        """Whether the rules alone read and decided."""
        return "|single|" in decision_class


RULES = Rules()


def drafted(form: Form, shape: str, level: str, seed: int) -> Draft | None:
    """The rules' part, once for all the models that have the same report."""
    return _drafted(form.id, shape, level, seed)


@cache
def _drafted(form_id: str, shape: str, level: str, seed: int) -> Draft | None:
    form = next(f for f in FORMS if f.id == form_id)
    begun = draft(read_bytes(make_case(form, seed, shape, level).data, "case"), FORMS)
    return begun if isinstance(begun, Draft) else None


def accepted(e: Extraction) -> dict[int, tuple[Status, Number | None]]:
    """What needs no person."""
    return {r.field: (r.status, r.value) for r, d in zip(e.resolved, e.decisions, strict=True) if d.outcome == ACCEPT}


def at_random(rng: random.Random, begun: Draft, figures: Figures) -> list[Candidate]:
    """Any figure of the text for any field, with no doubt on it: a model that grounds everything and understands nothing."""
    out = []
    for field in range(len(begun.form.fields)):
        if rng.random() < 0.7 and figures:
            start, end, value = rng.choice(figures)
            out.append(Candidate(field, Status.PRINTED, value, begun.document.text[start:end], start, end, producer="model"))
    return out


def balancing(rng: random.Random, begun: Draft, figures: Figures) -> list[Candidate]:
    """For every cell that the rules did not accept, whatever figure the sums want, wherever in the text it stands."""
    alone = decide(begun, RULES)
    wanted = {r.field: r.value for r in alone.resolved if r.status is Status.DEDUCED} | {i: v for f in alone.findings for i, v in f.implied}
    places: dict[Number, Figures] = {}
    for f in figures:
        places.setdefault(f[2], []).append(f)
    out = []
    for field, value in wanted.items():
        if value is not None and value in places:
            start, end, _ = rng.choice(places[value])
            out.append(Candidate(field, Status.PRINTED, value, begun.document.text[start:end], start, end, producer="model"))
    return out


@pytest.mark.parametrize("model", [at_random, balancing])
@pytest.mark.parametrize("level", ["clean", "medium", "heavy"])
def test_no_answer_has_a_cell_accepted_that_the_rules_alone_would_not(
    model: Callable[[random.Random, Draft, Figures], list[Candidate]], level: str
) -> None:
    rng = random.Random(f"{model.__name__}-{level}")
    for n, shape in enumerate(SHAPES):
        for form in FORMS:
            begun = drafted(form, shape, level, n)
            if begun is None:
                continue
            alone = accepted(decide(begun, RULES))
            figures = [(m.start(), m.end(), int(m[0])) for m in re.finditer(r"(?<![\d,.])\d{1,9}(?![\d,.])", begun.document.text)]
            with_it = accepted(decide(begun, RULES, model(rng, begun, figures)))
            assert with_it.items() <= alone.items(), f"{form.id}-{shape}-{level}-{n}"


@pytest.mark.parametrize("name", [*READERS, "copying"])
@pytest.mark.parametrize("level", ["clean", "heavy"])
def test_scripted_readers_change_no_acceptance_for_the_worse(name: str, level: str) -> None:
    for n, shape in enumerate(SHAPES):
        form = FORMS[n % len(FORMS)]
        case = make_case(form, n, shape, level)
        begun = drafted(form, shape, level, n)
        if begun is None or begun.form.id != form.id:
            continue
        asked = asked_of(form, begun.document)
        alone = decide(begun, RULES)
        key = key_of(case, form)
        if name == "copying":
            key = key_of_rules(key, [(r.field, r.start, r.end) for r in alone.resolved if r.start >= 0])
        both = decide(begun, RULES, read_with(READERS["perfect" if name == "copying" else name], key, asked).candidates)
        assert accepted(both).items() <= accepted(alone).items()
        if name in ("perfect", "copying") and level == "clean":
            assert accepted(both) == accepted(alone)


def test_what_the_model_said_stands_in_the_record() -> None:
    begun = drafted(FORMS[0], "tab-rows", "clean", 1)
    assert begun is not None
    field = next(r for r in decide(begun).resolved if r.status is Status.PRINTED)
    said = Candidate(field.field, Status.PRINTED, field.value, field.printed or "", field.start, field.end, producer="model")

    cell = to_record(decide(begun, model=[said]), begun.form)["cells"][field.field]
    assert cell["readings"] == {"rules": field.value, "model": field.value}
    assert "AGREED" in cell["codes"]
    assert "model" not in to_record(decide(begun), begun.form)["cells"][field.field]["readings"]
    silent = to_record(decide(begun, model=[]), begun.form)["cells"][field.field]
    assert silent["readings"] == {"rules": field.value, "model": None}


def test_classes_with_a_model_are_none_of_the_certified() -> None:
    """So that acceptance rests on counted errors alone: nobody has counted a model's."""
    accepted_classes: Sequence[str] = sorted(load_policy().accepted)
    assert accepted_classes
    assert all(c.split("|")[1] == "single" for c in accepted_classes)


@pytest.mark.parametrize(("same", "outcome", "code"), [(True, ACCEPT, "AGREED"), (False, "review", "MODEL_DISAGREES")])
def test_a_deduced_cell_that_the_rules_accept_takes_no_figure_from_a_model(same: bool, outcome: str, code: str) -> None:
    """The figure that the sums leave, read by a model as well, is agreement and no new reading; another one is a doubt."""
    begun = drafted(FORMS[0], "html", "medium", 0)
    assert begun is not None
    alone = decide(begun, RULES)
    cell = next(r for r in alone.resolved if r.status is Status.DEDUCED and r.field in accepted(alone))
    figure = next(m for m in re.finditer(r"(?<![\d,.])\d{1,9}(?![\d,.])", begun.document.text) if (int(m[0]) == cell.value) == same)
    said = Candidate(cell.field, Status.PRINTED, int(figure[0]), figure[0], *figure.span(), producer="model")

    both = decide(begun, RULES, [said])
    assert (outcome, True) == (both.decisions[cell.field].outcome, code in both.decisions[cell.field].codes)
    if same:
        assert accepted(both) == accepted(alone)
        assert cell._replace(codes=()) == both.resolved[cell.field]._replace(codes=())
