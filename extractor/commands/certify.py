"""``gouji certify``: the silent-error bound that the evidence supports, of the policy in use or of a scorecard."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from extractor.certify import Certificate, certify_counts, certify_scorecard, render
from extractor.errors import GoujiError
from extractor.policy import read_counts, read_spec
from extractor.record import dumps

if TYPE_CHECKING:
    from rich.console import Console


def certify_command(
    source: Path | None, ceiling: float | None, confidence: float | None, json_file: Path | None, console: Console
) -> int:
    """Print what can be promised and what cannot. 0 certified, 1 cannot certify; GoujiError (exit 2) for wrong usage.

    ``source`` is a scorecard or a golden folder; without it the shipped counts are taken. ``ceiling`` and ``confidence``
    default to the policy's. ``json_file`` takes the certificate as JSON, ``-`` is standard output: ``console`` then has
    to be one of standard error.
    """
    if ceiling is not None and not 0 < ceiling < 1:
        raise GoujiError(f"--ceiling {ceiling}: give a share of reports between 0 and 1, such as 0.005")
    if confidence is not None and not 0.5 <= confidence < 1:
        raise GoujiError(f"--confidence {confidence}: give a share from 0.5 to below 1, such as 0.95")
    certificate = _certificate(source, ceiling, confidence)
    if json_file:
        _write(json_file, dumps(certificate.to_dict()) + "\n")
    render(certificate, console)
    return 0 if certificate.certified else 1


def _certificate(source: Path | None, ceiling: float | None, confidence: float | None) -> Certificate:
    spec = read_spec()
    if source is None:
        return certify_counts(spec, read_counts(), ceiling, confidence)
    data = _evaluated(source) if source.is_dir() else _read(source)
    return certify_scorecard(data, str(source), ceiling or spec.ceiling, confidence or spec.confidence)


def _evaluated(folder: Path) -> Any:
    """The scorecard of a golden folder, made now."""
    from extractor.evaluate import evaluate
    from extractor.form import load_forms
    from extractor.golden import load_golden
    from extractor.pipeline import extract_path

    forms = load_forms()
    return evaluate(load_golden(folder, forms), lambda path: extract_path(path, forms), forms).to_dict()


def _read(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except OSError as exc:
        raise GoujiError(f"{path}: cannot be read: {exc.strerror or exc}; give a scorecard or a golden folder") from exc
    except ValueError as exc:
        raise GoujiError(f"{path}: not JSON; make a scorecard with `gouji evaluate GOLDEN --json FILE`") from exc


def _write(path: Path, text: str) -> None:
    if str(path) == "-":
        sys.stdout.write(text)
        return
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as exc:
        raise GoujiError(f"{path}: cannot be written: {exc.strerror or exc}") from exc
