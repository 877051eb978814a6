"""Recorded replies as JSON lines, to be kept beside a golden set and passed on: docs/replies.md describes a line."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from extractor.errors import GoujiError
from extractor.model.replies import REPLIED, Attempt, Replies, body_of, usage_of

_KEY = re.compile(r"[0-9a-f]{64}")


class Line(BaseModel):
    """One reply, as one line of JSON. ``reply`` is the server's body: an object, or text where it was no JSON."""

    model_config = ConfigDict(extra="forbid")

    request_hash: str = Field(pattern=_KEY.pattern + "$")
    model: str = Field(min_length=1)
    reported_model: str = ""
    report: str
    table: str
    part: str = ""
    prompt: str = ""
    region: str = ""
    repeat: int = 0
    request: dict[str, Any]
    status: int = 200
    reply: dict[str, Any] | str
    usage: dict[str, int] | None = None
    sent_at: float = 0.0
    done_at: float | None = None


def export_lines(replies: Replies, reports: Collection[str] | None = None, model: str | None = None) -> Iterator[str]:
    """Every reply of the store (about some ``reports``, of one model), a line each, in the order in which they came. Requests hold no key."""
    for a in replies.every():
        if a.state != REPLIED or (model is not None and a.model != model) or (reports is not None and a.report not in reports):
            continue
        line = Line(
            request_hash=a.key, model=a.model, reported_model=a.reported or "", report=a.report, table=a.table, part=a.part,
            prompt=a.prompt, region=a.region, repeat=a.repeat, request=json.loads(a.request), status=a.status or 0,
            reply=_body(a), usage=a.usage._asdict() if a.usage is not None else None, sent_at=a.sent_at, done_at=a.done_at,
        )  # fmt: skip
        yield line.model_dump_json()


def _body(attempt: Attempt) -> dict[str, Any] | str:
    """The reply as an object, or its text where it is none."""
    text = attempt.reply or ""
    body = body_of(text)
    return text if body is None else body


def import_lines(replies: Replies, lines: Iterable[str], name: str) -> tuple[int, int]:
    """Take lines into the store, all or none; how many were new, and how many were there before.

    GoujiError names the line that is wrong. What others paid for is not counted as used here.
    """
    new = known = 0
    before: dict[str, list[tuple[int | None, dict[str, Any] | str]]] = {}
    with replies.writing():
        for number, text in enumerate(lines, 1):
            if not text.strip():
                continue
            line = _line(text, f"{name}: line {number}")
            # A server may well say the same twice: so many equal replies as the store had before stand for as many lines.
            if line.request_hash not in before:
                before[line.request_hash] = [(a.status, _body(a)) for a in replies.attempts(line.request_hash) if a.state == REPLIED]
            if (line.status, line.reply) in before[line.request_hash]:
                before[line.request_hash].remove((line.status, line.reply))
                known += 1
            else:
                replies.insert(_attempt(line))
                new += 1
    return new, known


def import_file(replies: Replies, path: Path) -> tuple[int, int]:
    """Take a file of lines into the store; see ``import_lines``."""
    try:
        with path.open(encoding="utf-8") as lines:
            return import_lines(replies, lines, str(path))
    except OSError as exc:
        raise GoujiError(f"{path}: cannot be read: {exc.strerror or exc}") from exc
    except UnicodeDecodeError as exc:
        raise GoujiError(f"{path}: not UTF-8; `gouji replies export` writes the form that is read") from exc


def _line(text: str, place: str) -> Line:
    try:
        return Line.model_validate_json(text)
    except ValidationError as exc:
        error = exc.errors(include_input=False, include_url=False)[0]
        where = ".".join(str(x) for x in error["loc"])
        raise GoujiError(f"{place}: {where + ': ' if where else ''}{error['msg']}; docs/replies.md describes a line") from exc


def _attempt(line: Line) -> Attempt:
    reply = line.reply if isinstance(line.reply, str) else _dumps(line.reply)
    usage, reported = usage_of(line.status, reply)
    return Attempt(
        0, line.request_hash, f"import-{line.request_hash[:40]}", "import", None, line.model, line.report, line.table, line.part,
        line.prompt, line.region, line.repeat, _dumps(line.request), REPLIED, line.status, reply, None, line.reported_model or reported,
        usage, line.sent_at, line.done_at,
    )  # fmt: skip


def _dumps(data: object) -> str:
    return json.dumps(data, ensure_ascii=False, separators=(",", ":"))
