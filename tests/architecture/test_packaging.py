"""What is installed with the code: a wheel holds every file that the program opens, and says what it needs."""

from __future__ import annotations

import tomllib
from glob import glob
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "cunzhen"
NOT_INSTALLED = {"ui/README.md"}  # for those who write pages


@pytest.fixture(scope="module")
def project() -> dict[str, Any]:
    """``pyproject.toml``."""
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def test_a_wheel_holds_every_file_that_is_no_code(project: dict[str, Any]) -> None:
    packages = [path.parent for path in SOURCE.rglob("__init__.py")]
    patterns = project["tool"]["setuptools"]["package-data"]["*"]
    held = {
        str((package / name).relative_to(SOURCE))
        for package in packages
        for pattern in patterns
        for name in glob(pattern, root_dir=package, recursive=True)
    }
    there = {
        str(path.relative_to(SOURCE))
        for path in SOURCE.rglob("*")
        if path.is_file() and path.suffix not in {".py", ".pyc"}
    }
    assert {"ui/locale/en/LC_MESSAGES/django.mo", "capture/data/pile_findings.json"} <= held
    assert there - held == NOT_INSTALLED


def test_every_folder_with_code_is_a_package() -> None:
    folders = {path.parent for path in SOURCE.rglob("*.py")}
    assert [str(f) for f in sorted(folders) if not (f / "__init__.py").exists()] == []


def test_a_wheel_needs_what_the_lock_file_pins(project: dict[str, Any]) -> None:
    assert project["tool"]["setuptools"]["dynamic"]["dependencies"] == {"file": ["requirements/product.in"]}
    assert "dependencies" in project["project"]["dynamic"]


def test_an_old_builder_is_refused_by_name(project: dict[str, Any]) -> None:
    """Before 77 setuptools takes the licence for a table and fails with words about something else."""
    assert isinstance(project["project"]["license"], str)
    assert project["build-system"]["requires"] == ["setuptools>=77"]
