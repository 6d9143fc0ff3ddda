"""The llmlingua package as a scorer: its numbers per unit; this library's selector meets the budget."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import version

import numpy as np

from ctxpipe.arrays import FloatArray
from ctxpipe.compress.prune.reference.adapter import LLMLinguaReference, Mode
from ctxpipe.compress.prune.reference.types import PackagePieces
from ctxpipe.compress.types import Identity, OnProgress, ScoringText
from ctxpipe.models.ready import revision

_WALKED = 0.5


class ReferenceScorer:
    """Scores units by the numbers with which llmlingua 0.2.2 judges words or tokens.

    With a token classifier these are LLMLingua-2's probabilities. With a causal model they are LLMLingua's losses or,
    with a question, LongLLMLingua's contrasts, from the package's own walk, in which all texts are joined and dropped
    tokens are not seen. Like the package, this judges a token by the number of the next token.

    Args:
        model: Embedded name, Hugging Face id or directory of a token classifier or causal model.
        mode: ``"llmlingua2"``, ``"llmlingua"`` or ``"longllmlingua"``; ``"auto"`` decides by model and question.
        rate: Share that the walk of a causal model keeps.
        device: ``"auto"``, ``"cpu"`` or ``"cuda"``.
        dtype: ``"float32"``, ``"bfloat16"``, ``"float16"`` or ``"auto"``.
        trust_remote_code: Whether code that ships with the model may run.

    Raises:
        MissingExtraError: without the llmlingua package.
    """

    name = "reference"

    def __init__(
        self,
        *,
        model: str = "smollm2-135m",
        mode: Mode | str = "auto",
        rate: float = _WALKED,
        device: str = "auto",
        dtype: str = "auto",
        trust_remote_code: bool = False,
    ) -> None:
        self.model = model
        self._mode = mode_of(mode)
        self._rate = rate
        self._settings = device, dtype
        self._reference = LLMLinguaReference(
            model=model, device=device, dtype=dtype, trust_remote_code=trust_remote_code
        )

    def identity(self) -> Identity | None:
        """Identity of LLMLingua-2's probabilities; None for a walk, whose numbers depend on all texts."""
        if self._mode in ("llmlingua", "longllmlingua") or not self._reference.classifier:
            return None
        from ctxpipe.models.causal import torch_device

        device, dtype = self._settings
        if dtype == "auto":
            dtype = "float32" if torch_device(device).type == "cpu" else "bfloat16"
        settings = f"llmlingua2 {version('llmlingua')}"
        return Identity(scorer=self.name, revision=revision(self.model), dtype=dtype, settings=settings)

    def score(
        self, texts: Sequence[ScoringText], question: str | None, on_progress: OnProgress | None = None
    ) -> list[FloatArray]:
        """Score units; those without a piece of their own get the least score of their text.

        Raises:
            UsageError: if the mode does not fit the model, or needs a question and there is none.
        """
        pieces = self._reference.pieces([t.text for t in texts], question=question, mode=self._mode, rate=self._rate)
        if on_progress:
            on_progress(len(texts), len(texts))
        return [per_unit(text, own) for text, own in zip(texts, pieces, strict=True)]


def mode_of(name: str) -> Mode | None:
    """The mode of a name; None for ``"auto"``.

    Raises:
        UnknownNameError: for an unknown mode.
    """
    from typing import get_args

    from ctxpipe.errors import UnknownNameError

    if name == "auto":
        return None
    for mode in get_args(Mode):
        if mode == name:
            known: Mode = mode
            return known
    raise UnknownNameError("mode", name, (*get_args(Mode), "auto"))


def per_unit(text: ScoringText, pieces: PackagePieces) -> FloatArray:
    """Mean of the pieces' values over each unit's characters, float32 of shape (units,).

    A word of the package can contain many units (text without spaces), and a unit several words.
    """
    known = np.isfinite(pieces.values)
    values = np.zeros(len(text.text) + 1)
    covered = np.zeros(len(text.text) + 1)
    np.add.at(values, pieces.start[known], pieces.values[known])
    np.add.at(values, pieces.end[known], -pieces.values[known].astype(np.float64))
    np.add.at(covered, pieces.start[known], 1)
    np.add.at(covered, pieces.end[known], -1)
    sums = np.concatenate([[0.0], np.cumsum(np.cumsum(values))])
    counts = np.concatenate([[0.0], np.cumsum(np.round(np.cumsum(covered)))])
    count = counts[text.end] - counts[text.start]
    least = float(pieces.values[known].min()) if known.any() else 0.0
    means = (sums[text.end] - sums[text.start]) / np.maximum(count, 1)
    return np.where(count > 0, means, least).astype(np.float32)
