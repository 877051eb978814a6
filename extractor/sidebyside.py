"""The cards of several readers into one: each reader's line, pairs of them, the model's errors by kind, and what its answers took."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from itertools import combinations

from extractor import figures
from extractor.compare import compare, make_card
from extractor.evaluate import BOTH, MODEL, RULES, evaluate
from extractor.form import Form
from extractor.golden import GoldenReport
from extractor.model.ledger import Ledger
from extractor.model.prices import Prices
from extractor.modelerrors import INVENTED, KINDS, OMITTED, Fault, fault, page_of
from extractor.recorded import Consulted, Recorded
from extractor.scores import CellScore, ModelError, ReaderPair, ReaderScore, Scorecard, SideBySide, Spent, Unrecorded


def score_recorded(
    reports: Sequence[GoldenReport], recorded: Recorded, forms: Sequence[Form], readers: Sequence[str], stamp: Mapping[str, str]
) -> dict[str, Scorecard]:
    """The card of each of ``readers`` that answers from recorded replies (``model``, ``both``), by its name."""
    stamp = {**stamp, "model": recorded.model}
    out: dict[str, Scorecard] = {}
    if BOTH in readers:
        out[BOTH] = evaluate(reports, recorded.both, forms, BOTH, stamp)
    if MODEL in readers:
        # A model alone raises no findings, so none are expected of it; and it never says how sure it is.
        bare = [replace(r, findings=()) for r in reports]
        card = evaluate(bare, recorded.alone, forms, MODEL, stamp)
        out[MODEL] = replace(card, classes={}, risk=figures.risk_curve(()))
    return out


def together(
    cards: Mapping[str, Scorecard], reports: Sequence[GoldenReport], recorded: Recorded, forms: Sequence[Form], prices: Prices
) -> Scorecard:
    """One card of ``cards``, whose first is the main one: the others inside it, and all of them side by side."""
    main, *others = cards.values()
    ledger = _ledger(recorded, prices)
    lines = tuple(_line(name, card, None if name == RULES else ledger) for name, card in cards.items())
    read = {name: make_card(card.to_dict(), name) for name, card in cards.items()}
    pairs = []
    for base, new in combinations(cards, 2):
        c = compare(read[base], read[new])
        pairs.append(ReaderPair(base, new, len({u.report for _, u in c.pairs}), c.exact, c.straight, c.wrong, c.silent))
    cases = tuple(_cases(cards[MODEL], reports, recorded, forms)) if MODEL in cards else ()
    counts = Counter(x.kind for x in cases)
    errors = {kind: counts[kind] for kind in KINDS} if MODEL in cards else None
    sides = SideBySide(recorded.model, str(recorded.replies.path), lines, tuple(pairs), errors, cases, tuple(_unrecorded(recorded)))
    names = tuple(cards)
    undrawn = {name: replace(card, grids=()) for name, card in zip(names[1:], others, strict=True)}  # only the main card is drawn
    return replace(main, readers=names, others=undrawn, sides=sides)


def _line(name: str, card: Scorecard, ledger: Ledger | None) -> ReaderScore:
    t = card.total
    units = [u for u in card.units if not u.unanswered]
    return ReaderScore(
        reader=name,
        judged=t.judged,
        right=t.right,
        wrong=t.judged - t.right,
        accepted=t.accepted,
        silent=t.silent,
        review=t.reviewed_right + t.reviewed_wrong,
        missing=t.missing,
        unanswered=t.unanswered,
        unanswered_texts=len(card.units) - len(units),
        reports_exact=card.headline["reports_exact"],
        reports_accepted=card.headline["reports_accepted"],
        spent=_spent(ledger, len(figures.by_report(units)), t.accepted_all) if ledger else None,
    )


def _unrecorded(recorded: Recorded) -> Iterator[Unrecorded]:
    for path, text in recorded.texts.items():
        for key, q in text.missing.items():
            yield Unrecorded(str(path), q.table, q.part, key)


# What the answers took


def _ledger(recorded: Recorded, prices: Prices) -> Ledger:
    """Every recorded reply about a text that is answered in full, once, however many texts put its question."""
    answered = [text for text in recorded.texts.values() if not text.missing]
    entries = {key: found for text in answered for key, found in text.entries.items()}
    return Ledger(prices, (e for found in entries.values() for e in found))


def _spent(ledger: Ledger, reports: int, accepted: int) -> Spent:
    account = ledger.total()
    u = account.usage

    def each(tokens: int) -> float | None:
        return tokens / reports if reports and not account.uncounted else None

    return Spent(
        *u, account.uncounted, tuple(sorted(account.unpriced)), reports, accepted,
        _plain(account.cost) if account.known else None,
        each(u.input), each(u.output), _plain(account.per(reports)), _plain(account.per(accepted)),
    )  # fmt: skip


def _plain(money: Mapping[str, Decimal] | None) -> dict[str, Decimal] | None:
    return None if money is None else dict(sorted(money.items()))


# The model's own errors


def _cases(card: Scorecard, reports: Sequence[GoldenReport], recorded: Recorded, forms: Sequence[Form]) -> Iterator[ModelError]:
    golden = {r.id: r for r in reports}
    by_id = {f.id: f for f in forms}
    for unit, cells in figures.grouped(card.wrong, lambda c: f"{c.report}/{c.source}").items():
        report = golden[unit.partition("/")[0]]
        path = next(s.file for s in report.sources if s.file.name == cells[0].source)
        yield from _of_text(cells, report, recorded.texts.get(path), by_id)


def _of_text(cells: Sequence[CellScore], report: GoldenReport, text: Consulted | None, forms: Mapping[str, Form]) -> Iterator[ModelError]:
    """The errors of one text; under another form than the golden one, what was given for a golden cell is nothing."""
    right_form = text is not None and report.form_id is not None and text.alone.form == report.form_id
    page = page_of(forms[report.form_id], report.cells, text.alone.document.norm) if right_form and report.form_id and text else None
    for c in cells:
        if c.truth == "absent":
            f = Fault(INVENTED, c.value)
        elif page is None or text is None:
            f = Fault(OMITTED, "nothing")
        else:
            i = page.form.index[c.field]
            f = fault(page, i, text.standing.get(i, ()), text.loose.get(i, ()))
        yield ModelError(c.report, c.source, c.field, c.label, f.kind, c.truth, c.truth_value, f.given)
