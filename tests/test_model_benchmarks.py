"""The benchmarks of the model client in small, and the server that they stand on."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from benchmarks import beside, model_faults, model_limits, standin
from benchmarks.archive import write_archive
from benchmarks.served import books, server
from benchmarks.server import Fault, __main__
from benchmarks.server.books import Books
from benchmarks.server.faults import draw
from extractor.model.ledger import worst_case


@pytest.mark.slow
def test_an_archive_read_among_faults_and_killed(tmp_path: Path) -> None:
    """A dozen reports, one kill: the same records as undisturbed, each call answered once, the ledger the server's own."""
    write_archive(tmp_path / "reports", 12)
    served = ["--faults", "0.3", "--seed", "1", "--stall", "20"]
    calm = model_faults.read_through(tmp_path / "reports", served, ())
    killed = model_faults.read_through(tmp_path / "reports", served, (20,))
    shown = model_faults.shown(calm, killed, calm)

    assert all(shown.values()), (calm, killed)
    assert 12 == calm["records"]
    assert 0 < sum(calm["unanswered"].values()) == calm["questions"]["asked"] - calm["questions"]["answered"] - calm["faults"].get("cut off at its length", 0)
    result = {"reports": 12, "killed at request": [20], "rows": {"undisturbed": calm, "killed": killed}, "shown": shown}
    assert 1 + 1 + 2 + len(shown) == len(list(model_faults.lines(result)))


def test_kills_are_drawn_by_seed_among_the_first_questions() -> None:
    assert model_faults.kill_points(1000, 1) == model_faults.kill_points(1000, 1) != model_faults.kill_points(1000, 2)
    assert all(0 < n < 3000 for n in model_faults.kill_points(1000, 1))


def test_the_reader_copies_what_stands_behind_a_label() -> None:
    told = 'Table "t": T\n[b]\nCells of each row: a; b\n1 甲\n2 乙\n3 丙\nText:\n<<x\n1:4|甲|5|6|7\n2:乙|8\n3:丙\nx>>'
    rows = json.loads(beside.read([{"content": told}]))

    assert {"table": "t", "rows": [{"row": 1, "at": "1.2", "cells": ["5", "6"]}, {"row": 2, "at": "2", "cells": ["8", "x"]},
                                   {"row": 3, "at": "", "cells": ["x", "x"]}]} == rows  # fmt: skip


def test_limits_in_small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Windows of the real length take minutes: here only that more calls than fit are asked for, and the CPU.

    90 calls with 64 in flight: the last ones wait for a reply, which takes longer than the window, however fast the machine is.
    """
    with pytest.raises(RuntimeError, match="more reports"):
        model_limits.limited(2, 1000, None)
    monkeypatch.setattr(model_limits, "_WINDOWS", 0.001)
    row = model_limits.limited(30, 1000, None)
    spent = model_limits.cpu(5, 1)

    assert (90, 64) == (row["calls"], row["most in flight"])
    assert {"answered": 90} == row["outcomes"]
    assert 0 < spent["median ms a call"] < 100


@pytest.mark.parametrize("program", [model_faults, model_limits, standin, __main__])
def test_help(program: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        program.main(["--help"])

    assert "usage: python -m benchmarks." in capsys.readouterr().out


def test_a_fault_is_drawn_by_seed_and_as_often_as_told() -> None:
    drawn = [draw(1, 0.3, tuple(Fault), f"request {n}", 1) for n in range(5000)]

    assert drawn == [draw(1, 0.3, tuple(Fault), f"request {n}", 1) for n in range(5000)]
    assert 0.27 < sum(f is not None for f in drawn) / 5000 < 0.33
    assert set(Fault) == set(drawn) - {None}
    assert {None} == {draw(1, 0.0, tuple(Fault), str(n), 1) for n in range(100)}


def test_the_books_hold_the_fullest_window() -> None:
    kept = Books(60.0)
    for at, tokens in [(0.0, 5), (59.9, 5), (60.0, 7), (119.0, 1)]:
        kept.enter(at, tokens)

    assert (3, 13) == (kept.most_requests, kept.most_tokens)
    assert kept.within(4, 14, 119.5, 1)
    assert not kept.within(3, None, 119.5, 0)
    assert not kept.within(None, 13, 119.5, 1)
    assert kept.within(2, 9, 120.0, 1)  # two of the three are a window old


def test_the_server_ends_with_the_program_that_started_it() -> None:
    code = "import sys; from benchmarks.served import books, server\nwith server() as url: print(books(url)['requests'])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    with server("--kinds", "BROKEN,BUSY", "--faults", "1") as url:
        assert 0 == books(url)["answered"]

    assert 0 == json.loads(done.stdout)


def test_no_answer_of_a_stand_in_takes_more_than_the_worst_case() -> None:
    """What is set aside before a request is an upper bound of what the server counts."""
    asked = standin.questions(40)

    assert 120 == len({q.key("m") for q in asked})
    for q in asked:
        assert len(standin.read_lines([m._asdict() for m in q.messages])) // 3 < q.max_output_tokens
        assert sum(len(m.content) for m in q.messages) < worst_case(q).input
