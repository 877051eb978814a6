"""The outline of a form: ids, labels, sections and layouts that fit together, and the labels it prints."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence

from extractor.errors import FormError
from extractor.form.file import Key, Lines
from extractor.form.spec import FormSpec, HeaderSpec, NarrativeSpec, RuleSpec, TableSpec
from extractor.form.types import Label, Role
from extractor.text import key, normalise


def check_outline(spec: FormSpec, lines: Lines) -> None:
    """FormError for ids, labels, sections or layouts that do not fit together."""
    if not re.fullmatch(r"[\w.-]+", spec.form):
        raise FormError(f"{lines.place('form')}: form: {spec.form!r} must be one word, such as disclosure-2021")
    if spec.since is not None and spec.until is not None and spec.since > spec.until:
        raise FormError(f"{lines.place('until')}: until: {spec.until} is before since: {spec.since}; no report could have this form")
    if not any(key(normalise(d)) for d in spec.detect):
        raise FormError(f"{lines.place('detect')}: detect: give at least one label that no other edition prints")
    if not spec.tables:
        raise FormError(f"{lines.place('tables')}: tables: a form has at least one table")
    known: set[str] = set()
    for n, table in enumerate(spec.tables):
        if table.id in known:
            raise FormError(f"{lines.place('tables', n, 'id')}: the table id {table.id!r} is already taken; rename one of them")
        known.add(table.id)
        _check_table(table, n, lines)
    for n, section in enumerate(spec.sections):
        if section.table and section.table not in known:
            where = lines.place("sections", n, "table")
            raise FormError(f"{where}: section {section.label}: no table {section.table!r}; tables are {', '.join(sorted(known))}")
    taken: set[str] = set()
    both: list[tuple[str, Sequence[RuleSpec | NarrativeSpec]]] = [("rules", spec.rules), ("narrative", spec.narrative)]
    for what, rules in both:
        for n, rule in enumerate(rules):
            if rule.id in taken:
                raise FormError(f"{lines.place(what, n, 'id')}: the rule id {rule.id!r} is already taken; rename one of them")
            taken.add(rule.id)


def _check_table(table: TableSpec, number: int, lines: Lines) -> None:
    _check_id(table.id, lines.place("tables", number, "id"))
    if not table.blocks:
        raise FormError(f"{lines.place('tables', number, 'blocks')}: table {table.id}: a table has at least one block")
    for b, block in enumerate(table.blocks):
        at: Key = ("tables", number, "blocks", b)
        if block.layout == "band" and len(table.blocks) > 1:
            where = lines.place(*at, "layout")
            raise FormError(f"{where}: table {table.id}: a band must be the only block of its table; give it a table of its own")
        for what, headers in (("rows", block.rows), ("columns", block.columns)):
            if not headers:
                raise FormError(f"{lines.place(*at, what)}: table {table.id}: a block has rows and columns; there are no {what}")
            _check_labels(headers, (*at, what), lines, f"table {table.id}: {what}")
            _check_ids(headers, (*at, what), lines, f"table {table.id}: {what}", set())


def _check_id(name: str, where: str) -> None:
    if not name.isidentifier() or unicodedata.normalize("NFKC", name) != name:
        raise FormError(f"{where}: the id {name!r} cannot stand in an expression; use letters, digits and _, beginning with a letter")


def _check_ids(headers: Sequence[HeaderSpec], at: Key, lines: Lines, what: str, taken: set[str]) -> None:
    for n, h in enumerate(headers):
        where = lines.place(*at, n, "id")
        _check_id(h.id, where)
        if h.id in taken:
            raise FormError(f"{where}: {what}: the id {h.id!r} stands twice; ids of rows, columns and groups must be unique in a block")
        taken.add(h.id)
        _check_ids(h.children, (*at, n, "children"), lines, what, taken)


def _check_labels(headers: Sequence[HeaderSpec], at: Key, lines: Lines, what: str) -> None:
    seen: dict[str, str] = {}
    for n, h in enumerate(headers):
        where = lines.place(*at, n, "label")
        for text in {key(normalise(x)): None for x in (h.label, *h.also)}:
            if not text:
                raise FormError(f"{where}: {what}: {h.id} has an empty label")
            if seen.setdefault(text, h.id) != h.id:
                raise FormError(
                    f"{where}: {what}: {h.id} and {seen[text]} have the same label {text!r}; labels must differ within their parent"
                )
        _check_labels(h.children, (*at, n, "children"), lines, what)


# A label of fewer characters than this also occurs in running prose and decides nothing alone.
_WEAK_BELOW = 5
_NUMBERING = re.compile(r"^\s*(?:[(（][一二三四五六七八九十\d]+[)）]|[一二三四五六七八九十]+、|\d+[.、．])\s*")


def labels(spec: FormSpec) -> Iterator[Label]:
    """Every label of the form with its variants, each also without its number."""

    def variants(role: Role, labels: Sequence[str], table: str | None, block: int, position: int, ref: str) -> Iterator[Label]:
        seen: set[str] = set()
        for n, text in enumerate(labels):
            for variant, form in ((n > 0, text), (True, _NUMBERING.sub("", text))):
                k = key(normalise(form))
                if k and k not in seen:
                    seen.add(k)
                    weak = len(k) < _WEAK_BELOW or (role == "column" and len(k) < 6 and not k.startswith("本年"))
                    yield Label(role, k, form, table, block, position, ref, variant, weak)

    yield from variants("title", [spec.title], None, -1, -1, "")
    for s in spec.sections:
        yield from variants("section", [s.label, *s.also], s.table, -1, -1, s.table or "")
    for t in spec.tables:
        for b, block in enumerate(t.blocks):
            if block.label:
                yield from variants("block", [block.label], t.id, b, -1, block.label)
            if block.corner:
                yield from variants("corner", [block.corner], t.id, b, -1, block.corner)
            sides: tuple[tuple[Role, Sequence[HeaderSpec]], ...] = (("row", block.rows), ("column", block.columns))
            for role, headers in sides:
                position = 0
                stack = list(reversed(headers))
                while stack:
                    h = stack.pop()
                    if h.children:
                        yield from variants("group", [h.label, *h.also], t.id, b, -1, h.id)
                        stack.extend(reversed(h.children))
                    else:
                        yield from variants(role, [h.label, *h.also], t.id, b, position, h.id)
                        position += 1
