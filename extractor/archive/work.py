"""What is done to a chunk of reports, in whatever process: bytes to the line of the record, or to the questions still open.

A task carries everything it needs, and its result everything that came of it, so that it may be done on another machine, or twice.
With a model the same report comes by several times: each time with all answers so far, until no question is left.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from hashlib import sha256
from typing import TYPE_CHECKING, NamedTuple

from extractor import pipeline
from extractor.batch import Line, line_of, safely
from extractor.form import Form, load_forms
from extractor.read import DEFAULT_MAX_BYTES, read_bytes
from extractor.readiness import ready
from extractor.types import Document, Extraction

if TYPE_CHECKING:
    from extractor.model.question import Answer, Question


@dataclass(frozen=True, slots=True)
class Options:
    """What every report of a run is read with.

    ``keep`` has the text as read come with its line, ``tables`` what a Parquet dataset holds of it. ``mode`` says when the
    ``models`` are asked, in their order; without models rules read alone.
    """

    forms: str | None = None
    max_bytes: int = DEFAULT_MAX_BYTES
    debug: bool = False
    keep: bool = False
    tables: bool = False
    mode: str = ""
    models: tuple[str, ...] = ()


class Task(NamedTuple):
    """One report to read; ``answers`` by the question's key, ``cost`` what they took in all, None where that is not known."""

    source: str
    data: bytes
    answers: Mapping[str, Answer] = {}
    cost: Decimal | None = Decimal(0)


class Wanted(NamedTuple):
    """A question that has no answer yet, for the model with this number; its reply model is that of ``form`` and the question's table."""

    model: int
    key: str
    form: str
    question: Question


class Result(NamedTuple):
    """What came of a task: a line, or the questions to answer before there can be one."""

    line: Line | None
    wanted: tuple[Wanted, ...] = ()
    tables: bytes = b""


def work(options: Options, tasks: Sequence[Task]) -> list[Result]:
    """The results of a chunk, in its order; whatever a report does, it has one."""
    return [_result(options, t) for t in tasks]


def _result(options: Options, task: Task) -> Result:
    forms = load_forms(options.forms)
    extraction = safely(task.source, lambda: sha256(task.data).hexdigest(), options.debug, lambda: _extract(options, task, forms))
    if not isinstance(extraction, Extraction):
        return Result(None, extraction)
    line = line_of(extraction, forms, options.debug)
    if options.keep:
        line = line._replace(document=_kept(extraction.document))
    return Result(line, (), _tables(line) if options.tables else b"")


def _extract(options: Options, task: Task, forms: Sequence[Form]) -> Extraction | tuple[Wanted, ...]:
    document = read_bytes(task.data, task.source, options.max_bytes)
    if not options.models:
        return pipeline.extract(document, forms)
    begun = pipeline.draft(document, forms)
    if isinstance(begun, Extraction):
        return begun
    from extractor.consult import consult

    wanted: list[Wanted] = []
    askers = [_Known(n, model, begun.form.id, task.answers, wanted) for n, model in enumerate(options.models)]
    try:
        result = asyncio.run(consult(begun, askers, options.mode))
    except _Open:
        return tuple(wanted)
    return replace(result, cost=task.cost if result.usage.requests else Decimal(0))


class _Open(Exception):
    """A question has no answer yet."""


class _Known:
    """Answers what is known and notes what is not."""

    def __init__(self, number: int, model: str, form: str, answers: Mapping[str, Answer], wanted: list[Wanted]) -> None:
        self._number, self._model, self._form = number, model, form
        self._answers, self._wanted = answers, wanted

    async def ask(self, question: Question) -> Answer:
        """The answer that is known; _Open once every question asked beside this one has been noted too."""
        from extractor.ask import TableReply

        key = question.key(self._model)
        if (answer := self._answers.get(key)) is not None:
            return answer
        # A table's own reply model is made at run time and cannot be sent; whoever asks makes it again.
        self._wanted.append(Wanted(self._number, key, self._form, replace(question, reply=TableReply)))
        await asyncio.sleep(0)
        raise _Open


def _kept(document: Document) -> Document | None:
    """A document as a store keeps it, which has no use for places and can normalise again."""
    return replace(document, norm="", places=()) if document.text else None


def _tables(line: Line) -> bytes:
    from extractor.archive.columns import tables_of

    return tables_of([line.text])


def prepare(options: Options) -> None:
    """Load what is slow the first time, so that it does not count against the first report."""
    work(replace(options, models=(), debug=False), [Task("", "政府信息公开".encode())])
    if options.models:
        from extractor.consult import load_cascade

        load_cascade()
    ready(load_forms(options.forms))
