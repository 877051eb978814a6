"""What holds for every test: no network, no real home directory, no settings of the person who runs them."""

from __future__ import annotations

import ipaddress
import os
import socket
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

os.environ.pop("COLUMNS", None)  # pytest-xdist sets it for its processes; the tests print as into a pipe
# Hundreds of processes are started, and each would compile the program anew.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

_SETTINGS = ("GOUJI_", "OPENAI_", "XDG_")


class NetworkUsed(AssertionError):
    """A test reached for another machine."""


def _is_local(host: object) -> bool:
    if host in (None, "", "localhost"):
        return True
    try:
        return ipaddress.ip_address(str(host).partition("%")[0]).is_loopback
    except ValueError:
        return False


def _guarded(real: Callable[..., Any]) -> Callable[..., Any]:
    def connect(self: socket.socket, address: Any) -> Any:
        if self.family != getattr(socket, "AF_UNIX", None) and not _is_local(address[0]):
            raise NetworkUsed(f"a test opened a connection to {address!r}")
        return real(self, address)

    return connect


# Files that take longest. Whole files are given out in this order, so that at the end no process waits for another's long one.
_LONG = (
    "test_formats", "test_page", "test_cluster", "test_archive", "test_web_jobs", "test_office", "test_store", "test_model_benchmarks", "test_panel_formats",
    "test_hostile", "test_packaging", "test_cli", "test_others", "test_web_abuse", "test_docs", "test_model_store", "test_overview_page", "test_readers",
    "test_damage", "test_benchmarks", "test_web_fuzz", "test_render",
)  # fmt: skip


def pytest_configure(config: pytest.Config) -> None:
    """Have pytest-xdist leave the order as it is: it would begin with the files that have the most tests."""
    config.option.loadscopereorder = False


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long files first."""
    rank = {name: n for n, name in enumerate(_LONG)}
    items.sort(key=lambda item: rank.get(item.path.stem, len(_LONG)))


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Connections and name look-ups that leave this machine raise."""
    real_lookup = socket.getaddrinfo

    def lookup(host: Any, *rest: Any, **named: Any) -> Any:
        if not _is_local(host.decode() if isinstance(host, bytes) else host):
            raise NetworkUsed(f"a test looked up {host!r}")
        return real_lookup(host, *rest, **named)

    monkeypatch.setattr(socket.socket, "connect", _guarded(socket.socket.connect))
    monkeypatch.setattr(socket.socket, "connect_ex", _guarded(socket.socket.connect_ex))
    monkeypatch.setattr(socket, "getaddrinfo", lookup)


@pytest.fixture(autouse=True)
def _own_home(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The home directory is an empty folder, also for subprocesses."""
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("USERPROFILE", str(home))
    return home


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """No environment variable chooses a model, a key or a folder."""
    for name in list(os.environ):
        if name.startswith(_SETTINGS):
            monkeypatch.delenv(name)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """A real PostgreSQL server for this run; skipped where none is installed (`.ci/run` installs one)."""
    from tests.databases import postgres, server_programs

    if server_programs() is None:
        pytest.skip("no PostgreSQL server is installed: apt-get install postgresql")
    with postgres() as url:
        yield url
