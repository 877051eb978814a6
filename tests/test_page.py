"""The review page in a real browser, against the service as a real process; what counts is what the store holds afterwards."""

from __future__ import annotations

import json
import re
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from extractor.effective import Action, Mode, standing
from extractor.form import load_forms
from tests.page_support import ARGUMENTS, BROWSER, Service, events_in, form_of, make_store, report, serving
from tests.web_support import until

pytest.importorskip("fastapi", reason="the review page needs pip install 'gouji[web]'")
playwright = pytest.importorskip("playwright.sync_api", reason="browser tests need pip install playwright")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(BROWSER is None, reason="browser tests need Debian's chromium (apt-get install chromium fonts-noto-cjk)"),
]

MISPRINT, LITIGATION, BLANKS, SOUND, DAMAGED = 1, 2, 3, 4, 5
CELL = "requests/denied_security_stability/natural_person"
Page = Any


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with playwright.sync_playwright() as pw:
        found = pw.chromium.launch(executable_path=BROWSER, args=ARGUMENTS)
        yield found
        found.close()


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with a report of every kind, in the order of the numbers above."""
    folder = tmp_path_factory.mktemp("reports")
    files = [
        report(folder, "pipe-rows", "light", 7), report(folder, "tab-rows", "clean", 5), report(folder, "pipe-rows", "light", 1),
        report(folder, "tab-rows", "clean", 2), report(folder, "pipe-rows", "heavy", 2),
    ]  # fmt: skip
    db = folder / "template.sqlite"
    make_store(db, files)
    return db


@pytest.fixture
def own_db(template: Path, tmp_path: Path) -> Path:
    """A store for a test that serves it by itself."""
    shutil.copyfile(template, tmp_path / "gouji.sqlite")
    return tmp_path / "gouji.sqlite"


@pytest.fixture(scope="module")
def shared(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    db = tmp_path_factory.mktemp("shared") / "gouji.sqlite"
    shutil.copyfile(template, db)
    with serving(db) as running:
        yield running


@pytest.fixture
def service(shared: Service, template: Path) -> Service:
    """The service that all these tests share, with its store as it was at first: no test sees what another decided."""
    with closing(sqlite3.connect(template)) as first, closing(sqlite3.connect(shared.db)) as now:
        first.backup(now)
    if shared.process.poll() is not None:  # a test ended it and failed
        shared.start()
    return shared


@pytest.fixture
def db(service: Service) -> Path:
    """What the shared service stores."""
    return service.db


@pytest.fixture(autouse=True)
def _pages_close(browser: Any) -> Iterator[None]:
    """No page of a test that is over goes on asking the service."""
    yield
    for context in browser.contexts:
        context.close()


def enter(browser: Any, service: Service, where: str = "", name: str = "li", **options: Any) -> Page:
    """A browser of its own at ``where``, used by ``name``; it fails the test where the page has an error."""
    context = browser.new_context(viewport={"width": 1440, "height": 900}, locale="zh-CN", **options)
    page = context.new_page()
    page.set_default_timeout(60_000)
    page.faults = []
    page.on("pageerror", lambda e: page.faults.append(str(e)))
    page.goto(service.url + where)
    page.locator("#name-value").fill(name)
    page.keyboard.press("Enter")
    page.locator("#grid td.here").wait_for()
    return page


def go(page: Page, service: Service, report_: int, field: str) -> None:
    """Open a cell by its address."""
    page.goto(f"{service.url}?report={report_}&cell={field}")
    page.locator("#grid td.here").wait_for()
    at(page, field)


def press(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def here(page: Page) -> str:
    """The cell that the page is at."""
    return str(page.evaluate("new URLSearchParams(location.search).get('cell')"))


def number(page: Page) -> int:
    """The report that the page is at."""
    return int(page.evaluate("new URLSearchParams(location.search).get('report')"))


def at(page: Page, field: str) -> None:
    until(lambda: here(page) == field)


def pad(page: Page, *keys: str) -> None:
    """Keys of the number pad, with Num Lock on."""
    devtools = page.context.new_cdp_session(page)
    for key in keys:
        code = {".": "NumpadDecimal", "-": "NumpadSubtract", "+": "NumpadAdd", "*": "NumpadMultiply", "Enter": "NumpadEnter"}.get(key, f"Numpad{key}")
        devtools.send("Input.dispatchKeyEvent", {"type": "keyDown", "key": key, "code": code, "text": "\r" if key == "Enter" else key, "location": 3})
        devtools.send("Input.dispatchKeyEvent", {"type": "keyUp", "key": key, "code": code, "location": 3})


def saved(page: Page) -> None:
    page.locator("#saved.good", has_text="已保存").wait_for()


def stored(db: Path, report_: int, count: int) -> list[tuple[str, str, str | None]]:
    """Field, action and value of the ``count`` events about a report; more would be one too many."""
    until(lambda: len(events_in(db, report_)) >= count)
    found = [(e.field, e.action.value, e.value) for e in events_in(db, report_)]
    assert len(found) == count, found
    return found


LIT = [f"litigation/reconsideration/{c}" for c in ("upheld", "corrected", "other", "pending", "total")]


def test_the_whole_flow_by_keyboard(browser: Any, service: Service, db: Path) -> None:
    page = enter(browser, service, f"?report={LITIGATION}")
    at(page, LIT[0])
    press(page, "Enter")  # accept
    at(page, LIT[1])
    press(page, "8", "Enter")  # another figure
    at(page, LIT[2])
    press(page, "b")
    at(page, LIT[3])
    press(page, "d")
    at(page, LIT[4])
    press(page, "p")  # as printed: the report itself does not add up
    found = stored(db, LITIGATION, 5)

    assert found == [
        (LIT[0], "accept", None), (LIT[1], "correct", "8"), (LIT[2], "blank", None), (LIT[3], "dash", None), (LIT[4], "as_printed", None),
    ]  # fmt: skip
    until(lambda: number(page) != LITIGATION)  # on to the next report by itself
    first, second = here(page), number(page)
    press(page, "i")
    assert stored(db, second, 1) == [(first, "illegible", None)]
    assert not page.faults


def test_lost_skip_note_and_moving_about(browser: Any, service: Service, db: Path) -> None:
    page = enter(browser, service, f"?report={DAMAGED}")
    first = here(page)
    press(page, "j")
    second = here(page)
    assert second != first
    press(page, "k")
    at(page, first)
    press(page, "s")
    until(lambda: here(page) != first)
    press(page, "m")
    page.keyboard.insert_text("看不清")
    page.get_by_role("button", name="保存").click()
    press(page, "x")
    events = stored(db, DAMAGED, 3)

    assert [a for _, a, _ in events] == ["skip", "note", "lost"]
    assert events_in(db, DAMAGED)[1].note == "看不清"
    press(page, "n")
    until(lambda: not here(page).startswith("requests/"))
    press(page, "n", "n")
    until(lambda: here(page).startswith("requests/"))
    place = here(page)
    press(page, "ArrowDown")
    until(lambda: here(page) != place)
    press(page, "ArrowUp")
    at(page, place)


def test_a_row_that_is_lost_is_answered_and_taken_back_in_one(browser: Any, service: Service, db: Path) -> None:
    row = "requests/unavailable_needs_creation"
    page = enter(browser, service, f"?report={DAMAGED}&cell={row}/commercial")
    assert "整行缺失（7 格）" in page.locator("#actions").inner_text()
    press(page, "r")
    found = stored(db, DAMAGED, 7)
    assert {(f.rpartition("/")[0], a) for f, a, _ in found} == {(row, "lost")}
    assert len({f for f, _, _ in found}) == 7
    until(lambda: not here(page).startswith(row))
    press(page, "u")
    at(page, f"{row}/commercial")
    stored(db, DAMAGED, 14)

    assert standing(events_in(db, DAMAGED)) == []
    until(lambda: page.locator('#grid td.todo[aria-label^="2.没有现成信息"]').count() == 7)
    press(page, "ArrowUp")
    press(page, "r")  # figures are never agreed to by the row
    page.locator("#value-note", has_text="只有待核对的缺失格或空白格").wait_for()


def test_the_number_pad_alone_is_enough(browser: Any, service: Service, db: Path) -> None:
    page = enter(browser, service, f"?report={LITIGATION}")
    for keys, after in ((["7", "Enter"], 1), ([".", "Enter"], 2), (["-", "Enter"], 3), (["+"], 4)):
        pad(page, *keys)
        at(page, LIT[after])
    pad(page, "*", "*", "Enter")

    assert [(a, v) for _, a, v in stored(db, LITIGATION, 5)] == [("correct", "7"), ("blank", None), ("dash", None), ("skip", None), ("illegible", None)]


def test_letters_decide_nothing_while_a_box_has_the_focus_and_a_held_key_decides_once(browser: Any, service: Service, db: Path) -> None:
    page = enter(browser, service, f"?report={LITIGATION}")
    press(page, "1", "b", "d", "x", "u", "s")
    assert page.locator("#value").input_value() == "1bdxus"
    press(page, "Escape")
    at(page, LIT[0])
    page.keyboard.down("Enter")
    for _ in range(6):
        page.keyboard.down("Enter")  # the browser marks these as repeated
    page.keyboard.up("Enter")
    at(page, LIT[1])

    assert stored(db, LITIGATION, 1) == [(LIT[0], "accept", None)]


def test_an_input_method_may_compose_and_full_width_digits_are_read(browser: Any, service: Service, db: Path) -> None:
    page = enter(browser, service, f"?report={LITIGATION}")
    press(page, "j")  # a cell that shows 7
    at(page, LIT[1])
    page.locator("#value").focus()
    devtools = page.context.new_cdp_session(page)
    devtools.send("Input.imeSetComposition", {"text": "１２", "selectionStart": 2, "selectionEnd": 2})
    assert page.locator("#value").input_value() == "１２"
    # The Enter that ends a composition belongs to the input method.
    devtools.send("Input.dispatchKeyEvent", {"type": "keyDown", "key": "Process", "code": "Enter", "windowsVirtualKeyCode": 229})
    page.wait_for_timeout(200)
    assert events_in(db, LITIGATION) == []
    devtools.send("Input.insertText", {"text": "１２"})
    assert page.locator("#grid td.here").inner_text() == "12"
    press(page, "Enter")
    stored(db, LITIGATION, 1)

    (event,) = events_in(db, LITIGATION)
    assert (event.action, event.value, event.figure) == (Action.CORRECT, "１２", 12)


def test_a_correction_turns_a_sum_green_while_it_is_typed(browser: Any, service: Service, db: Path) -> None:
    page = enter(browser, service, f"?report={MISPRINT}")
    at(page, CELL)
    sums = page.locator("#sums li")
    assert sums.count() == 2
    assert [x.get_attribute("class") for x in sums.all()] == ["bad", "bad"]
    assert "使各式都成立的数：5" in page.locator("#sums-said").inner_text()
    difference = page.locator("#sums li", has_text="REQ-ROW-TOTAL")
    assert difference.locator("b").all_inner_texts() == ["6", "5"]
    assert "差 1" in difference.inner_text()
    press(page, "5")
    assert [x.get_attribute("class") for x in sums.all()] == ["good", "good"]
    assert difference.locator("b").all_inner_texts() == ["5", "5"]
    assert page.locator("#sums-said.good").inner_text().startswith("全部成立")
    press(page, "Escape")
    assert [x.get_attribute("class") for x in sums.all()] == ["bad", "bad"]
    press(page, "p")

    assert stored(db, MISPRINT, 1) == [(CELL, "as_printed", None)]


def test_undo_goes_back_across_reports_and_reloads_without_limit(browser: Any, service: Service, db: Path) -> None:
    page = enter(browser, service, f"?report={MISPRINT}")
    press(page, "Enter")
    until(lambda: number(page) != MISPRINT)
    stored(db, MISPRINT, 1)
    go(page, service, LITIGATION, LIT[0])
    for n in range(4):
        press(page, "Enter")
        at(page, LIT[n + 1])
    stored(db, LITIGATION, 4)
    saved(page)
    page.reload()
    page.locator("#grid td.here").wait_for()
    for n in reversed(range(4)):
        press(page, "u")
        at(page, LIT[n])
    press(page, "Control+z")
    at(page, CELL)
    stored(db, LITIGATION, 8)
    stored(db, MISPRINT, 2)

    assert standing(events_in(db, LITIGATION)) == []
    assert standing(events_in(db, MISPRINT)) == []
    assert page.locator("#recent li.undone").count() == 5
    press(page, "u")
    page.locator("#saved", has_text="没有可撤销的了").wait_for()
    press(page, "6", "Enter")  # and what was taken back can be decided anew
    assert stored(db, MISPRINT, 3)[-1] == (CELL, "correct", "6")


def test_two_reviewers_in_two_browsers_do_not_overrule_each_other_unseen(browser: Any, service: Service, db: Path) -> None:
    li, wang = (enter(browser, service, f"?report={LITIGATION}&cell={LIT[1]}", name) for name in ("li", "wang"))
    press(li, "8", "Enter")
    stored(db, LITIGATION, 1)
    press(wang, "9", "Enter")
    wang.locator("#clash[open]").wait_for()
    said = wang.locator("#clash-said").inner_text()
    assert "li" in said
    assert "更正 8" in said
    assert "更正 9" in said
    assert len(events_in(db, LITIGATION)) == 1
    wang.reload()  # not even now is the decision lost: it is asked again
    wang.locator("#clash[open]").wait_for()
    wang.get_by_role("button", name="仍按我的提交").click()
    found = stored(db, LITIGATION, 2)
    assert [v for _, _, v in found] == ["8", "9"]
    assert [e.reviewer for e in events_in(db, LITIGATION)] == ["li", "wang"]
    # The other way round, the other's decision stands.
    go(li, service, LITIGATION, LIT[2])
    go(wang, service, LITIGATION, LIT[2])
    press(wang, "b")
    stored(db, LITIGATION, 3)
    press(li, "d")
    li.get_by_role("button", name="采用对方的").click()
    li.wait_for_timeout(300)

    assert stored(db, LITIGATION, 3)[-1] == (LIT[2], "blank", None)
    assert li.evaluate("Object.keys(localStorage).filter((k) => k.includes(':out:'))") == []


def test_a_decision_whose_answer_was_lost_is_stored_once(browser: Any, service: Service, db: Path) -> None:
    page = enter(browser, service, f"?report={LITIGATION}")
    lost: list[str] = []

    def swallow(route: Any) -> None:
        route.fetch()  # the service stores it …
        lost.append(route.request.post_data_json["key"])
        route.abort()  # … and the page never hears of it

    page.route("**/events", swallow)
    press(page, "8", "Enter")
    page.locator("#saved.bad", has_text="存在浏览器里").wait_for()
    until(lambda: page.wait_for_timeout(50) or len(lost) >= 2)
    page.unroute("**/events")
    page.reload()
    saved(page)

    assert len(set(lost)) == 1
    assert stored(db, LITIGATION, 1) == [(LIT[0], "correct", "8")]


def test_a_reload_before_anything_was_sent_loses_nothing(browser: Any, service: Service, db: Path) -> None:
    page = enter(browser, service, f"?report={LITIGATION}")
    page.route("**/events", lambda route: route.abort())
    press(page, "8", "Enter")
    at(page, LIT[1])
    press(page, "Enter")
    at(page, LIT[2])
    press(page, "u")
    at(page, LIT[1])
    assert events_in(db, LITIGATION) == []
    page.unroute("**/events")
    page.reload()

    assert [a for _, a, _ in stored(db, LITIGATION, 3)] == ["correct", "accept", "undo"]
    assert [e.value for e in standing(events_in(db, LITIGATION))] == ["8"]


def test_the_service_killed_between_two_keystrokes_costs_no_decision_and_doubles_none(browser: Any, service: Service, db: Path) -> None:
    page = enter(browser, service, f"?report={LITIGATION}")
    press(page, "Enter")
    at(page, LIT[1])
    stored(db, LITIGATION, 1)
    saved(page)
    press(page, "1")
    service.kill()
    press(page, "2", "Enter")
    at(page, LIT[2])
    press(page, "b")
    at(page, LIT[3])
    page.locator("#saved.bad", has_text="2 条决定存在浏览器里").wait_for()
    assert len(events_in(db, LITIGATION)) == 1
    service.start()  # with another token: the page finds it by itself
    saved(page)
    press(page, "Enter")

    assert stored(db, LITIGATION, 4) == [
        (LIT[0], "accept", None), (LIT[1], "correct", "12"), (LIT[2], "blank", None), (LIT[3], "accept", None),
    ]  # fmt: skip
    assert len({e.key for e in events_in(db, LITIGATION)}) == 4


def test_the_source_is_outlined_where_the_cell_stands_and_its_headers_are_tinted(browser: Any, service: Service) -> None:
    page = enter(browser, service, f"?report={MISPRINT}&cell={CELL}")
    assert page.locator("#lines .evidence").all_inner_texts() == ["6"]
    rows = " ".join(page.locator("#lines .row-path").all_inner_texts())
    assert "三安全一稳定" in rows
    assert "不予公开" in rows
    assert page.locator("#lines .column-path").first.inner_text() == "自然人"
    line = page.locator("#lines .line", has=page.locator(".evidence"))
    assert "三安全一稳定" in line.inner_text()
    press(page, "ArrowRight")
    until(lambda: here(page).endswith("/commercial"))
    assert "商业企业" in " ".join(page.locator("#lines .column-path").all_inner_texts())


def test_place_and_filter_stand_in_the_address_and_back_goes_back(browser: Any, service: Service) -> None:
    page = enter(browser, service, f"?report={MISPRINT}")
    at(page, CELL)
    press(page, "f")
    page.locator("#queue[open]").wait_for()
    page.locator("#filter [name=text]").fill("clean-5")
    page.keyboard.press("Enter")
    until(lambda: "text=clean-5" in page.evaluate("location.search"))
    until(lambda: page.locator("#queue-list li").count() == 1)
    assert "待核对 5 格" in page.locator("#queue-list li").inner_text()
    page.locator("#queue-list button").click()
    at(page, LIT[0])
    assert "text=clean-5" in page.evaluate("location.search")
    page.go_back()
    at(page, CELL)
    page.go_forward()
    at(page, LIT[0])


def keep_back(page: Page, path: str, when: Any = lambda _: True) -> list[Any]:
    """Requests for ``path`` on their way to the service: each waits until the test lets it `go_on`."""
    waiting: list[Any] = []
    page.route(path, lambda route: waiting.append(route) if when(route.request.url) else route.continue_())
    return waiting


def held(page: Page, waiting: list[Any], count: int = 1) -> None:
    until(lambda: page.wait_for_timeout(20) or len(waiting) >= count)


def go_on(page: Page, route: Any) -> None:
    """Let a request through, and wait until the page has had its answer."""
    with page.expect_response(route.request.url):
        route.continue_()
    page.wait_for_timeout(100)


def test_an_answer_about_the_whole_queue_that_comes_late_does_not_stand_over_the_filtered_one(browser: Any, service: Service) -> None:
    page = enter(browser, service, f"?report={MISPRINT}")
    waiting = keep_back(page, "**/review/queue?*", lambda url: "text=" not in url)
    press(page, "f")
    held(page, waiting)
    page.locator("#filter [name=text]").fill("clean-5")
    page.keyboard.press("Enter")
    until(lambda: page.locator("#queue-list li").count() == 1)
    for route in waiting:
        go_on(page, route)
    assert page.locator("#queue-list li").count() == 1
    assert page.locator("#queue-note").inner_text().startswith("1 份")


def test_a_report_that_comes_late_does_not_stand_over_the_one_asked_for_since(browser: Any, service: Service) -> None:
    page = enter(browser, service, f"?report={MISPRINT}")
    waiting = keep_back(page, f"**/review/task/{LITIGATION}?*")
    order = [r["id"] for r in json.loads(service.get("/review/queue?reviewer=li"))["reports"]]
    press(page, "f")
    page.locator("#queue-list button").nth(order.index(LITIGATION)).click()
    held(page, waiting)
    press(page, "f")
    page.locator("#queue-list button").nth(order.index(DAMAGED)).click()
    until(lambda: number(page) == DAMAGED)
    go_on(page, waiting[0])
    assert number(page) == DAMAGED


def test_cells_asked_for_before_a_decision_do_not_take_it_back_when_they_come_late(browser: Any, service: Service, db: Path) -> None:
    page = enter(browser, service, f"?report={LITIGATION}")
    waiting = keep_back(page, f"**/review/cells/{LITIGATION}", lambda _: not waiting)
    press(page, "8", "Enter")
    held(page, waiting)
    late = waiting[0].fetch()  # the service answers: of the first decision, not of the second
    with page.expect_response(f"**/review/cells/{LITIGATION}"):
        press(page, "9", "Enter")
    stored(db, LITIGATION, 2)
    until(lambda: page.locator("#grid td.answered").count() == 2)
    waiting[0].fulfill(response=late)
    page.wait_for_timeout(200)
    assert page.locator("#grid td.answered").count() == 2
    go(page, service, LITIGATION, LIT[1])
    press(page, "7", "Enter")  # nobody else was first
    assert stored(db, LITIGATION, 3)[-1] == (LIT[1], "correct", "7")


def test_what_a_report_says_stays_text(browser: Any, tmp_path: Path) -> None:
    script = "<script>document.title='broken'</script><img src=x onerror=\"document.title='broken'\">"
    path = report(tmp_path, "pipe-rows", "light", 7, name="a<b onclick=x>", swap=("危及", f"危及{script}"))
    make_store(tmp_path / "gouji.sqlite", [path])
    with serving(tmp_path / "gouji.sqlite") as service:
        page = enter(browser, service, "?report=1")
        page.wait_for_timeout(300)

        assert "onerror" in page.locator("#lines").inner_text()
        assert page.locator("#lines script, #lines img").count() == 0
        assert "broken" not in page.title()
        original = service.get("/review/original/1")
        assert original == path.read_bytes()
        with page.expect_download() as download:
            press(page, "o")
        assert download.value.suggested_filename.endswith(".txt")  # saved, never shown
        assert not page.faults


# ---------------------------------------------------------------- keyed blind


def test_blind_keying_shows_nothing_of_the_machine_and_makes_a_key_sheet(browser: Any, own_db: Path, tmp_path: Path) -> None:
    from extractor.golden import read_keying
    from extractor.store import NewEvent, open_store

    fields = form_of("disclosure-2021").fields
    with open_store(str(own_db)) as store:  # all but the first six are keyed already
        run = store.report(SOUND).run
        for f in fields[6:]:
            store.append(NewEvent(f"key-{f.index}", SOUND, run, f.id, Action.CORRECT, "a", "0", Mode.BLIND))
    with serving(own_db, "--blind") as service:
        task = json.loads(service.get(f"/review/task/{SOUND}?reviewer=b"))
        assert len(task["items"]) == len(fields)  # what another keyed is nobody's business
        assert not any(c["machine"] or c["value"] or c["candidates"] or c["history"] for c in task["cells"])
        assert task["rules"] == task["paths"] == task["findings"] == []
        page = enter(browser, service, f"?report={SOUND}", "a")
        assert page.locator("#lines .evidence, #lines .row-path, #sums li, #behind li").count() == 0
        assert page.get_by_role("button", name="确认").count() == 0
        press(page, "Enter")  # there is nothing to agree to
        for f, keys in zip(fields, (["0", "Enter"], ["b"], ["x"], ["d"], ["1", ",", "4", "7", "0", "Enter"], ["1", "7", "Enter"]), strict=False):
            at(page, f.id)
            press(page, *keys)
        events = until(lambda: len(found := events_in(own_db, SOUND)) >= len(fields) and found)
        assert {e.mode for e in events} == {Mode.BLIND}
        sheet = tmp_path / "a.yaml"
        go(page, service, SOUND, fields[0].id)
        with page.expect_download() as download:
            press(page, "w")
        download.value.save_as(sheet)
    keying = read_keying(sheet, load_forms())

    assert keying.typed[:7] == ("0", "_", "?", "-", "1,470=1470", "17", "0")
    assert len(keying.cells) == len(fields)


def test_audit_samples_are_keyed_blind_before_the_report_is_shown(browser: Any, own_db: Path) -> None:
    with serving(own_db, "--audit", "0.02") as service:
        task = json.loads(service.get(f"/review/task/{LITIGATION}?reviewer=li"))
        assert task["mode"] == "audit"
        assert not any(c["machine"] for c in task["cells"])
        sample = [task["fields"][x["field"]]["id"] for x in task["items"]]
        assert 3 <= len(sample) <= 4  # two in a hundred of 195 accepted cells
        page = enter(browser, service, f"?report={LITIGATION}")
        for field in sample:
            at(page, field)
            press(page, "4", "1", "Enter")
        until(lambda: page.locator("body[data-mode=review]").count() == 1)  # and now it is shown
        events = events_in(own_db, LITIGATION)
        assert [(e.field, e.mode, e.value) for e in events] == [(f, Mode.AUDIT, "41") for f in sample]
        # What was keyed otherwise than accepted is looked at once more.
        again = json.loads(service.get(f"/review/task/{LITIGATION}?reviewer=li"))
        waiting = {again["fields"][x["field"]]["id"]: x["why"] for x in again["items"]}
        assert {waiting[f] for f in sample} == {"differs"}


# ---------------------------------------------------------------- for every reader


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_is_legible_in_light_and_dark(browser: Any, service: Service, scheme: str) -> None:
    page = enter(browser, service, f"?report={DAMAGED}", color_scheme=scheme)
    press(page, "3")
    faint = page.evaluate(CONTRAST)

    assert faint == []
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (sum(map(int, re.findall(r"\d+", ground)[:3])) < 200) == (scheme == "dark")


CONTRAST = """() => {
  const rgb = (s) => (s.match(/[\\d.]+/g) ?? []).map(Number);
  const light = ([r, g, b]) => [r, g, b].map((v) => v / 255).map((v) => (v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = (node) => { for (let n = node; n; n = n.parentElement) { const c = rgb(getComputedStyle(n).backgroundColor); if (c.length < 4 || c[3] > 0) return c; } return [255, 255, 255]; };
  const out = new Set();
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode.parentElement;
    if (!walker.currentNode.textContent.trim() || !node.checkVisibility()) continue;
    const [a, b] = [light(rgb(getComputedStyle(node).color)), light(behind(node))].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    if (ratio < 4.5) out.add(`${node.tagName}.${node.className} ${ratio.toFixed(2)} ${node.textContent.slice(0, 20)}`);
  }
  return [...out];
}"""


def test_at_twice_the_size_nothing_is_cut_off(browser: Any, service: Service) -> None:
    page = enter(browser, service, f"?report={DAMAGED}")
    page.set_viewport_size({"width": 720, "height": 450})  # what 1440 by 900 leaves at 200 %

    assert page.evaluate("document.documentElement.scrollWidth") <= 720
    for part in ("#lines", "#panel", "#value", "#actions", "#grid", "#recent"):
        page.locator(part).scroll_into_view_if_needed()
        box = page.locator(part).bounding_box()
        assert box is not None
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 720, part
    press(page, "4")
    assert page.locator("#value").input_value() == "4"


def test_a_screen_reader_finds_its_way(browser: Any, service: Service) -> None:
    page = enter(browser, service, f"?report={MISPRINT}&cell={CELL}")
    for role, name in (
        ("banner", None), ("main", None), ("navigation", "工具"), ("region", "原文"), ("region", "表格"), ("region", "最近十次"),
        ("toolbar", "决定"), ("table", "收到和处理政府信息公开申请情况"), ("textbox", "录入"), ("button", "确认"), ("group", "勾稽"),
    ):  # fmt: skip
        assert page.get_by_role(role, name=name).count() >= 1, (role, name)
    assert page.locator("html").get_attribute("lang") == "zh-CN"
    current = page.locator("#grid [aria-current=true]")
    assert current.get_attribute("aria-label") == "3.危及“三安全一稳定”，自然人：6，有数，待核对，勾稽不成立"
    assert page.evaluate("document.activeElement === document.querySelector('#grid [aria-current=true]')")
    assert page.locator("#grid th[scope=col]").count() == 7
    assert page.locator("#grid th[scope=colgroup]").count() == 1
    assert page.locator("#grid th[scope=row]").count() == 25
    for live in ("saved", "sums-said", "value-note"):
        assert page.locator(f"#{live}[aria-live=polite]").count() == 1
    style = page.evaluate("(() => { const b = document.querySelector('#open-help'); b.focus(); return getComputedStyle(b).outlineStyle })()")
    assert style != "none"
    press(page, "?")
    assert page.get_by_role("dialog", name="按键").count() == 1
