"""What the page says and is given: a Chinese sentence for everything, the text of a report as lines, nothing that a blind reader must not see."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from benchmarks.damage import make_case
from extractor import codes, effective
from extractor.effective import Action, Event, Mode
from extractor.form import load_forms
from extractor.pipeline import extract_path
from extractor.record import to_record
from extractor.types import Blame, Status
from extractor.web import zh
from extractor.web.keyed import key_sheet_text
from extractor.web.review_source import MOST_LINES, Source
from extractor.web.review_task import Given, blind_task, review_task
from extractor.worklist import items
from tests.page_support import form_of, report

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "extractor" / "web" / "page"
SAYS = zh.sentences()
FORM = form_of("disclosure-2021")


def given(path: Path) -> Given:
    extraction = extract_path(path)
    form = next(f for f in load_forms() if f.id == extraction.form)
    record = to_record(extraction, form)
    return Given(form, record, extraction.document.text, effective.effective(record, (), {}), ())


@pytest.mark.parametrize(("section", "names"), [
    ("codes", set(codes.CODES)), ("notes", set(codes.NOTES)), ("statuses", set(Status)), ("blames", set(Blame)),
    ("states", set(effective.State)), ("actions", set(Action)), ("modes", set(Mode)),
])  # fmt: skip
def test_everything_has_its_chinese_sentence(section: str, names: set[str]) -> None:
    assert set(SAYS[section]) == {str(x) for x in names}
    assert all(re.search(r"[\u4e00-\u9fff]", x) for x in SAYS[section].values())


def test_every_reason_and_every_error_has_its_sentence() -> None:
    source = "".join(p.read_text(encoding="utf-8") for p in (ROOT / "extractor").rglob("*.py"))
    errors = set(re.findall(r'ReportUnreadable\("([A-Z_]+)"', source)) | set(re.findall(r'unreadable\(path, "([A-Z_]+)"', source)) | {"FORM_NOT_RECOGNISED"}
    reasons = set(re.findall(r'return "([a-z]+)"', (ROOT / "extractor" / "worklist.py").read_text(encoding="utf-8")))

    assert errors <= set(SAYS["errors"])
    assert reasons | {"structure", "audit", "blind", "class", "doubt"} == set(SAYS["reasons"])


def test_the_page_asks_for_nothing_from_elsewhere_and_has_no_script_or_style_of_its_own_inside() -> None:
    html = (PAGE / "index.html").read_text(encoding="utf-8")
    everything = "".join(p.read_text(encoding="utf-8") for p in PAGE.iterdir())

    assert not re.search(r"https?://", everything)
    assert not re.search(r"\son[a-z]+=|\sstyle=|<style|<script(?![^>]*src=)", html)
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function", everything)


@pytest.mark.parametrize("shape", ["tab-cells", "tab-rows", "pipe-rows", "markdown", "pipe-lines", "aligned", "flat", "html"])
def test_every_figure_of_the_text_is_drawn_and_the_headers_of_a_cell_are_found(tmp_path: Path, shape: str) -> None:
    path = report(tmp_path, shape, "light", 3)
    g = given(path)
    source = Source(g.form, g.text, g.record["media_type"] == "text/html")
    lines, cut = source.lines()
    drawn = {(a, b): text for line in lines for a, b, _, text in line["cells"]}

    assert cut == 0
    for cell, field in zip(g.cells, g.form.fields, strict=True):
        if (place := cell.machine["evidence"]) is None:
            continue
        assert (place["start"], place["end"]) in drawn, field.id
        found = source.path(field, place["start"])
        # Labels laid out in columns over several lines are not put together again.
        assert shape == "aligned" or (found.row and found.column), field.id


def test_a_printed_row_is_one_line_in_every_shape(tmp_path: Path) -> None:
    for shape in ("tab-cells", "pipe-lines", "pipe-rows", "flat"):
        g = given(report(tmp_path, shape, "clean", 4))
        lines, _ = Source(g.form, g.text, False).lines()
        counts = [sum(x[2] == "n" for x in line["cells"]) for line in lines if line["table"] == "requests"]

        assert [n for n in counts if n] == [7] * 25, shape


def test_a_report_of_endless_lines_is_cut_and_says_so() -> None:
    case = make_case(FORM, 2, "tab-rows", "clean")
    text = case.text + "\n某项 1" * (2 * MOST_LINES)
    lines, cut = Source(FORM, text, False).lines(shown=[len(text) - 1])

    assert MOST_LINES <= len(lines) <= MOST_LINES + 100
    assert cut > 0
    assert lines[-1]["cells"][-1][1] == len(text)  # what is asked for is drawn all the same


def test_control_characters_are_made_visible_and_figures_are_exact_strings(tmp_path: Path) -> None:
    path = report(tmp_path, "pipe-rows", "light", 7, swap=("危及", "危\u202e及"))
    g = given(path)
    task = review_task(g, items(g.form, g.cells, ()))
    text = json.dumps(task, ensure_ascii=False)

    assert "\u202e" not in text
    assert all(c["value"] is None or re.fullmatch(r"-?\d+(\.\d+)?", c["value"]) for c in task["cells"])
    assert len(task["rules"]) == sum(r.severity == "hard" for r in g.form.rules)


def test_a_blind_task_tells_nothing_that_a_program_read(tmp_path: Path) -> None:
    g = given(report(tmp_path, "pipe-rows", "heavy", 2))
    other = Event(1, "k", 1, 1, FORM.id, FORM.fields[0].id, Action.CORRECT, "77", 77, "wang", Mode.AUDIT, "", "", "", "", None, "", None, -1, -1, "printed", 5)
    task = blind_task(Given(g.form, g.record, g.text, g.cells, [other]), [FORM.fields[0].id], Mode.AUDIT, "li")

    assert {(c["value"], c["machine"], tuple(c["candidates"]), tuple(c["history"])) for c in task["cells"]} == {(None, None, (), ())}
    assert task["cells"][0]["seen"] == 1
    assert [task[x] for x in ("rules", "findings", "extras", "paths")] == [[], [], [], []]


def test_a_key_sheet_leaves_open_what_was_not_keyed() -> None:
    sheet = key_sheet_text("archive/x.txt", FORM, [], "a")

    assert sheet.startswith('report: "x"\nform: disclosure-2021\n')
    assert sheet.count('""') == 200 + 1
