"""The routes behind the review page, asked over HTTP as the page asks them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from extractor.effective import Action, Mode
from extractor.record import to_record
from extractor.store import NewEvent, open_store
from tests.across_support import written
from tests.page_support import Service, extract_path, form_of, make_store, report, serving

pytest.importorskip("fastapi", reason="the review page needs pip install 'gouji[web]'")

HTML, DAMAGED, BARE = 1, 2, 3


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    folder = tmp_path_factory.mktemp("routes")
    db = folder / "gouji.sqlite"
    make_store(db, [report(folder, "html", "light", 3, name="网页"), report(folder, "pipe-rows", "heavy", 2)])
    bare = report(folder, "tab-rows", "clean", 5)
    with open_store(str(db)) as store:  # a report whose bytes were not kept
        extraction = extract_path(bare)
        store.save(to_record(extraction, form_of("disclosure-2021")), extraction.document, None, {"version": "test"})
    with serving(db) as running:
        yield running


def ask(service: Service, path: str) -> Any:
    return json.loads(service.get(path))


def post(service: Service, number: int, **event: Any) -> Any:
    request = Request(f"{service.url}v1/reports/{number}/events", json.dumps(event).encode(), {"content-type": "application/json"})  # noqa: S310
    with urlopen(request) as answer:  # noqa: S310 - our own address
        return json.load(answer)


def test_the_original_is_saved_and_never_shown(service: Service) -> None:
    with urlopen(f"{service.url}review/original/{HTML}") as answer:  # noqa: S310 - our own address
        assert answer.headers["content-type"] == "application/octet-stream"
        assert answer.headers["content-disposition"] == "attachment; filename*=UTF-8''%E7%BD%91%E9%A1%B5.html"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert b"<table" in answer.read()
    with urlopen(f"{service.url}review/original/{BARE}") as answer:  # noqa: S310 - our own address
        assert answer.headers["content-type"].startswith("text/plain")


def test_a_figure_is_read_as_in_a_report(service: Service) -> None:
    def read(text: str, kind: str, unit: str = "") -> str | None:
        value: str | None = ask(service, f"/review/numeral?text={text}&kind={kind}&unit={unit}")["value"]
        return value

    assert read("1,470", "count") == "1470"
    assert read("%EF%BC%91%EF%BC%92", "count") == "12"
    assert read("251000%E5%85%83", "amount", "%E4%B8%87%E5%85%83") == "25.1"
    assert read("%E6%97%A0", "count") is None
    assert read("1.5", "count") == "1.5"
    assert read("1.5.2", "count") is None


def test_the_queue_is_filtered_and_says_why_each_report_is_in_it(service: Service) -> None:
    whole = ask(service, "/review/queue?reviewer=li")
    assert whole["left_reports"] == len(whole["reports"]) >= 2
    assert whole["left_cells"] == sum(r["open"] for r in whole["reports"])
    found = ask(service, "/review/queue?reviewer=li&text=clean-5")["reports"]
    assert [(r["id"], r["reason"]) for r in found] == [(BARE, "待核对 5 格（其中缺失 0 格），约需 1 分钟。")]
    assert BARE not in [r["id"] for r in ask(service, f"/review/queue?reviewer=li&left={BARE}")["reports"]]
    assert ask(service, "/review/queue?year=1999")["reports"] == []


def test_what_others_did_is_in_the_next_answer(service: Service) -> None:
    before = ask(service, "/review/queue?reviewer=li")
    task = ask(service, f"/review/task/{BARE}?reviewer=li")
    field = task["fields"][task["items"][0]["field"]]["id"]
    post(service, BARE, key="route-test-1", run=task["run"], field=field, action="accept", reviewer="wang",
         seen_at="2026-01-01T00:00:00Z", decided_at="2026-01-01T00:00:05Z")  # fmt: skip
    after = ask(service, "/review/queue?reviewer=li")
    cells = ask(service, f"/review/cells/{BARE}")

    assert (after["mine"], after["all"]) == (before["mine"], before["all"] + 1)
    assert after["left_cells"] < before["left_cells"]
    assert ask(service, "/review/queue?reviewer=wang")["seconds"] == "5.0"
    assert [c["state"] for c in cells["cells"]].count("answered") == 1
    assert len(cells["items"]) < len(task["items"])


def test_a_table_said_to_be_misread_comes_whole(service: Service) -> None:
    run = ask(service, f"/review/task/{DAMAGED}?reviewer=li")["run"]
    post(service, DAMAGED, key="route-test-2", run=run, field="litigation/reconsideration/upheld", action="note", reviewer="li", note="#structure")
    items = [x for x in ask(service, f"/review/task/{DAMAGED}?reviewer=li")["items"] if x["why"] == "structure"]

    assert len(items) == 15


@pytest.mark.parametrize(("path", "status"), [
    ("/review/task/99", 404), ("/review/original/99", 404), ("/review/task/0", 422), ("/review/queue?left=x", 422), ("/review/queue?year=%27", 422),
])  # fmt: skip
def test_what_cannot_be_answered_is_a_problem_without_a_trace(service: Service, path: str, status: int) -> None:
    with pytest.raises(HTTPError) as refused:
        service.get(path)
    with refused.value as answer:
        assert answer.code == status
        assert b"Traceback" not in answer.read()


def test_events_of_a_blind_keying_are_no_progress_of_the_review(tmp_path: Path) -> None:
    db = tmp_path / "gouji.sqlite"
    make_store(db, [report(tmp_path, "tab-rows", "clean", 5)])
    with open_store(str(db)) as store:
        run = store.report(1).run
        store.append(NewEvent("k" * 9, 1, run, "requests/new/total", Action.CORRECT, "li", "3", Mode.BLIND))
    with serving(db, "--audit", "0.5") as service:
        queue = ask(service, "/review/queue?reviewer=li")
        assert (queue["mine"], queue["all"]) == (0, 0)
        assert "抽查" in queue["reports"][0]["reason"]


def test_findings_between_reports_are_told_to_both_and_to_no_other(tmp_path: Path) -> None:
    """Three requests were carried out of 2022, and five into 2023."""
    carried, new, done = "requests/carried_{}/{}", "requests/new/{}", "requests/total/{}"
    before = {x.format(*y): 3 for x in (new, "requests/carried_out/{}") for y in (("natural_person",), ("total",))}
    after = {carried.format("in", c): 5 for c in ("natural_person", "total")} | {done.format(c): 5 for c in ("natural_person", "total")}
    after |= {f"requests/granted/{c}": 5 for c in ("natural_person", "total")}
    files = []
    for year, figures in ((2022, before), (2023, after)):
        files.append(tmp_path / f"{year}.txt")
        files[-1].write_text(written(year, figures), encoding="utf-8")
    files.append(tmp_path / "other.txt")
    files[-1].write_text(written(2023, after, agency="白河县司法局"), encoding="utf-8")
    make_store(tmp_path / "gouji.sqlite", files)
    with serving(tmp_path / "gouji.sqlite") as running:
        first, second, other = (ask(running, f"/review/beside/{n}")["findings"] for n in (1, 2, 3))
    assert {"Y-CARRY"} == {f["rule"] for f in first}
    assert [(f["left"], f["right"]) for f in first] == [(f["left"], f["right"]) for f in second]
    assert {"3", "5"} == {first[0]["left"], first[0]["right"]}
    form = form_of("disclosure-2021")
    assert {form.index["requests/carried_out/natural_person"]} <= {i for f in first for i in f["fields"]}
    assert {form.index["requests/carried_in/natural_person"]} <= {i for f in second for i in f["fields"]}
    assert [{"id": 2, "source": str(files[1])}] == first[0]["reports"]
    assert [] == [f for f in other if f["rule"] == "Y-CARRY"]


def test_what_the_page_opens_with_is_the_queue_and_its_first_report(service: Service) -> None:
    found = ask(service, "/review/open?reviewer=li")
    first = found["queue"]["reports"][0]["id"]
    assert found["task"] == ask(service, f"/review/task/{first}?reviewer=li")
    assert [first] != [r["id"] for r in ask(service, f"/review/open?left={first}")["queue"]["reports"]]
    assert {"reports": []}.items() <= ask(service, "/review/open?year=1999")["queue"].items()
    assert ask(service, "/review/open?year=1999")["task"] is None
