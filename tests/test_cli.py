"""The commands as other programs meet them: exit codes, what goes to which stream, and what bad input gets."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from benchmarks.damage import make_case
from cli import app
from extractor import pipeline
from extractor.archive.outputs import JsonLines
from extractor.batch import unread_line
from extractor.form import Form, load_forms
from extractor.read.inputs import Input
from extractor.types import Document, Extraction
from tests.test_record import report_text

ROOT = Path(__file__).resolve().parent.parent
SHIPPED = ROOT / "schemas" / "disclosure-2021.yaml"
HEAVY = "pydantic yaml rapidfuzz lxml openai instructor rich opencc extractor.form extractor.pipeline".split()


def gouji(*args: object) -> Result:
    """One command in this process."""
    return CliRunner().invoke(app, [os.fsdecode(a) if isinstance(a, bytes) else str(a) for a in args])


def process(*args: object, **kwargs: Any) -> subprocess.CompletedProcess[bytes]:
    """One command in a process of its own."""
    command = [sys.executable, str(ROOT / "cli.py"), *(a if isinstance(a, bytes) else str(a) for a in args)]
    return subprocess.run(command, capture_output=True, check=False, cwd=ROOT, timeout=120, **kwargs)


def records(text: str) -> list[dict[str, Any]]:
    """The records of JSON lines, decimals exact."""
    return [json.loads(line, parse_float=Decimal) for line in text.splitlines()]


@pytest.fixture
def report(tmp_path: Path) -> Path:
    """One sound report."""
    path = tmp_path / "report.txt"
    path.write_text(report_text(), encoding="utf-8")
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Reports good and bad: sound, empty, binary, no report at all, one with a wrong sum."""
    place = tmp_path / "reports"
    place.mkdir()
    (place / "1-sound.txt").write_text(report_text(), encoding="utf-8")
    (place / "2-empty.txt").write_bytes(b"")
    (place / "3-binary.txt").write_bytes(bytes(range(256)) * 40)
    (place / "4-prose.txt").write_text("今天天气很好。\n", encoding="utf-8")
    (place / "5-wrong.txt").write_text(report_text(granted="7 2 0 0 0 1 11"), encoding="utf-8")
    return place


# Start


def test_importing_the_command_line_loads_nothing_heavy() -> None:
    """``--help`` must answer at once: what commands need is imported inside them."""
    for call in ("pass", "cli.app(['extract', '--help'], standalone_mode=False)"):
        code = f"import sys, cli; {call}; print(sorted(set({HEAVY}) & set(sys.modules)))"
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)

        assert "[]" == done.stdout.splitlines()[-1]


def test_help_and_version_answer_on_stdout() -> None:
    """Every command explains itself, in one screen."""
    help_ = gouji("--help")

    assert 0 == help_.exit_code
    for name in ("extract", "check", "show", "evaluate", "form", "golden"):
        assert f"  {name} " in help_.stdout
        assert 0 == gouji(name, "--help").exit_code
    assert gouji("--version").stdout.startswith("gouji ")


def test_no_command_has_more_than_fifteen_options() -> None:
    """A command that needs more is two commands (contract.md gives `extract` alone ten); every option is an environment variable as well."""
    import typer

    def commands(group: Any) -> list[Any]:
        return [x for c in group.commands.values() for x in (commands(c) if hasattr(c, "commands") else [c])]

    for command in commands(typer.main.get_command(app)):
        options = [p for p in command.params if p.param_type_name == "option"]
        assert 15 >= len(options), command.name
        assert [] == [p.name for p in options if not str(p.envvar).startswith("GOUJI_")], command.name


# extract


def test_records_go_to_stdout_and_talk_to_stderr(folder: Path) -> None:
    """stdout holds records and nothing else, one a file, in the order of the paths."""
    result = gouji("extract", folder, "--jsonl", "-")
    got = [(Path(r["source"]).name, r["decision"], (r["error"] or {}).get("code")) for r in records(result.stdout)]

    assert [
        ("1-sound.txt", "accept", None),
        ("2-empty.txt", "unreadable", "EMPTY_FILE"),
        ("3-binary.txt", "unreadable", "BINARY_FILE"),
        ("4-prose.txt", "unreadable", "FORM_NOT_RECOGNISED"),
        ("5-wrong.txt", "review", None),
    ] == got
    assert 1 == result.exit_code
    assert "5 reports: 1 accepted, 1 for review, 3 unreadable" in result.stderr


def test_a_readable_report_exits_0_even_when_it_needs_a_person(tmp_path: Path) -> None:
    """Review is an outcome, not a failure."""
    path = tmp_path / "report.txt"
    path.write_text(report_text(litigation=False), encoding="utf-8")

    assert 0 == gouji("extract", path).exit_code


def test_without_jsonl_there_is_a_table_on_stderr(folder: Path) -> None:
    """People get a table; stdout stays empty."""
    result = gouji("extract", folder)
    row = next(line.split() for line in result.stderr.splitlines() if line.startswith("1-sound.txt"))

    assert "" == result.stdout
    assert ["1-sound.txt", "disclosure-2021", "2022", "清河县人民政府", "accept", "200", "0", "0", "0", "0"] == row
    assert "2-empty.txt: EMPTY_FILE: " in result.stderr


def test_a_file_is_written_under_another_name_until_it_is_whole(folder: Path, tmp_path: Path) -> None:
    """FILE.part becomes FILE at the end; a run that stops leaves FILE as it was."""
    target = tmp_path / "out.jsonl"
    target.write_text("old\n")

    given = Input("a.txt", b"a")
    lines = JsonLines(target, {}, resume=True)
    lines.write(given, unread_line("a.txt", given.sha256, "EMPTY_FILE", "nothing in it"), None)
    lines.close()  # a run that stops closes what it has, and does not finish it

    assert ("old\n", 1) == (target.read_text(), len(records((tmp_path / "out.jsonl.part").read_text())))

    gouji("extract", folder, "--jsonl", target)

    assert 5 == len(records(target.read_text(encoding="utf-8")))
    assert [] == list(tmp_path.glob("out.jsonl.*"))


def test_each_record_is_on_disk_when_the_next_is_made(tmp_path: Path) -> None:
    """A run that is killed keeps what it had."""
    lines = JsonLines(tmp_path / "out.jsonl", {}, resume=True)
    given = Input("a.txt", b"a")
    lines.write(given, unread_line("a.txt", given.sha256, "EMPTY_FILE", "nothing in it"), None)

    assert 1 == len(records((tmp_path / "out.jsonl.part").read_text()))
    lines.close()


def test_the_output_of_an_earlier_run_is_not_read_as_a_report(folder: Path) -> None:
    """Writing into the folder of the reports works twice, and says what it leaves out."""
    target = folder / "out.jsonl"
    gouji("extract", folder, "--jsonl", target)
    again = gouji("extract", folder, "--jsonl", target)

    assert 5 == len(records(target.read_text(encoding="utf-8")))
    assert "files that this run writes" in again.stderr


def test_amounts_are_exact_on_stdout(report: Path) -> None:
    """7.90001 is written as such."""
    assert '"value":7.90001,' in gouji("extract", report, "--jsonl", "-").stdout


@pytest.mark.parametrize("form", load_forms(), ids=lambda f: f.id)
def test_a_generated_report_comes_out_as_it_was_made(tmp_path: Path, form: Form) -> None:
    """One entry a field, in order, and every printed value exactly as generated."""
    case = make_case(form, 7, "plain-rows", "clean")
    (tmp_path / f"report{case.suffix}").write_bytes(case.data)
    (record,) = records(gouji("extract", tmp_path, "--jsonl", "-").stdout)
    cells = record["cells"]

    assert [f.id for f in form.fields] == [f"{c['table']}/{c['row']}/{c['column']}" for c in cells]
    assert [t.value for t in case.truth] == [c["value"] for c in cells]
    assert all(c["status"] in t.statuses for t, c in zip(case.truth, cells, strict=True))


def test_workers_change_neither_order_nor_bytes(tmp_path: Path) -> None:
    """More files than fit in one chunk, read by two processes, equal one process byte for byte."""
    for n in range(20):
        (tmp_path / f"{n:02}.txt").write_text(report_text(fees=f"{n}.5") if n % 7 else "", encoding="utf-8")
    alone = gouji("extract", tmp_path, "--jsonl", "-")
    together = gouji("extract", tmp_path, "--jsonl", "-", "--workers", "2")

    assert (1, alone.stdout) == (together.exit_code, together.stdout)
    assert [f"{n:02}.txt" for n in range(20)] == [Path(r["source"]).name for r in records(together.stdout)]


@pytest.mark.interpreted
def test_a_bug_costs_one_record_and_the_run_goes_on(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An exception in the pipeline becomes a record that names its type and place; --debug prints the traceback."""
    real = pipeline.extract

    def broken(document: Document, forms: Any = None) -> Extraction:
        if document.source.endswith("1-sound.txt"):
            raise ZeroDivisionError("by nothing")
        return real(document, forms)

    monkeypatch.setattr(pipeline, "extract", broken)
    result = gouji("extract", folder, "--jsonl", "-")
    first, *rest = records(result.stdout)

    assert ("INTERNAL_ERROR", 4) == (first["error"]["code"], len(rest))
    assert "ZeroDivisionError at test_cli.py:" in first["error"]["message"]
    assert "Traceback" not in result.stderr
    assert "Traceback" in gouji("extract", folder, "--jsonl", "-", "--debug").stderr


def test_options_come_from_the_environment(report: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """GOUJI_JSONL does what --jsonl does."""
    monkeypatch.setenv("GOUJI_JSONL", str(tmp_path / "out.jsonl"))
    gouji("extract", report)

    assert 1 == len(records((tmp_path / "out.jsonl").read_text(encoding="utf-8")))


def test_a_file_over_the_limit_is_a_record(report: Path) -> None:
    """--max-bytes says what is not read, and the record says so."""
    (record,) = records(gouji("extract", report, "--jsonl", "-", "--max-bytes", 100).stdout)

    assert ("FILE_TOO_LARGE", None) == (record["error"]["code"], record["sha256"])


# Usage


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["extract"], "Missing argument 'PATH"),
        (["extract", "{tmp}/nowhere"], "no such file or folder"),
        (["check", "{tmp}/nowhere"], "no such file or folder"),
        (["show", "{tmp}/nowhere"], "no such file or folder"),
        (["extract", "{tmp}/empty"], "no file in this folder"),
        (["extract", "{tmp}/report.txt", "{tmp}/empty"], "no file in this folder"),
        (["extract", "{tmp}/report.txt", "--workers", "-1"], "Invalid value for '--workers'"),
        (["extract", "{tmp}/report.txt", "--unknown"], "No such option"),
        (["extract", "{tmp}/report.txt", "--jsonl", "{tmp}/empty"], "is a folder"),
        (["extract", "{tmp}/report.txt", "--jsonl", "{tmp}/no/out.jsonl"], "cannot be written"),
        (["extract", "{tmp}/report.txt", "--model", "auto"], "no model is named; set GOUJI_MODEL"),
        (["extract", "{tmp}/report.txt", "--model", "sometimes"], "not one of none, auto, always"),
        (["extract", "{tmp}/report.txt", "--forms", "{tmp}/empty"], "no form file"),
        (["show", "{tmp}"], "is a folder"),
        (["show", "{tmp}/report.txt", "--field", "new/totl"], "has no such field"),
        (["form", "check", "nothing-2000"], "neither a file nor a form"),
        (["form", "check", "{tmp}/nothing.yaml"], "no such file"),
        (["golden", "status", "{tmp}/empty"], "splits.yaml"),
        (["evaluate", "{tmp}/empty"], "splits.yaml"),
        (["evaluate", "--readers", "model", "--replies", "{tmp}/none.sqlite"], "there are no recorded replies"),
    ],
    ids=lambda x: " ".join(x) if isinstance(x, list) else "",
)
def test_bad_usage_exits_2_and_says_what_to_do(report: Path, args: list[str], message: str) -> None:
    """Nothing on stdout, one clear message on stderr, no traceback."""
    (report.parent / "empty").mkdir()
    result = gouji(*(a.replace("{tmp}", str(report.parent)) for a in args))

    assert (2, "") == (result.exit_code, result.stdout)
    assert message in result.stderr
    assert "Traceback" not in result.stderr


def test_a_form_with_an_unknown_row_in_a_rule_ends_the_run_before_it_starts(report: Path, tmp_path: Path) -> None:
    """--forms with a broken form: exit 2, the file, the rule and the name at fault."""
    place = tmp_path / "forms"
    place.mkdir()
    text = SHIPPED.read_text(encoding="utf-8").replace("form: disclosure-2021", "form: mine", 1)
    (place / "mine.yaml").write_text(text.replace("new + carried_in", "novel + carried_in"), encoding="utf-8")
    result = gouji("extract", report, "--forms", place, "--jsonl", "-")

    assert (2, "") == (result.exit_code, result.stdout)
    for part in ("mine.yaml", "REQ-BALANCE", "'novel'"):
        assert part in result.stderr


def test_a_further_form_is_used(tmp_path: Path) -> None:
    """--forms adds to the shipped ones."""
    assert "petition" in gouji("form", "list", "--forms", ROOT / "tests" / "forms").stdout


# check and show


def test_check_lists_problems_on_stdout_and_counts_them_on_stderr(folder: Path) -> None:
    """One line a problem, each with its file; exit 1."""
    result = gouji("check", folder)
    lines = result.stdout.splitlines()

    assert 1 == result.exit_code
    assert all(line.startswith(str(folder)) for line in lines)
    assert [] == [line for line in lines if "1-sound.txt" in line]
    assert any(
        "5-wrong.txt: 收到和处理政府信息公开申请情况 · （一）予以公开 · 自然人: REQ-OUTCOMES: 7 ≠ 8" in x for x in lines
    )
    assert any("2-empty.txt: EMPTY_FILE: " in x for x in lines)
    assert "5 reports: 2 findings, 1 cell for review, 3 unreadable" == result.stderr.strip()


def test_check_of_a_sound_report_is_silent(report: Path) -> None:
    """No problem, no line, exit 0."""
    result = gouji("check", report)

    assert (0, "", "1 report: no problems\n") == (result.exit_code, result.stdout, result.stderr)


def test_check_prints_json_lines_for_machines(folder: Path) -> None:
    """--json: the same problems as data."""
    got = records(gouji("check", folder, "--json").stdout)

    assert ["unreadable"] * 3 + ["finding", "finding", "review"] == [x["problem"] for x in got]
    assert {"REQ-OUTCOMES", "REQ-ROW-TOTAL"} == {x["rule"] for x in got if x["problem"] == "finding"}


def test_show_draws_and_show_text_prints_what_evidence_points_into(report: Path) -> None:
    """--text is the text as read, to the character."""
    assert "9" in gouji("show", report).stdout
    assert report_text() == gouji("show", report, "--text").stdout


def test_show_of_a_cell(report: Path) -> None:
    """--field draws one cell."""
    result = gouji("show", report, "--field", "requests/new/total")

    assert 0 == result.exit_code
    assert "⟦12⟧" in result.stdout


def test_show_of_what_is_no_report_exits_2_but_its_text_is_there(folder: Path) -> None:
    """There is no form to draw; the text can still be looked at."""
    result = gouji("show", folder / "4-prose.txt")

    assert (2, "") == (result.exit_code, result.stdout)
    assert "FORM_NOT_RECOGNISED" in result.stderr
    assert "今天天气很好。\n" == gouji("show", folder / "4-prose.txt", "--text").stdout
    assert 2 == gouji("show", folder / "2-empty.txt", "--text").exit_code


# form and golden


def test_form_check_says_what_the_equations_cannot_see() -> None:
    """Rank and interchangeable rows of the shipped form, counted by hand in reconciliation.md."""
    result = gouji("form", "check", "disclosure-2021")

    assert 0 == result.exit_code
    assert "disclosure-2021: ok: 200 fields in 3 tables" in result.stdout
    assert "42 hard equations of rank 40 over 190 fields; 10 fields are in no equation" in result.stdout
    assert "requests: the 2 rows new carried_in; requests: the 21 rows granted … other_other" in result.stdout


def test_form_check_warns_of_a_label_with_two_meanings(tmp_path: Path) -> None:
    """Two rows under different headings with one label load, and are pointed out."""
    text = SHIPPED.read_text(encoding="utf-8").replace("label: 2.重复申请", "label: 1.属于国家秘密")
    path = tmp_path / "mine.yaml"
    path.write_text(text, encoding="utf-8")
    result = gouji("form", "check", path)

    assert 0 == result.exit_code
    assert "the rows denied_state_secret and not_processed_repeated" in result.stdout


def test_form_diff_names_what_only_one_has_and_what_changed() -> None:
    """The two editions: procurement is gone, the total of fees stayed, the notice changed."""
    lines = gouji("form", "diff", "disclosure-2019", "disclosure-2021").stdout.splitlines()

    assert "- row proactive/procurement: 政府集中采购" in lines
    assert "+ row requests/handled/other_handling/other_other: 3.其他" in lines
    assert "~ authority: 国办公开办函〔2019〕60号 → 国办公开办函〔2021〕30号" in lines
    assert [] == gouji("form", "diff", "disclosure-2021", SHIPPED).stdout.splitlines()


def test_form_schema_is_json() -> None:
    """The JSON Schema of a form file, for editors."""
    assert "FormSpec" == json.loads(gouji("form", "schema").stdout)["title"]


def test_golden_status_of_the_shipped_set() -> None:
    """One line a report and nothing open."""
    result = gouji("golden", "status")

    assert 0 == result.exit_code
    assert "real-029     disclosure-2019  a,b               0        3  dev" in result.stdout.splitlines()


def test_a_report_is_keyed_and_settled(report: Path, tmp_path: Path) -> None:
    """A key sheet for each keyer; settling an unfinished one is refused."""
    for keyer in ("a", "b"):
        result = gouji("golden", "key", report, "--form", "disclosure-2021", "--keyer", keyer, "--golden", tmp_path)
        assert (0, f"{tmp_path / 'report' / 'keys' / keyer}.yaml\n") == (result.exit_code, result.stdout)
    unfinished = gouji("golden", "resolve", tmp_path / "report")

    assert 2 == unfinished.exit_code
    assert "not keyed yet" in unfinished.stderr


def test_settled_keyings_resolve_and_open_ones_exit_1(tmp_path: Path) -> None:
    """A mismatch that nobody has decided is printed."""
    copy = tmp_path / "000"
    shutil.copytree(ROOT / "golden" / "000", copy)

    assert 0 == gouji("golden", "resolve", copy).exit_code

    sheet = copy / "keys" / "a.yaml"
    sheet.write_text(sheet.read_text(encoding="utf-8").replace("year: 2020", "year: 2021"), encoding="utf-8")
    result = gouji("golden", "resolve", copy)

    assert 1 == result.exit_code
    assert f"{copy}: year: 2021 / 2020: not settled" in result.stdout


# evaluate


def one_report(tmp_path: Path, wrong: bool) -> Path:
    """A golden set of one report; where ``wrong``, its label contradicts the text."""
    place = tmp_path / "golden"
    shutil.copytree(ROOT / "golden" / "000", place / "000")
    (place / "splits.yaml").write_text("issuers:\n- {issuer: x, split: dev, reports: ['000']}\n", encoding="utf-8")
    if wrong:
        cells = place / "000" / "cells.csv"
        head, first, *rest = cells.read_text(encoding="utf-8").splitlines()
        name = first.split(",")[0]
        cells.write_text("\n".join([head, f"{name},printed,99,99,agreed,", *rest]) + "\n", encoding="utf-8")
    return place


def test_evaluate_exits_0_without_a_silent_error(tmp_path: Path) -> None:
    """The scorecard on stdout, the same as JSON and as one page where asked for."""
    place = one_report(tmp_path, wrong=False)
    result = gouji("evaluate", place, "--json", tmp_path / "card.json", "--html", tmp_path / "card.html")

    assert 0 == result.exit_code
    assert "0 silent errors in 198 accepted cells" in result.stdout
    assert 198 == json.loads((tmp_path / "card.json").read_text(encoding="utf-8"))["total"]["accepted"]
    assert (tmp_path / "card.html").read_text(encoding="utf-8").startswith("<!doctype html>")


def test_evaluate_exits_1_where_a_wrong_cell_was_accepted(tmp_path: Path) -> None:
    """The gate is closed, with the cell named."""
    result = gouji("evaluate", one_report(tmp_path, wrong=True))

    assert 1 == result.exit_code
    assert "SILENT ERROR" in result.stdout


def test_evaluate_prints_nothing_but_json_where_stdout_is_the_file(tmp_path: Path) -> None:
    """--json -: the scorecard for people moves to stderr."""
    result = gouji("evaluate", one_report(tmp_path, wrong=False), "--json", "-")

    assert 198 == json.loads(result.stdout)["total"]["accepted"]
    assert "0 silent errors" in result.stderr


def test_evaluate_of_a_split(tmp_path: Path) -> None:
    """--split takes that part alone."""
    result = gouji("evaluate", one_report(tmp_path, wrong=False), "--split", "locked", "--json", "-")

    assert 0 == json.loads(result.stdout)["total"]["cells"]


def test_evaluate_plants_errors_and_compares_with_a_baseline(tmp_path: Path) -> None:
    """--planted adds what becomes of known errors, --baseline what changed; the stamp names the policy."""
    place, card = one_report(tmp_path, wrong=False), tmp_path / "card.json"
    gouji("evaluate", place, "--planted", "--json", card)
    made = json.loads(card.read_text(encoding="utf-8"))
    again = gouji("evaluate", place, "--baseline", card)

    assert 0 < sum(made["planted"]["counts"]["digit added"].values())
    assert {"policy", "golden", "date"} <= set(made["stamp"])
    assert "1 texts of 1 reports in both" in again.stdout
    assert "note: planted errors only in the base: not compared" in again.stdout


@pytest.mark.parametrize("name", ["nowhere.json", "golden/splits.yaml"])
def test_evaluate_reads_its_baseline_before_it_starts(tmp_path: Path, name: str) -> None:
    """A wrong file ends the run at once."""
    result = gouji("evaluate", one_report(tmp_path, wrong=False), "--baseline", tmp_path / name)

    assert (2, "") == (result.exit_code, result.stdout)
    assert name in result.stderr


def test_without_a_golden_set_the_message_names_the_argument(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A wheel carries no golden set."""
    monkeypatch.setattr("cli.__file__", str(tmp_path / "cli.py"))
    result = gouji("evaluate")

    assert 2 == result.exit_code
    assert "give its folder as the argument GOLDEN" in result.stderr


# Real processes


def test_a_closed_pipe_ends_without_a_word(folder: Path) -> None:
    """``gouji … | head -1``: no traceback."""
    for n in range(40):
        (folder / f"more-{n}.txt").write_text(report_text(), encoding="utf-8")
    command = f"'{sys.executable}' cli.py extract '{folder}' --jsonl - | head -c 10"
    done = subprocess.run(["bash", "-c", command], capture_output=True, check=False, cwd=ROOT, timeout=60)

    assert (b'{"source":', b"") == (done.stdout, done.stderr)


def test_output_is_utf_8_whatever_the_locale(report: Path) -> None:
    """LANG=C and an ASCII terminal: Chinese labels all the same."""
    env = {**os.environ, "LANG": "C", "LC_ALL": "C", "PYTHONIOENCODING": "ascii"}
    shown = process("show", report, env=env)

    assert 0 == shown.returncode
    assert "（七）总计" in shown.stdout.decode("utf-8")
    assert "清河县人民政府" in process("extract", report, env=env).stderr.decode("utf-8")


@pytest.mark.skipif(sys.platform != "linux", reason="file names are bytes on Linux")
def test_a_file_name_that_is_no_utf_8_is_read_all_the_same(tmp_path: Path) -> None:
    """The name is printed with replacement characters; nothing crashes on it."""
    name = os.fsencode(tmp_path) + b"/\xff\xfe.txt"
    with open(name, "wb") as file:  # noqa: PTH123 - Path cannot name it
        file.write(report_text().encode())
    done = process("extract", name, "--jsonl", "-")
    (record,) = records(done.stdout.decode("utf-8"))

    assert 0 == done.returncode
    assert record["source"].endswith("/\ufffd\ufffd.txt")
    for command in ("extract", "check", "show"):
        assert 0 == process(command, name).returncode
    assert 2 == process("extract", os.fsencode(tmp_path) + b"/\xff").returncode
