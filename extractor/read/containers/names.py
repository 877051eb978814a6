"""Names in archives: labels for people, that no path is ever made of; and which of them are no reports by custom."""

from __future__ import annotations

import re
from hashlib import blake2b

_LONGEST = 240
_SYSTEM = frozenset({"__macosx", "thumbs.db", "ehthumbs.db", "desktop.ini", "$recycle.bin", "system volume information"})
_COMPANION = re.compile(r"(.+)(?:_files|\.files)", re.IGNORECASE | re.DOTALL)
_PAGE = re.compile(r"(.+)\.(?:x?html?|shtml|mht|mhtml)", re.IGNORECASE | re.DOTALL)


def label(name: str) -> str:
    """A name as it may be shown: one line, without what steers a terminal or turns the writing round, not too long."""
    if len(name) > _LONGEST:  # its end says more than its middle
        name = f"{name[: _LONGEST - 41]}…{name[-40:]}"
    if not name.isprintable():
        name = "".join(c if c.isprintable() or c == "\u3000" else "·" for c in name)
    return name.replace("!/", "!·/") or "·"  # "!/" stands between an archive and its member, and nowhere else


def decoded(raw: bytes) -> str:
    """A name that does not say its encoding: UTF-8, or what a Chinese Windows wrote."""
    for encoding in ("utf-8", "gb18030"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    return raw.decode("cp437")


class Labels:
    """The labels of one archive, none twice: the second member of a name gets ``#2``. Holds a few bytes a name."""

    def __init__(self) -> None:
        self._seen: set[bytes] = set()
        self._last: dict[bytes, int] = {}

    def unique(self, name: str) -> str:
        """The label of the next member."""
        first = out = label(name)
        key = _key(first)
        while _key(out) in self._seen:
            n = self._last[key] = self._last.get(key, 1) + 1
            out = f"{first}#{n}"
        self._seen.add(_key(out))
        return out


def _key(name: str) -> bytes:
    return blake2b(name.encode(), digest_size=10).digest()


def is_hidden(name: str) -> bool:
    """Whether a system or an editor, not a person, made the entry ``name`` of a folder: hidden files, thumbnails, locks."""
    return (name.startswith((".", "~$")) and name.strip(".") != "") or name.casefold() in _SYSTEM


def in_hidden(path: str) -> bool:
    """Whether an archive's member is hidden, or in a hidden folder."""
    return any(map(is_hidden, path.split("/")))


def page_key(path: str) -> str | None:
    """What a saved page and the folder of its parts have in common; None where ``path`` is no page."""
    match = _PAGE.fullmatch(path)
    return match[1].casefold() if match else None


def companion_key(folder: str) -> str | None:
    """The key of the page whose parts ``folder`` would hold by its name; None for other folders."""
    match = _COMPANION.fullmatch(folder)
    return match[1].casefold() if match else None


def companion_keys(path: str) -> list[str]:
    """The keys of the pages that a member may be a part of, by the folders that it stands in."""
    if "files/" not in path.casefold():
        return []
    parts = path.split("/")
    keys = (companion_key("/".join(parts[:n])) for n in range(1, len(parts)))
    return [key for key in keys if key is not None]
