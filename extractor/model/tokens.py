"""How many tokens a text has: a careful estimate, and a number that no tokeniser passes. Both without any vocabulary.

A vocabulary (tiktoken's) would have to be fetched from the network, and every model has another one.
"""

from __future__ import annotations

import json
import math
import re
from functools import lru_cache

from pydantic import BaseModel

from extractor.model.question import Question

# What chat templates put around one message: role and separators, 3 to 5 in the published templates.
_AROUND_A_MESSAGE = 8
_LETTERS = re.compile(r"[A-Za-z]+")
_SPACES = re.compile(r" +")


def estimate_tokens(text: str) -> int:
    """About how many tokens a text has, rather too many than too few.

    Counted so that it holds for the tokenisers that split most: a digit is a token (Qwen, DeepSeek, Llama 2; newer ones
    join up to three), so is every mark and line end; letters are three to a token (English has about four), a run of
    spaces is one; any other character, Chinese first of all, is four thirds (cl100k takes 1.0 to 1.3, newer ones fewer).
    """
    letters = sum(math.ceil(len(run) / 3) for run in _LETTERS.findall(text))
    rest = _LETTERS.sub("", text)
    spaces = len(_SPACES.findall(rest))
    rest = rest.replace(" ", "")
    plain = sum(c.isascii() for c in rest)
    return letters + spaces + plain + math.ceil((len(rest) - plain) * 4 / 3)


def most_tokens(text: str) -> int:
    """As many tokens as a text can have: its bytes in UTF-8, for no token of a byte-level tokeniser stands for less than one."""
    return len(text.encode("utf-8", "surrogatepass"))


def prompt_estimate(question: Question) -> int:
    """About how many tokens the server counts as input, the schema among them."""
    told = sum(_AROUND_A_MESSAGE + estimate_tokens(m.content) for m in question.messages)
    return told + estimate_tokens(_schema_text(question.reply))


def prompt_most(question: Question) -> int:
    """As many tokens as the input can have; the schema counts three times over, for servers write it into a prompt of theirs."""
    told = sum(_AROUND_A_MESSAGE + most_tokens(m.content) for m in question.messages)
    return told + 3 * most_tokens(_schema_text(question.reply))


@lru_cache(maxsize=256)
def _schema_text(reply: type[BaseModel]) -> str:
    return json.dumps(reply.model_json_schema(), ensure_ascii=False)
