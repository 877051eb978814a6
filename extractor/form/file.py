"""A YAML file into plain data, with the line of every entry, and nothing that could make a machine hang.

The data are built from the parser's events, not by PyYAML's constructor: so each entry keeps its line, a key that
stands twice is seen, and depth, size and repetition by aliases have limits. Only words, whole numbers, true, false
and nothing are known; no tag makes an object.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from extractor.errors import FormError

Key = tuple[str | int, ...]
"""The way to an entry: ``("rules", 3, "expr")``."""
Data = str | int | bool | list["Data"] | dict[str, "Data"] | None

# Ten times the longest form that exists, in each respect.
MOST_BYTES = 262_144
MOST_ENTRIES = 20_000
DEEPEST = 40

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_RESOLVER: Any = yaml.resolver.Resolver()
_TAG = "tag:yaml.org,2002:"
_WORDS: dict[str, bool] = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}


@dataclass(frozen=True, slots=True)
class Lines:
    """The lines of a file's entries, counted from 1. ``repeats`` says which entry an alias repeats."""

    path: str
    line: Mapping[Key, int]
    repeats: Mapping[Key, Key]

    def place(self, *key: str | int) -> str:
        """``FILE:LINE`` of an entry, or of the nearest entry around it; the file alone where no line is known."""
        for end in range(len(key), -1, -1):
            for at in (key[:end], self._origin(key[:end])):
                if at in self.line:
                    return f"{self.path}:{self.line[at]}"
        return self.path

    def _origin(self, key: Key) -> Key:
        """The entry itself, where ``key`` leads through an alias."""
        for n in range(len(key), 0, -1):
            if key[:n] in self.repeats:
                return self._origin(self.repeats[key[:n]] + key[n:])
        return key


def no_lines(path: str) -> Lines:
    """The lines of a form that was not read from a file."""
    return Lines(path, {}, {})


def read(path: Path, times: int = 1) -> tuple[Data, Lines]:
    """The data of a YAML file and the lines of its entries; FormError names the file and the line.

    A file that is no form may be ``times`` as large.
    """
    text = _text(path, MOST_BYTES * times)
    builder = _Builder(str(path), MOST_ENTRIES * times)
    try:
        data = builder.document(yaml.parse(text, _LOADER))
    except yaml.MarkedYAMLError as exc:
        mark = exc.problem_mark or exc.context_mark
        line = mark.line + 1 if mark else 1
        what = " ".join(x for x in (exc.context, exc.problem) if x)
        raise FormError(f"{path}:{line}: not valid YAML: {what}; look at this line and the one before") from exc
    except yaml.YAMLError as exc:
        bad = yaml.reader.Reader.NON_PRINTABLE.search(text)
        line = text.count("\n", 0, bad.start()) + 1 if bad else 1
        raise FormError(f"{path}:{line}: not valid YAML: a control character; delete it") from exc
    return data, Lines(str(path), builder.line, builder.repeats)


def _text(path: Path, most: int) -> str:
    try:
        with path.open("rb") as file:
            data = file.read(most + 1)
    except OSError as exc:
        raise FormError(f"{path}: cannot be read: {exc}") from exc
    if len(data) > most:
        raise FormError(f"{path}: longer than {most:,} bytes, which no form is; give the file of one form")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        line = data.count(b"\n", 0, exc.start) + 1
        raise FormError(f"{path}:{line}: cannot be read: not UTF-8 text; save the file as UTF-8") from exc


class _Builder:
    """Data out of the events of one document."""

    def __init__(self, path: str, most: int) -> None:
        self.path = path
        self.most = most
        self.line: dict[Key, int] = {}
        self.repeats: dict[Key, Key] = {}
        self.anchors: dict[str, tuple[Data, Key, int]] = {}
        self.entries = 0

    def document(self, events: Iterator[yaml.Event]) -> Data:
        """The only document of a file."""
        data: Data = None
        seen = False
        for event in events:
            if isinstance(event, yaml.StreamStartEvent | yaml.StreamEndEvent | yaml.DocumentEndEvent):
                continue
            if isinstance(event, yaml.DocumentStartEvent):
                if seen:
                    raise self.wrong(event, "a second document begins; a file holds one form")
                seen = True
                continue
            self.line[()] = _line(event)
            data = self.value(event, events, ())
        return data

    def value(self, event: yaml.Event, events: Iterator[yaml.Event], key: Key) -> Data:
        """The data that begin with ``event``."""
        if isinstance(event, yaml.AliasEvent):
            return self.alias(event, key)
        before = self.entries
        self.count(event, 1)
        if len(key) > DEEPEST:
            raise self.wrong(event, f"more than {DEEPEST} levels deep, which no form is")
        if isinstance(event, yaml.SequenceStartEvent):
            data: Data = [self.item(e, events, (*key, n)) for n, e in enumerate(_until(events, yaml.SequenceEndEvent))]
        elif isinstance(event, yaml.MappingStartEvent):
            data = self.mapping(events, key)
        else:
            assert isinstance(event, yaml.ScalarEvent)
            data = self.scalar(event)
        anchor: str | None = event.anchor
        if anchor is not None:
            self.anchors[anchor] = (data, key, self.entries - before)
        return data

    def item(self, event: yaml.Event, events: Iterator[yaml.Event], key: Key) -> Data:
        """One item of a list."""
        self.line[key] = _line(event)
        return self.value(event, events, key)

    def mapping(self, events: Iterator[yaml.Event], key: Key) -> dict[str, Data]:
        """The entries of a mapping, whose keys are words that stand once."""
        out: dict[str, Data] = {}
        for event in _until(events, yaml.MappingEndEvent):
            if not isinstance(event, yaml.ScalarEvent):
                raise self.wrong(event, "a list or a mapping as a key; a key is one word")
            name = event.value
            if name in out:
                first = self.line[(*key, name)]
                raise self.wrong(event, f"the key {name[:40]!r} stands twice (first in line {first}); delete one")
            self.line[(*key, name)] = _line(event)
            out[name] = self.value(next(events), events, (*key, name))
        return out

    def scalar(self, event: yaml.ScalarEvent) -> Data:
        """One word or number."""
        text: str = event.value
        tag = event.tag
        if tag is None or tag == "!":
            tag = _RESOLVER.resolve(yaml.ScalarNode, text, event.implicit) if event.implicit[0] else _TAG + "str"
        kind = tag.removeprefix(_TAG)
        if kind == "str":
            return text
        if kind == "null":
            return None
        if kind == "bool" and text.lower() in _WORDS:
            return _WORDS[text.lower()]
        if kind == "int" and re.fullmatch(r"[+-]?(?:0|[1-9]\d{0,11})", text):
            return int(text)
        raise self.wrong(event, f"{text[:40]!r} would be read as {kind[:20]}; put it in quotes if it is a text")

    def alias(self, event: yaml.AliasEvent, key: Key) -> Data:
        """What an anchor marks, once more."""
        if event.anchor not in self.anchors:
            raise self.wrong(event, f"*{event.anchor} repeats nothing that stands complete before it; write it out")
        data, origin, size = self.anchors[event.anchor]
        self.count(event, size)
        self.repeats[key] = origin
        return data

    def count(self, event: yaml.Event, more: int) -> None:
        """Count entries, those repeated by aliases included."""
        self.entries += more
        if self.entries > self.most:
            raise self.wrong(event, f"more than {self.most:,} entries, repeated ones included; no form has so many")

    def wrong(self, event: yaml.Event, what: str) -> FormError:
        """The error that says what is wrong in the line of ``event``."""
        return FormError(f"{self.path}:{_line(event)}: {what}")


def _until(events: Iterator[yaml.Event], end: type[yaml.Event]) -> Iterator[yaml.Event]:
    for event in events:
        if isinstance(event, end):
            return
        yield event


def _line(event: yaml.Event) -> int:
    return event.start_mark.line + 1 if event.start_mark else 1
