"""What a file holds, layer by layer: each report that is found, and why something in it could not be read."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import IO, cast

from extractor.errors import ReportUnreadable
from extractor.read.containers import compressed, jsonlines, salvage, tarred, zipped
from extractor.read.containers.base import HEAD, PIECE, Exhausted, Input, Limits, Member, PassedOver, Run, Stream, whole
from extractor.read.containers.names import Labels, page_key
from extractor.read.containers.shelf import Shelf
from extractor.read.sniff import Kind, sniff, zip_kind

_ZIP_MARK = b"PK\x03\x04"
_SHORT = 4096  # enough to tell containers from what is none


def reports(stream: Stream, source: str, run: Run) -> Iterator[Input]:
    """Every report in one file on the disk, in the file's order; a file that is no container is a report itself."""
    try:
        yield from _layer(stream, source, run, 0)
    except ReportUnreadable as error:
        place = f" (it came to light in {error.place})" if isinstance(error, Exhausted) and error.place else ""
        yield Input(source, None, (error.code, error.message + place))


def count(stream: Stream) -> int | None:
    """How many reports a file on the disk holds, where that is cheap to know; an archive within it counts as one."""
    head = stream.head(_SHORT)
    kind = _kind(head)
    if kind is Kind.ZIP:
        return _listed(cast("IO[bytes]", stream.file))
    opaque = kind is Kind.TAR or kind in compressed.COMPRESSED or (kind is Kind.TEXT and jsonlines.might_be(head))
    return None if opaque else 1


def _listed(file: IO[bytes]) -> int | None:
    guarded = cast("IO[bytes]", zipped.Guarded(file, Limits(0).directory))
    try:
        if zip_kind(guarded) is not Kind.ZIP:
            return 1
        with zipfile.ZipFile(guarded) as archive:
            names = [entry.name for entry in zipped.entries(archive)]
    except ReportUnreadable:
        return 1  # an Input that says so
    except zipped.DAMAGE:
        return None
    shelf = Shelf(PassedOver(), _pages(names))
    return sum(not shelf.passes_over(name) for name in names) if names else 1


def _pages(names: Iterable[str]) -> set[str]:
    return {key for name in names if (key := page_key(name)) is not None}


def _layer(stream: Stream, source: str, run: Run, depth: int) -> Iterator[Input]:
    """Raises ReportUnreadable where the whole of ``stream`` is to blame; what was found before is yielded first."""
    head = stream.head(HEAD)
    kind = _kind(head)
    if kind is Kind.ZIP:
        yield from _zip(stream, source, run, depth)
    elif kind is Kind.TAR:
        _not_too_deep(depth, run)
        yield from _archive(tarred.members(stream), source, run, depth)
    elif kind in compressed.COMPRESSED:
        _not_too_deep(depth, run)
        yield from _layer(compressed.unpacked(kind, stream, run), source, run, depth + 1)
    elif kind is Kind.TEXT and (found := jsonlines.reports(stream, source, run.limits)) is not None:
        yield from found
    else:
        yield Input(source, whole(stream, run.limits.member))


def _not_too_deep(depth: int, run: Run) -> None:
    if depth == run.limits.depth:
        raise ReportUnreadable("ARCHIVE_TOO_DEEP", f"an archive within {depth} others is not opened: unpack the outer ones and give the folder")


def _kind(head: bytes) -> Kind:
    """The kind by the head alone; a ZIP container may yet prove to be a document."""
    return Kind.ZIP if head.startswith(_ZIP_MARK) else sniff(head)


def _zip(stream: Stream, source: str, run: Run, depth: int) -> Iterator[Input]:
    with _seekable(stream, run) as file:
        guarded = cast("IO[bytes]", zipped.Guarded(file, run.limits.directory))
        if zip_kind(guarded) is not Kind.ZIP:
            size = file.seek(0, 2)
            file.seek(0)
            yield Input(source, whole(Stream(file.read, size=size), run.limits.member))
            return
        _not_too_deep(depth, run)
        try:
            archive = zipfile.ZipFile(guarded)
        except zipped.DAMAGE:
            yield from _archive(salvage.members(file, run), source, run, depth)
            return
        with archive:
            listed = zipped.entries(archive)
            pages = _pages(entry.name for entry in listed)
            yield from _archive(zipped.members(archive, listed, run), source, run, depth, pages)


@contextmanager
def _seekable(stream: Stream, run: Run) -> Iterator[IO[bytes]]:
    """The stream as a file in which one can seek: the file on the disk, or held in memory within its limit."""
    if stream.file is not None:
        yield stream.file
        return
    held = io.BytesIO()
    before = run.held
    try:
        while piece := stream.read(PIECE):
            run.held += len(piece)
            if run.held > run.limits.held:
                message = f"a ZIP within an archive has more than {run.limits.held:,} bytes: unpack the outer archive and give the folder"
                raise ReportUnreadable("ARCHIVE_TOO_LARGE", message)
            held.write(piece)
        yield held
    finally:
        run.held = before


def _archive(members: Iterable[Member], source: str, run: Run, depth: int, pages: set[str] | None = None) -> Iterator[Input]:
    """The reports of an archive's members; ``pages`` are the keys of its saved pages where they are known beforehand."""
    labels = Labels()
    shelf = Shelf(run.passed, pages)
    n = 0
    try:
        for member in members:
            n += 1
            name = labels.unique(member.name)
            if shelf.passes_over(member.name):
                continue
            for found in _member(member, f"{source}!/{name}", run, depth):
                yield from shelf.ready(member.name, found)
    except Exhausted as error:
        yield from shelf.rest()
        error.place = error.place or f"{source}, member {n:,}"
        raise
    except ReportUnreadable as error:
        yield from shelf.rest()
        yield Input(source, None, (error.code, f"{error.message} (members found before: {n:,})"))
        return
    yield from shelf.rest()
    if not n:
        yield Input(source, None, ("ARCHIVE_EMPTY", "the archive holds no file: fetch it again"))


def _member(member: Member, source: str, run: Run, depth: int) -> Iterator[Input]:
    if member.stream is None:
        yield Input(source, None, member.error)
        return
    try:
        yield from _layer(member.stream, source, run, depth + 1)
    except Exhausted:
        raise
    except ReportUnreadable as error:
        yield Input(source, None, (error.code, error.message))
