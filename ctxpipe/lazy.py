"""Public names of a package, imported when they are first used."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from ctxpipe.old_names import note_old_name


class LazyNames(NamedTuple):
    """The ``__getattr__`` and ``__dir__`` of a package."""

    get: Callable[[str], Any]
    list: Callable[[], list[str]]


def lazy_names(package: str, homes: Mapping[str, str], old: Mapping[str, str] | None = None) -> LazyNames:
    """Make public names of a package that import their modules when first used.

    Args:
        package: Name of the package.
        homes: Module, below the package, to its public names, separated by spaces.
        old: Names of the last release to their new names.
    """
    modules = {name: module for module, names in homes.items() for name in names.split()}
    former = old or {}

    def get(name: str) -> Any:
        if name in former:
            note_old_name(f"{package}.{name}", f"{package}.{former[name]}", stacklevel=2)
        current = former.get(name, name)
        if current not in modules:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return getattr(importlib.import_module(f"{package}.{modules[current]}"), current)

    return LazyNames(get, lambda: sorted(modules))
