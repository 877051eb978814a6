"""Reports as JSON: one object a line, as data sets and mirrors of the web are handed on, or an array of objects.

An object has its report in a field such as ``text`` or ``content`` and may name it in one such as ``path`` or ``url``.
"""

from __future__ import annotations

import base64
import binascii
import codecs
import io
import json
import re
from collections.abc import Iterator
from typing import Any, cast

from extractor.errors import ReportUnreadable
from extractor.read.containers.base import HEAD, PIECE, Input, Limits, Stream, too_large
from extractor.read.containers.names import label

# A page says more than the text taken from it: its tables are still tables.
_TEXT = ("html", "raw_html", "raw_content", "content", "text", "body", "正文", "内容")
_NAME = ("path", "file_path", "filepath", "file_name", "filename", "name", "url", "source", "id", "title", "标题")
_ABOUT = ("meta", "metadata")
_OWN = frozenset({"source", "sha256", "form", "cells", "decision"})
_KEY = rb'\{\s*"(?:[^"\\\n]|\\.){0,200}"\s*:'
_OBJECT = re.compile(rb"(?:\xef\xbb\xbf)?\s*" + _KEY)
_ARRAY = re.compile(rb"(?:\xef\xbb\xbf)?\s*\[\s*" + _KEY)
_BETWEEN = re.compile(r"[\s,\[\]\ufeff]*")

Values = Iterator[tuple[int, Any]]
"""Number (from 1) and value; a ReportUnreadable stands for what is no value."""


def might_be(head: bytes) -> bool:
    """Whether a file that begins so may hold objects."""
    return bool(_OBJECT.match(head) or _ARRAY.match(head))


def reports(stream: Stream, source: str, limits: Limits) -> Iterator[Input] | None:
    """The reports in a file of JSON objects; None where it is another text, a single object without a report's text too.

    A line that holds no report is an Input that says why. Raises ReportUnreadable where the stream is damaged.
    """
    head = stream.head(HEAD)
    values = None
    if _OBJECT.match(head):
        values = _lines(stream, limits.line) if _has_lines(stream, limits.line) else _checked(stream, limits.line)
    elif _ARRAY.match(head):
        values = _checked(stream, limits.line)
    return None if values is None else _reports(values, source, limits.member)


def _has_lines(stream: Stream, most: int) -> bool:
    """Whether one of the first two lines is an object, and is not the only thing there without being a report."""
    size = HEAD
    while (head := stream.head(size).lstrip()).count(b"\n") < 2 and len(head) > size // 2 and size < most:
        size *= 4
    first, _, rest = head.partition(b"\n")
    second = rest.lstrip().partition(b"\n")[0]
    value = _parsed(first)
    if isinstance(value, dict):
        return _tells(value) or second.lstrip().startswith(b"{")
    return second.startswith(b"{") and _tells(_parsed(second))


def _checked(stream: Stream, most: int) -> Values | None:
    """The values of a file that is not in lines, where the first is a report or a record."""
    ahead = io.BytesIO(stream.head(most))
    _, first = next(_values(Stream(ahead.read), most), (0, None))
    return _values(stream, most) if _tells(first) else None


def _tells(value: object) -> bool:
    return isinstance(value, dict) and (_text(value) is not None or value.keys() >= _OWN)


def _reports(values: Values, source: str, most: int) -> Iterator[Input]:
    for seen, (n, value) in enumerate(values):
        if not seen and isinstance(value, dict) and value.keys() >= _OWN:
            yield Input(source, None, _own("the file holds"))
            return
        place = f"{source}!/{n}"
        try:
            if isinstance(value, ReportUnreadable):
                raise value
            name = _name(value)
            place = f"{place}/{label(name)}" if name else place
            yield Input(place, _content(value, most))
        except ReportUnreadable as error:
            yield Input(place, None, (error.code, error.message))


def _own(what: str) -> tuple[str, str]:
    return "JSONL_OWN_RECORDS", f"{what} records that Gouji itself has written, no reports: give the reports that they were read from"


def _content(value: object, most: int) -> bytes:
    if not isinstance(value, dict):
        raise _bad("is no JSON object")
    if value.keys() >= _OWN:
        raise ReportUnreadable(*_own("the line is one of the"))
    text = _text(value)
    if text is None:
        fields = label(", ".join(map(str, value)) or "none")
        raise ReportUnreadable("JSONL_NO_TEXT", f"the object has no field with a report's text ({', '.join(_TEXT)}); it has: {fields}")
    data = _bytes(text, value.get("encoding"))
    if len(data) > most:
        raise ReportUnreadable(*too_large(len(data), most))
    return data


def _bytes(text: str, encoding: object) -> bytes:
    if encoding == "base64":
        try:
            return base64.b64decode("".join(text.split()), validate=True)
        except (binascii.Error, ValueError) as error:
            raise _bad(f"holds a text that is not base64, as it says ({error})") from error
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").encode()  # halves of a pair are no character


def _text(value: dict[str, Any]) -> str | None:
    texts = [text for key in _TEXT if isinstance(text := value.get(key), str)]
    return next((text for text in texts if text), texts[0] if texts else None)


def _name(value: object) -> str:
    if not isinstance(value, dict):
        return ""
    about = (inner for key in _ABOUT if isinstance(inner := value.get(key), dict))
    for fields in (value, *about):
        for key in _NAME:
            name = fields.get(key)
            if isinstance(name, str | int) and not isinstance(name, bool) and str(name):
                return str(name)
    return ""


def _lines(stream: Stream, most: int) -> Values:
    for n, line in enumerate(_split(stream, most), 1):
        if line is None:
            yield n, ReportUnreadable("FILE_TOO_LARGE", f"the line has more than {most:,} bytes: raise the limit (--max-bytes)")
        elif shown := line.strip(b"\xef\xbb\xbf \t\r"):
            value = _parsed(shown)
            yield n, _bad("is no JSON") if value is None else value


def _split(stream: Stream, most: int) -> Iterator[bytes | None]:
    """The lines; None for one that is too long to be held."""
    line = bytearray()
    dropped = False
    while piece := stream.read(PIECE):
        *ended, rest = piece.split(b"\n")
        for part in ended:
            line += part
            yield None if dropped else bytes(line)
            line.clear()
            dropped = False
        line += rest
        if len(line) > most:
            dropped = True
            line.clear()
    if line or dropped:
        yield None if dropped else bytes(line)


def _parsed(line: bytes) -> Any:
    """The value; None where the line is no JSON (or null, which is none to us)."""
    for encoding in ("utf-8", "gb18030"):
        try:
            return json.loads(line.strip(b"\xef\xbb\xbf").decode(encoding))
        except UnicodeDecodeError:
            continue
        except (ValueError, RecursionError):
            return None
    return None


def _values(stream: Stream, most: int) -> Values:
    """Values one after another, within an array or without; the last is the error where one cannot be read."""
    decode = codecs.getincrementaldecoder(_encoding(stream.head(HEAD)))().decode
    parse = json.JSONDecoder().raw_decode
    text, at, n, ended = "", 0, 0, False
    while True:
        at = cast("re.Match[str]", _BETWEEN.match(text, at)).end()
        if at == len(text) and ended:
            return
        try:
            if at < len(text):
                value, at = parse(text, at)
                n += 1
                yield n, value
                continue
        except (ValueError, RecursionError) as error:
            if ended or len(text) - at > most or isinstance(error, RecursionError):
                yield n + 1, _bad(f"cannot be read as JSON ({str(error)[:80]}); what follows it was not read")
                return
        text, at = text[at:], 0  # a value that goes on: twice as much of it, so that few attempts are made
        try:
            piece = stream.take(len(text) + PIECE)
            ended = not piece
            text += decode(piece, ended)
        except ValueError as error:
            yield n + 1, _bad(f"is in no known encoding ({str(error)[:80]}); what follows it was not read")
            return


def _encoding(head: bytes) -> str:
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return "gb18030"
    return "utf-8"


def _bad(what: str) -> ReportUnreadable:
    return ReportUnreadable("JSONL_BAD_LINE", f"this line or item {what}: mend it or give the report itself")
