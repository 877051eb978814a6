"""The golden set: two blind keyings of a report in, one settled label for every cell of the form out.

``resolve`` compares the keyings and writes ``cells.csv``; ``load_golden`` reads the settled labels and
refuses anything incomplete. Labels come from people who read the text; no extractor is ever involved.
"""

from __future__ import annotations

import csv
import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import yaml

from extractor.errors import GoldenError
from extractor.form import Field, Form, load_forms
from extractor.types import Number

HEADER = ("field", "status", "value", "printed", "settled", "note")
STATUSES = ("printed", "blank", "lost", "excluded")
SPLITS = ("dev", "locked")
_PLAIN = re.compile(r"[0-9]+(?:\.[0-9]+)?")
_NUMBER = re.compile(r"[+-]?[0-9]+(?:\.[0-9]+)?")


@dataclass(frozen=True, slots=True)
class GoldenCell:
    """The settled label of one field; ``settled`` is ``agreed`` or ``settled`` (by a third reader)."""

    field: int
    id: str
    status: str
    value: Number | None
    printed: str
    settled: str
    note: str


@dataclass(frozen=True, slots=True)
class GoldenSource:
    """One rendering of the report; ``cut`` where the text starts late or stops early."""

    file: Path
    shape: str
    cut: bool


@dataclass(frozen=True, slots=True)
class GoldenFinding:
    """A hard rule that the printed figures break: the report's own error."""

    rule: str
    instance: str
    left: Number
    right: Number


@dataclass(frozen=True, slots=True)
class GoldenExtra:
    """A row with figures that the form does not have."""

    table: str
    label: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class GoldenReport:
    """One report with its settled labels; ``form_id`` is None where the text holds no table of a form."""

    id: str
    form_id: str | None
    year: int | None
    agency: str | None
    split: str
    sources: tuple[GoldenSource, ...]
    cells: tuple[GoldenCell, ...]
    findings: tuple[GoldenFinding, ...]
    extras: tuple[GoldenExtra, ...]


@dataclass(frozen=True, slots=True)
class Mismatch:
    """Where two keyings differ: a field of the form, or ``form``, ``year``, ``agency``, ``findings``, ``extras``."""

    field: str
    a: str
    b: str
    closed: bool
    settled: Any
    why: str


@dataclass(frozen=True, slots=True)
class StatusRow:
    """One line of ``gouji golden status``; ``open`` is None while a keying is missing or unfinished."""

    id: str
    form: str | None
    keyers: tuple[str, ...]
    open: int | None
    excluded: int
    split: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One typed entry of a keying, read."""

    status: str
    value: Number | None
    printed: str


@dataclass(frozen=True, slots=True)
class Keying:
    """One keyer's reading of one report; ``cells`` are in form field order."""

    path: Path
    form: Form | None
    facts: Mapping[str, Any]
    typed: tuple[str, ...]
    cells: tuple[Entry, ...]


def number(text: str) -> Number:
    """An exact number from its decimal string: ``int`` where there is no fraction point."""
    return Decimal(text) if "." in text else int(text)


def entry(text: str) -> Entry:
    """Read one typed entry (golden/KEYING.md); ValueError says what is wrong with it."""
    special = {"_": ("blank", ""), "-": ("blank", "-"), "/": ("blank", "/"), "?": ("lost", ""), "!": ("excluded", "")}
    if text in special:
        status, printed = special[text]
        return Entry(status, None, printed)
    printed, sign, value = text.rpartition("=")
    if not sign:
        printed = value = text
        if not _PLAIN.fullmatch(text):
            raise ValueError(f"{text!r} is neither plain digits nor one of _ - / ? !; type it as printed=value")
    if not printed or not _NUMBER.fullmatch(value):
        raise ValueError(f"{text!r}: what follows the last = must be an exact decimal number")
    return Entry("printed", number(value), printed)


def _line(path: Path, name: str) -> str:
    pattern = re.compile(rf"^[\s{{-]*[\"']?{re.escape(name)}[\"']?\s*:")
    lines = path.read_text(encoding="utf-8").splitlines()
    return f"{path}:{next((n for n, line in enumerate(lines, 1) if pattern.search(line)), 1)}"


def _yaml(path: Path) -> dict[str, Any]:
    try:
        data = yaml.load(path.read_text(encoding="utf-8"), getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except FileNotFoundError as exc:
        raise GoldenError(f"{path}:1: the file is missing; for a new report run `gouji golden key`") from exc
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as exc:
        mark = getattr(exc, "problem_mark", None)
        raise GoldenError(f"{path}:{mark.line + 1 if mark else 1}: cannot be read as YAML: {exc}; correct it") from exc
    if not isinstance(data, dict):
        raise GoldenError(f"{path}:1: must be a mapping of names to values; see golden/README.md")
    return data


def _get(data: Mapping[str, Any], name: str, kinds: type | tuple[type, ...], path: Path) -> Any:
    if name not in data:
        raise GoldenError(f"{path}:1: {name!r} is missing; add it")
    if not isinstance(data[name], kinds) or isinstance(data[name], bool):
        raise GoldenError(f"{_line(path, name)}: {name!r} has the wrong type ({type(data[name]).__name__}); correct it")
    return data[name]


def _items(data: Mapping[str, Any], name: str, keys: str, path: Path) -> list[dict[str, Any]]:
    """The list ``name``, each entry a mapping with exactly the ``keys``."""
    items: list[dict[str, Any]] = _get(data, name, list, path)
    for item in items:
        if not isinstance(item, dict) or set(item) != set(keys.split()):
            raise GoldenError(f"{_line(path, name)}: each of {name} has exactly {keys}; correct {item!r}")
    return items


def _form(data: Mapping[str, Any], forms: Sequence[Form], path: Path) -> Form | None:
    form_id = _get(data, "form", (str, type(None)), path)
    found = next((f for f in forms if f.id == form_id), None)
    if form_id is not None and found is None:
        known = ", ".join(f.id for f in forms)
        raise GoldenError(f"{_line(path, 'form')}: unknown form {form_id!r}; known are {known}, or null for none")
    return found


def _facts(data: Mapping[str, Any], path: Path) -> dict[str, Any]:
    """What a key sheet and ``meta.yaml`` both say of the whole report, checked and in one order."""
    findings = _items(data, "findings", "rule instance left right", path)
    for item in findings:
        if not all(_NUMBER.fullmatch(str(item[side])) for side in ("left", "right")):
            raise GoldenError(f"{_line(path, 'findings')}: left and right must be exact numbers; correct {item!r}")
    for extra in (extras := _items(data, "extras", "table label values", path)):
        if not isinstance(extra["values"], list):
            raise GoldenError(f"{_line(path, 'extras')}: values must be a list; correct {extra!r}")
    return {
        "form": _get(data, "form", (str, type(None)), path),
        "year": _get(data, "year", (int, type(None)), path),
        "agency": _get(data, "agency", (str, type(None)), path),
        "findings": sorted(findings, key=lambda f: (f["rule"], f["instance"])),
        "extras": extras,
    }


def read_keying(path: Path, forms: Sequence[Form]) -> Keying:
    """Read one key sheet; GoldenError on an unfinished or ill-shaped one."""
    data = _yaml(path)
    form = _form(data, forms, path)
    tables = _get(data, "tables", dict, path)
    typed = tuple(_typed(tables, form, path)) if form else ()
    cells: list[Entry] = []
    for field, text in zip(form.fields if form else (), typed, strict=True):
        try:
            if not text:
                raise ValueError("not keyed yet; type what the text prints")
            cells.append(entry(text))
        except ValueError as exc:
            raise GoldenError(f"{_line(path, field.row)}: {field.id}: {exc}") from exc
    return Keying(path, form, _facts(data, path), typed, tuple(cells))


def _rows(form: Form) -> dict[str, dict[str, list[Field]]]:
    out: dict[str, dict[str, list[Field]]] = {}
    for f in form.fields:
        out.setdefault(f.table, {}).setdefault(f.row, []).append(f)
    return out


def _typed(tables: Mapping[str, Any], form: Form, path: Path) -> Iterator[str]:
    rows = _rows(form)
    for table in tables:
        if table not in rows:
            raise GoldenError(f"{_line(path, str(table))}: unknown table {table!r}; tables are {', '.join(rows)}")
        for row in tables[table] or ():
            if row not in rows[table]:
                raise GoldenError(f"{_line(path, str(row))}: unknown row {table}/{row}; move it to `extras`")
    for table, its in rows.items():
        for row, fields in its.items():
            values = (tables.get(table) or {}).get(row)
            if not isinstance(values, list) or len(values) != len(fields):
                raise GoldenError(
                    f"{_line(path, row)}: {table}/{row} needs a list of {len(fields)} entries "
                    f"({', '.join(f.column for f in fields)})"
                )
            if not all(isinstance(v, str) for v in values):
                raise GoldenError(f"{_line(path, row)}: {table}/{row}: every entry is a quoted string")
            yield from values


def key_sheet(report_path: Path, form: Form, keyer: str, folder: Path) -> Path:
    """Write an empty blind key sheet for ``report_path`` into ``folder`` and copy the source there.

    Returns the sheet's path; GoldenError rather than overwriting a sheet or a different source.
    """
    if not re.fullmatch(r"[a-z][a-z0-9_-]*", keyer):
        raise GoldenError(f"{folder}: keyer {keyer!r}: use a short lower-case name such as a or b")
    sheet = folder / "keys" / f"{keyer}.yaml"
    if sheet.exists():
        raise GoldenError(f"{sheet}:1: exists already and is never overwritten; choose another keyer name")
    if not report_path.is_file():
        raise GoldenError(f"{report_path}: no such report; give the path of one report file")
    source = folder / f"source{report_path.suffix.lower()}"
    if source.exists() and source.read_bytes() != report_path.read_bytes():
        raise GoldenError(f"{source}: holds another text already; key the new report in a folder of its own")
    sheet.parent.mkdir(parents=True, exist_ok=True)
    if not source.exists():
        shutil.copyfile(report_path, source)
    if not (folder / "meta.yaml").exists():
        _write_meta(folder, {"sources": [{"file": source.name, "shape": "unknown", "cut": False}], "settled": []})
    sheet.write_text(_empty_sheet(folder.name, form), encoding="utf-8")
    return sheet


def _empty_sheet(report: str, form: Form) -> str:
    lines = [f'report: "{report}"', f"form: {form.id}", "year: null", "agency: null", "tables:"]
    for table, rows in _rows(form).items():
        lines.append(f"  {table}:")
        for row, fields in rows.items():
            lines.append(f"    {row}: [" + ", ".join('""' for _ in fields) + "]")
    return "\n".join([*lines, "extras: []", "findings: []", 'notes: ""', ""])


def keyings(folder: Path, forms: Sequence[Form]) -> tuple[Keying, Keying]:
    """The two finished keyings of one report folder."""
    paths = sorted((folder / "keys").glob("*.yaml"))
    if len(paths) != 2:
        raise GoldenError(f"{folder / 'keys'}: {len(paths)} keying(s) here, two are needed; run `gouji golden key`")
    first, second = (read_keying(p, forms) for p in paths)
    return first, second


def compare(folder: Path, forms: Sequence[Form]) -> tuple[Mismatch, ...]:
    """Every difference in meaning between the two keyings, with its settlement where ``meta.yaml`` has one."""
    first, second = keyings(folder, forms)
    path = folder / "meta.yaml"
    third = {item["field"]: item for item in _items(_yaml(path), "settled", "field a b settled why", path)}

    def mismatch(name: str, a: Any, b: Any) -> Mismatch:
        item = third.get(name, {})
        return Mismatch(name, str(a), str(b), name in third, item.get("settled"), str(item.get("why", "")))

    facts = [(name, first.facts[name], second.facts[name]) for name in first.facts]
    out = [mismatch(*fact) for fact in facts if fact[1] != fact[2]]
    if first.form and first.form == second.form:
        cells = zip(first.form.fields, first.cells, second.cells, first.typed, second.typed, strict=True)
        out += [mismatch(field.id, ta, tb) for field, x, y, ta, tb in cells if x != y]
    return tuple(out)


def paired(folder: Path, forms: Sequence[Form]) -> tuple[tuple[Entry, Entry], ...]:
    """Both keyers' readings of every field of one report, for figures of agreement."""
    first, second = keyings(folder, forms)
    return tuple(zip(first.cells, second.cells, strict=True)) if first.form == second.form else ()


def resolve(folder: Path, forms: Sequence[Form] | None = None) -> tuple[Mismatch, ...]:
    """Write ``cells.csv`` and the settled facts when no mismatch is open; return the open mismatches otherwise."""
    forms = load_forms() if forms is None else forms
    mismatches = compare(folder, forms)
    still_open = tuple(m for m in mismatches if not m.closed)
    if still_open:
        return still_open
    first, second = keyings(folder, forms)
    third = {m.field: m for m in mismatches}
    facts = {name: third[name].settled if name in third else value for name, value in first.facts.items()}
    meta = {**_yaml(folder / "meta.yaml"), **facts, "keyers": [first.path.stem, second.path.stem]}
    chosen = first if facts["form"] == first.facts["form"] else second
    rows = []
    for field, agreed in zip(chosen.form.fields if chosen.form else (), chosen.cells, strict=True):
        m = third.get(field.id)
        try:
            cell = entry(str(m.settled)) if m else agreed
        except ValueError as exc:
            raise GoldenError(f"{_line(folder / 'meta.yaml', 'settled')}: {field.id}: {exc}") from exc
        note = m.why if m else next((v for k, v in (meta.get("notes") or {}).items() if field.id.startswith(k)), "")
        value = "" if cell.value is None else str(cell.value)
        rows.append((field.id, cell.status, value, cell.printed, "settled" if m else "agreed", note))
    _write_cells(folder / "cells.csv", rows)
    _write_meta(folder, meta)
    return ()


def _write_cells(path: Path, rows: Sequence[tuple[str, ...]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(HEADER)
        writer.writerows(rows)


def _write_meta(folder: Path, data: Mapping[str, Any]) -> None:
    lists: dict[str, Any] = {"sources": [], "findings": [], "extras": [], "keyers": [], "settled": []}
    blank = {"id": folder.name, "form": None, "year": None, "agency": None} | lists | {"excluded_reason": None}
    text = yaml.safe_dump({**blank, **data}, allow_unicode=True, sort_keys=False, width=110)
    (folder / "meta.yaml").write_text(text, encoding="utf-8")


def load_golden(folder: Path, forms: Sequence[Form], split: str | None = None) -> list[GoldenReport]:
    """Every settled report of the golden set, or those of one ``split``, in order of id.

    Reports with an ``excluded_reason`` are left out (`gouji golden status` lists them).
    """
    if split is not None and split not in SPLITS:
        raise GoldenError(f"{folder}: unknown split {split!r}; splits are {', '.join(SPLITS)}")
    splits = load_splits(folder)
    out: list[GoldenReport] = []
    for place in _places(folder):
        if place.name not in splits:
            raise GoldenError(f"{folder / 'splits.yaml'}:1: the report {place.name} has no split; add it to its issuer")
        if split in (None, splits[place.name]):
            report = _report(place, forms, splits[place.name])
            out += [report] if report else []
    return out


def _places(folder: Path) -> list[Path]:
    inside = sorted(folder.iterdir()) if folder.is_dir() else []
    places = [p for p in inside if (p / "meta.yaml").exists() or (p / "keys").is_dir()]
    if not places:
        raise GoldenError(f"{folder}: no golden report here; give the folder that holds splits.yaml")
    return places


def load_splits(folder: Path) -> dict[str, str]:
    """Report id → split; GoldenError where an issuer or a report stands twice, or has no folder."""
    path = folder / "splits.yaml"
    out: dict[str, str] = {}
    seen: set[str] = set()
    for item in _items(_yaml(path), "issuers", "issuer split reports", path):
        if item["split"] not in SPLITS:
            raise GoldenError(f"{path}:1: {item['issuer']}: unknown split {item['split']!r}; use {' or '.join(SPLITS)}")
        if item["issuer"] in seen:
            raise GoldenError(f"{path}:1: the issuer {item['issuer']} stands twice; keep one entry for all its reports")
        seen.add(item["issuer"])
        for report in item["reports"]:
            if report in out or not (folder / report).is_dir():
                raise GoldenError(f"{path}:1: the report {report} stands twice or has no folder; correct the list")
            out[report] = item["split"]
    return out


def _report(place: Path, forms: Sequence[Form], split: str) -> GoldenReport | None:
    path = place / "meta.yaml"
    meta = _yaml(path)
    if _get(meta, "id", str, path) != place.name:
        raise GoldenError(f"{_line(path, 'id')}: id {meta['id']!r} differs from the folder's name; correct it")
    if _get(meta, "excluded_reason", (str, type(None)), path):
        return None
    form, facts = _form(meta, forms, path), _facts(meta, path)
    known = {(r.id, r.instance) for r in form.rules} if form else set()
    findings = []
    for f in facts["findings"]:
        if (f["rule"], f["instance"]) not in known:
            raise GoldenError(
                f"{_line(path, 'findings')}: the form has no rule {f['rule']}/{f['instance']}; correct it"
            )
        findings.append(GoldenFinding(f["rule"], f["instance"], number(str(f["left"])), number(str(f["right"]))))
    extras = tuple(GoldenExtra(e["table"], e["label"], tuple(map(str, e["values"]))) for e in facts["extras"])
    sources = tuple(_sources(meta, path))
    cells = tuple(_cells(place / "cells.csv", form))
    return GoldenReport(
        place.name, form.id if form else None, facts["year"], facts["agency"], split, sources, cells,
        tuple(findings), extras,
    )  # fmt: skip


def _sources(meta: Mapping[str, Any], path: Path) -> Iterator[GoldenSource]:
    sources = _items(meta, "sources", "file shape cut", path)
    if not sources or not all(isinstance(s["cut"], bool) for s in sources):
        raise GoldenError(f"{_line(path, 'sources')}: name at least one source, with cut: true or false")
    for item in sources:
        file = path.parent / str(item["file"])
        if not file.is_file():
            raise GoldenError(f"{_line(path, 'file')}: the source {file.name} is missing; copy it to {path.parent}")
        yield GoldenSource(file, str(item["shape"]), item["cut"])


def _cells(path: Path, form: Form | None) -> Iterator[GoldenCell]:
    fields = form.fields if form else ()
    if not path.is_file():
        raise GoldenError(f"{path}:1: the file is missing; run `gouji golden resolve {path.parent}`")
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    if not rows or tuple(rows[0]) != HEADER:
        raise GoldenError(f"{path}:1: the header must be {','.join(HEADER)}; run `gouji golden resolve`")
    for n, row in enumerate(rows[1:], 2):
        if len(row) != len(HEADER):
            raise GoldenError(f"{path}:{n}: {len(row)} entries instead of {len(HEADER)}; correct the line")
        if n - 2 >= len(fields) or row[0] != fields[n - 2].id:
            due = fields[n - 2].id if n - 2 < len(fields) else "nothing more"
            raise GoldenError(f"{path}:{n}: the field {row[0]!r} stands where the form has {due}; keep its order")
        yield _cell(n - 2, row, f"{path}:{n}")
    if len(rows) - 1 < len(fields):
        raise GoldenError(f"{path}:{len(rows)}: the file ends before {fields[len(rows) - 1].id}; add the missing lines")


def _cell(index: int, row: Sequence[str], where: str) -> GoldenCell:
    name, status, value, printed, settled, note = row
    if status not in STATUSES:
        raise GoldenError(f"{where}: {name}: unknown status {status!r}; statuses are {', '.join(STATUSES)}")
    if settled not in ("agreed", "settled"):
        raise GoldenError(f"{where}: {name}: settled must be agreed or settled, not {settled!r}")
    if (status == "printed") != bool(_NUMBER.fullmatch(value)) or (status != "printed" and value):
        raise GoldenError(f"{where}: {name}: value {value!r} under status {status}; printed cells alone have one")
    if status == "printed" and not printed:
        raise GoldenError(f"{where}: {name}: a printed cell needs its printed text; copy it from the source")
    return GoldenCell(index, name, status, number(value) if value else None, printed, settled, note)


def status(folder: Path, forms: Sequence[Form] | None = None) -> list[StatusRow]:
    """One row a report: its form, keyers, open mismatches (None: keying unfinished), excluded cells and split."""
    forms = load_forms() if forms is None else forms
    splits = load_splits(folder)
    return [_status_row(place, forms, splits) for place in _places(folder)]


def _status_row(place: Path, forms: Sequence[Form], splits: Mapping[str, str]) -> StatusRow:
    keyers = tuple(p.stem for p in sorted((place / "keys").glob("*.yaml")))
    try:
        still_open: int | None = sum(not m.closed for m in compare(place, forms))
    except GoldenError:
        still_open = None
    meta = _yaml(place / "meta.yaml")
    cells = place / "cells.csv"
    lines = cells.read_text(encoding="utf-8").splitlines()[1:] if cells.is_file() else []
    excluded = sum(line.split(",")[1] == "excluded" for line in lines)
    return StatusRow(place.name, meta.get("form"), keyers, still_open, excluded, splits.get(place.name, "none"))
