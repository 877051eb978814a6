"""What was used and what it cost: by report, by run, by accepted cell. Money is exact, and what is not known is not 0."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import NamedTuple

from extractor.model.prices import Prices
from extractor.model.question import Question
from extractor.model.tokens import prompt_estimate, prompt_most
from extractor.types import Usage


class Entry(NamedTuple):
    """One reply of a server: of which report, from which model, by the batch endpoint or not.

    ``usage`` is None where the server answered without saying what it used.
    """

    report: str
    model: str
    usage: Usage | None
    batch: bool = False


@dataclass(frozen=True, slots=True)
class Account:
    """A sum of entries. ``cost`` by currency covers all but the ``unpriced`` models and the ``uncounted`` replies."""

    usage: Usage = field(default_factory=Usage)
    cost: Mapping[str, Decimal] = field(default_factory=dict)
    unpriced: frozenset[str] = frozenset()
    uncounted: int = 0

    @property
    def known(self) -> bool:
        """Whether ``cost`` is all that it cost."""
        return not self.unpriced and not self.uncounted

    def per(self, count: int) -> Mapping[str, Decimal] | None:
        """The cost of one of ``count`` things, such as accepted cells; None where it is not known or there are none."""
        if not self.known or count <= 0:
            return None
        return {currency: amount / count for currency, amount in self.cost.items()}

    def words(self) -> str:
        """The account in one line."""
        u = self.usage
        parts = [f"{u.requests:,} requests, {u.input:,} tokens in ({u.cached:,} cached), {u.output:,} out ({u.reasoning:,} reasoning)"]
        if self.cost:
            parts.append(" + ".join(f"{_short(amount)} {currency}" for currency, amount in sorted(self.cost.items())))
        if self.unpriced:
            parts.append(f"price unknown of {', '.join(sorted(self.unpriced))}")
        if self.uncounted:
            parts.append(f"{self.uncounted} replies did not say what they used")
        return "; ".join(parts)


class Ledger:
    """Entries, added up."""

    def __init__(self, prices: Prices, entries: Iterable[Entry] = ()) -> None:
        self._prices = prices
        self._sums: dict[str, dict[tuple[str, bool], Usage]] = defaultdict(lambda: defaultdict(Usage))
        self._uncounted: dict[str, int] = defaultdict(int)
        for entry in entries:
            self.add(entry)

    def add(self, entry: Entry) -> None:
        """Count one reply."""
        usage = entry.usage
        if usage is None:
            self._uncounted[entry.report] += 1
            usage = Usage(requests=1)
        self._sums[entry.report][entry.model, entry.batch] += usage

    def extend(self, other: Ledger) -> None:
        """Count all that another ledger counted."""
        for report, sums in other._sums.items():
            for at, used in sums.items():
                self._sums[report][at] += used
        for report, n in other._uncounted.items():
            self._uncounted[report] += n

    def of(self, report: str) -> Account:
        """The account of one report."""
        return self._account([report])

    def total(self) -> Account:
        """The account of everything."""
        return self._account(self._sums)

    def reports(self) -> set[str]:
        """The reports that something was used for."""
        return set(self._sums)

    def _account(self, reports: Iterable[str]) -> Account:
        known = [r for r in reports if r in self._sums]
        usage, cost, unpriced = Usage(), defaultdict[str, Decimal](Decimal), set[str]()
        for (model, batch), used in ((at, used) for r in known for at, used in self._sums[r].items()):
            usage += used
            if not used.input and not used.output:
                continue
            price = self._prices.of(model)
            if price is None:
                unpriced.add(model)
            else:
                cost[price.currency] += price.cost(used, batch)
        uncounted = sum(self._uncounted.get(r, 0) for r in known)
        return Account(usage, dict(cost), frozenset(unpriced), uncounted)


class Estimate(NamedTuple):
    """What asking would use: ``usage`` with prompts as estimated and output at its limit, ``most`` at the very most."""

    usage: Usage
    most: Usage
    cost: tuple[Decimal, str] | None

    def words(self) -> str:
        """The estimate in one line."""
        u = self.usage
        money = f"at most about {_short(self.cost[0])} {self.cost[1]}" if self.cost else "cost unknown"
        return f"{u.requests:,} requests, about {u.input:,} tokens in, at most {u.output:,} out; {money}"


def estimate(questions: Iterable[Question], model: str, prices: Prices, batch: bool = False) -> Estimate:
    """What asking ``questions`` once each would use and cost; the cost is None where the price is not known."""
    usage = most = Usage()
    for q in questions:
        usage += Usage(1, prompt_estimate(q), 0, q.max_output_tokens)
        most += worst_case(q)
    price = prices.of(model)
    return Estimate(usage, most, (price.cost(usage, batch), price.currency) if price else None)


def worst_case(question: Question) -> Usage:
    """As much as one attempt at a question can use."""
    return Usage(1, prompt_most(question), 0, question.max_output_tokens)


def _short(amount: Decimal) -> str:
    """An amount with four digits behind the point, more where it would be 0."""
    rounded = amount.quantize(Decimal("0.0001"))
    return f"{rounded if rounded or not amount else amount.normalize():f}"
