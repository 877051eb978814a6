"""What nobody should send: each is refused or harmless, none hangs the service, and no secret reaches its log."""

from __future__ import annotations

import base64
import json
import os
import signal
import socket
import struct
import time
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.files_support import zipped
from tests.web_support import REPORT, Service, drain, endless, service, until

PLAIN = {"content-type": "text/plain"}
TOKEN = "0123456789abcdef" * 2 + "-of-these-tests"
SECRET = "机密正文-never-in-a-log"
LIMITS = {
    "report": 200_000, "body": 400_000, "job": 600_000, "job_files": 20, "header_time": 1.0, "body_time": 1.5, "answer_time": 20.0,
    "send_time": 2.0, "report_time": 3.0, "requests": 8, "zip_ratio": 20,
}  # fmt: skip


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service with small limits, and a page."""
    page = tmp_path_factory.mktemp("page")
    (page / "index.html").write_text("<html><head></head></html>", encoding="utf-8")
    with service(tmp_path_factory.mktemp("strict"), limits=LIMITS, page=str(page)) as found:
        yield found
        with found.client() as client:
            assert client.get("/health").status_code == 200  # whatever was done to it, it lives
        assert SECRET not in found.log
        assert "Traceback" not in found.log


@pytest.fixture(scope="module")
def locked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service that others can reach, and that needs a token."""
    with service(tmp_path_factory.mktemp("locked"), host="0.0.0.0", token=TOKEN, hosts=["gouji.example"]) as found:  # noqa: S104
        found.host, found.url = "127.0.0.1", f"http://127.0.0.1:{found.port}"
        yield found
        assert TOKEN not in found.log


def code(reply: httpx2.Response) -> tuple[int, str]:
    assert reply.headers["content-type"] == "application/problem+json"
    return reply.status_code, reply.json()["code"]


def still_waited_for(connection: socket.socket) -> None:
    """The service has neither answered on it nor closed it."""
    connection.setblocking(False)
    with pytest.raises(BlockingIOError):
        connection.recv(1)
    connection.settimeout(10)


def submit(client: httpx2.Client, data: bytes, name: str = "a.zip") -> httpx2.Response:
    return client.post("/v1/jobs", files={"files": (name, data)})


# Size


def test_a_body_that_says_it_is_too_large_is_refused_before_it_is_read(strict: Service) -> None:
    head = b"POST /v1/extract HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/plain\r\nContent-Length: 99999999\r\n\r\n"
    reply = strict.raw(head)

    assert reply.startswith(b"HTTP/1.1 413 ")
    assert b"TOO_LARGE" in reply


@pytest.mark.parametrize(("path", "most"), [("/v1/extract", LIMITS["report"]), ("/v1/jobs", LIMITS["body"]), ("/v1/reports/1/events", LIMITS["report"])])
def test_a_body_that_does_not_say_how_large_it_is_is_counted_while_it_comes(strict: Service, path: str, most: int) -> None:
    kind = b"multipart/form-data; boundary=x" if path == "/v1/jobs" else b"application/json" if "events" in path else b"text/plain"
    head = b"POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Type: %s\r\nTransfer-Encoding: chunked\r\n\r\n" % (path.encode(), kind)
    sent = 0
    with socket.create_connection((strict.host, strict.port), timeout=15) as connection:
        connection.sendall(head)
        try:
            if path == "/v1/jobs":
                part = b'--x\r\nContent-Disposition: form-data; name="files"; filename="a"\r\n\r\n'
                connection.sendall(b"%x\r\n%s\r\n" % (len(part), part))
            while sent < 50_000_000:
                connection.sendall(b"2000\r\n" + b"a" * 0x2000 + b"\r\n")
                sent += 0x2000
        except OSError:
            pass
        reply = drain(connection)

    assert most - 0x2000 < sent < 20_000_000
    # The service closes while we still send, which may take its answer with it.
    assert reply == b"" or reply.startswith(b"HTTP/1.1 413 ")


def test_a_head_that_is_too_large_is_refused(strict: Service) -> None:
    head = b"GET /health HTTP/1.1\r\nHost: localhost\r\nX-Long: " + b"a" * 100_000

    assert strict.raw(head + b"\r\n\r\n").startswith(b"HTTP/1.1 431 ")
    never_ending = strict.raw(head + b"a" * 3_000_000)
    assert never_ending == b"" or never_ending.startswith(b"HTTP/1.1 400 ")


# Archives


def test_an_archive_that_unpacks_to_far_more_than_it_is_is_refused(strict: Service) -> None:
    with strict.client() as client:
        assert (413, "ZIP_BOMB") == code(submit(client, zipped({"a.txt": b"\0" * 190_000, "b.txt": bytes(10**8)}, zipfile.ZIP_BZIP2)))
        # One that says it is small is read no further than it says, and then is broken.
        assert (422, "ARCHIVE") == code(submit(client, lying(zipped({"b.txt": bytes(10**8)}, zipfile.ZIP_BZIP2))))


def lying(archive: bytes) -> bytes:
    """The archive, its directory saying that the member is tiny."""
    at = archive.rfind(b"PK\x01\x02") + 24
    return archive[:at] + struct.pack("<L", 10) + archive[at + 4 :]


def test_an_archive_of_more_than_a_job_may_hold_is_refused(strict: Service) -> None:
    import random

    noise = [random.Random(n).randbytes(150_000) for n in range(5)]
    paper = [bytes(b & 3 for b in x) for x in noise]  # packs to a quarter
    with strict.client() as client:
        assert (413, "TOO_LARGE") == code(submit(client, zipped({f"{n}.txt": x for n, x in enumerate(paper)})))
        assert (413, "TOO_MANY") == code(submit(client, zipped({f"{n}.txt": b"x" for n in range(21)})))
        uploads = [("files", (f"{n}.zip", zipped({f"{m}.txt": b"x" for m in range(15)}))) for n in range(2)]
        assert (413, "TOO_MANY") == code(client.post("/v1/jobs", files=uploads))
        assert [] == client.get("/v1/jobs").json()["jobs"]


@pytest.mark.parametrize("broken", [b"PK\x03\x04", zipped({"a": REPORT})[:-30], zipped({"a": REPORT}).replace(b"PK\x01\x02", b"PK\x01\x09")])
def test_a_broken_archive_is_a_problem_in_plain_words(strict: Service, broken: bytes) -> None:
    with strict.client() as client:
        assert (422, "ARCHIVE") == code(submit(client, broken))


def test_an_archive_with_a_password_is_refused(strict: Service) -> None:
    data = bytearray(zipped({"a.txt": REPORT}))
    data[6] |= 1
    data[data.rfind(b"PK\x01\x02") + 8] |= 1
    with strict.client() as client:
        reply = submit(client, bytes(data))

    assert (422, "ARCHIVE") == code(reply)
    assert "password" in reply.json()["detail"]


def finished(client: httpx2.Client, number: int) -> dict[str, Any]:
    for _ in range(200):
        job: dict[str, Any] = client.get(f"/v1/jobs/{number}").json()
        if job["state"] not in ("queued", "running"):
            return job
        time.sleep(0.1)
    raise AssertionError(job)


def test_a_path_in_a_name_is_a_label_and_an_archive_in_an_archive_stays_shut(strict: Service, tmp_path: Path) -> None:
    names = ["../../evil.txt", "/etc/evil.txt", "C:\\evil.txt", "a\x1b[31m.txt", "long-" * 100 + ".txt", "inner.zip"]
    files = {name: zipped({"x.txt": REPORT}) if name == "inner.zip" else REPORT for name in names}
    with strict.client() as client:
        job = submit(client, zipped(files), "../../../evil\x01.zip").json()
        done = finished(client, job["id"])
        listed = client.get(f"/v1/jobs/{job['id']}/files").json()["files"]
        record = client.get(f"/v1/jobs/{job['id']}/records").text.splitlines()

    assert {"accept": 5, "unreadable": 1} == done["decisions"]
    assert {"../../evil.txt", "/etc/evil.txt"} <= {f["name"] for f in listed}
    assert all(f["name"].isprintable() and len(f["name"]) <= 255 for f in listed)
    assert ["FORMAT_UNSUPPORTED"] == [f["error"] for f in listed if f["error"]]
    assert [f["name"] for f in listed] == [json.loads(line)["source"] for line in record]
    for place in (Path("/etc/evil.txt"), tmp_path.parent / "evil.txt", Path.cwd() / "evil.txt"):
        assert not place.exists()


# Time and number


def test_a_client_that_never_ends_its_head_is_let_go(strict: Service) -> None:
    with socket.create_connection((strict.host, strict.port), timeout=10) as connection:
        connection.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\n")
        for _ in range(20):
            try:
                connection.sendall(b"X-A: b\r\n")
            except OSError:
                break
            time.sleep(0.1)
        reply = drain(connection)

    assert reply == b"" or reply.startswith(b"HTTP/1.1 408 ")


def test_a_client_that_says_nothing_is_let_go(strict: Service) -> None:
    assert strict.raw(b"").startswith(b"HTTP/1.1 408 ")


def test_a_client_that_never_ends_its_body_is_let_go_while_others_are_answered(strict: Service) -> None:
    with socket.create_connection((strict.host, strict.port), timeout=10) as connection, strict.client() as client:
        connection.sendall(b"POST /v1/extract HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/plain\r\nContent-Length: 100\r\n\r\nabc")
        assert client.get("/health").status_code == 200
        still_waited_for(connection)
        reply = drain(connection)

    assert reply.startswith(b"HTTP/1.1 408 ")


def test_more_requests_than_can_be_worked_on_are_asked_to_come_again(strict: Service) -> None:
    slow = [socket.create_connection((strict.host, strict.port), timeout=10) for _ in range(int(LIMITS["requests"]))]
    try:
        for connection in slow:
            connection.sendall(b"POST /v1/extract HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/plain\r\nContent-Length: 100\r\n\r\nabc")
        with strict.client() as client:
            until(lambda: client.get("/health").status_code != 200)  # when the service has seen the last of them
            reply = client.get("/health")
            alive = client.get("/health/live")
    finally:
        for connection in slow:
            connection.close()

    assert (503, "BUSY") == code(reply)
    assert reply.headers["retry-after"] == "1"
    assert alive.status_code == 200
    with strict.client() as client:
        until(lambda: client.get("/health").status_code == 200)


def test_a_report_that_takes_too_long_has_a_record_that_says_so(tmp_path: Path) -> None:
    with service(tmp_path, limits={"report_time": 2.0}) as running, running.client() as client:
        late = client.post("/v1/extract", content=endless(tmp_path / "begun"), headers=PLAIN).json()
        after = client.post("/v1/extract", content=REPORT, headers=PLAIN).json()

    assert ("unreadable", "TOOK_TOO_LONG") == (late["decision"], late["error"]["code"])
    assert "accept" == after["decision"]


def test_a_killed_reader_gives_an_error_record_and_not_a_hang(tmp_path: Path) -> None:
    begun = [tmp_path / "one", tmp_path / "two"]
    with service(tmp_path, workers=2) as running, running.client() as client, ThreadPoolExecutor(2) as several:
        waiting = [several.submit(client.post, "/v1/extract", content=endless(b), headers=PLAIN) for b in begun]
        until(lambda: all(b.exists() for b in begun))
        for pid in readers(running):
            os.kill(pid, signal.SIGKILL)
        codes = [f.result().json()["error"]["code"] for f in waiting]
        after = client.post("/v1/extract", content=REPORT, headers=PLAIN).json()

    assert ["WORKER_DIED", "WORKER_DIED"] == codes
    assert "accept" == after["decision"]


def readers(running: Service) -> list[int]:
    """The processes in which the service reads reports."""
    pid = running.process.pid
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    others = [int(p) for t in Path(f"/proc/{pid}/task").iterdir() for p in (t / "children").read_text().split()]
    return [p for p in {*map(int, children), *others} if b"spawn_main" in Path(f"/proc/{p}/cmdline").read_bytes()]


# Who asks


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "127.0.0.1.nip.io", "", "gouji.example"])
def test_a_name_that_is_not_the_services_own_is_refused(strict: Service, host: str) -> None:
    with strict.client() as client:
        assert (421, "WRONG_HOST") == code(client.get("/v1/reports", headers={"host": host}))


@pytest.mark.parametrize("host", ["localhost", "localhost:1", "127.0.0.1:80", "[::1]:80", "[::1]"])
def test_the_services_own_names_are_known(strict: Service, host: str) -> None:
    with strict.client() as client:
        assert client.get("/v1/reports", headers={"host": host}).status_code == 200


def test_a_further_name_is_known_where_it_is_given(locked: Service) -> None:
    with locked.client() as client:
        assert client.get("/health/live", headers={"host": "gouji.example"}).status_code == 200


def basic(password: str) -> str:
    return "Basic " + base64.b64encode(f"li:{password}".encode()).decode()


@pytest.mark.parametrize("given", [None, "Bearer", "Bearer wrong", f"bearer {TOKEN}x", "Basic ?", basic("wrong"), f"Token {TOKEN}", "Bearer 密"])
def test_without_the_token_there_is_nothing(locked: Service, given: str | None) -> None:
    headers = {} if given is None else {"authorization": given.encode()}
    with locked.client() as client:
        for path in ("/v1/reports", "/health", "/metrics", "/openapi.json", "/", "/nowhere"):
            reply = client.get(path, headers=headers)
            assert (401, "NO_TOKEN") == code(reply)
        assert (401, "NO_TOKEN") == code(client.post("/v1/extract", content=REPORT, headers=headers))
        assert (401, "NO_TOKEN") == code(client.get("/v1/reports", params={"token": TOKEN}, headers=headers))
    assert "Bearer" in reply.headers["www-authenticate"]


def test_with_the_token_all_is_there(locked: Service) -> None:
    with locked.client(headers={"authorization": f"Bearer {TOKEN}"}) as client:
        assert client.get("/v1/reports").status_code == 200
        assert client.post("/v1/extract", content=REPORT, headers=PLAIN).status_code == 200
    with locked.client(headers={"authorization": basic(TOKEN)}) as browser:
        assert browser.get("/v1/reports").status_code == 200
        # A browser adds a login by itself, also for a page of another site: it has to show the page's token too.
        assert (403, "NO_PAGE_TOKEN") == code(browser.post("/v1/extract", content=REPORT, headers=PLAIN))


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"}, {"origin": "null"}, {"sec-fetch-site": "cross-site"}, {"sec-fetch-site": "same-site"},
        {"origin": "http://localhost:1"}, {"origin": "https://evil.example", "sec-fetch-site": "same-origin"},
    ],
)  # fmt: skip
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_page_of_another_site_may_ask_nothing(strict: Service, method: str, headers: dict[str, str]) -> None:
    token = page_token(strict)
    with strict.client() as client:
        path = "/v1/extract" if method == "POST" else "/v1/reports"
        assert (403, "CROSS_SITE") == code(client.request(method, path, headers={**PLAIN, **headers, "x-gouji-token": token}))


def page_token(running: Service) -> str:
    with running.client() as client:
        return client.get("/").text.partition('gouji-token" content="')[2].partition('"')[0]


def test_the_page_itself_may_write_with_its_token_alone(strict: Service) -> None:
    own = {"origin": strict.url.rstrip("/"), "sec-fetch-site": "same-origin", **PLAIN}
    with strict.client() as client:
        assert (403, "NO_PAGE_TOKEN") == code(client.post("/v1/extract", content=REPORT, headers=own))
        assert (403, "NO_PAGE_TOKEN") == code(client.post("/v1/extract", content=REPORT, headers={**own, "x-gouji-token": "guess"}))
        assert client.post("/v1/extract", content=REPORT, headers={**own, "x-gouji-token": page_token(strict)}).status_code == 200


# What is in a report


def test_a_script_in_a_report_stays_text(strict: Service) -> None:
    text = REPORT.decode().replace("社旗县", "<script>alert(1)</script>社旗县") + SECRET
    with strict.client() as client:
        kept = client.post("/v1/extract", params={"store": "true", "name": "<img src=x onerror=alert(1)>"}, content=text.encode(), headers=PLAIN)
        at = kept.headers["location"]
        for path in ("", "/record", "/cells", "/findings", "/text", "/runs", "/events"):
            reply = client.get(at + path)
            assert reply.headers["content-type"].partition(";")[0] == ("text/plain" if path == "/text" else "application/json")
            assert "nosniff" == reply.headers["x-content-type-options"]
            assert "default-src 'none'; script-src 'self'" in reply.headers["content-security-policy"]
            assert ("no-store", "no-referrer", "same-origin") == tuple(
                reply.headers[h] for h in ("cache-control", "referrer-policy", "cross-origin-resource-policy")
            )
        assert "<script>alert(1)</script>" in client.get(f"{at}/text").text


def test_nothing_that_was_sent_is_in_the_log_but_the_path(strict: Service) -> None:
    with strict.client() as client:
        client.get("/v1/reports", params={"text": SECRET})
        client.post("/v1/extract", content=SECRET.encode(), headers={**PLAIN, "authorization": f"Bearer {SECRET.encode().hex()}"})
        client.get("/v1/reports/1%0d%0aforged-line")
    until(lambda: "forged-line" in strict.log)  # a line is written when its reply is on the way
    lines = strict.log.splitlines()

    assert not any(SECRET in line or SECRET.encode().hex() in line for line in lines)
    assert not any(line.startswith("forged-line") for line in lines)
    assert any("/v1/reports/1··forged-line" in line for line in lines)


@pytest.mark.parametrize(
    "nonsense",
    [b"\0\0\0\0\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", b"POST /v1/extract HTTP/1.1\r\nHost: localhost\r\nContent-Length: x\r\n\r\n",
     b"POST /v1/extract HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd", b"\x16\x03\x01\x02\x00\x01\x00"],
)  # fmt: skip
def test_what_is_not_http_is_refused(strict: Service, nonsense: bytes) -> None:
    reply = strict.raw(nonsense)

    assert reply == b"" or reply.startswith(b"HTTP/1.1 4")
