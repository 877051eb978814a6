"""What the documents say is true: every command of the README runs, every key of a form is explained, links lead somewhere."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from contextlib import chdir
from pathlib import Path
from typing import Any, Literal, NamedTuple, get_args, get_origin
from urllib.request import urlopen

import pytest
import yaml
from pydantic import BaseModel
from typer.testing import CliRunner

from benchmarks.server import ModelServer, Options
from cli import app
from extractor.commands import evaluate
from extractor.form import BlockSpec, FormSpec, HeaderSpec, NarrativeSpec, RuleSpec, SectionSpec, TableSpec, load_form
from extractor.plant.run import run_planted

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
FORMS = (ROOT / "docs" / "forms.md").read_text(encoding="utf-8")
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("prompts/*.md"), *ROOT.glob("golden/*.md")])
MODELS: list[type[BaseModel]] = [FormSpec, SectionSpec, TableSpec, BlockSpec, HeaderSpec, RuleSpec, NarrativeSpec]


class Command(NamedTuple):
    """One line of a shell block, the exit code that its comment promises, and the example output under the block."""

    line: str
    code: int
    output: str


def blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def commands() -> list[Command]:
    """The README's commands in order; the output of a block belongs to its last line."""
    found: list[Command] = []
    pattern = r"^```sh\n(.*?)^```$(?:\n\n```text\n(.*?)^```$)?"
    for block, output in re.findall(pattern, README, re.MULTILINE | re.DOTALL):
        lines = block.strip().split("\n")
        for line in lines:
            command, _, comment = line.partition("  # ")
            code = re.match(r"exit (\d)", comment)
            found.append(Command(command, int(code[1]) if code else 0, output if line == lines[-1] else ""))
    return found


INSTALLS = [c for c in commands() if "pip install" in c.line]
USES = [c for c in commands() if c not in INSTALLS]


@pytest.fixture(scope="module")
def workplace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that holds what the README's examples name, and takes what they write."""
    place = tmp_path_factory.mktemp("readme")
    shutil.copytree(ROOT / "golden", place / "golden")
    shutil.copytree(ROOT / "tests" / "forms", place / "tests" / "forms")
    return place


def run(line: str, place: Path, **more: str) -> tuple[int, str]:
    """Exit code and output of a command; `gouji` in this process, which has loaded already what each would load again."""
    words = shlex.split(line)
    if words[0] == "gouji":
        with chdir(place):
            result = CliRunner().invoke(app, words[1:], env={"COLUMNS": "200", **more})
        assert isinstance(result.exception, SystemExit | None), (line, result.exc_info)
        return result.exit_code, result.output
    done = subprocess.run(words, cwd=place, capture_output=True, encoding="utf-8", check=False, timeout=120)
    return done.returncode, done.stdout + done.stderr


def test_the_readme_gives_one_command_to_try_it_and_one_for_the_tests() -> None:
    assert ["gouji evaluate golden", "pytest -n auto --dist loadfile -q"] == [c.line.rpartition("bin/")[2].removeprefix("python -m ") for c in INSTALLS]
    assert all("-c constraints.txt" in c.line for c in INSTALLS)


def test_every_command_of_the_readme_does_what_it_says(workplace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In order and in one folder, as a reader would type them; those with a model ask one on loopback that finds nothing."""
    assert len(USES) > 10

    def finds_nothing(messages: list[dict[str, str]]) -> str:
        table = re.search(r'^Table "(\w+)"', messages[-1]["content"])
        assert table is not None
        return json.dumps({"table": table[1], "rows": []})

    # Errors are planted in the first reports alone: CI itself plants them in all, and holds what becomes of them against the baseline (`.ci/run`).
    monkeypatch.setattr(evaluate, "run_planted", lambda reports, forms: run_planted(reports[:5], forms))
    with ModelServer(Options(finds_nothing)) as server:
        _run_all({"GOUJI_MODEL": "scripted-1", "GOUJI_BASE_URL": server.url, "GOUJI_API_KEY": "sk-of-this-test"}, workplace)
        assert server.books.answered

    records = (workplace / "records.jsonl").read_text(encoding="utf-8").splitlines()
    assert ["report.txt"] == [json.loads(line)["source"] for line in records]
    assert (workplace / "asked.jsonl").read_bytes() == (workplace / "again.jsonl").read_bytes()


def _run_all(model: dict[str, str], workplace: Path) -> None:
    for command in USES:
        if command.line.startswith(("gouji serve", "gouji review")):
            _serves(command.line, workplace)
            continue
        code, said = run(command.line, workplace, **(model if "--model" in command.line or "replies" in command.line else {}))
        assert (command.line, command.code) == (command.line, code), said
        assert "Traceback" not in said
        for line in command.output.splitlines():
            pattern = ".*".join(map(re.escape, line.split("…")))
            assert re.search(f"^{pattern}$", said, re.MULTILINE), (line, said)


def _serves(line: str, workplace: Path) -> None:
    """Start what serves until it is told to stop, ask it whether it is well, and tell it."""
    words = [sys.executable, str(ROOT / "cli.py"), *shlex.split(line)[1:]]
    with subprocess.Popen(words, cwd=workplace, env={**os.environ, "GOUJI_PORT": "0"}, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        address = re.search(r"http://127\.0\.0\.1:\d+/", process.stderr.readline())
        try:
            assert address is not None
            with urlopen(f"{address[0]}health") as reply:  # noqa: S310 - loopback
                assert json.load(reply)["status"] == "ok"
        finally:
            process.terminate()
        assert (line, 0) == (line, process.wait(60))


def test_the_readme_explains_every_key_that_the_contract_pins(workplace: Path) -> None:
    code, _ = run("gouji extract golden/001/source.txt --jsonl one.jsonl", workplace)
    record = json.loads((workplace / "one.jsonl").read_text(encoding="utf-8"))
    assert 0 == code
    table = README.partition("## What a record holds")[2].partition("\n## ")[0]
    pinned = {
        "source", "sha256", "form", "year", "agency", "decision", "cells", "findings", "extras", "usage", "error",
        "value", "status", "printed", "evidence", "confidence", "codes", "readings",
    }  # fmt: skip

    assert pinned <= {*record, *record["cells"][0]}
    assert set() == {k for k in pinned if f"`{k}`" not in table}


def help_of(*command: str) -> str:
    done = subprocess.run(
        [sys.executable, str(ROOT / "cli.py"), *command, "--help"], capture_output=True, encoding="utf-8", check=True
    )
    return done.stdout


def test_every_command_stands_in_the_readme() -> None:
    listed = re.findall(r"^  ([a-z]+)  ", help_of(), re.MULTILINE)

    assert {"extract", "check", "show", "evaluate", "form", "golden"} <= set(listed)
    assert [] == [name for name in listed if f"gouji {name}" not in README]


def literals(annotation: Any) -> list[str]:
    """The choices of a Literal, also inside a union."""
    inner = get_args(annotation)
    if get_origin(annotation) is Literal:
        return [str(x) for x in inner]
    return [x for a in inner for x in literals(a)]


@pytest.mark.parametrize("model", MODELS, ids=lambda m: m.__name__)
def test_every_key_of_a_form_file_is_explained(model: type[BaseModel]) -> None:
    for name, field in model.model_fields.items():
        assert f"`{name}`" in FORMS, f"{model.__name__}.{name}"
        for choice in literals(field.annotation):
            assert f"`{choice}`" in FORMS or f"{name}: {choice}" in FORMS, f"{model.__name__}.{name}: {choice}"


def test_no_key_is_explained_that_a_form_file_does_not_have() -> None:
    known = {name for model in MODELS for name in model.model_fields}
    explained = {k for row in re.findall(r"^\| (`[^|]*) \|", FORMS, re.MULTILINE) for k in re.findall(r"`(\w+)`", row)}

    assert set() == explained - known


def test_the_small_form_of_the_documentation_is_a_form(tmp_path: Path) -> None:
    path = tmp_path / "letters-2023.yaml"
    path.write_text(next(b for b in blocks(FORMS, "yaml") if b.startswith("form:")), encoding="utf-8")
    form = load_form(path)

    assert ("letters-2023", 6, 2) == (form.id, len(form.fields), len(form.rules))


def test_the_other_examples_of_the_documentation_fit_the_shipped_form(tmp_path: Path) -> None:
    shipped = (ROOT / "schemas" / "disclosure-2021.yaml").read_text(encoding="utf-8")
    known = load_form(ROOT / "schemas" / "disclosure-2021.yaml")
    examples = [b for b in blocks(FORMS, "yaml") if not b.startswith("form:")]
    data = yaml.safe_load(shipped)
    made = 0
    for example in examples:
        if example.startswith("- id"):
            data["narrative"] += [{**rule, "id": f"{rule['id']}-DOC"} for rule in yaml.safe_load(example)]
            made += 1
            continue
        for line in example.splitlines():
            expr = line.removeprefix("expr: ")
            rule = {"id": f"DOC-{made}", "expr": expr, "severity": "soft", "says": "示例", "source": "docs/forms.md"}
            data["rules"].append(rule if "." in expr else {**rule, "each": "column of requests"})
            made += 1
    path = tmp_path / "disclosure-2021.yaml"
    path.write_text(yaml.safe_dump(data, allow_unicode=True), encoding="utf-8")
    form = load_form(path)

    assert 3 == made
    assert len(known.narrative) + 1 == len(form.narrative)
    assert len(known.rules) + 8 == len(form.rules)


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda p: str(p.relative_to(ROOT)))
def test_links_inside_the_repository_lead_somewhere(path: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", path.read_text(encoding="utf-8")):
        if not re.match(r"[a-z]+:|#", target):
            assert (path.parent / target.partition("#")[0]).exists(), target


def test_every_decision_record_says_what_was_decided_and_what_else_was_possible() -> None:
    records = sorted((ROOT / "docs" / "adr").glob("*.md"))
    numbers = [int(p.name[:4]) for p in records]

    assert list(range(1, len(records) + 1)) == numbers
    for path in records:
        text = path.read_text(encoding="utf-8")
        assert [] == [w for w in ("Status:", "**Context.**", "**Decision.**", "**Considered.**") if w not in text], path
        assert len(text.splitlines()) <= 40, path


def test_the_glossary_names_every_type_that_flows() -> None:
    terms = re.findall(r"^\| ([^|]+) \|", (ROOT / "CONTEXT.md").read_text(encoding="utf-8"), re.MULTILINE)
    named = {w.strip() for term in terms for w in term.split(",")}

    assert {"Document", "Event", "Segment", "Owner", "Square", "Candidate", "Resolved", "Finding", "Decision"} <= named


def test_every_target_of_the_makefile_says_what_it_does() -> None:
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z]+):", text, re.MULTILINE))

    assert {"help", "install", "run", "test", "lint", "types", "imports", "check", "bench"} <= targets
    assert targets == set(re.findall(r"^([a-z]+):.*## \S", text, re.MULTILINE))
    assert targets == set(text.partition(".PHONY:")[2].partition("\n")[0].split())
