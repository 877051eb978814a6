"""A limit to what a run may use: the worst case of a request is set aside before it is sent, so the limit is never passed."""

from __future__ import annotations

import asyncio
import re
from decimal import Decimal

from extractor.errors import GoujiError
from extractor.model.prices import Price
from extractor.types import Usage

_WRITTEN = re.compile(r"([0-9][0-9_,]*(?:\.[0-9]+)?)\s*([A-Za-z]+)")
_TOKENS = {"tok", "token", "tokens"}


class OverBudget(Exception):
    """The next request could pass the budget."""


class Reservation:
    """What is set aside for one request."""

    __slots__ = ("amount",)

    def __init__(self, amount: Decimal) -> None:
        self.amount = amount


class _Purse:
    """What is spent and set aside of one limit."""

    __slots__ = ("changed", "held", "limit", "open", "spent")

    def __init__(self, limit: Decimal | None) -> None:
        self.limit = limit
        self.spent = self.held = Decimal(0)
        self.open = 0
        self.changed = asyncio.Condition()


class Budget:
    """An amount of money or of tokens, for one run. Without a limit everything fits.

    A request whose outcome is not known keeps its worst case set aside for good: a provider may have charged it.
    """

    def __init__(self, limit: Decimal | None = None, price: Price | None = None) -> None:
        self._price = price
        self._purse = _Purse(limit)

    @classmethod
    def parse(cls, text: str | None, model: str, price: Price | None) -> Budget:
        """``5usd`` or ``200000tok``; GoujiError for anything else, and for money where the price of the model is not known."""
        if text is None:
            return cls()
        found = _WRITTEN.fullmatch(text.strip())
        if not found:
            raise GoujiError(f"--budget {text}: write an amount of money or of tokens, such as 5usd or 200000tok")
        amount, unit = Decimal(re.sub("[_,]", "", found[1])), found[2].lower()
        if unit in _TOKENS:
            return cls(amount)
        if price is None:
            raise GoujiError(
                f"--budget {text}: no price is known for {model}; enter it in a file named by GOUJI_PRICES, or give the budget in tokens"
            )
        if unit != price.currency.lower():
            raise GoujiError(f"--budget {text}: the price of {model} is known in {price.currency}; give the budget in it, or in tokens")
        return cls(amount, price)

    def beside(self, model: str, price: Price | None) -> Budget:
        """The same amount for another model; GoujiError where it is money and the price of that model is not known in it."""
        if self._price is not None and (price is None or price.currency != self._price.currency):
            raise GoujiError(f"--budget: no price in {self._price.currency} is known for {model}; enter it in a file named by GOUJI_PRICES")
        other = Budget(None, price if self._price is not None else None)
        other._purse = self._purse
        return other

    @property
    def spent(self) -> Decimal:
        """What is known to be used, in the unit of the budget."""
        return self._purse.spent

    @property
    def held(self) -> Decimal:
        """What is set aside for requests under way, and for those whose outcome is not known."""
        return self._purse.held

    async def reserve(self, worst: Usage) -> Reservation:
        """Set the worst case aside; wait while requests under way may still give something back. OverBudget where none can."""
        wanted = self._amount(worst)
        async with self._purse.changed:
            while self._purse.limit is not None and self._purse.spent + self._purse.held + wanted > self._purse.limit:
                if not self._purse.open:
                    raise OverBudget(self._words(wanted))
                await self._purse.changed.wait()
            self._purse.held += wanted
            self._purse.open += 1
            return Reservation(wanted)

    async def hold(self, worst: Usage) -> None:
        """Set the worst case aside for good, for a request whose outcome this run does not see; OverBudget where it does not fit."""
        await self.settle(await self.reserve(worst), None)

    async def settle(self, reservation: Reservation, usage: Usage | None) -> None:
        """Put what was used in the place of what was set aside; None keeps it aside: nobody knows what was used."""
        async with self._purse.changed:
            self._purse.open -= 1
            if usage is not None:
                self._purse.held -= reservation.amount
                self._purse.spent += self._amount(usage)
            self._purse.changed.notify_all()

    def _amount(self, usage: Usage) -> Decimal:
        return self._price.cost(usage) if self._price else Decimal(usage.input + usage.output)

    def _words(self, wanted: Decimal) -> str:
        unit = self._price.currency if self._price else "tokens"
        return (
            f"the budget of {self._purse.limit:f} {unit} would be passed: {self._purse.spent:f} used, {self._purse.held:f} set aside for requests of "
            f"unknown outcome, and the next request may take {wanted:f}; give more with --budget"
        )
