"""Readers side by side in sections of text, for the terminal and the page: figures, pairs, the model's errors, cost, what is not recorded."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal

from extractor.compareview import Section, statistics
from extractor.evaluate import MODEL
from extractor.scorecard import describe, shown
from extractor.scores import ReaderScore, Scorecard, SideBySide, Spent

MOST = 200  # rows of one list; the JSON file has all
UNKNOWN = "unknown"
READERS = ("reader", "cells judged", "right", "wrong", "accepted", "silent", "review", "missing", "unanswered", "reports exact", "straight through")
COST = ("reader", "requests", "tokens in", "cached", "out", "money", "in / report", "out / report", "money / report", "money / accepted cell")
MEANS = {
    "omitted": "no answer that can be used",
    "balanced": "what a sum wants, and not printed there",
    "shifted": "the figure of the cell above, below, left or right",
    "invented": "the cell holds no figure, or the text prints it nowhere",
    "misread": "another figure of the text, or an empty cell, for a printed one",
}


def sections(card: Scorecard) -> Iterator[Section]:
    """The side-by-side part of a scorecard; nothing where the rules were scored alone."""
    sides = card.sides
    if sides is None:
        return
    yield _readers(sides)
    for pair in sides.pairs:
        title = f"{pair.base} → {pair.new} ({pair.reports} reports that both answer)"
        yield Section(title, tuple(statistics(pair)))
    yield from _silent(card)
    yield from _errors(sides)
    rows = tuple(_cost(r.reader, r.spent) for r in sides.readers if r.spent)
    yield Section("Cost of the recorded replies 成本", tuple(_unpriced(sides)), COST, rows)
    if sides.unrecorded:
        missing = tuple((q.text, q.table, q.part, q.key[:12]) for q in sides.unrecorded[:MOST])
        title = f"Questions without a recorded reply 缺回复 ({len(sides.unrecorded)})"
        yield Section(title, (missing_line(sides), *_rest(len(sides.unrecorded))), ("text", "table", "part", "address"), missing, bad=True)


def missing_line(sides: SideBySide) -> str:
    """How many questions lack replies, what that means, and what to do."""
    texts = len({q.text for q in sides.unrecorded})
    cells = max(r.unanswered for r in sides.readers)
    return (
        f"{len(sides.unrecorded)} questions about {texts} texts have no recorded reply from {sides.model} in {sides.replies}: the {cells} golden "
        "cells of these texts count as unanswered, neither right nor wrong; record the replies with a live run, or import them with `gouji replies import`"
    )


def _readers(sides: SideBySide) -> Section:
    line = f"model {sides.model}, replies of {sides.replies}; the model alone accepts whatever it answers, so only rules and both decide"
    deciding = [r for r in sides.readers if r.reader != MODEL]
    return Section("Each reader over the same cells 各读法", (line,), READERS, tuple(map(_reader, sides.readers)), any(r.silent for r in deciding))


def _reader(r: ReaderScore) -> tuple[str, ...]:
    unanswered = f"{r.unanswered} in {r.unanswered_texts} texts" if r.unanswered_texts else "0"
    counts = (r.judged, r.right, r.wrong, r.accepted, r.silent, r.review, r.missing)
    return (r.reader, *map(str, counts), unanswered, describe(r.reports_exact), describe(r.reports_accepted))


def _silent(card: Scorecard) -> Iterator[Section]:
    """The silent errors of a deciding reader that is not the main one, whose own are drawn elsewhere."""
    for name, other in card.others.items():
        silent = [c for c in other.wrong if c.silent]
        if silent and name != MODEL:
            rows = tuple((f"{c.report}/{c.source}", c.field, shown(c.truth, c.truth_value), shown(c.got, c.value), " ".join(c.codes)) for c in silent)
            yield Section(f"Silent errors of {name} 静默错误 ({len(rows)})", (), ("text", "field", "truth", "got", "codes"), rows, bad=True)


def _errors(sides: SideBySide) -> Iterator[Section]:
    if sides.errors is None:
        return
    counted = tuple((kind, str(n), MEANS[kind]) for kind, n in sides.errors.items())
    yield Section(f"Errors of the model alone 模型错误 ({len(sides.cases)})", (), ("kind", "cells", "means"), counted)
    rows = tuple((f"{x.report}/{x.source}", x.field, x.kind, shown(x.truth, x.truth_value), x.given) for x in sides.cases[:MOST])
    if rows:
        yield Section("… one by one", _rest(len(sides.cases)), ("text", "field", "kind", "truth", "given"), rows)


def _rest(count: int) -> tuple[str, ...]:
    return (f"the first {MOST} of {count}; --json has all",) if count > MOST else ()


def _cost(reader: str, s: Spent) -> tuple[str, ...]:
    tokens = (f"{n:,}" + ("+" if s.uncounted else "") for n in (s.input, s.cached, s.output))
    shares = ((UNKNOWN if n is None else f"{n:,.0f}") if s.reports else "–" for n in (s.input_per_report, s.output_per_report))
    each = _money(s.money_per_report) if s.reports else "–"
    return (reader, f"{s.requests:,}", *tokens, _money(s.money), *shares, each, _money(s.money_per_accepted) if s.accepted else "–")


def _money(money: Mapping[str, Decimal] | None) -> str:
    if money is None:
        return UNKNOWN
    return " + ".join(f"{amount:.6f} {currency}" for currency, amount in money.items()) or "0"


def _unpriced(sides: SideBySide) -> Iterator[str]:
    """Why something is not known."""
    spent = next((r.spent for r in sides.readers if r.spent), None)
    if spent and spent.unpriced:
        yield f"price unknown of {', '.join(spent.unpriced)}: GOUJI_PRICES names a file of your own prices"
    if spent and spent.uncounted:
        yield f"{spent.uncounted} replies did not say what they used: the tokens are at least these"
