"""Tokens, prices, the ledger and the budget: exact, never passed, and unknown where it is not known."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from pathlib import Path

import pytest

from benchmarks.server import Fault
from extractor.errors import GoujiError
from extractor.model.budget import Budget, OverBudget
from extractor.model.ledger import Entry, Ledger, estimate, worst_case
from extractor.model.prices import Price, Prices, load_prices
from extractor.model.question import AnswerKind, Message
from extractor.model.tokens import estimate_tokens, most_tokens, prompt_estimate, prompt_most
from extractor.types import Usage
from tests.model_support import MODEL, ask, question, server, settings

PRICES = load_prices()
PRICE = PRICES.of(MODEL)
assert PRICE is not None


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """Where replies go."""
    return tmp_path / "replies.sqlite"


# Tokens


@pytest.mark.parametrize(
    ("text", "tokens"),
    [("", 0), ("abc", 1), ("abcd", 2), ("1470", 4), ("政府信", 4), ("a b", 3), ("1 2\n", 4), ("—", 2)],
)
def test_tokens_are_estimated_by_characters(text: str, tokens: int) -> None:
    assert tokens == estimate_tokens(text)


def test_no_estimate_is_above_what_is_possible() -> None:
    for text in ("一、本年新收政府信息公开申请数量\t5\t0\t0\t5", "licences 1,470 1.50", "１２ ３", "\n\n"):
        assert estimate_tokens(text) <= most_tokens(text)
    assert prompt_estimate(question()) < prompt_most(question())
    assert prompt_most(question()) < prompt_most(question(messages=(Message("user", "x" * 900),)))


# Prices


def test_a_name_stands_for_its_dated_versions_and_for_no_other_model() -> None:
    assert PRICE is PRICES.of(f"{MODEL}-2025-04-14") is PRICES.of(f"{MODEL}-20250414")
    assert None is PRICES.of("gpt-4.1-huge")
    assert None is PRICES.of("gpt-4")
    assert Decimal("2.00") == getattr(PRICES.of("gpt-4.1-2025-04-14"), "input", None)


def test_cost_is_exact_and_cached_input_counts_as_full_where_no_price_says_otherwise() -> None:
    usage = Usage(1, 1_000_000, 250_000, 500_000, 100_000)
    cheaper = PRICE.model_copy(update={"cached": Decimal("0.10")})

    assert None is PRICE.cached
    assert Decimal("0.30") + Decimal("0.025") + Decimal("0.80") == cheaper.cost(usage)
    assert Decimal("0.40") + Decimal("0.80") == PRICE.cost(usage)
    assert PRICE.cost(usage) / 2 == PRICE.cost(usage, batch=True)


def test_prices_of_ones_own_go_first(tmp_path: Path) -> None:
    own = tmp_path / "prices.yaml"
    own.write_text(
        'prices:\n  - {model: local, currency: CNY, input: "1", output: "2", date: 2026-11-01}\n'
        f'  - {{model: {MODEL}, currency: USD, input: "9", output: "9", date: 2026-11-01}}\n',
        encoding="utf-8",
    )
    prices = load_prices(own)
    names = [prices.of(n) for n in ("local", MODEL, "gpt-4o")]

    assert ["CNY", "USD", "USD"] == [p.currency for p in names if p]
    assert Decimal(9) == getattr(names[1], "input", None)


@pytest.mark.parametrize(
    ("text", "said"),
    [("prices: 3", "prices"), ("prices:\n  - {model: x, currency: usd}", "currency"), ("{", "YAML"), ("prices: [{model: x, price: 1}]", "prices.0")],
)
def test_a_wrong_price_file_names_file_and_entry(text: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / "own.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(GoujiError, match=rf"own\.yaml.*{said}"):
        load_prices(path)
    with pytest.raises(GoujiError, match="GOUJI_PRICES"):
        load_prices(tmp_path / "none.yaml")


# The ledger


def test_sums_by_report_by_run_and_by_accepted_cell() -> None:
    ledger = Ledger(PRICES, [Entry("a", MODEL, Usage(1, 1000, 0, 500)), Entry("b", MODEL, Usage(1, 3000, 1000, 500, 100))])
    ledger.add(Entry("a", MODEL, Usage(1, 1000, 0, 0), batch=True))
    a, total = ledger.of("a"), ledger.total()

    assert {"a", "b"} == ledger.reports()
    assert (Usage(2, 2000, 0, 500), {"USD": Decimal("0.0014")}) == (a.usage, a.cost)
    assert Usage(3, 5000, 1000, 1000, 100) == total.usage
    assert {"USD": total.cost["USD"] / 398} == total.per(398)
    assert None is total.per(0)
    assert Usage() == ledger.of("none").usage


def test_what_is_not_known_is_said_and_never_0() -> None:
    unpriced = Ledger(PRICES, [Entry("a", "local", Usage(1, 10, 0, 1))]).total()
    uncounted = Ledger(PRICES, [Entry("a", MODEL, None)]).total()
    failed = Ledger(PRICES, [Entry("a", "local", Usage(1))]).total()

    assert (False, None, {}) == (unpriced.known, unpriced.per(5), unpriced.cost)
    assert "price unknown of local" in unpriced.words()
    assert (False, 1) == (uncounted.known, uncounted.usage.requests)
    assert "1 replies did not say" in uncounted.words()
    assert failed.known  # an error is not charged, whatever the price


def test_a_server_that_does_not_say_what_it_used(store: Path) -> None:
    with server(usage=False) as running:
        _, client = ask(settings(running.url), store, [question()], lambda: Budget(Decimal(5000)))

    assert 1 == client.ledger.total().uncounted
    assert (Decimal(0), True) == (client.budget.spent, client.budget.held > 0)


def test_an_estimate_before_a_run() -> None:
    asked = [question(n) for n in range(3)]
    known, unknown = estimate(asked, MODEL, PRICES), estimate(asked, "local", PRICES)

    assert (3, 600) == (known.usage.requests, known.usage.output)
    assert known.cost == (PRICE.cost(known.usage), "USD")
    assert known.usage.input < known.most.input
    assert None is unknown.cost
    assert "cost unknown" in unknown.words()
    assert known.cost[0] == 2 * (estimate(asked, MODEL, PRICES, batch=True).cost or (0, ""))[0]


# The budget


@pytest.mark.parametrize(("text", "limit"), [("5usd", "5"), ("0.5 USD", "0.5"), ("200000tok", "200000"), ("200_000 tokens", "200000"), ("1,000tok", "1000")])
def test_budgets_are_read(text: str, limit: str) -> None:
    with pytest.raises(OverBudget, match=limit):
        asyncio.run(Budget.parse(text, MODEL, PRICE).reserve(Usage(1, 10**9, 0, 10**9)))


@pytest.mark.parametrize(
    ("text", "price", "said"),
    [("5", PRICE, "5usd"), ("usd", PRICE, "5usd"), ("-5usd", PRICE, "5usd"), ("5usd", None, "GOUJI_PRICES"), ("5cny", PRICE, "USD")],
)
def test_budgets_that_cannot_be_kept_are_refused(text: str, price: Price | None, said: str) -> None:
    with pytest.raises(GoujiError, match=said):
        Budget.parse(text, MODEL, price)
    assert Prices([]).of(MODEL) is None


@pytest.mark.parametrize("concurrency", [1, 40])
def test_a_budget_is_used_and_never_passed(concurrency: int, store: Path) -> None:
    """Forty at once, each of which could take the rest of the budget: what is set aside is waited for, then the run stops cleanly."""
    asked = [question(n) for n in range(60)]
    worst = worst_case(asked[0])
    most = worst.input + worst.output
    with server(latency=0.005) as running:
        limit = most + 600
        answers, client = ask(settings(running.url, concurrency=concurrency), store, asked, lambda: Budget(Decimal(limit)))
        spent = running.books.usage["input"] + running.books.usage["output"]

    kinds = {a.kind for a in answers}
    assert {AnswerKind.ANSWERED, AnswerKind.OVER_BUDGET} == kinds
    assert spent == client.budget.spent <= limit
    assert spent + most > limit  # it stopped only when the next request could have passed it
    assert 0 == client.budget.held
    assert all("--budget" in a.message for a in answers if a.kind is AnswerKind.OVER_BUDGET)


def test_a_budget_of_money(store: Path) -> None:
    limit = PRICE.cost(worst_case(question())) * Decimal("1.1")
    with server() as running:
        answers, client = ask(settings(running.url), store, [question(n) for n in range(80)], lambda: Budget.parse(f"{limit:f}usd", MODEL, PRICE))

    assert {AnswerKind.ANSWERED, AnswerKind.OVER_BUDGET} == {a.kind for a in answers}
    assert client.ledger.total().cost["USD"] == client.budget.spent <= limit


def test_what_may_have_been_charged_stays_set_aside(store: Path) -> None:
    with server(Fault.DROPPED_MIDWAY, idempotent=False) as running:
        _, client = ask(settings(running.url, attempts=2), store, [question()], lambda: Budget(Decimal(100_000)))
    with server(Fault.BROKEN) as running:
        _, other = ask(settings(running.url, attempts=2), store, [question(1)], lambda: Budget(Decimal(100_000)))

    worst = worst_case(question())
    assert 2 * (worst.input + worst.output) == client.budget.held
    assert 0 == other.budget.held == other.budget.spent


def test_recorded_replies_cost_no_budget(store: Path) -> None:
    with server() as running:
        ask(settings(running.url), store, [question()])
        (answer,), client = ask(settings(running.url), store, [question()], lambda: Budget(Decimal(0)))

    assert (AnswerKind.ANSWERED, 0) == (answer.kind, client.budget.spent)
