"""CI has every real part that a test would be skipped without."""

from __future__ import annotations

import os
import shutil
import subprocess
from importlib.util import find_spec

import pytest

from tests.databases import server_programs

pytestmark = pytest.mark.skipif(not os.environ.get("CI"), reason="on a machine of one's own a test may be skipped; CI installs what all need")


def test_there_is_a_browser_with_chinese_fonts() -> None:
    assert shutil.which("chromium")
    assert find_spec("playwright")
    assert "Noto Sans CJK SC" in subprocess.run(["fc-list", ":lang=zh-cn"], capture_output=True, text=True, check=True).stdout


def test_there_is_a_postgresql_server() -> None:
    assert server_programs()


def test_there_is_r_with_readr() -> None:
    assert 0 == subprocess.run(["Rscript", "-e", "library(readr)"], capture_output=True, check=False).returncode
