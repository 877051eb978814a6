"""Damage to bytes and to markup, drawn by a random generator: the same generator gives the same damage."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import partial
from random import Random

Mutation = Callable[[bytes, Random], bytes]

LARGEST = 200_000
"""Bytes that a mutated file mostly has at most: larger ones only take longer."""
_LARGE = 3_000_000  # now and then

_WHOLE = (
    0, -1, 1, 2, 63, 64, 255, 256, 1000, 1001, 16_384, 16_385, 32_767, 65_535, 65_536, 1_048_576, 1_048_577, 2_147_483_647, 2_147_483_648,
    4_294_967_295, 4_294_967_296, 2**63, 10**30, 10**400,
)  # fmt: skip
NUMBERS = (
    *(b"%d" % n for n in _WHOLE), b"0.5", b"-0.0", b"1e308", b"NaN", b"inf", b"1e9", b"0x7f", b"007", b"+3", b"", b" 3 ",
    "３".encode(), "三".encode(), "²".encode(), b"1_000",
)  # fmt: skip
_SMALL = (1, 2, 4, 8)
_FIGURE = re.compile(rb"\d+")
_TAG = re.compile(rb"<[^<>]{1,400}>")
_VALUE = re.compile(rb"""=\s*("[^"<]{0,200}"|'[^'<]{0,200}')""")
_OPENING = re.compile(rb"<([A-Za-z][\w:.-]{0,60})(?:\s[^<>]*)?(?<!/)>")

TEXTS = tuple(x.encode() if isinstance(x, str) else x for x in (
    "本年新收政府信息公开申请数量", "政府信息公开工作年度报告", "三、收到和处理政府信息公开申请情况", "\u202e\u2066", "\u200b", "\ufeff", "\u2028", "\x0c", "\x0b",
    "\x07", "\x1b[31m", "\ufffe", "\U0010ffff", "\u0301" * 30, "０１２", "①②½²", "1,2,3", "1.2.3", "-", "/", "—", "|", "||||", "\t", "\t\t\t", "\r", "\r\n", "\n",
    b"\0", b"\0\0\0\0", b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf", b"\xed\xa0\x80", b"\x84\x31\x95\x33", b"\xc0\x80", b"\x80", b"\xa1\xa1", b"9" * 5000,
))  # fmt: skip


def place(data: bytes, rng: Random) -> int:
    """Anywhere in ``data``, its two ends more often than other places."""
    return rng.choice((0, len(data))) if rng.random() < 0.02 else rng.randrange(len(data) + 1)


def stretch(data: bytes, rng: Random, longest: int = 4096) -> slice:
    """A stretch of ``data``: mostly short, at times as long as may be."""
    at = place(data, rng)
    most = min(longest, len(data)) if rng.random() < 0.9 else len(data)
    return slice(at, at + int(most ** rng.random()))


def _flip(data: bytes, rng: Random) -> bytes:
    if not data:
        return data
    at = rng.randrange(len(data))
    return data[:at] + bytes([data[at] ^ 1 << rng.randrange(8)]) + data[at + 1 :]


def _set(data: bytes, rng: Random) -> bytes:
    where = stretch(data, rng, 8)
    return data[: where.start] + rng.randbytes(len(data[where])) + data[where.stop :]


def _insert(data: bytes, rng: Random) -> bytes:
    at = place(data, rng)
    return data[:at] + rng.randbytes(1 << rng.randrange(7)) + data[at:]


def _delete(data: bytes, rng: Random) -> bytes:
    where = stretch(data, rng)
    return data[: where.start] + data[where.stop :]


def _times(length: int, rng: Random) -> int:
    """How often to repeat so many bytes: seldom often."""
    return min(int(10 ** rng.uniform(0, 4)), 1 + (LARGEST if rng.random() < 0.9 else _LARGE) // (1 + length))


def _repeat(data: bytes, rng: Random) -> bytes:
    where = stretch(data, rng)
    times = _times(len(data[where]), rng)
    return data[: where.stop] + data[where] * times + data[where.stop :]


def _move(data: bytes, rng: Random) -> bytes:
    where = stretch(data, rng)
    rest = data[: where.start] + data[where.stop :]
    at = place(rest, rng)
    return rest[:at] + data[where] + rest[at:]


def _cut(data: bytes, rng: Random) -> bytes:
    at = place(data, rng)
    return data[:at] if rng.random() < 0.95 else data[at:]


def _number(data: bytes, rng: Random) -> bytes:
    return _replaced(data, _FIGURE, rng, rng.choice(NUMBERS))


def _size(data: bytes, rng: Random) -> bytes:
    """A binary number that some reader may take for a size or an offset."""
    width = rng.choice(_SMALL)
    value: int = rng.choice((0, 1, 0x7F, 0x80, 0xFF, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF, 2**63, 2**64 - 1, rng.getrandbits(16))) % (1 << 8 * width)
    at = place(data, rng)
    return data[:at] + value.to_bytes(width, rng.choice(("little", "big"))) + data[at + width :]


def _replaced(data: bytes, what: re.Pattern[bytes], rng: Random, by: bytes) -> bytes:
    """One of the matches behind a random place replaced; nothing where there is none."""
    found = what.search(data, place(data, rng)) or what.search(data)
    return data if found is None else data[: found.start()] + by + data[found.end() :]


_PLAIN: tuple[Mutation, ...] = (_flip, _flip, _set, _insert, _delete, _delete, _repeat, _move, _cut, _number, _number, _size)


def _word(words: Sequence[bytes], data: bytes, rng: Random) -> bytes:
    at = place(data, rng)
    over = rng.choice((0, 0, 1)) * rng.randrange(16)
    return data[:at] + rng.choice(words) + data[at + over :]


def splice(data: bytes, other: bytes, rng: Random) -> bytes:
    """The beginning of one file with a stretch of another in it."""
    at = place(data, rng)
    return (data[:at] + other[stretch(other, rng, len(other))] + data[at + rng.randrange(256) :])[:LARGEST]


def several(mutations: Sequence[Mutation], most: int = 6) -> Mutation:
    """One to ``most`` of ``mutations``, few more often than many."""

    def mutate(data: bytes, rng: Random) -> bytes:
        largest = LARGEST if rng.random() < 0.98 else _LARGE
        for _ in range(1 + int(most * rng.random() ** 3)):
            data = rng.choice(mutations)(data, rng)[:largest]
        return data

    return mutate


def plain(words: Sequence[bytes]) -> Mutation:
    """Damage to bytes of any kind, with words that the format knows."""
    word = partial(_word, (*words, *TEXTS))
    return several((*_PLAIN, word, word, word, word))


# ---------------------------------------------------------------- markup


def _value(data: bytes, rng: Random) -> bytes:
    return _replaced(data, _VALUE, rng, b'="' + rng.choice(NUMBERS) + b'"')


def _attribute(attributes: Sequence[bytes], data: bytes, rng: Random) -> bytes:
    """A tag with an attribute more or other, often a number that says how many."""
    found = _OPENING.search(data, place(data, rng)) or _OPENING.search(data)
    if found is None:
        return data
    return data[: found.start()] + _with(found, rng.choice(attributes), rng.choice(NUMBERS)) + data[found.end() :]


def _everywhere(attributes: Sequence[bytes], data: bytes, rng: Random) -> bytes:
    """Every tag of one name with the same attribute."""
    found = _OPENING.search(data, place(data, rng)) or _OPENING.search(data)
    if found is None:
        return data
    attribute, value = rng.choice(attributes), rng.choice(NUMBERS)
    tags = re.compile(rb"<(" + re.escape(found[1]) + rb")(?:\s[^<>]*)?>")
    return tags.sub(lambda tag: _with(tag, attribute, value), data)


def _with(tag: re.Match[bytes], attribute: bytes, value: bytes) -> bytes:
    """An opening tag with this attribute in place of the one of its name."""
    more = b" " + attribute + b'="' + value + b'"'
    rest = re.sub(rb"\s" + re.escape(attribute) + rb"""=("[^"]*"|'[^']*')""", b"", tag[0][1 + len(tag[1]) :])
    return b"<" + tag[1] + more + rest


def _untag(data: bytes, rng: Random) -> bytes:
    return _replaced(data, _TAG, rng, b"")


def _retag(data: bytes, rng: Random) -> bytes:
    """One tag in place of another."""
    other = _TAG.search(data, place(data, rng))
    return data if other is None else _replaced(data, _TAG, rng, other[0])


def _element(data: bytes, rng: Random) -> tuple[int, int, bytes] | None:
    """An element from its opening to the next closing of that name: where, and the name."""
    found = _OPENING.search(data, place(data, rng)) or _OPENING.search(data)
    if found is None:
        return None
    end = data.find(b"</" + found[1] + b">", found.end())
    return (found.start(), end + len(found[1]) + 3, found[1]) if end >= 0 else None


def _again(data: bytes, rng: Random) -> bytes:
    """An element several times, or gone, or within itself."""
    found = _element(data, rng)
    if found is None:
        return data
    start, end, name = found
    whole = data[start:end]
    way = rng.randrange(4)
    if way == 0:
        return data[:start] + data[end:]
    if way == 1:
        times = _times(len(whole), rng)
        return data[:start] + whole * times + data[end:]
    deep = int(10 ** rng.uniform(0, 2 if rng.random() < 0.9 else 5))
    opening, closing = b"<" + name + b">", b"</" + name + b">"
    deep = min(deep, LARGEST // (len(opening) + len(closing)))
    return data[:start] + opening * deep + whole + closing * (deep if way == 2 else 0) + data[end:]


def _put(words: Sequence[bytes], data: bytes, rng: Random) -> bytes:
    """A word between two tags."""
    found = _TAG.search(data, place(data, rng)) or _TAG.search(data)
    at = found.end() if found else place(data, rng)
    return data[:at] + rng.choice(words) + data[at:]


def _wrap(names: Sequence[bytes], data: bytes, rng: Random) -> bytes:
    """An element within another."""
    found = _element(data, rng)
    if found is None:
        return data
    name = rng.choice(names)
    return data[: found[0]] + b"<" + name + b">" + data[found[0] : found[1]] + b"</" + name + b">" + data[found[1] :]


def xml(words: Sequence[bytes], attributes: Sequence[bytes], names: Sequence[bytes]) -> Mutation:
    """Damage that mostly leaves XML well-formed, or a reader would see nothing of it; ``words`` are whole elements and text."""
    put, attribute, everywhere, wrap = partial(_put, words), partial(_attribute, attributes), partial(_everywhere, attributes), partial(_wrap, names)
    broken = several((_untag, _retag, partial(_put, TEXTS), plain(words)), 2)
    return several((*(_value, attribute, _again, put, wrap) * 4, *(everywhere, _number) * 2, broken))


def markup(words: Sequence[bytes], attributes: Sequence[bytes]) -> Mutation:
    """Damage to tags, attributes and elements, and to the bytes at large."""
    put, attribute, everywhere = partial(_put, (*words, *TEXTS)), partial(_attribute, attributes), partial(_everywhere, attributes)
    return several((_value, _value, attribute, attribute, everywhere, _untag, _retag, _again, _again, put, put, _number, plain(words)))
