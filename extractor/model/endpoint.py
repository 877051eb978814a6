"""openai's client for the configured endpoint, in the one way in which this program opens it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import openai
from httpx2 import Request, Response

if TYPE_CHECKING:
    from extractor.model.settings import ModelSettings

_HIDDEN = "[key]"


class HttpClient(openai.DefaultAsyncHttpxClient):
    """openai's own HTTP client (proxies of the environment and all), to which no reply quotes the key.

    Some servers do when they refuse it, and what they say goes into messages, logs and the store.
    """

    def __init__(self, settings: ModelSettings, **named: Any) -> None:
        super().__init__(timeout=settings.timeout, **named)
        self._key = settings.api_key.encode()

    async def send(self, request: Request, **named: Any) -> Response:
        """Send, and take the key out of the reply."""
        response = await super().send(request, **named)
        body = await response.aread()
        if not self._key or self._key not in body:
            return response
        kept = [(n, v) for n, v in response.headers.multi_items() if n.lower() not in ("content-length", "content-encoding", "transfer-encoding")]
        return Response(response.status_code, headers=kept, content=body.replace(self._key, _HIDDEN.encode()), request=request)


def open_openai(settings: ModelSettings, http: HttpClient | None = None) -> openai.AsyncOpenAI:
    """openai's client, without retries of its own. Local servers want no key; the SDK wants some text."""
    return openai.AsyncOpenAI(
        api_key=settings.api_key or "none",
        base_url=settings.base_url,
        max_retries=0,
        timeout=settings.timeout,
        http_client=http or HttpClient(settings),
    )
