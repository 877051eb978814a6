"""Who may come in: the name the service is called by, the token, and no page of another site."""

from __future__ import annotations

import base64
import binascii
import ipaddress
from collections.abc import Mapping
from hmac import compare_digest

from extractor.web.problem import Refused
from extractor.web.settings import Settings

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
PAGE_TOKEN = "x-gouji-token"
OPEN = frozenset({"/health/live"})  # asked by what starts and watches the service; tells nothing


def admit(method: str, path: str, scheme: str, headers: Mapping[str, str], settings: Settings, page_token: str) -> None:
    """Return where a request may be answered; Refused otherwise. ``headers`` have lower-case names."""
    host = headers.get("host", "")
    if not _known_host(host, settings):
        raise Refused(421, "WRONG_HOST", "this service is not called by that name; start it with --allow-host NAME if it should be")
    if path in OPEN and method in SAFE:
        return
    if settings.token is not None and not _authorised(headers.get("authorization", ""), settings.token):
        challenge = {"WWW-Authenticate": 'Bearer realm="gouji", Basic realm="gouji", charset="UTF-8"'}
        raise Refused(401, "NO_TOKEN", "give the service's token: Authorization: Bearer TOKEN; a browser asks for it as a password", challenge)
    _same_site(method, scheme, host, headers)
    if method not in SAFE and _from_browser(headers) and not compare_digest(headers.get(PAGE_TOKEN, "").encode(), page_token.encode()):
        raise Refused(403, "NO_PAGE_TOKEN", "the page is from an earlier start of the service: load it again")


def _known_host(host: str, settings: Settings) -> bool:
    """Addresses, localhost and the names given: a name that someone else points here (DNS rebinding) is none of them."""
    name = host.rpartition(":")[0] if host.rpartition(":")[2].isdecimal() and not host.endswith("]") else host
    name = name.lower().removesuffix(".")
    if name in {"localhost", settings.host.lower(), *(h.lower() for h in settings.hosts)}:
        return True
    try:
        ipaddress.ip_address(name.removeprefix("[").removesuffix("]"))
    except ValueError:
        return False
    return True


def _authorised(given: str, token: str) -> bool:
    kind, _, value = given.partition(" ")
    value = value.strip()
    if kind.lower() == "basic":
        try:
            value = base64.b64decode(value, validate=True).decode().partition(":")[2]
        except (binascii.Error, UnicodeDecodeError):
            return False
    elif kind.lower() != "bearer":
        return False
    return compare_digest(value.encode(), token.encode())


def _from_browser(headers: Mapping[str, str]) -> bool:
    """Whether a page may have made the request, and the browser added what it knows of the person (a Basic login)."""
    return "origin" in headers or "sec-fetch-site" in headers or headers.get("authorization", "").lower().startswith("basic")


def _same_site(method: str, scheme: str, host: str, headers: Mapping[str, str]) -> None:
    origin, site = headers.get("origin"), headers.get("sec-fetch-site")
    foreign = site in {"cross-site", "same-site"} and not (method in SAFE and headers.get("sec-fetch-mode") == "navigate")
    if foreign or (origin is not None and origin.lower() != f"{scheme}://{host}".lower()):
        raise Refused(403, "CROSS_SITE", "a page of another site may not ask this service")
