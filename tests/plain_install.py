"""Stands in for an environment in which nothing but ``pip install ctxpipe`` was done.

Run as a script, it refuses every installed package that the plain install does not bring, then hands its arguments to
the command line; after ``-c``, it runs the code that follows.
"""

from __future__ import annotations

import importlib.abc
import sys
import tomllib
from importlib.metadata import PackageNotFoundError, packages_distributions, requires
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

PYPROJECT = Path(__file__).resolve().parents[1] / "pyproject.toml"


def brought() -> set[str]:
    """Distributions that the plain install brings, those that they need included."""
    todo = list(tomllib.loads(PYPROJECT.read_text(encoding="utf-8"))["project"]["dependencies"])
    found: set[str] = set()
    while todo:
        wanted = Requirement(todo.pop())
        name = canonicalize_name(wanted.name)
        if name in found or (wanted.marker and not wanted.marker.evaluate({"extra": ""})):
            continue
        found.add(name)
        try:
            todo += requires(name) or ()
        except PackageNotFoundError:  # it has another name in this environment, or this platform does without it
            continue
    return found


def refused() -> frozenset[str]:
    """Top-level modules installed here that the plain install does not bring."""
    plain = brought() | {"ctxpipe", "pip", "setuptools"}
    return frozenset(
        module
        for module, owners in packages_distributions().items()
        if plain.isdisjoint(map(canonicalize_name, owners)) and module != "ctxpipe"
    )


class Refusal(importlib.abc.MetaPathFinder):
    """An import hook for which some modules do not exist."""

    def __init__(self, modules: frozenset[str]) -> None:
        self.modules = modules

    def find_spec(self, name: str, path: object = None, target: object = None) -> None:
        """Refuse, or leave it to the next hook."""
        if name.partition(".")[0] in self.modules:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


if __name__ == "__main__":
    modules = refused()
    sys.meta_path.insert(0, Refusal(modules))
    if sys.argv[1] == "-c":
        exec(sys.argv[2])
        sys.exit()
    from ctxpipe.cli import main

    sys.exit(main(sys.argv[1:]))
