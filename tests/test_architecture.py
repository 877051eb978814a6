"""What the shape of the code promises: who imports whom, how long things are, and that everything says what it is.

The direction of imports inside the package is checked by import-linter (``make imports``); this is the rest.
"""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = sorted((ROOT / "extractor").rglob("*.py"))
SOURCES = [ROOT / "cli.py", *PACKAGE, *sorted((ROOT / "benchmarks").rglob("*.py"))]


class _Trees(dict[Path, ast.Module]):
    """Each file, parsed once it is asked for: not while tests are collected."""

    def __missing__(self, path: Path) -> ast.Module:
        self[path] = ast.parse(path.read_text(encoding="utf-8"))
        return self[path]


TREES = _Trees()

LONGEST_MODULE = 500
LONGEST_FUNCTION = 80
# The outermost loops over reports and requests: a bug there becomes a record, a failed text of an evaluation, or a problem.
MAY_CATCH_EVERYTHING = {ROOT / "extractor" / name for name in ("batch.py", "evaluate.py", "archive/cluster.py", "archive/engine.py", "archive/run.py", "web/guard.py")} | {ROOT / "benchmarks/others/worker.py"} | {ROOT / "benchmarks/fuzz/child.py"}
# `--help` and a typing error are answered before any of these is loaded.
HEAVY = {
    "charset_normalizer", "fastapi", "sqlalchemy", "uvicorn", "extractor.form", "extractor.model", "extractor.pipeline", "extractor.read", "httpx2", "instructor", "lxml",
    "openai", "opencc", "pydantic", "rapidfuzz", "rich", "sqlite3", "tenacity", "yaml",
}  # fmt: skip

Function = ast.FunctionDef | ast.AsyncFunctionDef


def imported(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""
            yield from (f"{node.module}.{name.name}" for name in node.names)


def public(body: list[ast.stmt], prefix: str = "") -> Iterator[tuple[str, Function | ast.ClassDef]]:
    """Public functions and classes, and the public methods of public classes."""
    for node in body:
        if isinstance(node, Function | ast.ClassDef) and not node.name.startswith("_"):
            yield prefix + node.name, node
            if isinstance(node, ast.ClassDef):
                yield from public(node.body, f"{node.name}.")


def functions(tree: ast.AST) -> Iterator[Function]:
    return (node for node in ast.walk(tree) if isinstance(node, Function))


def lines(node: Function) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1


def swallows(handler: ast.ExceptHandler) -> bool:
    """Whether a handler takes every exception and does not end by raising it again."""
    last = handler.body[-1]
    if isinstance(last, ast.Raise) and last.exc is None:
        return False
    names = {n.id for n in ast.walk(handler.type) if isinstance(n, ast.Name)} if handler.type else {"BaseException"}
    return bool(names & {"Exception", "BaseException"})


def faults(paths: Sequence[Path], of: Callable[[ast.Module], Iterable[str]]) -> dict[str, list[str]]:
    """What ``of`` finds amiss, by file: one test for all files, since a test for each of hundreds takes longer to set up than to run."""
    assert len(paths) > 100
    found = {str(path.relative_to(ROOT)): list(of(TREES[path])) for path in paths}
    return {path: names for path, names in found.items() if names}


def test_nothing_imports_the_command_line() -> None:
    assert {} == faults(SOURCES, lambda tree: {name for name in imported(tree) if name == "cli" or name.startswith("cli.")})


def test_the_package_does_not_know_its_benchmarks_and_tests() -> None:
    assert {} == faults(PACKAGE, lambda tree: {name for name in imported(tree) if name.partition(".")[0] in {"benchmarks", "tests", "pytest"}})


def test_every_module_says_what_it_is() -> None:
    assert {} == faults(SOURCES, lambda tree: [] if ast.get_docstring(tree) else ["the module has no docstring"])


def test_every_public_name_says_what_it_is() -> None:
    assert {} == faults(SOURCES, lambda tree: (name for name, node in public(tree.body) if not ast.get_docstring(node)))


def test_no_module_is_longer_than_a_reader_can_hold() -> None:
    sizes = {str(path.relative_to(ROOT)): len(path.read_text(encoding="utf-8").splitlines()) for path in SOURCES}

    assert {} == {path: size for path, size in sizes.items() if size > LONGEST_MODULE}


def test_no_function_is_longer_than_a_screen() -> None:
    assert {} == faults(SOURCES, lambda tree: (f"{f.name}: {lines(f)}" for f in functions(tree) if lines(f) > LONGEST_FUNCTION))


def test_functions_are_short_on_the_whole() -> None:
    sizes = sorted(lines(f) for path in PACKAGE for f in functions(TREES[path]))

    assert sizes[len(sizes) // 2] <= 10
    assert sizes[len(sizes) * 9 // 10] <= 35


def unannotated(f: Function) -> list[str]:
    """The arguments of a function, and its result, that have no annotation."""
    arguments = [*f.args.posonlyargs, *f.args.args, *f.args.kwonlyargs]
    missing = [a.arg for a in arguments if a.annotation is None and a.arg not in {"self", "cls"}]
    return missing + ["return"] * (f.returns is None)


def test_every_function_is_annotated() -> None:
    assert {} == faults(SOURCES, lambda tree: (f"{f.name}: {x}" for f in functions(tree) for x in unannotated(f)))


def test_only_the_outermost_loops_catch_everything() -> None:
    inner = [path for path in SOURCES if path not in MAY_CATCH_EVERYTHING]

    assert {} == faults(inner, lambda tree: (f"line {n.lineno}" for n in ast.walk(tree) if isinstance(n, ast.ExceptHandler) and swallows(n)))


def test_the_package_names_no_row_and_no_column_of_a_form() -> None:
    """Forms are data: an id of a shipped form in a string of the code would be a rule in the wrong place."""
    from extractor.form import load_forms

    ids = {x for form in load_forms() for f in form.fields for x in (f.row, f.column, f.table) if "_" in x}

    assert ids
    assert {} == faults(PACKAGE, lambda tree: ids & {n.value for n in ast.walk(tree) if isinstance(n, ast.Constant) and isinstance(n.value, str)})


def test_the_command_line_starts_without_the_heavy_modules() -> None:
    code = "import cli, json, sys; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, encoding="utf-8", check=True)

    assert set() == HEAVY & set(json.loads(done.stdout))


def test_importing_the_package_opens_and_loads_nothing() -> None:
    code = "import sys; before = set(sys.modules); import extractor; print(*sorted(set(sys.modules) - before))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, encoding="utf-8", check=True)

    assert set() == {"socket", "sqlite3", "lxml", "openai"} & set(done.stdout.split())


def test_the_pipeline_fits_on_a_screen_and_alone_knows_the_order() -> None:
    stages = {"read", "segment", "parse", "reconcile", "ground", "check", "judge"}
    knowing = {
        path.relative_to(ROOT / "extractor").as_posix()
        for path in PACKAGE
        if stages <= {name.split(".")[1] for name in imported(TREES[path]) if name.startswith("extractor.") and name.count(".")}
    }

    assert {"pipeline.py"} == knowing
    # One screen to read the report, one to decide it.
    assert len((ROOT / "extractor" / "pipeline.py").read_text(encoding="utf-8").splitlines()) <= 130
