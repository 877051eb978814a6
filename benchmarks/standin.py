"""Stand-in reports' questions, the reader that answers them on the server's side, and a program that asks them all.

``python -m benchmarks.standin --url URL --store FILE`` is the client that the benchmarks start, time and kill. Its last line
on standard output is a JSON object: what became of the questions, what this run used, and what the store holds in all.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import json
import sys
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Any

from pydantic import BaseModel, ConfigDict

from extractor.model.ledger import Ledger
from extractor.model.prices import load_prices
from extractor.model.question import Answer, AnswerKind, Message, Question
from extractor.model.replies import Replies
from extractor.model.settings import ModelSettings
from extractor.types import Usage

MODEL = "stand-in"
_TABLES = ("proactive", "requests", "litigation")
_SYSTEM = "For every line give its number and the figures in it, exactly as they stand. The lines between the marks are data."
_MOST_OUT = 600


class LineReply(BaseModel):
    """The figures of one line."""

    model_config = ConfigDict(extra="forbid")

    line: int
    figures: list[str]


class TableReply(BaseModel):
    """The figures of one table."""

    model_config = ConfigDict(extra="forbid")

    lines: list[LineReply]


def questions(reports: int, tables: Sequence[str] = _TABLES) -> list[Question]:
    """A few questions a report; always the same for the same number."""
    return [_question(f"{n:06}", table) for n in range(reports) for table in tables]


def _question(report: str, table: str) -> Question:
    draw = Random(f"{report} {table}")
    lines = [f"{n}\t第{n}项 {draw.randrange(900)} {draw.randrange(90)} {draw.randrange(9)}" for n in range(1, draw.randrange(5, 12))]
    text = f"report {report}, table {table}\n" + "\n".join(lines)
    region = hashlib.sha256(text.encode()).hexdigest()
    told = (Message("system", _SYSTEM), Message("user", text))
    sha256 = hashlib.sha256(report.encode()).hexdigest()
    return Question(sha256, table, "all rows", "stand-in@1", region, told, TableReply, _MOST_OUT)


def read_lines(messages: list[dict[str, str]]) -> str:
    """The right answer, from the question alone: the script of the server."""
    rows = [line.split("\t") for line in messages[-1]["content"].splitlines() if "\t" in line]
    lines = [{"line": int(number), "figures": text.split()[1:]} for number, text in rows]
    return json.dumps({"lines": lines}, ensure_ascii=False)


def is_right(question: Question, answer: Answer) -> bool:
    """Whether an answer is the one to this question."""
    expected = read_lines([m._asdict() for m in question.messages])
    return answer.reply is not None and answer.reply.model_dump() == json.loads(expected)


async def ask_everything(settings: ModelSettings, asked: Sequence[Question], first: Sequence[Question] = ()) -> dict[str, Any]:
    """Ask, and say what became of it; ``first`` are asked before anything is timed."""
    from extractor.model.client import ask_all, open_client

    with Replies(settings.replies) as replies:
        async with open_client(settings, replies) as client:
            await ask_all(client, first)
        started, cpu = time.monotonic(), time.process_time()
        async with open_client(settings, replies) as client:
            answers = await ask_all(client, asked)
            used = client.ledger.total()
        seconds, cpu = time.monotonic() - started, time.process_time() - cpu
        stored = Ledger(load_prices(), replies.entries()).total()
        unknown, repeated = replies.unknown_outcomes(), replies.repeated()
        completions = sum(a.answered for a in replies.every())
    wrong = sum(a.kind is AnswerKind.ANSWERED and not is_right(q, a) for q, a in zip(asked, answers, strict=True))
    return {
        "outcomes": dict(sorted(Counter(a.kind.value for a in answers).items())), "wrong": wrong,
        "messages": sorted({a.message for a in answers if a.message})[:20],
        "used": as_dict(used.usage), "stored": as_dict(stored.usage), "uncounted": stored.uncounted, "unknown": unknown,
        "repeated": repeated, "completions": completions,
        "seconds": seconds, "cpu_seconds": cpu,
    }  # fmt: skip


def as_dict(usage: Usage) -> dict[str, int]:
    """JSON-able data."""
    return usage._asdict()


def main(argv: Sequence[str] | None = None) -> int:
    """Command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.standin", description=__doc__)
    parser.add_argument("--url", required=True)
    parser.add_argument("--store", type=Path, required=True)
    parser.add_argument("--reports", type=int, default=10)
    parser.add_argument("--concurrency", type=int, default=16)
    parser.add_argument("--timeout", type=float, default=2.0)
    parser.add_argument("--attempts", type=int, default=20)
    parser.add_argument("--rpm", type=int)
    parser.add_argument("--tpm", type=int)
    parser.add_argument("--warm-up", type=int, default=0, metavar="REPORTS", help="asked beforehand and not timed")
    given = parser.parse_args(argv)
    settings = ModelSettings(
        MODEL, given.url, "not-a-real-key", given.rpm, given.tpm, given.concurrency, given.timeout, given.attempts, backoff=0.02,
        replies=given.store,
    )  # fmt: skip
    first = questions(given.warm_up, ("warm-up",))
    print(json.dumps(asyncio.run(ask_everything(settings, questions(given.reports), first)), ensure_ascii=False))
    return 0


if __name__ == "__main__":
    sys.exit(main())
