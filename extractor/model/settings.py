"""What is configured of a model: from ``GOUJI_…`` variables, with ``OPENAI_BASE_URL`` and ``OPENAI_API_KEY`` behind them."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit, urlunsplit

from extractor.errors import GoujiError

DEFAULT_BASE_URL = "https://api.openai.com/v1"
SCHEMAS = ("auto", "strict", "json")
_MODES = ("none", "auto", "always")
_Number = TypeVar("_Number", int, float)


@dataclass(frozen=True, slots=True)
class ModelSettings:
    """One endpoint and how it may be used; ``model`` is empty where none is configured.

    ``timeout`` is the time that one attempt may take from first byte to last, ``attempts`` how often one question is put
    in one run, ``tries`` how many unusable replies to it end the matter for good, ``max_wait`` the longest wait that a
    server may ask for (seconds). ``schema``: ``strict``, ``json`` for servers without strict schemas, or ``auto``:
    strict until the server refuses it. The two limits are for each process.
    """

    model: str = ""
    base_url: str = DEFAULT_BASE_URL
    api_key: str = field(default="", repr=False)
    requests_per_minute: int | None = None
    tokens_per_minute: int | None = None
    concurrency: int = 8
    timeout: float = 120.0
    attempts: int = 6
    tries: int = 3
    max_wait: float = 300.0
    backoff: float = 1.0
    schema: str = "auto"
    replies: Path = Path("replies.sqlite")
    prices: Path | None = None

    def __post_init__(self) -> None:
        if self.schema not in SCHEMAS:
            raise GoujiError(f"GOUJI_SCHEMA={self.schema}: not one of {', '.join(SCHEMAS)}")

    @property
    def shown_url(self) -> str:
        """The base URL without a name, a password or a query, as it may be printed and stored."""
        parts = urlsplit(self.base_url)
        return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))

    @property
    def configured(self) -> bool:
        """Whether a model is named, so that something can be asked at all."""
        return bool(self.model)


def load_settings(environ: Mapping[str, str] | None = None) -> ModelSettings:
    """The settings of the environment; GoujiError names the variable that cannot be used.

    ``GOUJI_MODEL`` may also hold one of the modes none, auto and always: then it names no model.
    """
    env = os.environ if environ is None else environ
    model = env.get("GOUJI_MODEL", "").strip()
    plain = ModelSettings()
    return ModelSettings(
        model="" if model in _MODES else model,
        base_url=(env.get("GOUJI_BASE_URL") or env.get("OPENAI_BASE_URL") or plain.base_url).strip(),
        api_key=(env.get("GOUJI_API_KEY") or env.get("OPENAI_API_KEY") or "").strip(),
        requests_per_minute=_number(env, "GOUJI_RPM", int, None),
        tokens_per_minute=_number(env, "GOUJI_TPM", int, None),
        concurrency=_number(env, "GOUJI_CONCURRENCY", int, plain.concurrency) or plain.concurrency,
        timeout=_number(env, "GOUJI_TIMEOUT", float, plain.timeout) or plain.timeout,
        attempts=_number(env, "GOUJI_ATTEMPTS", int, plain.attempts) or plain.attempts,
        tries=_number(env, "GOUJI_TRIES", int, plain.tries) or plain.tries,
        max_wait=_number(env, "GOUJI_MAX_WAIT", float, plain.max_wait) or plain.max_wait,
        backoff=_number(env, "GOUJI_BACKOFF", float, plain.backoff) or plain.backoff,
        schema=env.get("GOUJI_SCHEMA", "").strip() or plain.schema,
        replies=Path(env.get("GOUJI_REPLIES") or plain.replies),
        prices=Path(env["GOUJI_PRICES"]) if env.get("GOUJI_PRICES") else None,
    )


def _number(env: Mapping[str, str], name: str, kind: Callable[[str], _Number], default: _Number | None) -> _Number | None:
    """A positive number of the environment; ``default`` where the variable is empty."""
    text = env.get(name, "").strip().replace("_", "")
    if not text:
        return default
    try:
        number = kind(text)
    except ValueError:
        number = kind("0")
    if not 0 < number < float("inf"):
        whole = "whole " if kind is int else ""
        raise GoujiError(f"{name}={env[name]}: give a {whole}number above 0, or unset it")
    return number
