"""Labelled cases: a report of known content, in a shape, at a level of damage, with the truth of every field."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from random import Random

from benchmarks.damage import names
from benchmarks.damage.content import Content, failing, make_content, plan
from benchmarks.damage.cosmetic import decorate, paginate, plain
from benchmarks.damage.draft import PAGED, ROW_ENDS, Draft, Line, Section, numeral
from benchmarks.damage.harm import MEDIUM, apply, settle
from benchmarks.damage.heavy import HEAVY
from benchmarks.damage.render import render
from benchmarks.damage.sheet import build
from extractor.form import Form
from extractor.text import key, normalise
from extractor.types import Number

SHAPES: tuple[str, ...] = (
    "tab-cells", "tab-rows", "pipe-rows", "markdown", "pipe-lines", "pipe-ends", "aligned", "plain-rows", "bare-lines",
    "flat", "flat-spaces", "html", "glued", "detached", "column-major",
)  # fmt: skip
LEVELS: tuple[str, ...] = ("clean", "light", "medium", "heavy")

# Two shapes are damage in themselves; below the heavy level their reports come in a sound shape.
_FALLBACK = {"detached": "aligned", "column-major": "bare-lines"}
_SUFFIX = {"html": ".html", "markdown": ".md"}
_DEDUPLICATED = frozenset({"bare-lines", "pipe-lines", "pipe-ends", "tab-cells"})

PRINTED = frozenset({"printed"})
BLANK = frozenset({"blank"})
LOST = frozenset({"lost"})
UNSEEN = BLANK | LOST


@dataclass(frozen=True, slots=True)
class Truth:
    """What is true of one field: what the original printed, what the text still shows, which statuses are right."""

    value: Number | None
    printed: str | None
    statuses: frozenset[str]


@dataclass(frozen=True, slots=True)
class ShownRow:
    """One row of a table as the text shows it: the fields that the form has beside its label (none where it has no
    label of the form), and the figures that stand there, each with the field it truly prints, -1 for none."""

    table: str
    own: tuple[int, ...]
    figures: tuple[tuple[int, str], ...]


@dataclass(frozen=True, slots=True)
class Case:
    """One labelled report. ``truth`` is in the form's field order; ``altered`` fields show other digits than printed.

    ``rows`` say where in the text the figures stand, ``runs`` which rows are written column after column; both are for
    ``benchmarks.determined``. ``spans`` are the offsets in ``text`` of the characters of each field, several for a figure
    in pieces; ``benchmarks.readers`` cites them.
    """

    name: str
    form_id: str | None
    year: int
    agency: str
    data: bytes
    suffix: str
    shape: str
    level: str
    truth: tuple[Truth, ...]
    misprints: tuple[tuple[str, str], ...]
    damages: tuple[str, ...]
    unplaceable: bool
    text_note: str
    encoding: str = "utf-8"
    altered: tuple[int, ...] = ()
    rows: tuple[ShownRow, ...] = ()
    runs: tuple[tuple[tuple[int, ...], ...], ...] = ()
    spans: tuple[tuple[int, int, int], ...] = ()

    @property
    def text(self) -> str:
        """The text of ``data``."""
        return self.data.decode(self.encoding)


def cases(forms: Sequence[Form], seeds: Iterable[int], level: str, shapes: Sequence[str] = SHAPES) -> Iterator[Case]:
    """One case a seed, going round the shapes and then the forms."""
    for n, seed in enumerate(seeds):
        yield make_case(forms[n // len(shapes) % len(forms)], seed, shapes[n % len(shapes)], level)


def make_case(form: Form, seed: int, shape: str, level: str) -> Case:
    """The case of this form, seed, shape and level: the same bytes in every process.

    Raises ValueError for a shape or a level that does not exist.
    """
    if shape not in SHAPES or level not in LEVELS:
        raise ValueError(
            f"no shape {shape!r} at level {level!r}; shapes are {', '.join(SHAPES)}; levels are {', '.join(LEVELS)}"
        )
    rng = Random(f"{seed}/{shape}/{level}/{form.id}")
    return case_of(make_content(form, rng), rng, shape, level, f"{form.id}-{shape}-{level}-{seed}")


def case_of(content: Content, rng: Random, shape: str, level: str, name: str) -> Case:
    """The case of a report with this content."""
    draft = draft_of(content, rng, shape if level == "heavy" else _FALLBACK.get(shape, shape), level)
    known = _edition_shown(draft)
    lines = _late(draft, render(draft))
    known = known and ("cut off" not in draft.damages or _edition_in(draft, lines))
    altered = _alter(draft, lines) if level == "heavy" and rng.random() < 0.3 else {}
    return _case(draft, lines, altered, known, name)


def labelled(draft: Draft, lines: list[Line], name: str) -> Case:
    """The case of a report whose tables are shown as they stand in ``draft``; ``lines`` are its text."""
    return _case(draft, lines, {}, _edition_shown(draft), name)


def draft_of(content: Content, rng: Random, shape: str, level: str) -> Draft:
    """The report with this content, damaged as far as its sections and tables go."""
    draft = _draft(content.form, content, rng, shape, level)
    _damage(draft)
    return draft


def _draft(form: Form, content: Content, rng: Random, shape: str, level: str) -> Draft:
    sheets = {s.table: s for s in build(form, [plain(v) for v in content.values])}
    sections: list[Section] = []
    prose = content.paragraphs
    specs = form.spec.sections
    for n, spec in enumerate(specs):
        lines = prose["overview"] if n == 0 else prose["other"] if n == len(specs) - 1 else ()
        if spec.table is None and not lines:
            lines = prose["problems"]
        sheet = sheets.pop(spec.table, None) if spec.table else None
        sections.append(Section(n, spec.label, list(lines), sheet, f"{numeral(n + 1)}、{spec.label}"))
    for sheet in sheets.values():
        sections.append(Section(len(sections), "", [], sheet))
    title = f"{content.year}年{form.spec.title}"
    titles = (
        [content.agency + title],
        [content.agency, title],
        [f"{content.agency}关于{title[:5]}度{form.spec.title}"],
    )
    draft = Draft(form, content, rng, shape, level, [*rng.choice(titles), *prose["opening"]], sections)
    draft.variant = rng.randrange(60)
    return draft


def _damage(draft: Draft) -> None:
    draft.spaced = draft.shape == "detached" or draft.rng.random() < 0.2
    if draft.shape in PAGED:
        paginate(draft)
    if draft.level == "clean":
        return
    decorate(draft)
    if draft.level == "medium":
        apply(draft, MEDIUM, draft.rng.choice((1, 1, 2)))
    elif draft.level == "heavy":
        apply(draft, HEAVY, draft.rng.choice((1, 1, 2)))
        apply(draft, MEDIUM, draft.rng.choice((1, 2, 2, 3)))
        if draft.shape in ("detached", "column-major"):
            draft.damages.append(f"order of reading: {draft.shape}")
    settle(draft)


def _edition_shown(draft: Draft) -> bool:
    """Whether any label that decides the edition is left."""
    wanted = [_key(d) for d in draft.form.spec.detect]
    texts = (c.text for s in draft.sheets() for r in s.rows for c in r.cells if c.field < 0 and len(c.text) > 3)
    return any(w in shown for shown in map(_key, texts) for w in wanted)


@lru_cache(maxsize=4096)
def _key(label: str) -> str:
    return key(normalise(label))


def _edition_in(draft: Draft, lines: list[Line]) -> bool:
    """The same of a text that was cut off."""
    text = key(normalise("".join(t for line in lines for t, _ in line)))
    return any(key(normalise(d)) in text for d in draft.form.spec.detect)


# ---------------------------------------------------------------- damage to the finished lines


def _late(draft: Draft, lines: list[Line]) -> list[Line]:
    """Damage that falls on the text as a whole: lines removed, the rest cut off."""
    rng = draft.rng
    if draft.level == "heavy" and draft.shape in _DEDUPLICATED and rng.random() < 0.12:
        lines = _deduplicated(lines)
        draft.unplaceable = True
        draft.damages.append("repeated lines removed")
    rate = {"medium": 0.07, "heavy": 0.1}.get(draft.level, 0)
    if rng.random() < rate:
        lines = _cut_off(lines, rng.uniform(0.4, 0.97))
        draft.damages.append("cut off")
    return lines


def _deduplicated(lines: list[Line]) -> list[Line]:
    """real-029: only the first of equal lines is left."""
    seen: set[str] = set()
    out: list[Line] = []
    for line in lines:
        text = "".join(t for t, _ in line).strip()
        if text and text not in seen:
            out.append(line)
            seen.add(text)
    return out


def _cut_off(lines: list[Line], share: float) -> list[Line]:
    """The first part of a text; a figure at the edge goes entirely."""
    left = int(sum(len(t) for line in lines for t, _ in line) * share)
    out: list[Line] = []
    for line in lines:
        kept: Line = []
        for text, field in line:
            if left <= 0 or (field >= 0 and len(text) > left):
                return [*out, kept]
            kept.append((text[:left], field))
            left -= len(text)
        out.append(kept)
    return out


def _alter(draft: Draft, lines: list[Line]) -> dict[int, str]:
    """Drop or confuse a digit of one or two fields that a hard rule still watches; 10→1, 12→17."""
    if draft.content.misprints or draft.unplaceable:
        return {}
    shown = {f for line in lines for t, f in line if f >= 0 and t and f not in draft.blanks}
    altered: dict[int, str] = {}
    places = [
        (a, b)
        for a, line in enumerate(lines)
        for b, (t, f) in enumerate(line)
        if f in shown and t.isascii() and t.isdigit()
    ]
    draft.rng.shuffle(places)
    places.sort(key=lambda p: lines[p[0]][p[1]][0] == "0")
    for a, b in places[:40]:
        text, f = lines[a][b]
        watching = [r for _, _, r in plan(draft.form).hard if f in r.fields]
        safe = [r for r in watching if shown.issuperset(r.fields) and not altered.keys() & set(r.fields)]
        if safe and len(safe) == len(watching):
            altered[f] = _other_digits(draft, text)
            lines[a][b] = (altered[f], f)
            if len(altered) == draft.rng.choice((1, 2)):
                break
    if altered:
        draft.damages.append("digits dropped or confused")
    return altered


def _other_digits(draft: Draft, text: str) -> str:
    if len(text) > 1 and draft.rng.random() < 0.5:
        at = draft.rng.randrange(len(text))
        shorter = text[:at] + text[at + 1 :]
        if shorter.strip("0") or at:
            return shorter if int(shorter) != int(text) else text[:-1]
    at = draft.rng.randrange(len(text))
    return text[:at] + draft.rng.choice(names.WRONG_DIGIT[text[at]]) + text[at + 1 :]


# ---------------------------------------------------------------- the truth of what is left


def _case(draft: Draft, lines: list[Line], altered: dict[int, str], known: bool, name: str) -> Case:
    text = "\n".join("".join(t for t, _ in line) for line in lines)
    truth = _truth(draft, lines)
    encoding = draft.encoding
    note = "" if known else "no label of the edition is left"
    content = draft.content
    agency = (
        content.agency
        if content.agency in "".join([*draft.title, *(t for s in draft.sections for t in s.lines)])
        else ""
    )
    return Case(
        name, draft.form.id if known else None, content.year, agency, text.encode(encoding),
        _SUFFIX.get(draft.shape, ".txt"), draft.shape, draft.level, truth, _must_fail(draft, truth, altered),
        (*content.misprint_kinds, *draft.damages), draft.unplaceable, note, encoding, tuple(sorted(altered)),
        _rows(draft, lines), tuple(draft.runs), tuple(_spans(lines)),
    )  # fmt: skip


def _spans(lines: list[Line]) -> Iterator[tuple[int, int, int]]:
    """Start, end and field of every piece of the text that prints one."""
    at = 0
    for line in lines:
        for text, field in line:
            if text and field >= 0:
                yield at, at + len(text), field
            at += len(text)
        at += 1


def _shown(lines: list[Line]) -> dict[int, str]:
    """What is left of the characters of each field."""
    shown: dict[int, str] = {}
    for line in lines:
        for text, field in line:
            if field >= 0:
                shown[field] = shown.get(field, "") + text
    return shown


def _rows(draft: Draft, lines: list[Line]) -> tuple[ShownRow, ...]:
    """The rows as shown; none from the first on whose figures are cut off with the rest of the text."""
    shown = _shown(lines)
    out: list[ShownRow] = []
    for sheet, row in ((s, r) for s in draft.sheets() for r in s.body()):
        fields = [c.field for c in row.cells if c.field >= 0]
        if fields and not any(i in shown for i in fields):
            break
        figures = ((c.field, shown.get(c.field, c.text)) for c in row.figures() if c.field < 0 or c.field in shown)
        out.append(ShownRow(sheet.table, row.own, tuple(figures)))
    return tuple(out)


def _truth(draft: Draft, lines: list[Line]) -> tuple[Truth, ...]:
    shown = _shown(lines)
    values = draft.content.values
    plainly = not draft.blanks
    return tuple(
        Truth(values[f.index], shown[f.index], PRINTED)
        if plainly and f.kind != "amount" and shown.get(f.index)
        else _one(draft, f.index, shown.get(f.index))
        for f in draft.form.fields
    )


def _one(draft: Draft, field: int, text: str | None) -> Truth:
    """The truth of one field, given what is left of its characters (None: not even its cell)."""
    if field in draft.blanks:
        if text is None:
            return Truth(None, None, UNSEEN)
        return Truth(
            None,
            None,
            BLANK if field in draft.dashes or draft.shape in ROW_ENDS or draft.shape == "pipe-rows" else UNSEEN,
        )
    value = draft.content.values[field]
    value = Decimal(value) if draft.form.fields[field].kind == "amount" else value
    if not text:
        return Truth(value, None, UNSEEN if field in draft.loose else LOST)
    return Truth(value, text, PRINTED)


def _must_fail(draft: Draft, truth: Sequence[Truth], altered: dict[int, str]) -> tuple[tuple[str, str], ...]:
    """The planted failures of which every participant is still printed as it was."""
    if not draft.content.misprints:
        return ()
    values = [t.value if t.statuses == PRINTED and i not in altered else None for i, t in enumerate(truth)]
    return failing(draft.form, values)


__all__ = ["LEVELS", "SHAPES", "Case", "Truth", "cases", "make_case"]
