"""A form is data: load a YAML file, check it, and compile it to fields, labels and exact rules.

Pydantic models (``form.spec``) mirror the YAML; ``Form`` is what the stages use. Nothing in the package names a row or
a column of a particular form. Whatever is wrong with a file is a FormError that names the file and the line.
"""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path

from pydantic import ValidationError

from extractor.errors import FormError
from extractor.form.compile import compile_form
from extractor.form.file import MOST_BYTES, Lines, read
from extractor.form.spec import (
    BlockSpec,
    FormSpec,
    HeaderSpec,
    Kind,
    NarrativeSpec,
    RuleSpec,
    SectionSpec,
    TableSpec,
)
from extractor.form.types import Block, Field, Form, Header, Label, NarrativeRule, Rule, Table

__all__ = [
    "Block", "BlockSpec", "Field", "Form", "FormSpec", "Header", "HeaderSpec", "Kind", "Label", "NarrativeRule", "NarrativeSpec",
    "Rule", "RuleSpec", "SectionSpec", "Table", "TableSpec", "compile_form", "default_folder", "load_form", "load_forms",
]  # fmt: skip


def default_folder() -> Path:
    """Where the shipped forms live: inside the wheel, else in the checkout."""
    package = Path(__file__).resolve().parent.parent
    inside = package / "_data" / "schemas"
    return inside if inside.is_dir() else package.parent / "schemas"


@lru_cache(maxsize=8)
def load_forms(folder: str | None = None) -> tuple[Form, ...]:
    """Load every form of the shipped folder and, where given, of one more ``folder``.

    Raises FormError for a folder without forms, or where two forms share an id.
    """
    folders = [default_folder()] + ([Path(folder)] if folder else [])
    forms: list[Form] = []
    for place in folders:
        paths = sorted(p for p in place.glob("*.yaml") if _is_form(p))
        if not paths:
            raise FormError(f"{place}: no form file (*.yaml with a `form:` entry) here; give the folder that holds them")
        forms += [load_form(p) for p in paths]
    taken: dict[str, Form] = {}
    for form in forms:
        first = taken.setdefault(form.id, form)
        if first is not form:
            line = read(Path(form.path))[1].place("form")
            raise FormError(f"{line}: the form id {form.id!r} is already taken by {first.path}; rename one of them")
    return tuple(forms)


def _is_form(path: Path) -> bool:
    """A YAML file with a ``form:`` entry; what cannot be read is left to ``load_form`` to complain about."""
    if not path.is_file():
        return False
    try:
        with path.open("rb") as file:
            return bool(re.search(rb"^(?:\xef\xbb\xbf)?form:", file.read(MOST_BYTES), re.M))
    except OSError:
        return True


def load_form(path: Path) -> Form:
    """Load, check and compile one form file; FormError names the file, the line and the next step."""
    data, lines = read(path)
    try:
        spec = FormSpec.model_validate(data)
    except ValidationError as exc:
        raise FormError(_unfit(exc, lines)) from exc
    return compile_form(spec, str(path), lines)


def _unfit(exc: ValidationError, lines: Lines) -> str:
    """What the models say of data that do not fit them: the first problem, with its line."""
    first = exc.errors(include_url=False, include_input=False)[0]
    entry = ".".join(str(x) for x in first["loc"])
    count = exc.error_count()
    more = f" ({count} problems in all)" if count > 1 else ""
    what = f"{entry}: {first['msg']}" if entry else "not a form: a form file is a mapping that begins with `form:`"
    return f"{lines.place(*first['loc'])}: {what}{more}; see schemas/form.schema.json"
