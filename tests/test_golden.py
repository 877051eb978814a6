"""The golden set itself, and what the loader, the key sheets and the settlement refuse."""

from __future__ import annotations

import shutil
from collections import Counter
from decimal import Decimal
from pathlib import Path

import pytest
import yaml

from extractor.errors import GoldenError
from extractor.form import load_forms
from extractor.golden import (
    Entry,
    GoldenReport,
    Mismatch,
    StatusRow,
    compare,
    entry,
    key_sheet,
    load_golden,
    load_splits,
    paired,
    read_keying,
    resolve,
    status,
)
from extractor.metrics import krippendorff_alpha
from extractor.types import Verdict

GOLDEN = Path(__file__).resolve().parent.parent / "golden"
FORMS = load_forms()
REPORTS = load_golden(GOLDEN, FORMS)
IDS = [r.id for r in REPORTS]


# The shipped set


def test_the_set_holds_22_reports_in_26_texts() -> None:
    """No report or rendering is lost on the way from keying to loading."""
    assert (22, 26) == (len(REPORTS), sum(len(r.sources) for r in REPORTS))


def test_cells_by_status_are_those_of_the_readme() -> None:
    """The counts in golden/README.md are the counts of the set."""
    counts = Counter(c.status for r in REPORTS for c in r.cells)

    assert {"printed": 2169, "blank": 255, "lost": 1755, "excluded": 3} == counts


@pytest.mark.parametrize("report", REPORTS, ids=IDS)
def test_resolving_again_changes_nothing(report: GoldenReport, tmp_path: Path) -> None:
    """cells.csv and meta.yaml are what the two keyings and the settlements give."""
    copy = tmp_path / report.id
    shutil.copytree(GOLDEN / report.id, copy)

    assert () == resolve(copy, FORMS)
    for name in ("cells.csv", "meta.yaml"):
        assert (GOLDEN / report.id / name).read_text("utf-8") == (copy / name).read_text("utf-8")


def test_keyers_agree_on_every_cell() -> None:
    """4,182 of 4,182 cells, alpha by status 1, as golden/README.md says."""
    pairs = [p for r in REPORTS for p in paired(GOLDEN / r.id, FORMS)]

    assert (4182, 4182) == (len(pairs), sum(a == b for a, b in pairs))
    assert 1.0 == krippendorff_alpha([(a.status, b.status) for a, b in pairs])


@pytest.mark.parametrize("report", REPORTS, ids=IDS)
def test_every_printed_label_stands_in_every_rendering(report: GoldenReport) -> None:
    """A label that some rendering does not contain would be a keying error, or a wrong source."""
    for source in report.sources:
        text = source.file.read_text("utf-8")
        assert [] == [c.id for c in report.cells if c.status == "printed" and c.printed not in text]


@pytest.mark.parametrize("report", [r for r in REPORTS if r.form_id], ids=lambda r: r.id)
def test_hard_rules_fail_exactly_where_findings_say(report: GoldenReport) -> None:
    """The expected findings are all the sums that the printed figures break, with both sides."""
    form = next(f for f in FORMS if f.id == report.form_id)
    values = [c.value for c in report.cells]
    broken = set()
    for rule in form.rules:
        verdict, left, right = rule.relation.verdict(values)
        if rule.severity == "hard" and verdict == Verdict.FAIL:
            broken.add((rule.id, rule.instance, left, right))

    assert {(f.rule, f.instance, f.left, f.right) for f in report.findings} == broken


def test_facts_checked_by_hand() -> None:
    """Figures that domain.md verified independently of the keyings."""
    cells = {(r.id, c.id): c for r in REPORTS for c in r.cells}

    assert 14205 == cells["003", "proactive/licences/decisions"].value
    assert "14,205" == cells["003", "proactive/licences/decisions"].printed
    assert Decimal("25.1") == cells["real-002", "proactive/procurement/amount"].value
    assert -48 == cells["001", "proactive/other_services/change"].value
    assert 805 == cells["real-002", "requests/total/total"].value
    assert "lost" == cells["004", "requests/new/total"].status


def test_no_issuer_stands_on_both_sides() -> None:
    """The two 洪泽 reports and the two halves of the comparison document stay together, 000 … 004 in dev."""
    splits = load_splits(GOLDEN)

    assert splits["real-005"] == splits["real-006"]
    assert splits["real-007"] == splits["real-008"]
    assert {"dev"} == {splits[f"00{n}"] for n in range(5)}
    agencies: dict[str, set[str]] = {}
    for r in REPORTS:
        if r.agency:
            agencies.setdefault(r.agency, set()).add(r.split)
    assert {} == {k: v for k, v in agencies.items() if len(v) > 1}


def test_a_split_is_a_part_of_the_whole() -> None:
    """Dev and locked together are the set, and an unknown split is refused."""
    assert (15, 7) == (len(load_golden(GOLDEN, FORMS, "dev")), len(load_golden(GOLDEN, FORMS, "locked")))
    with pytest.raises(GoldenError, match="unknown split 'test'"):
        load_golden(GOLDEN, FORMS, "test")


def test_status_lists_every_report() -> None:
    """Nothing is open, and the three undecidable cells are counted."""
    rows = status(GOLDEN, FORMS)

    assert StatusRow("real-029", "disclosure-2019", ("a", "b"), 0, 3, "dev") in rows
    assert (22, 0) == (len(rows), sum(r.open or 0 for r in rows))


# Entries


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("0", Entry("printed", 0, "0")),
        ("96171.6", Entry("printed", Decimal("96171.6"), "96171.6")),
        ("1,470=1470", Entry("printed", 1470, "1,470")),
        ("-8=-8", Entry("printed", -8, "-8")),
        ("251000元=25.1", Entry("printed", Decimal("25.1"), "251000元")),
        ("_", Entry("blank", None, "")),
        ("-", Entry("blank", None, "-")),
        ("/", Entry("blank", None, "/")),
        ("?", Entry("lost", None, "")),
        ("!", Entry("excluded", None, "")),
    ],
)
def test_entries_are_read_as_keying_md_says(typed: str, read: Entry) -> None:
    """Blank, lost, excluded and zero are four things."""
    assert read == entry(typed)


@pytest.mark.parametrize("typed", ["1,470", "+129", "-8", "5 ", "x=", "=5", "1=2=x", "５"])
def test_an_entry_that_is_not_plain_needs_its_value(typed: str) -> None:
    """Whatever is not plain digits must say its value."""
    with pytest.raises(ValueError, match=r"must be an exact|type it as"):
        entry(typed)


# Defects


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """A golden folder with the one report 001."""
    shutil.copytree(GOLDEN / "001", tmp_path / "001")
    (tmp_path / "splits.yaml").write_text('issuers: [{issuer: x, split: dev, reports: ["001"]}]', "utf-8")
    return tmp_path


def _edit(path: Path, old: str, new: str) -> None:
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        ("cells.csv", "proactive/rules/created,", "proactive/rules/made,", r":2: the field 'proactive/rules/made'"),
        ("cells.csv", "proactive/rules/created,printed,0,0,agreed,\n", "", r":2: .*form has proactive/rules/cr"),
        ("cells.csv", "created,printed", "created,seen", r"cells\.csv:2: .*unknown status 'seen'"),
        ("cells.csv", "created,printed,0,0", "created,blank,0,0", r"cells\.csv:2: .*value '0' under status blank"),
        ("cells.csv", "created,printed,0,0", "created,printed,,0", r"cells\.csv:2: .*value '' under status printed"),
        ("cells.csv", "created,printed,0,0", "created,printed,0,", r"cells\.csv:2: .*needs its printed text"),
        ("cells.csv", "0,0,agreed,", "0,0,guessed,", r"cells\.csv:2: .*must be agreed or settled"),
        ("cells.csv", "field,status", "name,status", r"cells\.csv:1: the header must be"),
        ("meta.yaml", "id: '001'", "id: '000'", r"meta\.yaml:1: id '000' differs"),
        ("meta.yaml", "form: disclosure-2019", "form: disclosure-1999", r"meta\.yaml:2: unknown form 'disc"),
        ("meta.yaml", "year: 2020", "year: '2020'", r"meta\.yaml:3: 'year' has the wrong type \(str\)"),
        ("meta.yaml", "agency: 静乐县人民政府\n", "", r"meta\.yaml:1: 'agency' is missing"),
        ("meta.yaml", "file: source.txt", "file: other.txt", r"meta\.yaml:6: the source other\.txt is missing"),
        ("meta.yaml", "rule: REQ-BALANCE", "rule: REQ-MAGIC", r"the form has no rule REQ-MAGIC"),
        ("meta.yaml", "left: 5", "left: five", r"left and right must be exact numbers"),
        ("meta.yaml", "cut: false", "cut: perhaps", r"cut: true or false"),
        ("meta.yaml", "shape: tab-cells", "look: tab-cells", r"each of sources has exactly file shape cut"),
        ("meta.yaml", "year: 2020", "year: [2020", r"meta\.yaml:\d+: cannot be read as YAML"),
    ],
)  # fmt: skip
def test_a_defect_names_file_and_line(small: Path, file: str, old: str, new: str, message: str) -> None:
    """Every defect of a golden report is refused with its place."""
    _edit(small / "001" / file, old, new)

    with pytest.raises(GoldenError, match=message):
        load_golden(small, FORMS)


def test_a_truncated_cells_file_is_refused(small: Path) -> None:
    """A missing last line is found, not read as fewer fields."""
    cells = small / "001" / "cells.csv"
    lines = cells.read_text("utf-8").splitlines(keepends=True)
    cells.write_text("".join(lines[:-1]), "utf-8")

    with pytest.raises(GoldenError, match=r"cells\.csv:198: the file ends before litigation/"):
        load_golden(small, FORMS)


@pytest.mark.parametrize(
    ("splits", "message"),
    [
        ("issuers: []", "the report 001 has no split"),
        ('issuers: [{issuer: x, split: test, reports: ["001"]}]', "unknown split 'test'"),
        ('issuers: [{issuer: x, split: dev, reports: ["001"]}, {issuer: x, split: dev, reports: []}]', "stands twice"),
        ('issuers: [{issuer: x, split: dev, reports: ["001", "002"]}]', "002 stands twice or has no folder"),
        ("- 1", "must be a mapping"),
    ],
)  # fmt: skip
def test_a_defect_of_the_splits_is_refused(small: Path, splits: str, message: str) -> None:
    """A report without a side, or an issuer on two, stops the evaluation."""
    (small / "splits.yaml").write_text(splits, "utf-8")

    with pytest.raises(GoldenError, match=message):
        load_golden(small, FORMS)


def test_an_excluded_report_is_left_out(small: Path) -> None:
    """A report with a reason to exclude it is not loaded."""
    _edit(small / "001" / "meta.yaml", "excluded_reason: null", "excluded_reason: published twice")

    assert [] == load_golden(small, FORMS)


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    """A folder without reports is a wrong path, not a clean result."""
    (tmp_path / "splits.yaml").write_text("issuers: []", "utf-8")
    with pytest.raises(GoldenError, match="no golden report here"):
        load_golden(tmp_path, FORMS)


# Key sheets and settlement


def test_a_key_sheet_is_blind_and_never_overwritten(tmp_path: Path) -> None:
    """The sheet has an empty entry for every field, the source beside it, and refuses a second start."""
    report, folder = tmp_path / "new.TXT", tmp_path / "new-report"
    report.write_text("正文", "utf-8")
    form = FORMS[0]

    sheet = key_sheet(report, form, "a", folder)

    data = yaml.safe_load(sheet.read_text("utf-8"))
    typed = [v for rows in data["tables"].values() for row in rows.values() for v in row]
    assert [""] * len(form.fields) == typed
    assert "正文" == (folder / "source.txt").read_text("utf-8")
    with pytest.raises(GoldenError, match="never overwritten"):
        key_sheet(report, form, "a", folder)
    with pytest.raises(GoldenError, match=r"a\.yaml:7: proactive/rules/created: not keyed yet"):
        read_keying(sheet, FORMS)


def test_a_key_sheet_refuses_another_text(tmp_path: Path) -> None:
    """Two keyers of one folder read the same text, or the comparison means nothing."""
    one, two, folder = tmp_path / "one.txt", tmp_path / "two.txt", tmp_path / "r"
    one.write_text("甲", "utf-8")
    two.write_text("乙", "utf-8")
    key_sheet(one, FORMS[0], "a", folder)

    with pytest.raises(GoldenError, match="holds another text already"):
        key_sheet(two, FORMS[0], "b", folder)
    with pytest.raises(GoldenError, match="no such report"):
        key_sheet(tmp_path / "absent.txt", FORMS[0], "b", folder)
    with pytest.raises(GoldenError, match="short lower-case name"):
        key_sheet(one, FORMS[0], "../b", folder)


def test_an_open_mismatch_is_returned_and_nothing_is_written(small: Path) -> None:
    """Keyings that differ give the list of differences, in meaning and not in notation."""
    folder = small / "001"
    (folder / "cells.csv").unlink()
    _edit(folder / "keys" / "b.yaml", '"1751"', '"1,751=1751"')
    _edit(folder / "keys" / "b.yaml", '"925"', '"925=925"')
    _edit(folder / "keys" / "b.yaml", "year: 2020", "year: 2021")

    assert (
        Mismatch("year", "2020", "2021", False, None, ""),
        Mismatch("proactive/licences/previous_items", "1751", "1,751=1751", False, None, ""),
    ) == resolve(folder, FORMS)
    assert not (folder / "cells.csv").exists()


def test_a_settlement_by_a_third_reader_is_written(small: Path) -> None:
    """The settled entry and its reason end up in cells.csv, marked as settled."""
    folder = small / "001"
    _edit(folder / "keys" / "b.yaml", '"1751"', '"1715"')
    item = (
        "- {field: proactive/licences/previous_items, a: '1751', b: '1715', settled: '1751', why: the text says 1751}"
    )
    _edit(folder / "meta.yaml", "settled: []", "settled:\n" + item)

    assert () == resolve(folder, FORMS)
    line = "proactive/licences/previous_items,printed,1751,1751,settled,the text says 1751"
    assert line in (folder / "cells.csv").read_text("utf-8").splitlines()
    assert 198 == len(load_golden(small, FORMS)[0].cells)
    assert [True] == [m.closed for m in compare(folder, FORMS)]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('["0", "0", "0"]', '["0", "0"]', r"proactive/rules needs a list of 3 entries"),
        ('["0", "0", "0"]', '[0, "0", "0"]', r"every entry is a quoted string"),
        ('["0", "0", "0"]', '["O", "0", "0"]', r"a\.yaml:7: proactive/rules/created: 'O' is neither"),
        ("    rules:", "    rulez:", r"a\.yaml:7: unknown row proactive/rulez"),
        ("  proactive:", "  proactiv:", r"a\.yaml:6: unknown table 'proactiv'"),
    ],
)
def test_a_defect_of_a_key_sheet_names_its_line(small: Path, old: str, new: str, message: str) -> None:
    """A typing error is found where it was made."""
    sheet = small / "001" / "keys" / "a.yaml"
    _edit(sheet, old, new)

    with pytest.raises(GoldenError, match=message):
        read_keying(sheet, FORMS)


def test_a_settlement_is_an_entry_too(small: Path) -> None:
    """A settled text that is no entry is refused with its place."""
    folder = small / "001"
    _edit(folder / "keys" / "b.yaml", '"1751"', '"1715"')
    item = "- {field: proactive/licences/previous_items, a: '1751', b: '1715', settled: about 1751, why: guess}"
    _edit(folder / "meta.yaml", "settled: []", "settled:\n" + item)

    with pytest.raises(
        GoldenError, match=r"meta\.yaml:\d+: proactive/licences/previous_items: 'about 1751' is neither"
    ):
        resolve(folder, FORMS)


def test_one_keying_is_not_enough(small: Path) -> None:
    """A report keyed once stays open, and says so."""
    (small / "001" / "keys" / "b.yaml").unlink()

    assert [StatusRow("001", "disclosure-2019", ("a",), None, 0, "dev")] == status(small, FORMS)
    with pytest.raises(GoldenError, match=r"1 keying\(s\) here, two are needed"):
        resolve(small / "001", FORMS)
