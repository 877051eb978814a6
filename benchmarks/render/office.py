"""A rendered DOCX converted further by LibreOffice: what office programs really write. Two seconds a call, whatever the number of files."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

TARGETS = ("pdf", "doc", "odt", "rtf", "xls", "ods")


def available() -> bool:
    """Whether LibreOffice is installed."""
    return shutil.which("soffice") is not None


def converted(documents: Mapping[str, bytes], suffix: str, target: str, seconds: float = 180) -> dict[str, bytes]:
    """Each document, all of the type ``suffix`` (docx, xlsx), as ``target``; the bytes hold the time of the conversion.

    Raises FileNotFoundError where LibreOffice is missing or wrote nothing, subprocess.TimeoutExpired after ``seconds``.
    """
    program = shutil.which("soffice")
    if program is None:
        raise FileNotFoundError("soffice: apt-get install --no-install-recommends libreoffice-writer-nogui libreoffice-calc-nogui")
    with TemporaryDirectory() as folder:
        given, made = Path(folder, "given"), Path(folder, "made")
        given.mkdir()
        for name, data in documents.items():
            (given / f"{name}.{suffix}").write_bytes(data)
        command = [
            program, "--headless", "--norestore", f"-env:UserInstallation={Path(folder, 'profile').as_uri()}",
            "--convert-to", target, "--outdir", str(made), *(str(given / f"{name}.{suffix}") for name in documents),
        ]  # fmt: skip
        subprocess.run(command, check=True, timeout=seconds, capture_output=True)  # noqa: S603
        return {name: (made / f"{name}.{target}").read_bytes() for name in documents}
