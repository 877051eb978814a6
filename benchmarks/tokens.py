"""How many tokens the questions and replies of a whole report take, by shape and level, and what other encodings would take.

The input is all messages and the reply's schema, the output what the perfect reader answers. Nothing is asked of any model,
and nothing is fetched: the tokenizer carries its vocabularies (o200k of the newer OpenAI models, cl100k of the older).
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from functools import lru_cache, partial
from typing import Any

from rs_bpe.bpe import openai as vocabularies

from benchmarks.arguments import case_parser
from benchmarks.damage import make_case
from benchmarks.readers import asked_of, key_of, perfect
from benchmarks.score import LOCKED_FROM, stamp, write_json
from extractor.ask import Asked
from extractor.ask.reply import AT
from extractor.form import load_forms
from extractor.model.question import Question

VOCABULARIES = ("o200k", "cl100k")
BUDGET_IN, BUDGET_OUT = 4000, 1500
"""What a whole report on an undamaged page may take, input and output."""


@dataclass(frozen=True, slots=True)
class Size:
    """One report: its questions, and the tokens of each vocabulary."""

    questions: int
    input: dict[str, int]
    output: dict[str, int]
    encodings: dict[str, int]


@lru_cache(maxsize=len(VOCABULARIES))
def _tokenizer(name: str) -> Any:
    return {"o200k": vocabularies.o200k_base, "cl100k": vocabularies.cl100k_base}[name]()


def count(text: str, vocabulary: str = "o200k") -> int:
    """The number of tokens of ``text``."""
    return int(_tokenizer(vocabulary).count(text))


def schema_text(question: Question) -> str:
    """The reply's JSON Schema as it goes over the wire."""
    return json.dumps(question.reply.model_json_schema(), ensure_ascii=False)


def sent(question: Question) -> str:
    """Everything of a question that a model takes in."""
    return "\n".join([*(m.content for m in question.messages), schema_text(question)])


def sizes(shape: str, level: str, seeds: range) -> list[Size]:
    """The reports of one shape and level; the seeds take the forms in turn."""
    forms = load_forms()
    out: list[Size] = []
    for seed in seeds:
        form = forms[seed % len(forms)]
        case = make_case(form, seed, shape, level)
        key = key_of(case, form)
        asked = asked_of(form, key.document)
        replies = [perfect(a, key) for a in asked]
        out.append(
            Size(
                len(asked),
                {v: sum(count(sent(a.question), v) for a in asked) for v in VOCABULARIES},
                {v: sum(count(r, v) for r in replies) for v in VOCABULARIES},
                _encodings(key.document.text, asked, replies),
            )
        )
    return out


# ---------------------------------------------------------------- other ways to say the same


def _encodings(text: str, asked: Sequence[Asked], replies: Sequence[str]) -> dict[str, int]:
    """Tokens of text and reply together: three ways to number the text, each with a place for a row's first cell or for every cell.

    The first is the one in use.
    """
    out: dict[str, int] = {}
    for a, first in zip(asked, replies, strict=True):
        texts = {
            "rows of cells": a.region.text,
            "lines of the source": "\n".join(_source_lines(text, a)),
            "every cell numbered": "\n".join(_numbered_cells(text, a)),
        }
        for name, shown in texts.items():
            every = _every_place(a, first, by_line=name != "every cell numbered")
            for places, reply in (("first", first), ("every", every)):
                out[f"{name}, {places}"] = out.get(f"{name}, {places}", 0) + count(shown) + count(reply)
    return out


def _source_lines(text: str, asked: Asked) -> Iterator[str]:
    lines = text[asked.region.start : asked.region.end].split("\n")
    return (f"{n}:{line}" for n, line in enumerate((x for x in lines if x.strip()), 1))


def _numbered_cells(text: str, asked: Asked) -> Iterator[str]:
    """The lines shown, with the number of each figure before it."""
    figures = [f for f in asked.region.figures if f.nth]
    number = 0
    for n, line in enumerate(asked.region.text.split("\n"), 1):
        out = []
        at = line.index(":") + 1
        for f in (f for f in figures if f.line == n):
            number += 1
            place = max(line.find(text[f.start : f.end], at), at)
            out.append(f"{line[at:place]}[{number}]")
            at = place
        yield "".join([*out, line[at:]])


def _every_place(asked: Asked, reply: str, by_line: bool) -> str:
    """The reply with a place for each of its cells: line and figure, or the number of the cell."""
    data = json.loads(reply)
    visible = [f for f in asked.region.figures if f.nth]
    for row in data["rows"]:
        line, _, nth = row.pop("at").partition(".")
        at = next((n for n, f in enumerate(visible) if line.isdigit() and (f.line, f.nth) == (int(line), int(nth or 1))), 0)
        for n, cell in enumerate(row["cells"]):
            f = visible[min(at + n, len(visible) - 1)] if visible else None
            place = f"{f.line}.{f.nth}" if f and by_line else str(at + n + 1)
            row["cells"][n] = cell.partition(AT)[0] + AT + place
    return json.dumps(data, ensure_ascii=False, separators=(",", ":"))


# ---------------------------------------------------------------- the command


def summary(found: Sequence[Size]) -> dict[str, Any]:
    """Means and greatest values over reports."""
    n = len(found)
    out: dict[str, Any] = {"reports": n, "questions_most": max(s.questions for s in found)}
    for name in ("input", "output"):
        for v in VOCABULARIES:
            numbers = [asdict(s)[name][v] for s in found]
            out[f"{name}_{v}"] = {"mean": round(sum(numbers) / n), "most": max(numbers)}
    # A report that holds no figure is asked nothing, in any encoding.
    names = dict.fromkeys(k for s in found for k in s.encodings)
    out["encodings_o200k"] = {k: round(sum(s.encodings.get(k, 0) for s in found) / n) for k in names}
    return out


def main(argv: Sequence[str] | None = None) -> int:
    """Command line."""
    argv = sys.argv[1:] if argv is None else argv
    parser = case_parser("benchmarks.tokens", __doc__)
    given = parser.parse_args(argv)
    if given.seeds.stop > LOCKED_FROM:
        parser.error(f"seeds from {LOCKED_FROM} on are locked; give --seeds below that")
    print(f"{'shape':14}{'level':8}{'in mean':>9}{'most':>7}{'out mean':>10}{'most':>7}{'questions':>11}")
    table: dict[str, dict[str, Any]] = {}
    pairs = [(shape, level) for shape in given.shapes for level in given.levels]
    with ProcessPoolExecutor(given.processes) as pool:
        done = pool.map(partial(sizes, seeds=given.seeds), *zip(*pairs, strict=True))
        for (shape, level), found in zip(pairs, done, strict=True):
            row = table.setdefault(shape, {})[level] = summary(found)
            i, o = row["input_o200k"], row["output_o200k"]
            print(f"{shape:14}{level:8}{i['mean']:9}{i['most']:7}{o['mean']:10}{o['most']:7}{row['questions_most']:11}")
    if given.json:
        result = {"seeds": [given.seeds.start, given.seeds.stop], "budget": [BUDGET_IN, BUDGET_OUT], "shapes": table}
        write_json(stamp("benchmarks.tokens", argv) | result, given.json)
    return 0


if __name__ == "__main__":
    sys.exit(main())
