"""``gouji status``: the page is safe to mail and says everything twice, in pictures and in tables; the command's output and errors."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import pytest
from lxml import html
from rich.console import Console
from typer.testing import CliRunner, Result

from benchmarks import overview
from cli import app
from extractor import drawing
from extractor.across import Held, Lineage, Member
from extractor.across.coverage import coverage
from extractor.effective import Action
from extractor.overview import Series, Status, of_store
from extractor.overview.page import render_html
from extractor.overview.status import FindingKind, Unread
from extractor.overview.sums import yearly_totals
from extractor.overview.terminal import render
from extractor.overview.words import most_gaps
from extractor.store import open_store
from extractor.types import Status as CellStatus
from tests.store_support import STAMP, case, event, read

NASTY = "<script>alert(1)</script>&<img src=x onerror=y>$甲$县\x07统计局"
RECEIVED = Series("requests/new/total", "requests received", "本年新收申请", "件")
ROOT = Path(__file__).resolve().parent.parent
UNITS, YEARS = 300, range(2001, 2021)


def gouji(*args: object) -> Result:
    return CliRunner().invoke(app, [str(a) for a in args])


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store of two reports, one of a body with a nasty name."""
    path = tmp_path_factory.mktemp("template") / "store.sqlite"
    with open_store(str(path)) as store:
        for n, (agency, level) in enumerate(((NASTY, "medium"), ("乙县统计局", "clean"))):
            record, document, _ = read(case(5 + n, level=level), f"{n}<b>.txt")
            store.save(record | {"agency": agency, "year": 2020}, document, None, STAMP)
        row = store.reports()[0]
        field = next(c.field for c in store.cells(row.id) if c.state == "open")
        store.append(event(row, field, Action.ILLEGIBLE, reviewer="<i>甲</i>"))
    return path


@pytest.fixture
def db(template: Path, tmp_path: Path) -> Path:
    return Path(shutil.copyfile(template, tmp_path / "store.sqlite"))


@pytest.fixture
def status(db: Path) -> Status:
    with open_store(str(db), create=False) as store:
        return of_store(store, [RECEIVED])


@lru_cache(maxsize=1)
def many() -> tuple[Member, ...]:
    """More units and years than the page shows, one unit with a gap."""
    held = (Held(3, CellStatus.PRINTED, True, "printed"),)
    return tuple(
        Member(f"{unit}/{year}", "f", year, f"第{unit}局", f"{unit}/{year}", {RECEIVED.field: 0}, held)
        for unit in range(UNITS) for year in YEARS if (unit, year) != (UNITS - 1, 2015)
    )  # fmt: skip


@pytest.fixture
def large(status: Status) -> Status:
    kinds = tuple(FindingKind(f"R-{n}", "", "soft", 90 - n, 1, 90 - n, 0, 0) for n in range(70))
    unread = tuple(Unread(f"{n}.txt", "FILE_UNREADABLE", "no such file") for n in range(80))
    totals = yearly_totals(many(), [RECEIVED], Lineage())
    return replace(status, coverage=coverage(many(), Lineage()), findings=kinds, unreadable=unread, totals=totals)


def text_of(element: html.HtmlElement) -> str:
    return " ".join(element.text_content().split())


def assert_safe(page: str) -> html.HtmlElement:
    """No script, no request, no handler, and every picture has a title and a table that are there."""
    root = html.document_fromstring(page)
    assert "default-src 'none'" in root.xpath("//meta[@http-equiv]/@content")[0]
    assert [] == root.xpath("//script|//img|//link|//iframe|//object|//form|//base|//@src|//@onerror|//@action")
    assert [] == [x for x in root.xpath("//@*[contains(name(), 'href')]") if not x.startswith("#")]
    assert not re.search(r"url\((?!#)|@import|https?:", page)
    every = root.xpath("//@id")
    ids = set(every)
    assert len(every) == len(ids)
    for link in root.xpath("//@*[contains(name(), 'href')]"):
        assert link[1:] in ids
    figures = root.xpath("//figure")
    assert len(figures) == len(root.xpath("//svg"))
    for figure in figures:
        (image,) = figure.xpath(".//*[@role='img']")
        assert text_of(root.get_element_by_id(image.get("aria-labelledby")))
        table = root.get_element_by_id(image.get("aria-describedby"))
        assert "table" == table.tag
        assert table.xpath(".//tbody/tr")
    for table in root.xpath("//table"):
        columns = len(table.xpath("./thead/tr/th[@scope='col']"))
        assert columns
        assert {columns} == {len(row.xpath("./th[@scope='row']|./td")) for row in table.xpath("./tbody/tr")}
    return root


def test_the_page_is_safe_and_every_picture_has_its_table(status: Status) -> None:
    root = assert_safe(render_html(status))
    assert 5 == len(root.xpath("//svg"))
    whole = text_of(root)
    assert "<script>alert(1)</script>&<img src=x onerror=y>$甲$县·统计局" in whole
    assert "<i>甲</i>" in whole
    assert "0<b>.txt" in whole


def test_names_in_pictures_stay_text_for_the_readers_font(status: Status) -> None:
    root = html.document_fromstring(render_html(status))
    drawn = [text_of(t) for t in root.xpath("//svg//text")]
    assert "乙县统计局" in drawn
    assert f"{RECEIVED.says} [{RECEIVED.unit}]" in drawn
    assert [] == [t for t in drawn if re.search(r"Q\d{5}", t)]
    assert any(t.startswith("<script>alert") for t in drawn)


def test_the_page_is_the_same_at_every_run(status: Status) -> None:
    assert render_html(status) == render_html(status)


def test_the_page_shows_the_numbers(status: Status) -> None:
    root = html.document_fromstring(render_html(status))
    tiles = {text_of(t.find("dt")): text_of(t.xpath("dd")[0]) for t in root.xpath("//dl/div")}
    assert ("2", f"{status.cells.open:,}") == (tiles["reports"], tiles["open cells"])
    rows = {text_of(r.find("th")): [text_of(c) for c in r.findall("td")] for r in root.get_element_by_id("kinds").xpath("./tbody/tr")}
    assert {f.rule: f"{f.findings}" for f in status.findings} == {rule: cells[2] for rule, cells in rows.items()}
    (cell,) = root.get_element_by_id("totals-all").xpath("./tbody/tr/td")
    (total,) = status.totals
    assert f"{total.value:,}{total.counted} of {total.of}" == text_of(cell)


def test_what_does_not_fit_is_counted_never_dropped_silently(large: Status) -> None:
    page = render_html(large)
    root = assert_safe(page)
    whole = text_of(root)
    rows = root.get_element_by_id("coverage-units").xpath("./tbody/tr")
    assert 200 == len(rows)
    assert f"第{UNITS - 1}局" == text_of(rows[0].find("th"))  # the one with a gap comes first
    assert "the 200 of 300 units with the most gaps" in whole
    assert "the 60 of 300 units with the most gaps" in whole
    assert "the newest 15 of 20 years" in whole
    assert "the 20 of 70 rules with the most findings" in whole
    assert "20 more rows are left out here" in whole
    assert "30 more rows are left out here" in whole
    assert "5,999 accepted" in whole
    assert [str(y) for y in YEARS][-15:] == [text_of(t) for t in root.get_element_by_id("coverage-units").xpath("./thead/tr/th")][1:]
    assert len(page) < 2_000_000


def test_all_units_are_shown_in_order_where_they_fit(large: Status) -> None:
    assert list(large.coverage.rows) == most_gaps(large.coverage, UNITS)


def test_without_matplotlib_the_tables_stay(db: Path, status: Status, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drawing, "find_spec", lambda _: None)
    page = render_html(status)
    assert_safe(page)
    assert "Pictures left out: they need matplotlib, which `pip install &#x27;gouji[evaluate]&#x27;` brings" in page
    done = gouji("status", "--db", db, "--html", tmp_path / "o.html")
    assert (0, True) == (done.exit_code, "note: pictures left out: they need matplotlib" in done.stderr)


# The command


def test_status_prints_for_people_and_writes_for_machines(db: Path, tmp_path: Path) -> None:
    page = tmp_path / "overview.html"
    done = gouji("status", "--db", db, "--json", "-", "--html", page)
    assert 0 == done.exit_code
    data = json.loads(done.stdout)
    assert {"total": 2, "readable": 2, "straight": 1, "finished": 1} == data["reports"]
    assert data["cells"]["total"] == sum(g["cells"] for g in data["groups"])
    assert ["乙县统计局", NASTY] == sorted((u["unit"] for u in data["coverage"]["units"]), reverse=True)
    assert {"requests/new/total"} < {t["field"] for t in data["totals"]}
    assert "reports by form and year" in done.stderr
    assert "\x07" not in done.stderr
    assert_safe(page.read_text(encoding="utf-8"))
    again = gouji("status", "--db", db)
    assert "reports by form and year" in again.stdout


def test_the_terminal_says_what_it_leaves_out(large: Status) -> None:
    with Path("/dev/null").open("w", encoding="utf-8") as nowhere:
        out = Console(width=140, record=True, file=nowhere)
        render(large, out)
    said = out.export_text()
    assert "50 more rows: see --json" in said
    assert "260 more units" in said
    assert f"第{UNITS - 1}局" in said  # the one with a gap
    assert "the newest 10 of 20 years" in said


def test_an_empty_store_says_what_comes_next(tmp_path: Path) -> None:
    path = tmp_path / "empty.sqlite"
    open_store(str(path)).close()
    done = gouji("status", "--db", path, "--html", tmp_path / "o.html")
    assert 0 == done.exit_code
    assert "no report is in" in done.stderr
    assert "gouji extract PATH --db" in done.stderr
    assert_safe((tmp_path / "o.html").read_text(encoding="utf-8"))


def test_what_cannot_be_done_is_said_with_exit_2(db: Path, tmp_path: Path) -> None:
    units = tmp_path / "units.yaml"
    units.write_text("unit: []\n", encoding="utf-8")
    for args, said in (
        (["--db", tmp_path / "none.sqlite"], "there is no store; `gouji extract PATH --db"),
        (["--db", "mysql://x/y"], "neither SQLite nor PostgreSQL"),
        (["--db", db, "--units", units], "units.yaml:1"),
        (["--db", db, "--html", tmp_path / "no" / "o.html"], "cannot be written"),
        (["--db", db, "--json", tmp_path], "cannot be written"),
    ):
        done = gouji("status", *args)
        assert (2, True) == (done.exit_code, said in done.stderr), (args, done.stderr)
    assert not (tmp_path / "none.sqlite").exists()


def test_a_mailed_page_names_no_folder_and_no_server(status: Status, db: Path) -> None:
    assert str(db.parent) in status.store
    page = render_html(replace(status, store="postgresql://user:***@host/archive"))
    assert str(db.parent) not in render_html(status)
    assert ("archive · " in page, "host" in page) == (True, False)


def test_the_benchmark_fills_a_store_and_measures_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    result = tmp_path / "result.json"
    assert 0 == overview.main(["--reports", "20", "--store", str(tmp_path / "b.sqlite"), "--json", str(result)])
    found = json.loads(result.read_text(encoding="utf-8"))["result"]
    assert 20 == found["reports"]
    assert min(found["seconds"], found["memory_mib"], found["page_kib"]) > 0
    with open_store(str(tmp_path / "b.sqlite"), create=False) as store:
        assert 20 == store.count()
    assert "'reports': 20" in capsys.readouterr().out


def test_the_extras_are_loaded_only_where_they_are_used() -> None:
    """Without them the store and the page say which one is missing."""
    code = "import sys, extractor.commands.status; print({'sqlalchemy', 'matplotlib'} & set(sys.modules))"
    assert "set()" == subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, encoding="utf-8", check=True).stdout.strip()
