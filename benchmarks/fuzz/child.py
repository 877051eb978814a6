"""The process that reads: many files one after another, each within its time and its share of memory, and a line about each.

It is started by ``benchmarks.fuzz.watch`` and may be killed at any moment: what it reads lies in ``current`` before it is begun. With
atheris, libFuzzer chooses what is damaged further, by the code reached; without it, whatever led to an outcome not seen before.
"""

from __future__ import annotations

import faulthandler
import json
import os
import resource
import signal
import sys
import time
import traceback
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from pkgutil import walk_packages
from random import Random
from types import FrameType
from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:
    from benchmarks.fuzz.seeds import Reader

SECONDS = 10.0
"""Of processor time for one file."""
MEMORY = 1_000_000_000
"""Bytes of address space beyond what the process has before the first file."""
RUNS = 20_000
"""Files after which a child makes room for a new one."""
SLOW = 1.0
"""Seconds from which a file is kept for being slow."""
CURRENT, CORPUS = "current", "corpus"

_EVERY = 10  # the whole way to a record for one file of so many
_AFRESH, _SPLICED = 0.4, 0.05
_MINIMISE = 5.0  # seconds
_FRAMES = 3  # of our own code that tell where time went
_PACKAGE = f"{os.sep}extractor{os.sep}"


class TookTooLong(BaseException):
    """A file used up its time. No Exception, so that no reader takes it for a fault of the file."""


def _ring(_number: int, _frame: FrameType | None) -> None:
    raise TookTooLong


class Bench:
    """Reads files and says what became of them."""

    def __init__(self, reader: Reader, folder: Path, told: TextIO) -> None:
        self._reader, self._current, self._told = reader, folder / CURRENT, told
        self._signatures: set[str] = set()
        self.n = 0

    def run(self, data: bytes) -> tuple[Any, ...]:
        """Read one file, say so, and return what tells its outcome from others."""
        self.n += 1
        self._current.write_bytes(data)
        self._tell(begin=self.n)
        spent = time.process_time()
        outcome, failure = self._attempt(data)
        spent = time.process_time() - spent
        if failure is not None:
            new = failure["signature"] not in self._signatures
            self._signatures.add(failure["signature"])
            small = self._minimised(data, failure["signature"]) if new and spent < 0.5 else None
            self._tell(failure=failure, data=data.hex(), small=small.hex() if small is not None else None)
            outcome = ("failed", failure["signature"])
        kept = data.hex() if spent > SLOW else None
        self._tell(end=outcome[0], seconds=round(spent, 3), bytes=len(data), data=kept, memory=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)
        return outcome

    def _tell(self, **what: object) -> None:
        self._told.write(json.dumps(what) + "\n")
        self._told.flush()

    def _attempt(self, data: bytes) -> tuple[tuple[Any, ...], dict[str, str] | None]:
        from benchmarks.fuzz.checks import Broken, read, unpack

        whole = self.n % _EVERY == 0
        signal.setitimer(signal.ITIMER_PROF, SECONDS)
        try:
            return (unpack(self._current, whole) if self._reader.container else read(data, whole)), None
        except TookTooLong as exc:
            return ("", ()), _failure("took too long", exc, exact=False)
        except MemoryError as exc:
            return ("", ()), _failure("out of memory", exc, exact=False)
        except Broken as exc:
            return ("", ()), _failure(str(exc.args[0]), exc, str(exc.args[1]) if len(exc.args) > 1 else "", exact=False)
        except Exception as exc:  # every other exception is a bug: that is what this looks for
            return ("", ()), _failure(type(exc).__name__, exc, str(exc)[:500])
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)

    def _minimised(self, data: bytes, signature: str) -> bytes | None:
        """A smaller file that fails alike: ever smaller stretches taken out, as long as time is left."""
        until, piece, best = time.monotonic() + _MINIMISE, len(data) // 2, data
        self.n -= self.n % -_EVERY  # the same depth of checking for every attempt
        while piece and time.monotonic() < until:
            at = 0
            while at < len(best) and time.monotonic() < until:
                shorter = best[:at] + best[at + piece :]
                self._current.write_bytes(shorter)
                found = self._attempt(shorter)[1]
                if found and found["signature"] == signature:
                    best = shorter
                else:
                    at += piece
            piece //= 2
        self._current.write_bytes(data)
        return best if len(best) < len(data) else None


def _failure(kind: str, exc: BaseException, detail: str = "", exact: bool = True) -> dict[str, str]:
    """What is told of a failure; ``signature`` is the same for the same fault in another file."""
    frames = [f for f in traceback.extract_tb(exc.__traceback__) if _PACKAGE in f.filename]
    if exact:
        where = " < ".join(f"{Path(f.filename).name}:{f.lineno} {f.name}" for f in frames[:-2:-1])
    else:
        where = " > ".join(dict.fromkeys(f"{Path(f.filename).name} {f.name}" for f in frames[: _FRAMES + 2]))
    lines = traceback.format_exception(exc)
    return {"kind": kind, "signature": f"{kind}: {where}", "detail": detail, "trace": "".join(lines)[-6000:]}


# ---------------------------------------------------------------- what comes next


def _by_novelty(bench: Bench, reader: Reader, corpus: Path, seed: int) -> None:
    """Damage to what led to a new outcome, and to what that led to."""
    rng = Random(seed)
    kept = [p.read_bytes() for p in sorted(corpus.iterdir())]
    seen = {bench.run(data) for data in kept}
    damage = _damage(reader, list(kept))
    while bench.n < RUNS:
        data = damage(rng.choice(kept), rng)
        outcome = bench.run(data)
        if outcome not in seen:
            seen.add(outcome)
            kept.append(data)
            (corpus / f"new-{seed}-{bench.n:06}").write_bytes(data)


def _by_coverage(bench: Bench, reader: Reader, corpus: Path, seed: int) -> None:
    """libFuzzer's choice: it keeps what reaches new code in ``corpus``."""
    import atheris

    damage = _damage(reader, [p.read_bytes() for p in sorted(corpus.glob("seed-*"))])

    def mutate(data: bytes, largest: int, number: int) -> bytes:
        return damage(data, Random(number))[:largest]

    off = [f"-handle_{s}=0" for s in ("abrt", "bus", "fpe", "ill", "int", "segv", "term", "usr1", "usr2", "xfsz")]
    options = ["-timeout=1000000", "-rss_limit_mb=0", "-malloc_limit_mb=0", "-detect_leaks=0", "-report_slow_units=1000000", "-len_control=0", "-mutate_depth=1", "-max_len=3000000", f"-seed={seed + 1}", f"-runs={RUNS}", f"-artifact_prefix={corpus.parent}{os.sep}"]
    atheris.Setup([sys.argv[0], *off, *options, str(corpus)], lambda data: bench.run(data) and None, custom_mutator=mutate)
    atheris.Fuzz()


def _damage(reader: Reader, seeds: list[bytes]) -> Callable[[bytes, Random], bytes]:
    from benchmarks.fuzz.mutate import splice

    def damage(data: bytes, rng: Random) -> bytes:
        if rng.random() < _AFRESH:  # what is kept is ever more broken
            data = rng.choice(seeds)
        elif rng.random() < _SPLICED:
            data = splice(data, rng.choice(seeds), rng)
        return reader.mutate(data, rng)

    return damage


def _load(covered: bool) -> None:
    """Import every reader, with its branches counted where that is wanted."""
    if not covered:
        _import_readers()
        return
    import atheris

    with atheris.instrument_imports(include=["extractor.read"], enable_loader_override=False):
        _import_readers()


def _import_readers() -> None:
    import extractor.read

    for module in walk_packages(extractor.read.__path__, "extractor.read."):
        import_module(module.name)


def main(name: str, folder: Path, seed: int, feedback: str) -> None:
    """Read until so many files are read; ``feedback`` is coverage or novelty."""
    told = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what a library prints is no message
    faulthandler.enable()
    faulthandler.register(signal.SIGUSR1)
    signal.signal(signal.SIGPROF, _ring)
    _load(feedback == "coverage")
    from benchmarks.fuzz.seeds import READERS
    from extractor.archive.engine import limit_memory
    from extractor.archive.work import Options, prepare

    reader = READERS[name]
    prepare(Options())
    limit_memory(MEMORY)
    (_by_coverage if feedback == "coverage" else _by_novelty)(Bench(reader, folder, told), reader, folder / CORPUS, seed)


def has_coverage() -> bool:
    """Whether atheris is installed."""
    return find_spec("atheris") is not None


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), sys.argv[4])
