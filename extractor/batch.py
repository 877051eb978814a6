"""Many files to many records: in the order of the paths, one at a time or in worker processes, none ever lost.

This is the outermost loop over reports, the one place where a bug of ours is caught: it becomes a record that
says so, and the run goes on. A worker that is killed costs one file its record, not the run.
"""

from __future__ import annotations

import hashlib
import os
import signal
import sys
import traceback
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from extractor import pipeline
from extractor.errors import GoujiError, ReportUnreadable
from extractor.form import Form, load_forms
from extractor.read import DEFAULT_MAX_BYTES, discover, read_file
from extractor.record import Summary, dumps, summarise, to_record, visible
from extractor.types import Document, Extraction

if TYPE_CHECKING:
    from concurrent.futures import Future, ProcessPoolExecutor

    from rich.console import Console

_CHUNK = 8
_MOST_ROWS = 200
_ROOMY = 100  # a narrower terminal gets no agency and shorter headings
_STYLES = {"accept": "green", "review": "yellow", "unreadable": "red"}


@dataclass(frozen=True, slots=True)
class Options:
    """What every report of a run is read with; ``keep`` has the text and the bytes of each come with its record."""

    forms: str | None = None
    max_bytes: int = DEFAULT_MAX_BYTES
    debug: bool = False
    keep: bool = False


class Kept(NamedTuple):
    """What a store keeps beside a record: the text as read, None where there is none, and the file's bytes."""

    document: Document | None
    content: bytes | None


class Line(NamedTuple):
    """One record as it is written, with its counts; ``kept`` only where the options say so."""

    text: str
    summary: Summary
    kept: Kept | None = None


Work = Callable[[Options, Sequence[Path]], "list[Line]"]


def find(paths: Sequence[Path]) -> list[Path]:
    """The files to read; GoujiError where a path does not exist or a folder holds no file at all."""
    files = list(discover(paths))
    for path in paths:
        if path.is_dir() and next(iter(discover([path])), None) is None:
            raise GoujiError(f"{path}: no file in this folder; give the folder that holds the reports")
    return files


def extract_safely(path: Path, forms: Sequence[Form], options: Options) -> Extraction:
    """Extract one file; whatever happens, there is a result."""
    try:
        return pipeline.extract(read_file(path, options.max_bytes), forms)
    except ReportUnreadable as exc:
        return unreadable(path, exc.code, exc.message, options.max_bytes)
    except Exception as exc:  # the outermost loop over reports: a bug of ours costs one record, not the run
        return bug(path, exc, options)


def work(options: Options, paths: Sequence[Path]) -> list[Line]:
    """The lines of a few files; what a worker process runs."""
    return [_line(path, options) for path in paths]


def _line(path: Path, options: Options) -> Line:
    return line_of(path, extract_safely(path, load_forms(options.forms), options), options)


def line_of(path: Path, extraction: Extraction, options: Options) -> Line:
    """The record of one file as it is written."""
    try:
        record = to_record(extraction, next((f for f in load_forms(options.forms) if f.id == extraction.form), None))
        return Line(dumps(record), summarise(record), _kept(path, extraction.document, options))
    except Exception as exc:  # as above: a record that cannot be written is a bug of ours too
        record = to_record(bug(path, exc, options), None)
        return Line(dumps(record), summarise(record))


def _kept(path: Path, document: Document, options: Options) -> Kept | None:
    """The text and bytes of a file; no bytes where the file has changed since it was read."""
    if not options.keep:
        return None
    try:
        content = path.read_bytes() if path.is_file() and path.stat().st_size <= options.max_bytes else None
    except OSError:
        content = None
    if content is not None and hashlib.sha256(content).hexdigest() != document.sha256:
        content = None
    return Kept(document if document.text else None, content)


def bug(path: Path, exc: Exception, options: Options) -> Extraction:
    """The result for a file on which the program failed."""
    if options.debug:
        traceback.print_exception(exc, file=sys.stderr)
    frames = traceback.extract_tb(exc.__traceback__)
    place = f"{Path(frames[-1].filename).name}:{frames[-1].lineno} in {frames[-1].name}" if frames else "?"
    message = (
        f"{type(exc).__name__} at {place}: {str(exc)[:200]}; a bug in gouji: run this file with --debug, report it"
    )
    return unreadable(path, "INTERNAL_ERROR", message, options.max_bytes)


def unreadable(path: Path, code: str, message: str, max_bytes: int = DEFAULT_MAX_BYTES) -> Extraction:
    """The result for a file that could not be read."""
    return nothing_read(os.fsencode(path).decode("utf-8", "replace"), _digest(path, max_bytes), code, message)


def nothing_read(source: str, sha256: str, code: str, message: str) -> Extraction:
    """The result for what could not be read, whatever it came from."""
    document = Document(source, sha256, "", "", "", "", ())
    return Extraction(document, None, (), None, None, (), (), (), (), (), pipeline.UNREADABLE, (code, message))


def _digest(path: Path, max_bytes: int) -> str:
    """The hash of a regular file that is not too large, else nothing: the file's identity even where it is no report."""
    try:
        if not path.is_file() or path.stat().st_size > max_bytes:
            return ""
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return ""


def run(paths: Sequence[Path], options: Options, workers: int = 1, job: Work = work) -> Iterator[Line]:
    """One Line a path, in their order. ``workers`` 0 means one for each CPU core."""
    workers = min(workers or os.cpu_count() or 1, -(-len(paths) // _CHUNK))
    if workers <= 1:
        for path in paths:
            yield from job(options, [path])
        return
    yield from _parallel(paths, options, workers, job)


def _parallel(paths: Sequence[Path], options: Options, workers: int, job: Work) -> Iterator[Line]:
    """Keep two chunks a worker in flight, so that memory does not grow with the number of files."""
    from concurrent.futures.process import BrokenProcessPool

    pool = _pool(workers)
    waiting: deque[tuple[list[Path], Future[list[Line]]]] = deque()
    rest = iter(paths)
    try:
        while True:
            while len(waiting) < 2 * workers and (chunk := list(islice(rest, _CHUNK))):
                waiting.append((chunk, _submit(pool, job, options, chunk)))
            if not waiting:
                return
            chunk, future = waiting.popleft()
            try:
                yield from future.result()
            except BrokenProcessPool:  # some file killed its worker: this chunk again, file by file
                pool.shutdown(wait=False, cancel_futures=True)
                yield from _one_by_one(chunk, options, job)
                pool = _pool(workers)
                waiting = deque((c, f if _succeeded(f) else _submit(pool, job, options, c)) for c, f in waiting)
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _pool(workers: int) -> ProcessPoolExecutor:
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    # spawn: the progress bar runs a thread, and a process with threads must not be forked
    return ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=_ignore_interrupt)


def _ignore_interrupt() -> None:
    """Ctrl-C reaches the whole process group; the parent alone answers it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _submit(pool: ProcessPoolExecutor, job: Work, options: Options, chunk: list[Path]) -> Future[list[Line]]:
    """Submit, or a future that already failed where the pool has just broken."""
    from concurrent.futures import Future
    from concurrent.futures.process import BrokenProcessPool

    try:
        return pool.submit(job, options, chunk)
    except BrokenProcessPool as exc:
        failed: Future[list[Line]] = Future()
        failed.set_exception(exc)
        return failed


def _succeeded(future: Future[list[Line]]) -> bool:
    return future.done() and not future.cancelled() and future.exception() is None


def _one_by_one(chunk: Sequence[Path], options: Options, job: Work) -> Iterator[Line]:
    from concurrent.futures.process import BrokenProcessPool

    pool = _pool(1)
    try:
        for path in chunk:
            try:
                yield from _submit(pool, job, options, [path]).result()
            except BrokenProcessPool:
                pool.shutdown(wait=False)
                pool = _pool(1)
                yield _died(path, options)
    finally:
        pool.shutdown(wait=False)


def _died(path: Path, options: Options) -> Line:
    message = "the process that read this file was killed, perhaps for memory: try it alone, or lower --max-bytes"
    record = to_record(unreadable(path, "WORKER_DIED", message, options.max_bytes), None)
    return Line(dumps(record), summarise(record))


# Output


@contextmanager
def sink(target: str | None) -> Iterator[Callable[[str], None]]:
    """A writer of lines: ``-`` is stdout, a path is written as PATH.part and renamed when all is there, None is nowhere."""
    if target is None:
        yield lambda text: None
    elif target == "-":
        yield _write_out
    else:
        yield from _file_sink(Path(target))


def _write_out(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def _file_sink(path: Path) -> Iterator[Callable[[str], None]]:
    device = path.exists() and not path.is_file() and not path.is_dir()  # /dev/null, a pipe: nothing to rename
    part = path if device else path.with_name(path.name + ".part")
    try:
        if path.is_dir():
            raise GoujiError(f"{path}: is a folder; name the file to write")
        with part.open("w", encoding="utf-8", errors="replace", newline="\n") as file:

            def write(text: str) -> None:
                file.write(text + "\n")
                file.flush()

            yield write
        if not device:
            part.replace(path)
    except OSError as exc:
        raise GoujiError(f"{part}: cannot be written: {exc.strerror or exc}") from exc


def print_table(console: Console, summaries: Sequence[Summary]) -> None:
    """One row a report, the first ``_MOST_ROWS`` of them."""
    from rich.markup import escape
    from rich.table import Table

    roomy = console.width >= _ROOMY
    table = Table(box=None, pad_edge=False)
    table.add_column("report", overflow="ellipsis")
    for name in ("form", "year", "agency", "decision") if roomy else ("form", "year", "decision"):
        table.add_column(name, no_wrap=True, min_width={"form": 15, "decision": 10}.get(name, 4))
    for name in (
        ("accepted", "review", "lost", "deduced", "findings") if roomy else ("ok", "rev.", "lost", "ded.", "find.")
    ):
        table.add_column(name, justify="right", no_wrap=True, min_width=max(3, len(name)))
    for s in summaries[:_MOST_ROWS]:
        decision = f"[{_STYLES[s.decision]}]{s.decision}[/]"
        agency = (escape(s.agency or "–"),) if roomy else ()
        counts = (s.accepted, s.review, s.lost, s.deduced, s.findings)
        numbers = (str(n) if s.cells else "–" for n in counts)
        name = escape(visible(Path(s.source).name))
        table.add_row(name, s.form or "–", str(s.year or "–"), *agency, decision, *numbers)
    console.print(table)
    if len(summaries) > _MOST_ROWS:
        console.print(f"… and {len(summaries) - _MOST_ROWS:,} more reports; --jsonl FILE writes the record of each")


def print_errors(console: Console, summaries: Iterable[Summary], limit: int = 10) -> None:
    """Why files could not be read, the first ``limit`` of them."""
    failed = [s for s in summaries if s.error]
    for s in failed[:limit]:
        console.print(
            f"{visible(s.source)}: {s.error}: {visible(s.message)}", markup=False, highlight=False, soft_wrap=True
        )
    if len(failed) > limit:
        console.print(f"… and {len(failed) - limit:,} more that cannot be read")


def closing_line(summaries: Iterable[Summary], seconds: float) -> str:
    """The whole run in one line."""
    reports: Counter[str] = Counter()
    n: Counter[str] = Counter()
    for s in summaries:
        reports[s.decision] += 1
        for name in ("cells", "accepted", "review", "lost", "deduced", "findings"):
            n[name] += getattr(s, name)
    total = reports.total()
    share = f" ({100 * n['accepted'] / n['cells']:.1f} %)" if n["cells"] else ""
    return (
        f"{total:,} report{'' if total == 1 else 's'}: {reports['accept']:,} accepted, {reports['review']:,} for review, "
        f"{reports['unreadable']:,} unreadable · {n['cells']:,} cells: {n['accepted']:,} accepted{share}, "
        f"{n['review']:,} for review, of these {n['lost']:,} lost and {n['deduced']:,} deduced · "
        f"{n['findings']:,} finding{'' if n['findings'] == 1 else 's'} · {seconds:.1f} s"
    )
