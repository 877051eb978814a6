"""What tokens cost, as data: ``schemas/prices.yaml``, and a file of the user's own before it. An unknown price stays unknown."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from functools import lru_cache
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from extractor.errors import GoujiError
from extractor.form import default_folder
from extractor.types import Usage

_MILLION = Decimal(1_000_000)
# gpt-4.1-2025-04-14, qwen-plus-0919, deepseek-chat@2025: the same model on a certain day.
_DATED = re.compile(r"[-@](?:\d{4}|\d{4}-\d\d-\d\d|\d{8}|latest)")


class Price(BaseModel):
    """What a million tokens of one model cost, and when that was looked up."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    model: str
    currency: str = Field(pattern=r"^[A-Z]{3}$")
    input: Decimal = Field(ge=0)
    output: Decimal = Field(ge=0)
    cached: Decimal | None = Field(default=None, ge=0)
    batch: Decimal = Field(default=Decimal(1), gt=0, le=1)
    date: date
    source: str = ""

    def cost(self, usage: Usage, batch: bool = False) -> Decimal:
        """What ``usage`` costs, exactly."""
        cached = self.input if self.cached is None else self.cached
        fresh = (usage.input - usage.cached) * self.input + usage.cached * cached
        return (fresh + usage.output * self.output) / _MILLION * (self.batch if batch else 1)


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid")

    prices: list[Price]


class Prices:
    """The known prices; the first entry of a model counts."""

    def __init__(self, entries: Iterable[Price]) -> None:
        self._by_name: dict[str, Price] = {}
        for entry in entries:
            self._by_name.setdefault(entry.model, entry)

    def of(self, model: str) -> Price | None:
        """The price of a model, by its name or by the name before its date; None where it is not known."""
        if found := self._by_name.get(model):
            return found
        names = [n for n in self._by_name if model.startswith(n) and _DATED.fullmatch(model[len(n) :])]
        return self._by_name[max(names, key=len)] if names else None


@lru_cache(maxsize=4)
def load_prices(own: Path | None = None) -> Prices:
    """The shipped prices behind those of the file ``own``; GoujiError names the file and the entry that is wrong."""
    entries = _read(own) if own else []
    return Prices([*entries, *_read(default_folder() / "prices.yaml")])


def _read(path: Path) -> list[Price]:
    try:
        return _File.model_validate(yaml.safe_load(path.read_text(encoding="utf-8"))).prices
    except OSError as exc:
        raise GoujiError(f"{path}: cannot be read ({exc.strerror or exc}); GOUJI_PRICES names the file of your own prices") from exc
    except (UnicodeDecodeError, yaml.YAMLError) as exc:
        raise GoujiError(f"{path}: not YAML: {str(exc).splitlines()[0]}; correct it") from exc
    except ValidationError as exc:
        error = exc.errors()[0]
        place = ".".join(str(x) for x in error["loc"])
        raise GoujiError(f"{path}: {place}: {error['msg']}; schemas/prices.yaml shows the form of an entry") from exc
