"""Archive jobs: every file has its record, once, whatever becomes of the service meanwhile."""

from __future__ import annotations

import io
import json
import signal
import sqlite3
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from benchmarks.render import made_up, render
from extractor.form import load_forms
from tests.files_support import zipped
from tests.web_support import GOLDEN, REPORT, Service, service


def damaged(number: int) -> dict[str, bytes]:
    """So many reports, each another one."""
    from benchmarks.damage import SHAPES, make_case

    form = load_forms()[0]
    return {f"2020/{n:03}.txt": make_case(form, n, SHAPES[n % len(SHAPES)], "heavy").text.encode() for n in range(number)}


def submit(client: httpx2.Client, *files: tuple[str, bytes]) -> dict[str, Any]:
    reply = client.post("/v1/jobs", files=[("files", f) for f in files])
    assert reply.status_code == 202, reply.text
    job: dict[str, Any] = reply.json()
    assert reply.headers["location"] == f"/v1/jobs/{job['id']}"
    return job


def until(client: httpx2.Client, number: int, state: str, done: int = 0, seconds: float = 120) -> dict[str, Any]:
    """The job, once it is in this state and so many of its files are done."""
    end = time.monotonic() + seconds
    job: dict[str, Any] = {}
    while time.monotonic() < end:
        job = client.get(f"/v1/jobs/{number}").json()
        if job["state"] == state and job["states"].get("done", 0) >= done:
            return job
        time.sleep(0.05)
    raise AssertionError(job)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service for the tests that neither kill it nor count all it has done."""
    with service(tmp_path_factory.mktemp("shared")) as running:
        yield running


def test_files_and_archives_come_back_as_records_in_their_order(tmp_path: Path) -> None:
    chinese = io.BytesIO()
    with zipfile.ZipFile(chinese, "w") as packed:
        packed.writestr(zipfile.ZipInfo("XXXX.txt"), REPORT)
    as_windows = chinese.getvalue().replace(b"XXXX.txt", "县志".encode("gb18030") + b".txt")
    golden = {f"{n}/source.txt": (GOLDEN / n / "source.txt").read_bytes() for n in ("000", "001")}
    with service(tmp_path) as running, running.client() as client:
        packed = zipped({**golden, "__MACOSX/x": b"x", ".DS_Store": b"x", "folder/": b"", "scan.pdf": b"%PDF-1.7"})
        job = submit(client, ("one.txt", REPORT), ("two.zip", packed), ("three.zip", as_windows), ("one.txt", REPORT))
        done = until(client, job["id"], "done")
        listed = client.get(f"/v1/jobs/{job['id']}/files").json()["files"]
        records = [json.loads(line) for line in client.get(f"/v1/jobs/{job['id']}/records").text.splitlines()]
        page = client.get(f"/v1/jobs/{job['id']}/files", params={"limit": 2}).json()

        assert client.get(f"/v1/reports/{listed[0]['report']}/record").json() == records[0]
        assert [job["id"]] == [j["id"] for j in client.get("/v1/jobs").json()["jobs"]]
        assert 'gouji_job_files{state="done"} 6' in client.get("/metrics").text

    expected = ["one.txt", "000/source.txt", "001/source.txt", "scan.pdf", "县志.txt", "one.txt (2)"]
    assert (expected, expected) == ([f["name"] for f in listed], [r["source"] for r in records])
    assert (6, {"done": 6}, {"accept": 4, "review": 1, "unreadable": 1}) == (done["files"], done["states"], done["decisions"])
    assert ["CORRUPT_FILE"] == [f["error"] for f in listed if f["error"]]
    assert (expected[:2], 2) == ([f["name"] for f in page["files"]], page["next"])


def test_an_office_document_is_one_report_and_not_an_archive(shared: Service) -> None:
    form = load_forms()[0]
    files = {f"a.{format_}": render(made_up(form, 71_000, "clean")[0], format_) for format_ in ("docx", "xlsx", "pdf")}
    with shared.client() as client:
        job = submit(client, *files.items(), ("all.zip", zipped(files)))
        until(client, job["id"], "done")
        records = [json.loads(line) for line in client.get(f"/v1/jobs/{job['id']}/records").text.splitlines()]

    assert [*files, *(f"{name} (2)" for name in files)] == [r["source"] for r in records]
    assert {form.id} == {r["form"] for r in records}
    assert all(c["place"] for r in records for c in r["cells"] if c["status"] == "printed")


@pytest.mark.parametrize("name", [signal.SIGKILL, signal.SIGTERM], ids=lambda s: s.name)
def test_a_job_goes_on_after_the_service_was_killed_and_nothing_is_done_twice(tmp_path: Path, name: signal.Signals) -> None:
    files = damaged(24)
    with service(tmp_path, workers=1) as running, running.client() as client:
        job = submit(client, ("all.zip", zipped(files)))
        until(client, job["id"], "running", done=5)
        running.stop(name)
    before = runs(tmp_path)
    assert 5 <= before < 24
    with sqlite3.connect(tmp_path / "web.sqlite") as database:  # the lease of what was in work runs out, as if a minute had passed
        database.execute("UPDATE job_file SET lease = lease - 60")
    with service(tmp_path, workers=1) as running, running.client() as client:
        done = until(client, job["id"], "done")
        records = [json.loads(line) for line in client.get(f"/v1/jobs/{job['id']}/records").text.splitlines()]

    assert {"done": 24} == done["states"]
    assert list(files) == [r["source"] for r in records]
    assert 24 == runs(tmp_path)
    with sqlite3.connect(tmp_path / "web.sqlite") as database:
        assert [(0,)] == database.execute("SELECT count(content) FROM job_file").fetchall()


def runs(folder: Path) -> int:
    with sqlite3.connect(folder / "web.sqlite") as database:
        return int(database.execute("SELECT count(*) FROM run").fetchone()[0])


def test_a_cancelled_job_ends_and_keeps_what_it_has(shared: Service) -> None:
    with shared.client() as client:
        job = submit(client, ("all.zip", zipped(damaged(24))))
        until(client, job["id"], "running", done=2)
        client.post(f"/v1/jobs/{job['id']}/cancel")
        ended = until(client, job["id"], "cancelled")
        kept = len(client.get(f"/v1/jobs/{job['id']}/records").text.splitlines())
        again = client.post(f"/v1/jobs/{job['id']}/cancel").json()

        assert 404 == client.post("/v1/jobs/99/cancel").status_code
    assert ended == again
    assert 2 <= kept < 24
    assert {"done": kept, "cancelled": 24 - kept} == ended["states"]


def test_two_services_share_one_job_and_a_long_job_lets_a_short_one_by(tmp_path: Path) -> None:
    with service(tmp_path, workers=1) as one, service(tmp_path, workers=1) as two, one.client() as client, two.client() as other:
        long = submit(client, ("long.zip", zipped(damaged(24))))
        short = submit(other, ("short.txt", REPORT))
        until(client, short["id"], "done")
        assert "running" == client.get(f"/v1/jobs/{long['id']}").json()["state"]
        done = until(other, long["id"], "done")
        assert all('gouji_reports_read_total{decision="' in c.get("/metrics").text for c in (client, other))

    assert {"done": 24} == done["states"]
    assert 25 == runs(tmp_path)


def test_other_requests_are_answered_while_a_job_runs(shared: Service) -> None:
    with shared.client() as client:
        job = submit(client, ("all.zip", zipped(damaged(24))))
        answered = 0
        while client.get(f"/v1/jobs/{job['id']}").json()["state"] != "done":
            assert client.post("/v1/extract", content=REPORT, headers={"content-type": "text/plain"}).json()["decision"] == "accept"
            answered += 1

    assert answered > 3  # had they waited for the job, there would be one
