"""Corpora that an option names: ``--corpus NAME=FILE``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ctxpipe.errors import UsageError


def named_corpora(given: Sequence[str]) -> dict[str, Path]:
    """Corpus files by name.

    Args:
        given: Values of the option, ``NAME=FILE`` each.

    Raises:
        UsageError: for a value of another form, and for a name that is given twice.
    """
    corpora: dict[str, Path] = {}
    for text in given:
        name, equals, file = text.partition("=")
        if not equals or not name or not file:
            raise UsageError(f"--corpus takes NAME=FILE, not {text!r}")
        if name in corpora:
            raise UsageError(f"--corpus names two files {name!r}")
        corpora[name] = Path(file)
    return corpora
