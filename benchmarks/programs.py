"""The ways to run Gouji that a benchmark sets side by side: this checkout by some interpreter, or what is installed for one (a compiled build, say)."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from benchmarks.score import ROOT, python_name
from extractor.form import load_forms
from extractor.stamp import make_stamp

_ASK = """
import cli, json, sys
from extractor.build import compiled
from extractor.form import load_forms
from extractor.stamp import make_stamp
print(json.dumps([sys.version, compiled(), make_stamp(load_forms())]))
"""
_SAME = ("code", "data", "forms")
_COMPILED = "; compiled"


@dataclass(frozen=True, slots=True)
class Program:
    """Gouji by an interpreter: the checkout that this file lies in, or ``installed``."""

    python: str = sys.executable
    installed: bool = False

    def command(self, *args: object) -> list[str]:
        """Its command line."""
        start = ["-I", "-m", "cli"] if self.installed else [str(ROOT / "cli.py")]
        return [self.python, *start, *(str(a) for a in args)]


THIS = Program()
"""This checkout by this interpreter."""


def add_installed(parser: argparse.ArgumentParser) -> None:
    """The option ``--installed``: a tuple of programs."""
    parser.add_argument("--installed", type=_installed, default=(), metavar="PATH,…", help="also what is installed for these interpreters, which must be this commit")


def add_programs(parser: argparse.ArgumentParser) -> None:
    """The options ``--python`` and ``--installed``; ``programs_of`` reads them."""
    parser.add_argument("--python", type=_by, default=(), metavar="PATH,…", help="by these interpreters too, in which what Gouji needs is installed")
    add_installed(parser)


def programs_of(given: argparse.Namespace) -> tuple[Program, ...]:
    """This interpreter's, and those that were asked for."""
    return (THIS, *given.python, *given.installed)


@lru_cache
def name_of(program: Program) -> str:
    """``python_name`` of the interpreter, and whether Gouji is compiled.

    OSError where there is no such interpreter, CalledProcessError where it cannot run the program, ValueError where that is not of this commit.
    """
    ask = [program.python, *(["-I"] if program.installed else []), "-c", _ASK]
    done = subprocess.run(ask, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True)  # noqa: S603
    version, compiled, stamp = json.loads(done.stdout)
    here = make_stamp(load_forms())
    if different := [x for x in _SAME if stamp[x] != here[x]]:
        raise ValueError(f"{program.python}: the program installed there is another than this checkout (different: {', '.join(different)}); install it again")
    return python_name(version) + (_COMPILED if compiled else "")


def build_of(name: str) -> str:
    """What a narrow column says of the build behind a name by ``name_of``: `` compiled``, or nothing."""
    return " compiled" if name.endswith(_COMPILED) else ""


def _by(text: str) -> tuple[Program, ...]:
    return tuple(Program(str(Path(p).expanduser())) for p in text.split(","))


def _installed(text: str) -> tuple[Program, ...]:
    return tuple(replace(p, installed=True) for p in _by(text))
