"""Counts the documents that a plan is for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ctxpipe.errors import ModelError, ReadError, UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """Tokens of documents.

    Attributes:
        tokens: In all.
        tokenizer: What counted them; None for a number that was given.
        notes: What to know about it, one line each.
    """

    tokens: int
    tokenizer: str | None = None
    notes: tuple[str, ...] = ()


def count(
    paths: tuple[str, ...],
    tokens: int | None,
    *,
    tokenizer: str | None,
    model: str,
    decode_errors: Any,
    all_files: bool = False,
    on_stage: Callable[[str, int, int], None],
    on_failure: Callable[[ReadError], None],
) -> Counted | None:
    """Count documents, as compression counts its source.

    Args:
        paths: Files, directories, globs or ``-``.
        tokens: As many more.
        tokenizer: Whose tokens; None for the model's. Where that cannot be had, the embedded model's, with a note.
        model: Folder or Hugging Face id of the model.
        decode_errors: What undecodable bytes do.
        all_files: Whether directories give what is passed over otherwise.
        on_stage: Called with a stage, what is done and what there is to do.
        on_failure: Called for each document that cannot be read.

    Returns:
        None without documents and tokens.

    Raises:
        UsageError: for an invalid number of tokens.
        ModelError: if the named tokenizer cannot be loaded.
        ReadError: if nothing could be read.
    """
    if tokens is not None and tokens < 1:
        raise UsageError(f"the documents' tokens must be at least 1, not {tokens}")
    if not paths:
        return None if tokens is None else Counted(tokens=tokens)
    from ctxpipe.pipeline.pipeline import Pipeline

    pipeline = Pipeline(
        rank="none",
        prune="none",
        decode_errors=decode_errors,
        all_files=all_files,
        on_stage=on_stage,
        on_failure=on_failure,
    )
    documents = pipeline.read(paths)
    counter, note = _tokenizer(tokenizer, model)
    total = tokens or 0
    for done, document in enumerate(documents):
        on_stage("count", done, len(documents))
        total += counter.count_long(document.text)
    notes = (*pipeline.notes, *filter(None, [note]))
    return Counted(tokens=max(1, total), tokenizer=counter.name, notes=notes)


def _tokenizer(name: str | None, model: str) -> tuple[Any, str]:
    from ctxpipe.models.tokenizer import TargetTokenizer
    from ctxpipe.pipeline.target import DEFAULT_TOKENIZER

    if name is not None:
        return TargetTokenizer.load(name), ""
    try:
        return TargetTokenizer.load(model), ""
    except (ModelError, UsageError) as exc:
        told = f"counted in tokens of {DEFAULT_TOKENIZER}, because the model's tokenizer cannot be loaded: {exc}"
        return TargetTokenizer.load(DEFAULT_TOKENIZER), told
