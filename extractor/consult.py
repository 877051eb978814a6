"""The second reader asked about one report: which cells, its answers to candidates, and the report decided with them.

The model sees only what ``extractor.ask`` shows it; who is asked is any ``Asker``: a live client, a replay, a scripted reader.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from extractor.ask import Asked, ModelReading, TableReply, candidates, gather, halves, questions, repair
from extractor.codes import CODES, unanswered
from extractor.errors import GoujiError
from extractor.form import default_folder
from extractor.judge import ACCEPT
from extractor.model.question import Answer, AnswerKind, Asker
from extractor.pipeline import Draft, decide
from extractor.types import NO_USAGE, Extraction, Heard, Status, Unanswered, Usage

if TYPE_CHECKING:
    from extractor.policy import Policy

AUTO, ALWAYS = "auto", "always"


class Cascade(BaseModel):
    """``schemas/asking.yaml``: what is not asked about, and how often is asked again."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    unanswerable: frozenset[str]
    repairs: int = Field(ge=0, le=5)


@lru_cache(maxsize=4)
def load_cascade(path: str | None = None) -> Cascade:
    """The shipped cascade, or that of a file; GoujiError names the file, the entry and the next step."""
    file = Path(path) if path else default_folder() / "asking.yaml"
    try:
        cascade = Cascade.model_validate(yaml.safe_load(file.read_text(encoding="utf-8")))
    except OSError as exc:
        raise GoujiError(f"{file}: cannot be read ({exc.strerror or exc}); it says when a model is asked") from exc
    except (UnicodeDecodeError, yaml.YAMLError) as exc:
        raise GoujiError(f"{file}: not YAML: {str(exc).splitlines()[0]}; correct it") from exc
    except ValidationError as exc:
        error = exc.errors()[0]
        raise GoujiError(f"{file}: {'.'.join(map(str, error['loc']))}: {error['msg']}; docs/model-reader.md explains the entries") from exc
    if unknown := sorted(cascade.unanswerable - CODES.keys()):
        raise GoujiError(f"{file}: unanswerable: {unknown[0]} is no code; extractor/codes.py lists them")
    return cascade


def open_fields(alone: Extraction, cascade: Cascade) -> frozenset[int]:
    """The cells that a reading of the text could still prove: lost or deduced, or in doubt about place or figure."""
    return frozenset(
        r.field
        for r, d in zip(alone.resolved, alone.decisions, strict=True)
        if d.outcome != ACCEPT and (r.status in (Status.LOST, Status.DEDUCED) or set(unanswered(d.codes)) - cascade.unanswerable)
    )


def first_questions(begun: Draft, mode: str, cascade: Cascade, policy: Policy | None = None) -> tuple[Asked, ...]:
    """What a model is asked first about a report: everything (``always``), or the rows with an open cell (``auto``)."""
    return _wanted(begun, decide(begun, policy) if mode == AUTO else None, cascade)


def _wanted(begun: Draft, result: Extraction | None, cascade: Cascade) -> tuple[Asked, ...]:
    """The questions about the rows with an open cell; about everything where nothing is decided yet."""
    fields = None if result is None else open_fields(result, cascade)
    if fields is not None and not fields:
        return ()
    return questions(begun.form, begun.document, begun.events, begun.segments, fields)


@dataclass(slots=True)
class _Heard:
    """What has been asked and answered about one report so far."""

    parts: list[tuple[Asked, ModelReading]]
    unanswered: list[Unanswered]
    models: list[str]
    usage: Usage = NO_USAGE
    asked: int = 0


async def consult(
    begun: Draft, askers: Sequence[Asker], mode: str = AUTO, cascade: Cascade | None = None, policy: Policy | None = None
) -> Extraction:
    """The report decided with what the ``askers`` find; each further one is asked about what is still open then.

    Without an open cell (``auto``) nobody is asked, and the extraction is that of the rules alone.
    """
    cascade = cascade or load_cascade()
    heard = _Heard([], [], [])
    result = None if mode == ALWAYS else decide(begun, policy)
    for asker in askers:
        await _put(begun, asker, _wanted(begun, result, cascade), heard)
        result = _decided(begun, heard, policy)
        for repeat in range(1, cascade.repairs + 1):
            again = repair(begun.form, begun.document, begun.events, begun.segments, _reasons(begun, result, heard, cascade), repeat)
            if not again:
                break
            await _put(begun, asker, again, heard)
            result = _decided(begun, heard, policy)
    return result or decide(begun, policy)


async def _put(begun: Draft, asker: Asker, asked: Sequence[Asked], heard: _Heard) -> None:
    """Ask; halve what was cut off, until single rows; keep what is answered and why the rest is not."""
    while asked:
        heard.asked += len(asked)
        answers = await asyncio.gather(*(asker.ask(a.question) for a in asked))
        further: list[Asked] = []
        for a, answer in zip(asked, answers, strict=True):
            further += _take(begun, a, answer, heard)
        asked = further


def _take(begun: Draft, asked: Asked, answer: Answer, heard: _Heard) -> tuple[Asked, ...]:
    """Enter one answer; the questions to ask in its place where the reply was cut off."""
    heard.usage += answer.usage
    if answer.model and answer.model not in heard.models:
        heard.models.append(answer.model)
    if answer.kind is AnswerKind.ANSWERED and isinstance(answer.reply, TableReply):
        heard.parts.append((asked, candidates(begun.form, begun.document, asked, answer.reply)))
        return ()
    smaller = halves(begun.form, asked) if answer.kind is AnswerKind.TRUNCATED else ()
    if not smaller:
        heard.unanswered.append(Unanswered(asked.table, asked.question.part, answer.kind.value, answer.message))
    return smaller


def _reasons(begun: Draft, result: Extraction, heard: _Heard, cascade: Cascade) -> Mapping[int, Sequence[str]]:
    """Why each cell that is still open is: its own codes, those of the model's candidates, and the outcomes of its answers."""
    reading = gather(begun.form, heard.parts)
    still = open_fields(result, cascade)
    why: dict[int, list[str]] = {i: list(result.decisions[i].codes) for i in still}
    for c in reading.candidates:
        if c.field in still:
            why[c.field] += c.codes
    for o in reading.outcomes:
        if o.field in still:
            why[o.field].append(o.code)
    return why


def _decided(begun: Draft, heard: _Heard, policy: Policy | None) -> Extraction:
    if not heard.asked:
        return decide(begun, policy)
    reading = gather(begun.form, heard.parts)
    outcomes = tuple((o.field, o.code, o.message) for o in reading.outcomes)
    said = Heard(tuple(heard.models), heard.asked, len(heard.parts), tuple(heard.unanswered), outcomes)
    return replace(decide(begun, policy, reading.candidates), heard=said, usage=heard.usage, cost=None)
