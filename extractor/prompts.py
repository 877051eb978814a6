"""The prompts of the model reader: text files with front matter, filled by literal replacement and known by their hash.

A prompt names no form; what it says of one comes in through ``$names``. Report text goes between two marks made from its
own hash, so that no text can hold the mark that ends it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from pydantic import BaseModel, ConfigDict, ValidationError

from extractor.errors import PromptError

_FILE = re.compile(r"\A---\n(?P<head>.*?)^---\n(?P<body>.*)\Z", re.S | re.M)
_SECTION = re.compile(r"^## (?P<name>[a-z]+)\n(?P<text>.*?)(?=^## |\Z)", re.S | re.M)
_NAME = re.compile(r"\$([a-z]+)")
_MARK_DIGITS = 12


class Head(BaseModel):
    """The front matter of a prompt file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str
    version: int
    reply: str


class Fence(NamedTuple):
    """The marks before and after quoted text."""

    first: str
    last: str


@dataclass(frozen=True, slots=True)
class Prompt:
    """One prompt file: its front matter, its sections by name, and the sha256 of its bytes."""

    head: Head
    sections: Mapping[str, str]
    sha256: str
    path: str

    @property
    def address(self) -> str:
        """``<id>@<hash>``, as a question names its prompt."""
        return f"{self.head.id}@{self.sha256}"

    def fill(self, section: str, **values: object) -> str:
        """A section with every ``$name`` replaced once and literally: what is put in is never looked at again.

        Raises PromptError for a name without a value, and for a value that the section has no place for.
        """
        text = self._section(section)
        names = set(_NAME.findall(text))
        if names != values.keys():
            odd = ", ".join(f"${n}" for n in sorted(names ^ values.keys()))
            raise PromptError(f"{self.path}: ## {section}: {odd} must stand both in the text and among the values that are put in; mend the file")
        return _NAME.sub(lambda m: str(values[m[1]]), text)

    def listed(self, section: str) -> dict[str, str]:
        """A section of lines ``NAME: sentence`` as a mapping; PromptError for any other line."""
        out: dict[str, str] = {}
        for line in self._section(section).splitlines():
            name, colon, sentence = line.partition(": ")
            if not colon or name in out:
                raise PromptError(f"{self.path}: ## {section}: {line!r} is no line of its own of the kind `NAME: sentence`; mend the file")
            out[name] = sentence
        return out

    def _section(self, name: str) -> str:
        if name not in self.sections:
            raise PromptError(f"{self.path}: there is no section ## {name}; sections are {', '.join(self.sections)}")
        return self.sections[name]


def default_folder() -> Path:
    """Where the shipped prompts live: inside the wheel, else in the checkout."""
    package = Path(__file__).resolve().parent
    inside = package / "_data" / "prompts"
    return inside if inside.is_dir() else package.parent / "prompts"


@lru_cache(maxsize=16)
def load_prompt(name: str, folder: str | None = None) -> Prompt:
    """The prompt ``<name>.md``; PromptError names the file, what is wrong with it and what to do."""
    path = (Path(folder) if folder else default_folder()) / f"{name}.md"
    try:
        data = path.read_bytes()
        text = data.decode("utf-8").replace("\r\n", "\n")
    except OSError as exc:
        raise PromptError(f"{path}: {exc.strerror or type(exc).__name__}; restore the file or reinstall the program") from exc
    except UnicodeDecodeError as exc:
        raise PromptError(f"{path}: byte {exc.start} is not UTF-8; save the file as UTF-8") from exc
    parts = _FILE.match(text)
    if parts is None:
        raise PromptError(f"{path}: a prompt file begins with front matter between two lines of ---; add id, version and reply there")
    head = _head(parts["head"], path)
    if head.id != name:
        raise PromptError(f"{path}: id: {head.id!r} is not the name of the file; rename one of them")
    found = [(m["name"], m["text"].strip("\n")) for m in _SECTION.finditer(parts["body"])]
    sections = dict(found)
    if not sections or len(sections) < len(found):
        raise PromptError(f"{path}: a prompt has sections that begin with `## name`, each name once; mend the file")
    return Prompt(head, sections, hashlib.sha256(data).hexdigest(), str(path))


def _head(text: str, path: Path) -> Head:
    pairs = [line.partition(":") for line in text.splitlines() if line.strip()]
    try:
        return Head.model_validate({k.strip(): v.strip() for k, _, v in pairs})
    except ValidationError as exc:
        first = exc.errors(include_url=False, include_input=False)[0]
        entry = ".".join(map(str, first["loc"]))
        raise PromptError(f"{path}: front matter: {entry}: {first['msg']}; it holds id, version and reply") from exc


def fence(text: str) -> Fence:
    """Marks to quote ``text`` between; made from its hash, and again until they do not occur in it."""
    trial = 0
    while True:
        digest = hashlib.sha256(f"{trial}\n{text}".encode()).hexdigest()[:_MARK_DIGITS]
        if digest not in text.lower():
            return Fence(f"<<{digest}", f"{digest}>>")
        trial += 1
