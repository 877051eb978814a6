"""What the service is started with, and the limits that it keeps; nothing heavy is imported here."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field

from extractor.errors import GoujiError
from extractor.store import DEFAULT_URL

SHORTEST_TOKEN = 32
MB = 1_000_000


@dataclass(frozen=True, slots=True)
class Limits:
    """What one client may ask of the service. Sizes are bytes, times are seconds."""

    report: int = 8 * MB
    body: int = 64 * MB  # of a request; a request that is not an upload has the limit of a report
    job: int = 512 * MB  # what the files of a job come to, once unpacked
    job_files: int = 10_000
    zip_ratio: int = 200  # a member may unpack to so many times its size in the archive
    name: int = 255  # characters of a file's name that are kept
    header_time: float = 10.0
    body_time: float = 60.0
    answer_time: float = 60.0
    send_time: float = 30.0  # a client that takes nothing for so long is let go
    report_time: float = 20.0  # of one report in a worker process
    requests: int = 64  # in work at a time; more are asked to come again


@dataclass(frozen=True, slots=True)
class Reviewing:
    """How the review page is used: by whom if the page is not to ask, all cells keyed blind, the share of accepted cells to audit."""

    reviewer: str = ""
    blind: bool = False
    audit: float = 0.0


@dataclass(frozen=True, slots=True)
class Settings:
    """How the service is started. ``hosts`` are further names that it may be called by; ``db`` is a database URL or a file."""

    host: str = "127.0.0.1"
    port: int = 8765
    db: str = DEFAULT_URL
    token: str | None = field(default=None, repr=False)
    hosts: tuple[str, ...] = ()
    forms: str | None = None
    workers: int = 2
    limits: Limits = Limits()
    review: Reviewing = Reviewing()

    @property
    def loopback(self) -> bool:
        """Whether only this machine can reach the service."""
        return is_loopback(self.host)


def is_loopback(host: str) -> bool:
    """Whether an address is this machine's own; a name other than localhost may lead anywhere."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def checked(settings: Settings) -> Settings:
    """The settings, if the service may be started with them; GoujiError otherwise."""
    token = settings.token
    if token is None and not settings.loopback:
        raise GoujiError(
            f"--host {settings.host}: others can reach this address, so a token is needed: set GOUJI_TOKEN to at least "
            f"{SHORTEST_TOKEN} random characters (openssl rand -hex 32), or leave out --host to serve this machine alone"
        )
    if token is not None and (len(token) < SHORTEST_TOKEN or not (token.isascii() and token.isprintable()) or " " in token):
        raise GoujiError(f"GOUJI_TOKEN: a token has at least {SHORTEST_TOKEN} ASCII characters without blanks; make one with: openssl rand -hex 32")
    return settings
