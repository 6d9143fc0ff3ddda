"""The corpora of a gateway, by the names that follow a model's: ``scout@handbook``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote, unquote_to_bytes

from ctxpipe.errors import UsageError

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_AT = "@"
_ONE_MODEL = re.compile(rb"/v1/models/([^/].*)")


class Asked(NamedTuple):
    """A model and the corpus that it answers from."""

    model: str
    corpus: str


def check_name(name: str) -> None:
    """Check the name of a corpus.

    Raises:
        UsageError: for a name that a model's name could not end with.
    """
    if not _NAME.fullmatch(name):
        raise UsageError(f"--corpus {name!r}: a name has letters, digits, '.', '_' and '-', at most 64")


def asked_of(model: object, corpora: Mapping[str, Path]) -> Asked | None:
    """The model and the corpus that a model's name asks for; None for a name without a known corpus."""
    if not isinstance(model, str):
        return None
    name, _, corpus = model.rpartition(_AT)
    return Asked(name, corpus) if name and corpus in corpora else None


def with_corpora(answer: dict[str, Any], corpora: Mapping[str, Path]) -> dict[str, Any]:
    """A list of models with one more for each model and corpus."""
    listed = answer.get("data")
    if not isinstance(listed, list):
        return answer
    models = [one for one in listed if isinstance(one, dict) and isinstance(one.get("id"), str)]
    return {**answer, "data": [*listed, *(named(one, corpus) for one in models for corpus in corpora)]}


def named(model: dict[str, Any], corpus: str) -> dict[str, Any]:
    """A model as the one that answers from a corpus."""
    beside = model.get("ctxpipe")
    known = beside if isinstance(beside, dict) else {}
    return {**model, "id": f"{model['id']}{_AT}{corpus}", "ctxpipe": {**known, "corpus": corpus}}


def described(path: bytes, corpora: Mapping[str, Path]) -> Asked | None:
    """The model and the corpus that a path describes, such as ``/v1/models/scout@handbook``."""
    match = _ONE_MODEL.fullmatch(path)
    return asked_of(unquote_to_bytes(match[1]).decode("utf-8", "replace"), corpora) if match else None


def path_of(model: str) -> bytes:
    """The path that describes a model at the target."""
    return b"/v1/models/" + quote(model, safe="/").encode()
