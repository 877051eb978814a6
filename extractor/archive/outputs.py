"""Where the lines of a run go. Each output says what it holds already, so that a run that was stopped anywhere goes on from there."""

from __future__ import annotations

import contextlib
import json
import os
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, NamedTuple, Protocol

from extractor.archive.work import Result
from extractor.batch import Line
from extractor.errors import GoujiError
from extractor.read.inputs import Input

_STRING = rb'"(?:[^"\\]|\\.)*"'
_HEAD = re.compile(
    rb'\{"source":(' + _STRING + rb'),"sha256":(?:null|"([0-9a-f]{64})"),"form":[^,]*,"year":[^,]*,"agency":(?:null|' + _STRING + rb'),"decision":"(\w+)"'
)  # fmt: skip
UNANSWERED = '"unanswered":[{'
"""What stands in the line of a report of which a question has no answer: an earlier run's budget was spent, say. It is read again."""


class Held(NamedTuple):
    """A report that an output has from an earlier run: its decision, and where its line is, if that can be said."""

    decision: str
    place: tuple[int, int] | None = None


class Output(Protocol):
    """One place where lines go, in the order of the inputs."""

    def has(self, given: Input) -> Held | None:
        """What the output holds of this very report, read by this very program; asked once for each input, in their order."""
        ...

    def write(self, given: Input, line: Line, result: Result | None) -> tuple[int, int] | None:
        """Take a line, with what else the work gave; where it is, if it can be read back."""
        ...

    def finish(self) -> None:
        """Everything is there: make it whole."""
        ...

    def close(self) -> None:
        """End, finished or not; what was written is kept for the next run."""
        ...


class StandardOutput:
    """Lines on standard output, each as soon as it is there."""

    def has(self, given: Input) -> Held | None:
        """Nothing: what was printed is gone."""
        return None

    def write(self, given: Input, line: Line, result: Result | None) -> None:
        """Print one line."""
        sys.stdout.write(line.text + "\n")
        sys.stdout.flush()

    def finish(self) -> None:
        """Nothing to do."""

    def close(self) -> None:
        """Nothing to do."""


class JsonLines:
    """JSON lines in a file, called ``FILE.part`` until all are there; ``FILE.part.run`` beside it says which program with which options wrote it.

    A later run of the same program goes on behind the last line that is still true of its file; from the first file that was added, changed
    or removed on, everything is read again, so that the result is always that of a run without interruption.
    """

    def __init__(self, target: Path, run: Mapping[str, object], resume: bool) -> None:
        self._target = target
        # A device or a pipe has no name to give back and nothing to go on from.
        self._device = target.exists() and not target.is_file() and not target.is_dir()
        self._part = target if self._device else target.with_name(target.name + ".part")
        self._note = self._part.with_name(self._part.name + ".run")
        self._run = json.dumps(run, sort_keys=True)
        self._at = 0
        self._file: IO[bytes] | None = None
        self._old: IO[bytes] | None = None
        self._lock: IO[bytes] | None = None
        self.why_fresh = ""
        with self._plain_errors():
            if target.is_dir():
                raise GoujiError(f"{target}: is a folder; name the file to write")
            if not self._device:
                self._begin(resume)
            self._file = self._part.open("wb" if self._device else "r+b", buffering=1 << 20)

    @property
    def readable(self) -> bool:
        """Whether lines can be read back."""
        return not self._device

    def _begin(self, resume: bool) -> None:
        """Take over what an earlier run left, or start with nothing."""
        there = self._part.is_file()
        self._part.touch()
        self._lock = _locked(self._part)  # before anything in it is changed
        if there and resume:
            said = self._note.read_text("utf-8") if self._note.is_file() else ""
            if said != self._run:
                self.why_fresh = f"{self._part}: begun by another version or with other options: everything is read again"
        if not resume or self.why_fresh:
            self._note.unlink(missing_ok=True)
            os.truncate(self._part, 0)
        self._note.write_text(self._run, "utf-8")
        self._old = self._part.open("rb", buffering=1 << 20)

    def has(self, given: Input) -> Held | None:
        """Whether the next line of the earlier run is that of this report; the first that is not ends what is taken over."""
        if self._old is None:
            return None
        line = self._old.readline()
        head = _HEAD.match(line)
        if head and line.endswith(b"\n") and UNANSWERED.encode() not in line:
            source, sha256 = json.loads(head[1]), (head[2] or b"").decode()
            if (source, sha256) == (_written(given.source), given.sha256):
                place = (self._at, len(line) - 1)
                self._at += len(line)
                return Held(head[3].decode(), place)
        self._leave_old()
        return None

    def _leave_old(self) -> None:
        if self._old is not None and self._file is not None:
            self._old.close()
            self._old = None
            with self._plain_errors():
                self._file.truncate(self._at)
                self._file.seek(self._at)

    def write(self, given: Input, line: Line, result: Result | None) -> tuple[int, int]:
        """Write one line; it is with the system when this returns, so that a killed process loses none."""
        data = line.data
        with self._plain_errors():
            assert self._file is not None
            self._file.write(data + b"\n")
            self._file.flush()
        place = (self._at, len(data))
        self._at += len(data) + 1
        return place

    def read(self, offset: int, length: int) -> bytes:
        """A line that was written or taken over."""
        with self._part.open("rb") as file:
            file.seek(offset)
            return file.read(length)

    def finish(self) -> None:
        """Give the file its name."""
        self._leave_old()
        with self._plain_errors():
            if self._file is None or self._device:
                return
            self._file.flush()
            os.fsync(self._file.fileno())
            self._part.replace(self._target)
            self._note.unlink(missing_ok=True)

    def close(self) -> None:
        """Close the file. Where a run has written nothing, it leaves nothing."""
        for file in (self._old, self._file, self._lock):
            if file is not None:
                with contextlib.suppress(OSError):  # a full disk was reported when the line was written
                    file.close()
        if not self._device and self._at == 0 and self._part.is_file() and self._part.stat().st_size == 0:
            self._part.unlink()
            self._note.unlink(missing_ok=True)

    @contextlib.contextmanager
    def _plain_errors(self) -> Iterator[None]:
        try:
            yield
        except OSError as exc:
            kept = "; what is written stays, the same command goes on from there" if self._at else ""
            raise GoujiError(f"{self._part}: cannot be written: {exc.strerror or exc}{kept}") from exc


def _written(source: str) -> str:
    """A name as it comes back from a file."""
    return source.encode("utf-8", "replace").decode()


def _locked(part: Path) -> IO[bytes] | None:
    """A lock on the file for as long as the run lasts; GoujiError where another run has it."""
    try:
        import fcntl
    except ModuleNotFoundError:  # Windows
        return None
    file = part.open("rb")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as exc:
        file.close()
        raise GoujiError(f"{part}: another run is writing it; wait for its end, or name another file") from exc
    return file
