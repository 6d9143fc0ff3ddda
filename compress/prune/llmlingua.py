"""Surprisal of each unit under a small causal model, alone or compared with the surprisal after the question."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from ctxpipe.compress.prune.causal_scoring.windows import OVERLAP, WINDOW, LossModel, parts, token_losses
from ctxpipe.compress.prune.per_unit import ByTokens
from ctxpipe.compress.types import Identity, OnProgress, ScoringText, TokenScores
from ctxpipe.errors import UsageError

if TYPE_CHECKING:
    from ctxpipe.compress.prune.causal_scoring.local import LocalLosses

_WALKED = 0.5


class LLMLinguaScorer(ByTokens):
    """Mean surprisal per token of each unit, in nats: what a model could have guessed is dropped first.

    The criterion of Selective Context (Li et al., 2023, arXiv 2310.06201) and LLMLingua (Jiang et al., 2023, arXiv
    2310.05736), with each text read at once after its headings.

    Args:
        model: Embedded name, Hugging Face id or directory of a causal model.
        device: ``"auto"``, ``"cpu"`` or ``"cuda"``.
        dtype: ``"bfloat16"``, ``"float16"``, ``"float32"``; auto is the fastest on the device.
        trust_remote_code: Whether code that ships with the model may run.
        walk: Read as the original does: all texts joined, segment by segment, without dropped tokens. Scores then
            depend on ``rate`` and on the other texts, and are not cached.
        rate: Share of the tokens that the walk keeps.
        losses: Replaces the local weights; only the tokenizer is then read. Not with a walk.

    Raises:
        UsageError: for a rate outside (0, 1], or a walk with ``losses``.
    """

    name = "llmlingua"

    def __init__(
        self,
        *,
        model: str = "smollm2-135m",
        device: str = "auto",
        dtype: str = "auto",
        trust_remote_code: bool = False,
        walk: bool = False,
        rate: float = _WALKED,
        losses: LossModel | None = None,
    ) -> None:
        if not 0 < rate <= 1:
            raise UsageError(f"the rate of a walk must be above 0 and at most 1, not {rate}")
        if walk and losses is not None:
            raise UsageError("the walk needs a model in this process, not on a server")
        self.model = model
        self.walk = walk
        self._rate = rate
        self._device, self._dtype = device, dtype
        self._trust = trust_remote_code
        self._given = losses

    def identity(self) -> Identity | None:
        """What its scores depend on, without loading the model."""
        if self.walk or self._given is not None:
            return None
        from ctxpipe.models.causal import dtype_name
        from ctxpipe.models.ready import revision

        return Identity(
            scorer=self.name,
            revision=revision(self.model),
            dtype=dtype_name(self._dtype),
            settings=f"{WINDOW} {OVERLAP}",
            asks=self._asks,
        )

    def score_tokens(
        self, texts: Sequence[ScoringText], question: str | None, on_progress: OnProgress | None = None
    ) -> list[TokenScores]:
        """Loss of each of the model's tokens, without whitespace tokens. Progress counts tokens."""
        if self.walk:
            return self._walked(texts, "")
        return self._losses(texts, [_context(text.headings) for text in texts], on_progress)

    @property
    def _asks(self) -> bool:
        return False

    @cached_property
    def _tokenizer(self) -> Any:
        if self._given is None:
            return self._local[1]
        from ctxpipe.models.causal import load_tokenizer

        return load_tokenizer(self.model, trust_remote_code=self._trust)

    @cached_property
    def _local(self) -> tuple[LocalLosses, Any]:
        from ctxpipe.compress.prune.causal_scoring.local import LocalLosses
        from ctxpipe.models.causal import load_causal_lm

        model, tokenizer = load_causal_lm(
            self.model, device=self._device, dtype=self._dtype, trust_remote_code=self._trust
        )
        return LocalLosses(model), tokenizer

    def _losses(
        self, texts: Sequence[ScoringText], contexts: Sequence[str], on_progress: OnProgress | None
    ) -> list[TokenScores]:
        model = self._given or self._local[0]
        return token_losses(model, self._tokenizer, [text.text for text in texts], contexts, on_progress)

    def _walked(self, texts: Sequence[ScoringText], question: str) -> list[TokenScores]:
        from ctxpipe.compress.prune.causal_scoring.walk import walk

        model, tokenizer = self._local
        walks = walk(model.model, tokenizer, [text.text for text in texts], question=question, rate=self._rate)
        return [walked.scores(text.text) for walked, text in zip(walks, texts, strict=True)]


class LongLLMLinguaScorer(LLMLinguaScorer):
    """How much the question helps the model to foresee each unit: surprisal without it minus surprisal with it.

    The contrastive perplexity of LongLLMLingua (Jiang et al., 2024, arXiv 2310.06839, eq. 3).
    """

    name = "longllmlingua"

    def score_tokens(
        self, texts: Sequence[ScoringText], question: str | None, on_progress: OnProgress | None = None
    ) -> list[TokenScores]:
        """Loss of each of the model's tokens without the question minus the loss with it.

        Raises:
            UsageError: without a question.
        """
        if not question:
            raise UsageError("longllmlingua needs a question (-q); llmlingua works without one")
        if self.walk:
            return self._walked(texts, question)
        headings = [_context(text.headings) for text in texts]
        halves = parts(on_progress, 2)
        plain = self._losses(texts, headings, halves[0])
        asked = self._losses(texts, [f"{question}\n{heading}" for heading in headings], halves[1])
        return [
            TokenScores(start=before.start, end=before.end, values=before.values - after.values)
            for before, after in zip(plain, asked, strict=True)
        ]

    @property
    def _asks(self) -> bool:
        return True


def _context(headings: Sequence[str]) -> str:
    return "".join(f"{heading}\n" for heading in headings)
