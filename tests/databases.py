"""A real PostgreSQL server for the tests, started on loopback in a folder of its own."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

_FOLDERS = ("/usr/lib/postgresql/*/bin", "/usr/local/pgsql/bin", "/opt/homebrew/bin")


def server_programs() -> Path | None:
    """The folder of ``initdb`` and ``postgres``, None where no server is installed."""
    found = [Path(x).parent for x in [shutil.which("postgres")] if x]
    for pattern in _FOLDERS:
        found += sorted(Path("/").glob(pattern.lstrip("/")), reverse=True)
    return next((f for f in found if (f / "initdb").exists() and (f / "postgres").exists()), None)


@contextlib.contextmanager
def postgres() -> Iterator[str]:
    """The URL of the database of a new server; stopped and removed at the end."""
    programs = server_programs()
    assert programs is not None
    folder = Path(tempfile.mkdtemp(prefix="gouji-pg-"))
    # The server refuses to run as root.
    runuser = shutil.which("runuser", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
    become = [runuser, "-u", "postgres", "--"] if os.geteuid() == 0 and runuser else []
    if become:
        shutil.chown(folder, "postgres")
    data = folder / "data"
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    try:
        subprocess.run([*become, programs / "initdb", "-D", data, "-U", "gouji", "-A", "trust", "-E", "UTF8", "--locale=C"],
                       check=True, capture_output=True, cwd=folder)  # fmt: skip
        options = f"-p {port} -c listen_addresses=127.0.0.1 -k {folder} -c fsync=off"
        subprocess.run([*become, programs / "pg_ctl", "-D", data, "-w", "-l", folder / "log", "-o", options, "start"],
                       check=True, capture_output=True, cwd=folder)  # fmt: skip
        yield f"postgresql://gouji@127.0.0.1:{port}/postgres"
    finally:
        subprocess.run([*become, programs / "pg_ctl", "-D", data, "-m", "immediate", "stop"], check=False, capture_output=True, cwd=folder)
        shutil.rmtree(folder, ignore_errors=True)


def emptied(url: str) -> str:
    """The database ``url`` without any table: quicker than a new one, and it leaves no files behind."""
    import psycopg

    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("DROP SCHEMA public CASCADE")
        connection.execute("CREATE SCHEMA public")
    return url
