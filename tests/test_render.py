"""The renderings themselves, read by other libraries alone; and the mixed archive made of them."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import tarfile
from collections import Counter
from io import BytesIO
from pathlib import Path
from zipfile import ZipFile

import pytest

from benchmarks import corpus
from benchmarks.render import FORMATS, golden_page, made_up, render
from tests.formats_support import BY_ID, GOLDEN, ROOT, expected_places, form_of, looker, opened

FILES, A_FOLDER = 360, 300
LEVELS = ("clean", "light", "medium", "heavy")


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("way", [(f, v) for f, variants in FORMATS.items() for v in variants], ids="-".join)
def test_every_figure_stands_in_the_cell_that_the_page_says(way: tuple[str, str], level: str) -> None:
    format_, variant = way
    for form in BY_ID.values():
        page, case = made_up(form, 71_100, level)
        look = looker(render(page, format_, variant), format_)
        places = expected_places(page, format_, variant)
        shown = {i: look(place).strip() for i, place in places.items()}

        assert shown == {c.field: c.text.strip() for t in page.tables() for c in t.cells() if c.field >= 0}
        assert {i: t.printed for i, t in enumerate(case.truth) if t.printed} == {i: text for i, text in shown.items() if case.truth[i].printed}


@pytest.mark.parametrize("name", ["000", "002", "real-005"])
def test_a_ruled_pdf_has_the_cells_of_the_page(name: str) -> None:
    page = golden_page(form_of(GOLDEN[name]), GOLDEN[name])
    found = [t.extract() for sheet in opened(render(page, "pdf")).pages for t in sheet.find_tables()]
    rows = [[c.replace("\n", "") for c in row if c] for table in found for row in table]

    for table in page.tables():
        for row in table.rows[table.heads :]:
            figures = [c.text for c in row if c.field >= 0]
            assert not figures or any(figures == shown[-len(figures) :] for shown in rows)


def test_a_cell_that_the_text_has_lost_is_in_no_rendering() -> None:
    report = GOLDEN["004"]
    lost = {c.field for c in report.cells if c.status == "lost"}
    page = golden_page(form_of(report), report)

    assert lost
    assert lost == set(range(len(report.cells))) - {c.field for t in page.tables() for c in t.cells()}


def test_a_row_that_takes_the_place_of_a_lost_group_is_rendered() -> None:
    page = golden_page(form_of(GOLDEN["real-005"]), GOLDEN["real-005"])
    labels = [[c.text for c in row if c.field < 0][-8:] for row in page.tables()[1].rows]
    assert ["（六）其他处理", *"0000000"] in labels


def test_another_process_makes_the_same_bytes() -> None:
    made = "from benchmarks.render import *; from extractor.form import load_forms; import hashlib\n"
    made += "page, _ = made_up(load_forms()[1], 71_101, 'light')\n"
    made += "print([hashlib.sha256(render(page, f, v)).hexdigest() for f in FORMATS for v in FORMATS[f]])"
    said = {
        subprocess.run(
            [sys.executable, "-c", made], cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONHASHSEED": seed}, capture_output=True, check=True
        ).stdout
        for seed in ("1", "2")
    }
    assert len(said) == 1


def test_every_variant_is_another_file() -> None:
    page = golden_page(form_of(GOLDEN["003"]), GOLDEN["003"])  # it has thousands separators, a decimal and merged cells
    made = [render(page, format_, variant) for format_, variants in FORMATS.items() for variant in variants]
    assert len(set(made)) == len(made)


def test_an_unknown_format_or_variant_is_refused() -> None:
    page, _ = made_up(BY_ID["disclosure-2021"], 71_102, "clean")
    for format_, variant in (("odt", None), ("pdf", "blue")):
        with pytest.raises(ValueError, match="formats are"):
            render(page, format_, variant)


# ---------------------------------------------------------------- the mixed archive


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Counter[str]]:
    """An archive of two folders."""
    folder = tmp_path_factory.mktemp("corpus") / "made"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(corpus, "FOLDER", A_FOLDER)  # its workers are forked
        return folder, corpus.build(folder, FILES, 2, 71_000)


def members(folder: Path) -> list[tuple[str, bytes]]:
    """Every file of an archive, those in containers too."""
    out: list[tuple[str, bytes]] = []
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        data = path.read_bytes()
        if path.name == "more.zip":
            with ZipFile(BytesIO(data)) as packed:
                out += [(name, packed.read(name)) for name in packed.namelist()]
        elif path.name == "more.tar.gz":
            with tarfile.open(fileobj=BytesIO(data)) as tape:
                out += [(entry.name, file.read()) for entry in tape if (file := tape.extractfile(entry))]
        elif path.name == "more.jsonl":
            lines = [json.loads(line) for line in data.decode("utf-8").splitlines() if line]
            out += [(line["path"], line["content"].encode()) for line in lines]
        else:
            out.append((path.name, data))
    return out


@pytest.mark.slow
def test_an_archive_holds_as_many_files_as_asked_for_in_every_kind_of_holder(archive: tuple[Path, Counter[str]]) -> None:
    folder, counts = archive
    found = members(folder)

    assert FILES == len(found) == len({name for name, _ in found})
    assert {"more.zip", "more.tar.gz", "more.jsonl"} <= {p.name for p in folder.rglob("*")}
    assert FILES == sum(counts[f"in {holder}"] for holder in corpus.HOLDERS)
    assert {*corpus.KINDS, *corpus.LEVEL_SHARES, "repeated"} <= set(counts)


@pytest.mark.slow
def test_repeated_files_have_the_bytes_of_another(archive: tuple[Path, Counter[str]]) -> None:
    folder, counts = archive
    found = members(folder)
    again = [data for name, data in found if "-again." in name]
    others = {hashlib.sha256(data).digest() for name, data in found if "-again." not in name}

    assert len(again) == counts["repeated"] > 0
    assert all(hashlib.sha256(data).digest() in others for data in again)


@pytest.mark.slow
def test_one_worker_writes_the_same_archive(archive: tuple[Path, Counter[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, counts = archive
    monkeypatch.setattr(corpus, "FOLDER", A_FOLDER)
    assert counts == corpus.build(tmp_path / "again", FILES, 1, 71_000)
    assert members(folder) == members(tmp_path / "again")


def test_a_folder_in_use_is_not_written_to(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(SystemExit):
        corpus.main([str(tmp_path)])
    assert "not empty" in capsys.readouterr().err
