"""The HTTP service as a client sees it: a real server on loopback, real reports, a real database."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.web_support import FLAGGED, GOLDEN, REPORT, ROOT, Service, service

PLAIN = {"content-type": "text/plain"}


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    page = tmp_path_factory.mktemp("page")
    (page / "index.html").write_text("<!doctype html><html><head><title>x</title></head></html>", encoding="utf-8")
    (page / "page.js").write_text("export {};", encoding="utf-8")
    with service(tmp_path_factory.mktemp("web"), page=str(page)) as found:
        yield found


@pytest.fixture
def client(running: Service) -> Iterator[httpx2.Client]:
    with running.client() as found:
        yield found


@pytest.fixture(scope="module")
def kept(running: Service) -> dict[str, Any]:
    """A report with cells for review, in the store."""
    with running.client() as client:
        reply = client.post("/v1/extract", params={"store": "true", "name": "flagged.txt"}, content=FLAGGED.read_bytes(), headers=PLAIN)
        assert reply.status_code == 200
        found: dict[str, Any] = client.get(reply.headers["location"]).json()
    assert found["open"] > 0
    return found


def by_command(path: Path) -> str:
    """The line that ``gouji extract`` writes."""
    done = subprocess.run([sys.executable, "cli.py", "extract", str(path), "--jsonl", "-"], cwd=ROOT, capture_output=True, encoding="utf-8", check=False)
    return done.stdout.strip()


def test_a_report_gives_the_very_record_that_the_command_writes_however_it_is_sent(client: httpx2.Client) -> None:
    path = GOLDEN / "000" / "source.txt"
    name = str(path)
    expected = by_command(path)
    replies = [
        client.post("/v1/extract", params={"name": name}, content=REPORT, headers=PLAIN),
        client.post("/v1/extract", json={"text": REPORT.decode(), "name": name}),
        client.post("/v1/extract", files={"file": (name, REPORT, "text/plain")}),
    ]

    assert [200, 200, 200] == [r.status_code for r in replies]
    assert {expected} == {r.text for r in replies}
    assert '"decision":"accept"' in expected


def test_a_file_that_is_no_report_gives_a_record_that_says_why(client: httpx2.Client) -> None:
    record = client.post("/v1/extract", content=b"%PDF-1.7", headers=PLAIN).json()

    assert ("unreadable", "CORRUPT_FILE") == (record["decision"], record["error"]["code"])


@pytest.mark.parametrize(
    ("sent", "status", "code"),
    [
        ({"content": b"x", "headers": {"content-type": "image/png"}}, 415, "MEDIA_TYPE"),
        ({"content": b"{", "headers": {"content-type": "application/json"}}, 422, "INVALID"),
        ({"json": {"text": "x", "nme": "y"}}, 422, "INVALID"),
        ({"content": b'{"text": "\\ud800"}', "headers": {"content-type": "application/json"}}, 422, "INVALID"),
        ({"files": {"other": ("a", b"x")}}, 422, "INVALID"),
        ({"content": b"x", "headers": {"content-type": "multipart/form-data"}}, 400, "BAD_REQUEST"),
        ({"content": b"x", "headers": PLAIN, "params": {"store": "perhaps"}}, 422, "INVALID"),
    ],
)
def test_what_cannot_be_understood_is_a_problem_with_an_id(client: httpx2.Client, sent: dict[str, Any], status: int, code: str) -> None:
    reply = client.post("/v1/extract", **sent)
    said = reply.json()

    assert (status, code, "application/problem+json") == (reply.status_code, said["code"], reply.headers["content-type"])
    assert reply.headers["x-request-id"] == said["request_id"]
    assert "Traceback" not in reply.text


def test_a_stored_report_is_there_with_all_that_is_known_of_it(client: httpx2.Client, kept: dict[str, Any]) -> None:
    at = f"/v1/reports/{kept['id']}"
    record = client.get(f"{at}/record")
    cells = client.get(f"{at}/cells").json()["cells"]

    assert "flagged.txt" == kept["source"]
    assert kept["id"] in [r["id"] for r in client.get("/v1/reports", params={"open": "true", "text": "flagg"}).json()["reports"]]
    assert [] == client.get("/v1/reports", params={"year": 1999}).json()["reports"]
    assert record.json()["cells"] == [c["machine"] for c in cells]
    assert record.text == client.get(f"{at}/record", params={"run": kept["run"]}).text
    assert kept["findings"] == len(client.get(f"{at}/findings").json()["findings"])
    assert [kept["run"]] == [r["id"] for r in client.get(f"{at}/runs").json()["runs"]]
    printed = next(c["machine"] for c in cells if c["machine"]["printed"])
    text = client.get(f"{at}/text").text
    assert printed["printed"] == text[printed["evidence"]["start"] : printed["evidence"]["end"]]


def test_the_worklist_has_what_waits_and_why(client: httpx2.Client, kept: dict[str, Any]) -> None:
    row = client.get(f"/v1/reports/{kept['id']}").json()
    found = client.get("/v1/worklist").json()
    mine = [r for r in found["reports"] if r["id"] == kept["id"]]
    assert [row["open"]] == [r["open"] for r in mine]
    assert found["open_cells"] == sum(r["open"] for r in found["reports"])
    assert [r["score"] for r in found["reports"]] == sorted((r["score"] for r in found["reports"]), reverse=True)
    items = client.get(f"/v1/reports/{kept['id']}/worklist").json()["items"]
    cells = client.get(f"/v1/reports/{kept['id']}/cells").json()["cells"]
    assert sorted(x["field"] for x in items) == sorted(c["field"] for c in cells if c["state"] == "open")
    assert client.get("/v1/worklist?text=nowhere").json() == {"reports": [], "open_reports": 0, "open_cells": 0}
    assert 404 == client.get("/v1/reports/999/worklist").status_code


def test_reports_come_in_pages(client: httpx2.Client, kept: dict[str, Any]) -> None:
    for n in range(3):
        client.post("/v1/extract", params={"store": "true", "name": f"page-{n}.txt"}, content=REPORT, headers=PLAIN)
    seen, after = [], 0
    while after is not None:
        page = client.get("/v1/reports", params={"after": after, "limit": 1}).json()
        seen += [r["source"] for r in page["reports"]]
        after = page["next"]

    assert len(seen) == len(set(seen))
    assert {"flagged.txt", "page-0.txt", "page-1.txt", "page-2.txt"} <= set(seen)


@pytest.mark.parametrize("path", ["/v1/reports/999", "/v1/reports/999/events", "/v1/reports/999/cells", "/v1/jobs/999", "/v1/jobs/999/records", "/nowhere"])
def test_what_is_not_there_is_a_404_that_tells_nothing_of_the_machine(client: httpx2.Client, path: str) -> None:
    reply = client.get(path)

    assert (404, "NOT_FOUND") == (reply.status_code, reply.json()["code"])
    assert "sqlite" not in reply.text


def event(kept: dict[str, Any], key: str, field: str, **more: Any) -> dict[str, Any]:
    return {"key": key, "run": kept["run"], "field": field, "action": "correct", "value": "１２", "reviewer": "li", **more}


def test_people_answer_and_none_is_lost_or_doubled_or_overwritten(client: httpx2.Client, kept: dict[str, Any]) -> None:
    at = f"/v1/reports/{kept['id']}"
    field = next(c["field"] for c in client.get(f"{at}/cells").json()["cells"] if c["state"] == "open")

    def cell() -> dict[str, Any]:
        return next(c for c in client.get(f"{at}/cells").json()["cells"] if c["field"] == field)

    first = client.post(f"{at}/events", json=event(kept, "key-first", field, seen_at="2026-11-21T16:00:00+08:00"))
    again = client.post(f"{at}/events", json=event(kept, "key-first", field))
    late = client.post(f"{at}/events", json=event(kept, "key-late", field, reviewer="wang", value="13"))

    assert (201, 12, "2026-11-21T08:00:00.000+00:00") == (first.status_code, first.json()["figure"], first.json()["seen_at"])
    assert first.json() == again.json()
    assert (409, "CONFLICT", first.json()) == (late.status_code, late.json()["code"], late.json()["event"])
    assert (12, "person", "answered") == (cell()["value"], cell()["origin"], cell()["state"])

    informed = client.post(f"{at}/events", json=event(kept, "key-late", field, reviewer="wang", value="13", after=first.json()["id"]))
    undo = client.post(f"{at}/events", json=event(kept, "key-undo", field, reviewer="wang", action="undo", value=None, cancels=informed.json()["id"]))

    assert (201, 201) == (informed.status_code, undo.status_code)
    assert 12 == cell()["value"]
    assert ["key-late", "key-undo"] == [e["key"] for e in client.get(f"{at}/events", params={"after": first.json()["id"]}).json()["events"]]


@pytest.mark.parametrize(
    "wrong",
    [{"field": "no/such/field"}, {"value": "twelve"}, {"action": "guess"}, {"reviewer": ""}, {"run": -1}, {"note": "\0"}, {"seen_at": "0001-01-01T00:00:00+14:00"}, {"x": 1}],
)
def test_an_event_that_says_nothing_is_refused(client: httpx2.Client, kept: dict[str, Any], wrong: dict[str, Any]) -> None:
    field = client.get(f"/v1/reports/{kept['id']}/cells").json()["cells"][0]["field"]
    reply = client.post(f"/v1/reports/{kept['id']}/events", json=event(kept, "key-wrong", field) | wrong)

    assert 422 == reply.status_code, reply.text


def test_it_says_how_it_is(client: httpx2.Client, kept: dict[str, Any]) -> None:
    assert {"status": "ok", "database": "ok"} == client.get("/health").json()
    assert {"status": "ok"} == client.get("/health/live").json()
    counted = client.get("/metrics").text

    assert re.search(r'^gouji_requests_total\{method="POST",route="/v1/extract",status="200"\} [1-9]', counted, re.MULTILINE)
    assert re.search(r'^gouji_reports\{decision="review"\} [1-9]', counted, re.MULTILINE)
    assert re.search(r"^gouji_open_cells [1-9]", counted, re.MULTILINE)
    assert re.search(r'^gouji_request_seconds_bucket\{le="\+Inf",route="/v1/reports/\{id\}"\} [1-9]', counted, re.MULTILINE)


def test_every_route_is_described_with_an_example(client: httpx2.Client) -> None:
    described = client.get("/openapi.json").json()
    missing = []
    for path, methods in described["paths"].items():
        for method, route in methods.items():
            for media in route.get("requestBody", {}).get("content", {}).values():
                schema = described["components"]["schemas"].get(media["schema"].get("$ref", "").rpartition("/")[2], media["schema"])
                if "example" not in media and "examples" not in schema and "contentMediaType" not in json.dumps(schema) and schema.get("format") != "binary":
                    missing.append((method, path, "request"))
            good = [r for status, r in route["responses"].items() if status.startswith("2")]
            if not any("example" in media for r in good for media in r.get("content", {}).values()):
                missing.append((method, path, "response"))
            if not route.get("description"):
                missing.append((method, path, "description"))

    assert [] == missing
    assert {"/v1/extract", "/v1/jobs/{id}", "/v1/reports/{id}/events", "/health", "/metrics"} <= set(described["paths"])


def test_the_page_gets_a_token_that_only_it_has(running: Service, client: httpx2.Client) -> None:
    page = client.get("/")
    token = re.search(r'<meta name="gouji-token" content="([^"]{40,})">', page.text)
    assert token is not None

    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert client.get("/page/page.js").headers["content-type"].startswith("text/javascript")
    assert 404 == client.get("/page/../app.py").status_code
    assert 404 == client.get("/page/%2e%2e/app.py").status_code
    assert token[1] not in running.log


def test_told_to_stop_it_ends_in_order_and_a_request_in_work_is_answered(tmp_path: Path) -> None:
    with service(tmp_path) as running, running.client() as client:
        assert client.get("/health").status_code == 200
        assert 0 == running.stop(signal.SIGTERM)


def test_a_token_is_needed_where_others_can_reach_the_service(tmp_path: Path) -> None:
    def serve(*options: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, str(ROOT / "cli.py"), "serve", "--port", "0", *options]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, encoding="utf-8", check=False, timeout=60)

    without, short = serve("--host", "0.0.0.0"), serve("--host", "0.0.0.0", "--token", "short")  # noqa: S104

    assert (2, 2) == (without.returncode, short.returncode)
    assert "GOUJI_TOKEN" in without.stderr
    assert "32" in short.stderr
    assert "short" not in short.stderr
    assert [] == list(tmp_path.iterdir())


COMMANDS = [line for line in (ROOT / "docs" / "service.md").read_text(encoding="utf-8").splitlines() if line.startswith("curl ")]


def test_the_examples_of_the_documentation_do_what_they_say(tmp_path: Path) -> None:
    (tmp_path / "report.txt").write_bytes(REPORT)
    with zipfile.ZipFile(tmp_path / "archive.zip", "w") as archive:
        archive.writestr("a.txt", REPORT)
    with service(tmp_path) as running, running.client() as client:
        for line in COMMANDS:
            asked = line.replace("curl ", "curl -sS --fail-with-body ", 1).replace("http://127.0.0.1:8765/", running.url)
            done = subprocess.run(["bash", "-c", asked], cwd=tmp_path, capture_output=True, encoding="utf-8", check=False)
            assert (line, 0) == (line, done.returncode), done.stdout + done.stderr
        described = client.get("/openapi.json").json()["paths"]
    text = (ROOT / "docs" / "service.md").read_text(encoding="utf-8")

    assert len(COMMANDS) > 5
    assert [] == [path for path in described if path not in text and path.rpartition("/")[2] not in text]


def test_a_missing_extra_is_named(tmp_path: Path) -> None:
    """Python finds no module of the extra where its packages are hidden by an import hook that finds nothing."""
    code = (
        "import sys, importlib.util as u; found = u.find_spec; "
        "u.find_spec = lambda name, *a: None if name == 'fastapi' else found(name, *a); "
        "sys.argv = ['gouji', 'serve']; import cli; cli.app()"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, encoding="utf-8", check=False, env={**os.environ, "PYTHONPATH": str(ROOT)})

    assert 2 == done.returncode
    assert "pip install 'gouji[web]'" in done.stderr
