"""Answers as JSON with exact figures, and the parts that several routes describe alike."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Annotated, Any

from fastapi import Path, Query
from fastapi.responses import Response

from extractor.effective import Cell, Event
from extractor.record import dumps

MOST = 2**53 - 1  # the largest number that every reader of JSON keeps
NO_NUL = r"^[^\x00]*$"  # PostgreSQL keeps no NUL in a text

ReportId = Annotated[int, Path(alias="id", ge=1, le=MOST, description="the number of the report", examples=[1])]
After = Annotated[int, Query(ge=0, le=MOST, description="only what comes after this number", examples=[0])]
Limit = Annotated[int, Query(ge=1, le=1000, description="at most so many", examples=[100])]


def answer(value: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """``value`` as JSON; figures never pass through a float."""
    return Response(dumps(value), status, dict(headers or {}), "application/json")


def plain(row: Any) -> dict[str, Any]:
    """One dataclass as the object that JSON has for it."""
    return {f.name: getattr(row, f.name) for f in fields(row)}


def event(e: Event) -> dict[str, Any]:
    """One event as JSON has it."""
    return plain(e)


def cell(c: Cell) -> dict[str, Any]:
    """One effective value, with the program's own reading, the answer and the history."""
    return {**plain(c), "answer": event(c.answer) if c.answer else None, "history": [event(e) for e in c.history]}


def described(description: str, example: object, status: int = 200) -> dict[int | str, dict[str, Any]]:
    """An answer in JSON as the description of a route has it."""
    schema = {"type": "array" if isinstance(example, list) else "object"}
    return {status: {"description": description, "content": {"application/json": {"schema": schema, "example": example}}}}
