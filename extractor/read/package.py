"""The container of DOCX and XLSX: parts of XML in a ZIP, opened without trusting what it says of itself.

Only the parts that hold the report are inflated, and only after their sizes were looked at. This is zipfile and lxml and not
python-docx and openpyxl: these inflate and build everything, raise whatever comes on a malformed file, and openpyxl makes an
object for every square of a merged range, of which a sheet has 17 thousand million (docs/formats.md has the measurements).
"""

from __future__ import annotations

import io
import posixpath
import zipfile
import zlib
from typing import TYPE_CHECKING

from extractor.errors import ReportUnreadable

if TYPE_CHECKING:
    from lxml import etree

MAX_PARTS = 10_000
MAX_UNPACKED = 256_000_000  # bytes of all parts, pictures too
MAX_PART = 32_000_000
MAX_TAGS = 1_500_000  # of one part, opening and closing
MAX_RATIO = 200  # XML of tables packs to a fortieth; a bomb to a thousandth
_SMALL = 1_000_000  # what a part may unpack to whatever its ratio
_ENCRYPTED = 0x1
_RELATIONS = "{http://schemas.openxmlformats.org/package/2006/relationships}Relationship"
# Files saved as "strict" say the same under other names.
_STRICT = (
    (b"http://purl.oclc.org/ooxml/wordprocessingml/main", b"http://schemas.openxmlformats.org/wordprocessingml/2006/main"),
    (b"http://purl.oclc.org/ooxml/spreadsheetml/main", b"http://schemas.openxmlformats.org/spreadsheetml/2006/main"),
    (b"http://purl.oclc.org/ooxml/officeDocument/relationships", b"http://schemas.openxmlformats.org/officeDocument/2006/relationships"),
)
_SAVE_AGAIN = "open it in Word, Excel or WPS, save it again, and give that file"


class Package:
    """An open container.

    Raises ReportUnreadable: OFFICE_BROKEN, OFFICE_TOO_LARGE or ENCRYPTED; the methods raise the first two and OFFICE_TOO_DEEP.
    """

    def __init__(self, data: bytes) -> None:
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(data))
        except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, EOFError) as error:
            raise broken("its directory cannot be read: it may be cut off") from error
        parts = self._zip.infolist()
        if len(parts) > MAX_PARTS or sum(part.file_size for part in parts) > MAX_UNPACKED:
            raise too_large(f"more than {MAX_PARTS:,} parts or {MAX_UNPACKED:,} bytes unpacked")
        if any(part.flag_bits & _ENCRYPTED for part in parts):
            raise ReportUnreadable("ENCRYPTED", "the file is locked with a password: save it without one and give that file")
        self._parts = {part.filename.lstrip("/"): part for part in parts}
        self._relations: dict[str, dict[str, tuple[str, str]]] = {}

    def main(self, usual: str) -> str:
        """The name of the part that everything hangs on; ``usual`` where the file does not say."""
        if "_rels/.rels" in self._parts:
            for relation in self.xml("_rels/.rels").iter(_RELATIONS):
                if relation.get("Type", "").endswith("/officeDocument"):
                    name = relation.get("Target", "").lstrip("/")
                    return name if name in self._parts else usual
        return usual

    def relations(self, part: str) -> dict[str, tuple[str, str]]:
        """What ``part`` refers to, by id: the last word of its type, such as ``styles``, and the part's name."""
        if part not in self._relations:
            self._relations[part] = self._read_relations(part)
        return self._relations[part]

    def _read_relations(self, part: str) -> dict[str, tuple[str, str]]:
        folder, name = posixpath.split(part)
        listing = f"{folder}/_rels/{name}.rels"
        if listing not in self._parts:
            return {}
        found = {}
        for relation in self.xml(listing).iter(_RELATIONS):
            if relation.get("TargetMode") != "External":
                target = relation.get("Target", "")
                target = target.lstrip("/") if target.startswith("/") else posixpath.normpath(posixpath.join(folder, target))
                found[relation.get("Id", "")] = (relation.get("Type", "").rpartition("/")[2], target)
        return found

    def related(self, part: str, kind: str) -> etree._Element | None:
        """The part of this kind that ``part`` refers to; None where it has none."""
        name = next((target for said, target in self.relations(part).values() if said == kind and target in self._parts), None)
        return self.xml(name) if name else None

    def xml(self, name: str) -> etree._Element:
        """The root of one part; no entity is resolved and nothing outside is opened."""
        from lxml import etree

        data = self._inflated(name)
        if b"!DOCTYPE" in data or b"!\0D\0O\0C\0T\0Y\0P\0E" in data:
            raise broken("it declares a document type, which Office files never do")
        for strict, usual in _STRICT:
            data = data.replace(strict, usual) if strict in data else data
        try:
            return etree.fromstring(data, etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True, remove_pis=True))
        except etree.XMLSyntaxError as error:
            if "Excessive depth" in str(error):
                raise ReportUnreadable("OFFICE_TOO_DEEP", f"elements are nested hundreds deep: {_SAVE_AGAIN}") from error
            if "limit exceeded" in str(error):
                raise too_large("a single text in it has millions of characters") from error
            raise broken(f"its part {name} is no XML ({error.msg})") from error

    def _inflated(self, name: str) -> bytes:
        part = self._parts.get(name)
        if part is None:
            raise broken(f"its part {name} is missing")
        if part.file_size > MAX_PART or part.file_size > max(_SMALL, part.compress_size * MAX_RATIO):
            raise too_large(f"its part {name} unpacks to {part.file_size:,} bytes")
        try:
            data = self._zip.read(part)
        except (zipfile.BadZipFile, zlib.error, OSError, ValueError, NotImplementedError, RuntimeError, EOFError) as error:
            raise broken(f"its part {name} cannot be unpacked") from error
        if data.count(b"<") > MAX_TAGS:
            raise too_large(f"its part {name} has more than {MAX_TAGS:,} tags")
        return data


def broken(why: str) -> ReportUnreadable:
    """The error of a file that cannot be opened."""
    return ReportUnreadable("OFFICE_BROKEN", f"the document is damaged, {why}: fetch it again, or {_SAVE_AGAIN}")


def too_large(why: str) -> ReportUnreadable:
    """The error of a file made to exhaust its reader, or of one that holds far more than a report."""
    return ReportUnreadable("OFFICE_TOO_LARGE", f"the document is too large, {why}: give the report alone")
