"""What is added up over units: ``schemas/overview.yaml``, and a file of that name beside further forms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from extractor.errors import GoujiError
from extractor.form import Form, default_folder
from extractor.form.file import Lines, read

FILE = "overview.yaml"


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(min_length=1)
    says: str = ""
    field: str


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    totals: list[_Entry]


@dataclass(frozen=True, slots=True)
class Series:
    """A field that is added up over units: its id in every form that has it, its English and Chinese names, its unit."""

    field: str
    name: str
    says: str
    unit: str


def load_series(forms: Sequence[Form], folder: str | None = None) -> tuple[Series, ...]:
    """The shipped series and those of ``folder``, where it has some; GoujiError names the file, the line and the next step."""
    places = [default_folder()] + ([Path(folder)] if folder else [])
    units = {f.id: f.unit for form in forms for f in form.fields}
    return tuple(s for place in places if (place / FILE).is_file() for s in _read(place / FILE, units))


def _read(path: Path, units: dict[str, str]) -> list[Series]:
    data, lines = read(path)
    try:
        spec = _File.model_validate(data)
    except ValidationError as exc:
        first = exc.errors(include_url=False, include_input=False)[0]
        entry = ".".join(map(str, first["loc"])) or "an overview file is a mapping with `totals:`"
        raise GoujiError(f"{lines.place(*first['loc'])}: {entry}: {first['msg']}; see docs/overview.md") from exc
    return [_series(entry, units, lines, n) for n, entry in enumerate(spec.totals)]


def _series(entry: _Entry, units: dict[str, str], lines: Lines, n: int) -> Series:
    field = entry.field.replace(".", "/")
    if field not in units:
        raise GoujiError(f"{lines.place('totals', n, 'field')}: no form has the field {entry.field}; write table.row.column, as `gouji form check` lists them")
    return Series(field, entry.name, entry.says, units[field])
