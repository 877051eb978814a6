"""The server's own books: what was asked, what was answered and charged, and how much fell into any one minute."""

from __future__ import annotations

import time
from collections import Counter, deque
from typing import Any


class Books:
    """Counts of one server. ``answered`` are completions given out, each once however often its connection broke."""

    def __init__(self, window: float) -> None:
        self.requests = 0
        self.answered = 0
        self.usage: Counter[str] = Counter()
        self.faults: Counter[str] = Counter()
        self.log: list[tuple[float, int]] = []
        self.most_requests = 0
        self.most_tokens = 0
        self.flying = 0
        self.most_flying = 0
        self._window = window
        self._recent: deque[tuple[float, int]] = deque()
        self._recent_tokens = 0

    def arrive(self) -> float:
        """Count a request; when it came."""
        self.requests += 1
        self.flying += 1
        self.most_flying = max(self.most_flying, self.flying)
        return time.monotonic()

    def enter(self, at: float, tokens: int) -> None:
        """Put a request that came ``at`` into its minute, with the tokens that it will have used."""
        self.log.append((at, tokens))
        self._recent.append((at, tokens))
        self._recent_tokens += tokens
        while self._recent[0][0] <= at - self._window:
            self._recent_tokens -= self._recent.popleft()[1]
        self.most_requests = max(self.most_requests, len(self._recent))
        self.most_tokens = max(self.most_tokens, self._recent_tokens)

    def charge(self, usage: dict[str, Any]) -> None:
        """Count a completion."""
        self.answered += 1
        self.usage["input"] += usage["prompt_tokens"]
        self.usage["cached"] += usage["prompt_tokens_details"]["cached_tokens"]
        self.usage["output"] += usage["completion_tokens"]
        self.usage["reasoning"] += usage["completion_tokens_details"]["reasoning_tokens"]

    def within(self, requests: int | None, tokens: int | None, at: float, wanted: int) -> bool:
        """Whether one more request with ``wanted`` tokens keeps to limits."""
        recent = [t for when, t in self._recent if when > at - self._window]
        return (requests is None or len(recent) < requests) and (tokens is None or sum(recent) + wanted <= tokens)

    def to_dict(self, log: bool = False) -> dict[str, Any]:
        """As JSON-able data."""
        data: dict[str, Any] = {
            "requests": self.requests, "answered": self.answered, "faults": dict(sorted(self.faults.items())),
            "most_requests": self.most_requests, "most_tokens": self.most_tokens, "most_flying": self.most_flying,
        }  # fmt: skip
        data |= {name: self.usage[name] for name in ("input", "cached", "output", "reasoning")}
        return data | ({"log": self.log} if log else {})
