"""The folders import only what stands below them, and the linter that says so sees through the links."""

from __future__ import annotations

import importlib
import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest


def lint_imports(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def test_contracts_are_kept(repository: Path) -> None:
    result = lint_imports(repository)
    assert result.returncode == 0, result.stdout
    assert "0 broken" in result.stdout


@pytest.mark.parametrize(
    ("importer", "imported"),
    [
        ("compress", "ctxpipe.serving"),
        ("serving", "ctxpipe.compress.types"),
        ("compress", "ctxpipe.pipeline"),
        ("serving", "ctxpipe.evals"),
        ("pipeline", "ctxpipe.evals"),
        ("pipeline", "ctxpipe.cli"),
        ("evals", "ctxpipe.commands.config"),
    ],
)
def test_a_forbidden_import_is_found(checkout: Path, importer: str, imported: str) -> None:
    (checkout / importer / "intruder.py").write_text(f"import {imported}\n")
    result = lint_imports(checkout)
    assert result.returncode == 1, result.stdout
    assert f"ctxpipe.{importer}.intruder -> {imported}" in result.stdout


@pytest.mark.parametrize("name", ["compress", "evals", "pipeline", "serving"])
def test_a_folder_is_not_importable_under_its_bare_name(repository: Path, name: str) -> None:
    command = [sys.executable, "-c", f"import {name}"]
    result = subprocess.run(command, cwd=repository, capture_output=True, text=True, check=False)
    assert result.returncode == 1
    assert result.stderr.splitlines()[-1] == f"ImportError: import ctxpipe.{name}"


@pytest.mark.parametrize("name", ["evals", "serving"])
def test_no_public_name_is_a_module_too(name: str) -> None:
    """Importing a module sets its name in the package, and would hide the function of that name."""
    package = importlib.import_module(f"ctxpipe.{name}")
    assert not set(package.__all__) & {module.name for module in pkgutil.iter_modules(package.__path__)}
