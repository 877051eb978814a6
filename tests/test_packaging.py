"""What is shipped: the wheel alone, in an empty environment, does the main job; pins and declared dependencies agree."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
import tomllib
import venv
import zipfile
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
BASE = [Requirement(r) for r in PROJECT["dependencies"]]
EXTRAS = {name: [q for r in rs if (q := Requirement(r)).name != PROJECT["name"]] for name, rs in PROJECT["optional-dependencies"].items()}
PINS = dict(line.split("==") for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines())


def third_party(path: Path) -> set[str]:
    """The top-level modules that a file imports and neither Python nor this project provides."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {n.name.partition(".")[0] for n in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module.partition(".")[0])
    return names - set(sys.stdlib_module_names) - {"extractor", "cli", "benchmarks", "tests"}


def test_the_base_install_and_the_extras_are_exactly_what_the_code_imports() -> None:
    modules = {m for path in [ROOT / "cli.py", *(ROOT / "extractor").rglob("*.py")] for m in third_party(path)}
    providers = packages_distributions()
    imported = {canonicalize_name(providers[m][0]) for m in modules}

    declared = {canonicalize_name(r.name) for r in [*BASE, *(r for name, group in EXTRAS.items() if name != "dev" for r in group)]}
    # SQLAlchemy imports the one where a database calls for it, Starlette the other where a form does.
    # `distributed` comes with dask, whose extra of that name is what is declared.
    assert declared - {"psycopg", "python-multipart"} == imported - {"distributed"}


def test_constraints_hold_names_and_versions_and_nothing_else() -> None:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()

    assert [] == [x for x in lines if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*==[0-9][0-9a-z.]*", x)]
    assert sorted(PINS) == [x.partition("==")[0] for x in lines]


@pytest.mark.parametrize("group", ["base", *EXTRAS])
def test_every_dependency_is_pinned_within_its_range(group: str) -> None:
    for requirement in BASE if group == "base" else EXTRAS[group]:
        pin = PINS[canonicalize_name(requirement.name)]
        assert requirement.specifier.contains(Version(pin)), f"{requirement} and {pin}"
        assert {"<", ">="} <= {s.operator for s in requirement.specifier}, f"{requirement} needs both bounds"


def test_what_is_compiled_is_there_and_no_package_is() -> None:
    """A name that matches nothing would be left out without a word; a compiled package finds its modules only beside the library."""
    build = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["hatch"]["build"]["targets"]["wheel"]
    hook = build["hooks"]["mypyc"]

    assert [] == [pattern for pattern in hook["include"] if not list(ROOT.glob(pattern.removeprefix("/")))]
    assert hook["exclude"] == ["__init__.py"]
    assert hook["enable-by-default"] is False
    assert "*.so" in build["exclude"]


def test_the_changelog_knows_this_version() -> None:
    released = re.findall(r"^## \[(\d[^\]]*)\] - \d{4}-\d\d-\d\d$", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)

    assert PROJECT["version"] == released[0]
    assert sorted(released, key=Version, reverse=True) == released


def test_the_licence_is_there_in_full() -> None:
    text = (ROOT / "LICENSE").read_text(encoding="utf-8")

    assert "Apache-2.0" == PROJECT["license"]
    assert "Version 2.0, January 2004" in text
    assert "END OF TERMS AND CONDITIONS" in text


def test_the_run_of_ci_uses_the_commands_of_the_readme() -> None:
    script = ROOT / ".ci" / "run"

    assert os.access(script, os.X_OK)
    assert "README.md" in script.read_text(encoding="utf-8")
    subprocess.run(["bash", "-n", str(script)], check=True)


def sh(*words: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    clean = {k: v for k, v in os.environ.items() if k not in {"PYTHONPATH", "VIRTUAL_ENV", "PIP_REQUIRE_VIRTUALENV"}}
    clean["HOME"] = str(cwd)  # a fresh machine: nothing of this person's settings
    return subprocess.run([str(w) for w in words], cwd=cwd, env=clean, capture_output=True, encoding="utf-8", check=False)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built as pip builds it."""
    folder = tmp_path_factory.mktemp("wheel")
    done = sh(sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", folder, ROOT, cwd=folder)
    assert done.returncode == 0, done.stderr
    (path,) = folder.glob("*.whl")
    return path


def pip_for(commands: Path) -> tuple[str | Path, ...]:
    return sys.executable, "-m", "pip", "--python", commands / "python"


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of commands of a new environment that holds the wheel and what it needs; the pip of this one fills it."""
    folder = tmp_path_factory.mktemp("installed")
    venv.create(folder / "venv", with_pip=False, system_site_packages=False)
    commands = folder / "venv" / ("Scripts" if os.name == "nt" else "bin")
    done = sh(*pip_for(commands), "install", "-q", "--no-compile", "-c", ROOT / "constraints.txt", wheel, cwd=folder)
    assert done.returncode == 0, done.stderr
    return commands


@pytest.mark.slow
def test_the_wheel_holds_the_program_and_its_data_and_nothing_else(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())

    assert f"gouji-{PROJECT['version']}-py3-none-any.whl" == wheel.name
    assert {"cli.py", "extractor", f"gouji-{PROJECT['version']}.dist-info"} == {n.partition("/")[0] for n in names}
    for folder in ("schemas", "prompts"):
        shipped = {f"extractor/_data/{folder}/{p.name}" for p in (ROOT / folder).iterdir() if p.is_file()}
        assert shipped == {n for n in names if n.startswith(f"extractor/_data/{folder}/")}
    assert {p.relative_to(ROOT).as_posix() for p in (ROOT / "extractor").rglob("*.py")} <= names


@pytest.mark.slow
def test_the_installed_program_does_the_main_job_outside_the_checkout(installed: Path, tmp_path: Path) -> None:
    gouji = installed / "gouji"
    report = ROOT / "golden" / "001" / "source.txt"

    version = sh(gouji, "--version", cwd=tmp_path)
    assert f"gouji {PROJECT['version']}\n" == version.stdout
    forms = sh(gouji, "form", "list", cwd=tmp_path)
    assert (0, True) == (forms.returncode, "extractor/_data/schemas" in forms.stdout.replace("\n", "")), forms.stderr
    extracted = sh(gouji, "extract", report, "--jsonl", "-", cwd=tmp_path)
    assert (0, True) == (extracted.returncode, '"form":"disclosure-2019"' in extracted.stdout), extracted.stderr
    scored = sh(gouji, "evaluate", ROOT / "golden", cwd=tmp_path)
    assert 0 == scored.returncode, scored.stdout + scored.stderr
    assert "0 silent errors" in scored.stdout
    assert 2 == sh(gouji, "evaluate", cwd=tmp_path).returncode


@pytest.mark.slow
def test_the_base_install_brings_no_model_client_and_no_statistics(installed: Path, tmp_path: Path) -> None:
    listed = sh(*pip_for(installed), "list", "--format", "freeze", cwd=tmp_path).stdout.lower()
    names = {line.partition("==")[0] for line in listed.splitlines()}

    assert set() == names & {"openai", "instructor", "httpx", "httpx2", "requests", "pytest", "scipy", "matplotlib"}
    assert set() == {f"{n}=={PINS[n]}" for n in names & set(PINS)} - set(listed.splitlines())
