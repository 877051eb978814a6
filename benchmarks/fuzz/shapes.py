"""Damage that knows a format: inside the parts of a ZIP, the streams of a PDF, the headers of a TAR, the values of JSON lines."""

from __future__ import annotations

import io
import json
import re
import struct
import warnings
import zipfile
import zlib
from collections.abc import Callable, Sequence
from random import Random
from typing import Any

from benchmarks.fuzz.mutate import LARGEST, TEXTS, Mutation, place, several

_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_DEFLATED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)
_DATE = (2020, 1, 1, 0, 0, 0)
_STREAM = re.compile(rb"stream\r?\n(.*?)\r?\nendstream", re.DOTALL)
_LENGTH = re.compile(rb"/Length \d+")
_BLOCK = 512


# ---------------------------------------------------------------- ZIP and what is one


def _parts(data: bytes) -> list[tuple[str, bytes]] | None:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            if sum(p.file_size for p in archive.infolist()) > 100 * LARGEST:
                return None
            return [(p.filename, archive.read(p)) for p in archive.infolist()]
    except (zipfile.BadZipFile, zlib.error, OSError, ValueError, NotImplementedError, RuntimeError, EOFError, struct.error):
        return None  # damaged before


def _packed(parts: Sequence[tuple[str, bytes]], rng: Random) -> bytes:
    out = io.BytesIO()
    other = rng.random() < 0.05
    with warnings.catch_warnings(), zipfile.ZipFile(out, "w") as archive:
        warnings.simplefilter("ignore")  # names that stand twice are meant
        for name, content in parts:
            info = zipfile.ZipInfo(name[:60_000], _DATE)
            info.compress_type = rng.choice(_METHODS) if other else zipfile.ZIP_DEFLATED
            archive.writestr(info, content, compresslevel=1)
    return out.getvalue()


def in_parts(inner: Mutation, important: re.Pattern[str], names: Sequence[str], outer: Mutation) -> Mutation:
    """Damage to the parts of a ZIP, ``important`` ones most; now and then to their list, or to the ZIP itself by ``outer``."""

    def mutate(data: bytes, rng: Random) -> bytes:
        parts = _parts(data) if rng.random() < 0.85 else None
        if not parts:
            return outer(data, rng)
        way = rng.random()
        n = rng.choice([n for n, (name, _) in enumerate(parts) if important.search(name)] or [0]) if way < 0.8 else rng.randrange(len(parts))
        name, content = parts[n]
        if way < 0.92:
            parts[n] = name, inner(content, rng)
        elif way < 0.94:
            del parts[n]
        elif way < 0.96:
            parts[n] = rng.choice(names), content
        elif way < 0.98:
            parts.append((rng.choice((name, *names)), rng.choice(parts)[1]))
        else:
            parts.append((rng.choice(names), data))  # the file within itself
        return _packed(parts, rng)[: 2 * LARGEST]

    return mutate


_RECORDS = (b"PK\x01\x02", b"PK\x03\x04", b"PK\x05\x06", b"PK\x06\x06", b"PK\x06\x07", b"PK\x07\x08")


def zip_header(data: bytes, rng: Random) -> bytes:
    """A field of a ZIP's own records set to a number that it should not have."""
    mark = rng.choice(_RECORDS[:3])
    at = data.find(mark, place(data, rng))
    at = at if at >= 0 else data.find(mark)
    if at < 0:
        return data
    at += 4 + 2 * rng.randrange(21)
    width = rng.choice((2, 4))
    value: int = rng.choice((0, 1, 8, 9, 12, 14, 99, 0x0801, 0xFFFF, 0x7FFF_FFFF, 0xFFFF_FFFF, rng.getrandbits(32))) % (1 << 8 * width)
    return data[:at] + value.to_bytes(width, "little") + data[at + width :]


# ---------------------------------------------------------------- PDF


def in_streams(inner: Mutation, outer: Mutation) -> Mutation:
    """Damage inside a compressed stream of a PDF, packed again; else to the file, its objects and its trailer by ``outer``."""

    def mutate(data: bytes, rng: Random) -> bytes:
        found = list(_STREAM.finditer(data))
        if not found or rng.random() < 0.4:
            return outer(data, rng)
        chosen = rng.choice(found)
        body, packed = _inflated(chosen[1])
        body = inner(body, rng)
        body = zlib.compress(body, 1) if packed else body
        before, after = data[: chosen.start(1)], data[chosen.end(1) :]
        head = before.rfind(b"obj", 0, chosen.start())
        if head >= 0 and rng.random() < 0.9:
            before = before[:head] + _LENGTH.sub(b"/Length %d" % len(body), before[head:])
        return before + body + after

    return mutate


def _inflated(body: bytes) -> tuple[bytes, bool]:
    try:
        return zlib.decompressobj().decompress(body, LARGEST), True
    except zlib.error:
        return body, False


# ---------------------------------------------------------------- TAR


_FIELDS = ((0, 100), (100, 8), (108, 8), (124, 12), (136, 12), (148, 8), (156, 1), (157, 100), (257, 6), (345, 155))
_SIZE, _KIND = (124, 12), (156, 1)
_HEADS = (b"0", b"1", b"2", b"3", b"5", b"6", b"7", b"g", b"x", b"L", b"K", b"S", b"V", b"M", b"X", b"\0", b"\xff")
_SIZES = (b"00000000000", b"77777777777", b"00000001000", b"-0000000001", b"           ", b"99999999999", b"\x80" + b"\0" * 10 + b"\x01", b"\xff" * 12, b"\x80" + b"\xff" * 11)


def tar_header(data: bytes, rng: Random) -> bytes:
    """A field of one header of a TAR changed, its sum mostly put right again."""
    heads = [n for n in range(0, min(len(data), LARGEST) - _BLOCK + 1, _BLOCK) if data[n + 257 : n + 262] == b"ustar"]
    if not heads:
        return data
    at = rng.choice(heads)
    head = bytearray(data[at : at + _BLOCK])
    start, length = rng.choice((*_FIELDS, _SIZE, _KIND, _KIND))
    value = rng.choice(_HEADS) if (start, length) == _KIND else rng.choice(_SIZES) if start in (100, 108, 124, 136) else rng.choice(TEXTS)
    head[start : start + length] = value[:length].ljust(length, b"\0")
    if rng.random() < 0.9:
        head[148:156] = b" " * 8
        head[148:156] = b"%06o\0 " % sum(head)
    return data[:at] + bytes(head) + data[at + _BLOCK :]


def in_members(inner: Mutation) -> Mutation:
    """Damage to what stands between the headers of a TAR, such as the records of a PAX header, its length kept."""

    def mutate(data: bytes, rng: Random) -> bytes:
        blocks = len(data) // _BLOCK
        at = _BLOCK * rng.randrange(blocks) if blocks else 0
        part = data[at : at + _BLOCK]
        return data[:at] + inner(part, rng)[: len(part)].ljust(len(part), b"\0") + data[at + len(part) :]

    return mutate


# ---------------------------------------------------------------- JSON


def _deep(rng: Random) -> Any:
    value: Any = "底"
    for _ in range(int(10 ** rng.uniform(0, 2.8))):  # json.dumps has a limit of its own; deeper ones are made as text
        value = [value] if rng.random() < 0.5 else {"text": value}
    return value


_VALUES: tuple[Callable[[Random], Any], ...] = (
    lambda _: None, lambda _: True, lambda _: 0, lambda _: -1.5e300, lambda _: 10**400, lambda _: float("nan"), lambda _: "", lambda _: " ", lambda _: [], lambda _: {},
    lambda _: "\ud800", lambda _: "\udc00报告", lambda _: "a\0b", lambda _: "../../etc/passwd", lambda _: "=1+1", lambda _: "\x1b[2J\u202e", lambda _: "名" * 5000,
    lambda _: "<table rowspan=9>", lambda _: "%PDF-1.4", lambda _: "PK\x03\x04", lambda rng: ["text"] * rng.randrange(2000), _deep,
)  # fmt: skip
_KEYS = ("text", "content", "html", "path", "url", "id", "title", "encoding", "meta", "source", "sha256", "form", "cells", "decision", "", "\ud800", "正文", "标题")
_ENCODINGS = ("base64", "gzip", "utf-8", "none")


def json_values(data: bytes, rng: Random) -> bytes:
    """One line of JSON with a value, a key or its nesting changed."""
    lines = data.split(b"\n")
    n = rng.randrange(len(lines))
    try:
        value = json.loads(lines[n])
    except (ValueError, RecursionError):
        return data
    if not isinstance(value, dict):
        return data
    way = rng.randrange(6)
    keys = list(value) or ["text"]
    if way == 0:
        value[rng.choice(keys)] = rng.choice(_VALUES)(rng)
    elif way == 1:
        value[rng.choice(_KEYS)] = rng.choice(_VALUES)(rng)
    elif way == 2:
        value[rng.choice(_KEYS)] = value.pop(rng.choice(keys), "")
    elif way == 3:
        value["encoding"] = rng.choice(_ENCODINGS)
    elif way == 4:
        deep = int(10 ** rng.uniform(1, 5.5))
        lines[n] = b'{"text": ' + b"[" * deep + (b"]" * deep if rng.random() < 0.5 else b"") + b"}"
        return b"\n".join(lines)
    else:
        value = [value] * rng.randrange(4)
    lines[n] = json.dumps(value, ensure_ascii=rng.random() < 0.5, indent=rng.choice((None, None, None, 1))).encode("utf-8", "surrogatepass")
    return b"\n".join(lines)


def json_lines(outer: Mutation) -> Mutation:
    """Damage to values and to lines."""

    def as_array(data: bytes, rng: Random) -> bytes:
        kept = data.split(b"\n")[: rng.randrange(1, 6)]
        return b"[" + b",\n".join(kept) + b"]"

    return several((json_values, json_values, json_values, as_array, outer))
