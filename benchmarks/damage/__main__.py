"""Print one case: its text to standard output, what is true of it to standard error."""

from __future__ import annotations

import argparse
import sys
from collections import Counter

from benchmarks.damage.case import LEVELS, SHAPES, Case, make_case
from extractor.form import Form, load_forms


def main(argv: list[str] | None = None) -> int:
    """Command line: ``python -m benchmarks.damage --form F --shape S --level L --seed N``."""
    forms = {f.id: f for f in load_forms()}
    parser = argparse.ArgumentParser(prog="python -m benchmarks.damage", description=main.__doc__)
    parser.add_argument("--form", choices=sorted(forms), default=max(forms))
    parser.add_argument("--shape", choices=SHAPES, default=SHAPES[0])
    parser.add_argument("--level", choices=LEVELS, default="clean")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args(argv)
    form = forms[given.form]
    case = make_case(form, given.seed, given.shape, given.level)
    print(case.text)
    print(summary(form, case), file=sys.stderr)
    return 0


def summary(form: Form, case: Case) -> str:
    """What is true of a case, in a few lines."""
    counts = Counter("/".join(sorted(t.statuses)) for t in case.truth)
    nonzero = [f"{f.id}={t.value}" + (f" ({t.printed})" if t.printed not in (None, str(t.value)) else "")
               for f, t in zip(form.fields, case.truth, strict=True) if t.value]  # fmt: skip
    lines = [
        f"{case.name}: {case.agency} {case.year}, form {case.form_id}, shape {case.shape}, {case.encoding}{case.suffix}",
        "fields: " + ", ".join(f"{n} {status}" for status, n in sorted(counts.items())),
        "damage: " + ("; ".join(case.damages) or "none") + ("; UNPLACEABLE" if case.unplaceable else ""),
        "must fail: " + (", ".join("/".join(m) for m in case.misprints) or "none"),
        "altered: " + (", ".join(form.fields[i].id for i in case.altered) or "none"),
        "non-zero: " + ", ".join(nonzero),
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
