"""Where an attempt brought no answer: what happened, whether to try again, how long to wait, and what is said of it.

The one place that knows the exceptions of openai, instructor and tenacity's clock. It imports them, so it is only
imported where something is asked.
"""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import NamedTuple

import httpx2
import openai
from instructor.core.exceptions import InstructorError, InstructorRetryException

from extractor.model.budget import OverBudget
from extractor.model.question import AnswerKind

# What a call may raise for what a server, a network or a model does; anything else is a bug of ours and is not caught.
CALL_ERRORS = (openai.OpenAIError, InstructorError, httpx2.HTTPError, TimeoutError)
_FOREVER = {"insufficient_quota", "billing_hard_limit_reached"}
_FILTERED = {"content_filter", "content_policy_violation", "data_inspection_failed"}
_ADVICE = {
    401: "the key was refused; see GOUJI_API_KEY",
    403: "the key may not use this model or this endpoint",
    404: "the endpoint or the model is not known; see GOUJI_BASE_URL and GOUJI_MODEL",
    413: "the request is too long for this server",
    429: "the server's limit of requests was reached; lower GOUJI_RPM, GOUJI_TPM or GOUJI_CONCURRENCY",
}


class Unusable(Exception):
    """A reply came and cannot be used: the question is put afresh."""


class Outcome(NamedTuple):
    """How a question ends that has no answer."""

    kind: AnswerKind
    message: str


def cause_of(error: BaseException) -> BaseException:
    """The error that instructor wrapped, else the error itself."""
    while isinstance(error, InstructorRetryException) and error.__cause__ is not None:
        error = error.__cause__
    return error


def retry_after(error: BaseException) -> float | None:
    """The seconds that a server asks to wait, from its ``Retry-After`` (seconds or a date); None where it asks for none."""
    if not isinstance(error, openai.APIStatusError):
        return None
    text = error.response.headers.get("retry-after", "").strip()
    try:
        return max(0.0, float(text))
    except ValueError:
        pass
    try:
        when = parsedate_to_datetime(text)
    except ValueError:
        return None
    return max(0.0, ((when if when.tzinfo else when.replace(tzinfo=UTC)) - datetime.now(UTC)).total_seconds())


def is_passing(error: BaseException, max_wait: float) -> bool:
    """Whether the same question may well be answered later: rate limit, connection, timeout, 5xx, an unusable reply."""
    if isinstance(error, Unusable | openai.APIConnectionError | TimeoutError | httpx2.TransportError):
        return True
    if not isinstance(error, openai.APIStatusError):
        return False
    if error.status_code == 429 and _code(error) in _FOREVER:
        return False
    return (error.status_code in (408, 409, 425, 429) or error.status_code >= 500) and (retry_after(error) or 0) <= max_wait


def outcome_of(error: BaseException) -> Outcome:
    """How a question ends whose last attempt ended so."""
    if isinstance(error, OverBudget):
        return Outcome(AnswerKind.OVER_BUDGET, str(error))
    if isinstance(error, Unusable):
        return Outcome(AnswerKind.UNUSABLE, str(error))
    if isinstance(error, openai.APIStatusError):
        if _code(error) in _FILTERED:
            return Outcome(AnswerKind.REFUSED, f"the provider's content filter refused the question: {said_by(error)}")
        if _code(error) in _FOREVER:
            return Outcome(AnswerKind.UNREACHABLE, f"the account has no credit left: {said_by(error)}")
        advice = _ADVICE.get(error.status_code, "try again later" if error.status_code >= 500 else "the server refused the request")
        return Outcome(AnswerKind.UNREACHABLE, f"status {error.status_code}: {advice}: {said_by(error)}")
    if isinstance(error, openai.APITimeoutError | TimeoutError | httpx2.TimeoutException):
        return Outcome(AnswerKind.UNREACHABLE, "no complete reply in time; give more with GOUJI_TIMEOUT")
    if isinstance(error, openai.APIConnectionError | httpx2.TransportError):
        below = error.__cause__ or error
        return Outcome(AnswerKind.UNREACHABLE, f"no connection, or it broke off ({type(below).__name__}: {below}); see GOUJI_BASE_URL")
    return Outcome(AnswerKind.UNREACHABLE, f"the call failed: {type(error).__name__}")


def said_by(error: openai.APIStatusError) -> str:
    """What the server said, in a line. Servers quote keys in part; nothing that looks like one is passed on."""
    body = error.body if isinstance(error.body, dict) else {}
    text = " ".join(str(body.get("message") or error.message).split())
    words = ["…" if len(w) > 12 and ("sk-" in w or "*" in w) else w for w in text.split(" ")]
    return " ".join(words)[:300]


def _code(error: openai.APIStatusError) -> str:
    return str(error.code or "")
