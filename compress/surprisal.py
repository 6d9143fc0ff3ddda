"""How surprised a small causal model is by each unit, alone or compared with having read the question."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from ctxpipe.compress.types import FloatArray, Identity, IntArray, OnProgress, Scores, ScoringText, TokenScores
from ctxpipe.errors import UsageError

WINDOW = 1024
"""Tokens of a window, its context included."""
OVERLAP = 128
"""Tokens of context that a later window of the same text sees again."""
_BATCH_TOKENS = 4096
_LOGIT_ROWS = 512


class _Window(NamedTuple):
    text: int
    ids: list[int]
    skip: int
    first: int


class SurprisalScorer:
    """Mean surprisal per token of each unit, in nats: what a model could have guessed is dropped first.

    This is the criterion of Selective Context (Li et al., 2023) and LLMLingua (Jiang et al., 2023), computed over
    whole windows at once instead of along a cache.

    Args:
        model: Embedded name, Hugging Face id or directory of a causal model.
        device: ``"auto"``, ``"cpu"`` or ``"cuda"``.
        trust_remote_code: Whether code that comes with the model may run.
    """

    name = "surprisal"
    _asks = False

    def __init__(self, *, model: str = "smollm2-135m", device: str = "auto", trust_remote_code: bool = False) -> None:
        self.model = model
        self._device = device
        self._trust = trust_remote_code
        self._loaded: tuple[Any, Any] | None = None

    @cached_property
    def _revision(self) -> str:
        from ctxpipe.compress.models import revision

        return revision(self.model)

    def identity(self) -> Identity | None:
        """What makes its scores; told without loading the model."""
        settings = f"{WINDOW} {OVERLAP}"
        return Identity(
            scorer=self.name,
            model=self.model,
            revision=self._revision,
            dtype="bfloat16",
            settings=settings,
            asks=self._asks,
        )

    def score(
        self, texts: Sequence[ScoringText], question: str | None, on_progress: OnProgress | None = None
    ) -> list[Scores]:
        """Score units; those without a token of their own get 0."""
        tokens = self.score_tokens(texts, question, on_progress)
        return [self.from_tokens(text, found) for text, found in zip(texts, tokens, strict=True)]

    def score_tokens(
        self, texts: Sequence[ScoringText], question: str | None, on_progress: OnProgress | None = None
    ) -> list[TokenScores]:
        """Loss of each token in nats."""
        return self._losses(texts, [_context(text.headings) for text in texts], on_progress)

    def from_tokens(self, text: ScoringText, tokens: TokenScores) -> Scores:
        """Mean over the tokens that end in a unit."""
        values = _per_unit(text, tokens.end, tokens.values)
        return Scores(values=values, scorer=self.name, model=self.model, revision=self._revision)

    def _load(self) -> tuple[Any, Any]:
        if self._loaded is None:
            from ctxpipe.compress.causal import load_causal_lm

            self._loaded = load_causal_lm(self.model, device=self._device, trust_remote_code=self._trust)
        return self._loaded

    def _losses(
        self, texts: Sequence[ScoringText], contexts: Sequence[str], on_progress: OnProgress | None
    ) -> list[TokenScores]:
        """Token losses of each text, every token having its text's context before it."""
        model, tokenizer = self._load()
        encoded = (
            tokenizer([t.text for t in texts], add_special_tokens=False, return_offsets_mapping=True) if texts else {}
        )
        prefixes = _prefixes(tokenizer, contexts)
        places = [np.array(o, dtype=np.int64).reshape(-1, 2) for o in encoded.get("offset_mapping", [])]
        losses = [np.zeros(len(place), dtype=np.float32) for place in places]
        windows = list(_windows(encoded.get("input_ids", []), prefixes))
        total = sum(len(window.ids) for window in windows)
        done = 0
        for batch in _batches(windows):
            for window, values in zip(batch, _batch_losses(model, [w.ids for w in batch]), strict=True):
                losses[window.text][window.first : window.first + len(window.ids) - window.skip] = values[
                    window.skip - 1 :
                ]
                done += len(window.ids)
            if on_progress:
                on_progress(done, total)
        return [TokenScores(start=p[:, 0], end=p[:, 1], values=v) for p, v in zip(places, losses, strict=True)]


class ContrastiveScorer(SurprisalScorer):
    """How much the question helps the model to foresee each unit: surprisal without it minus surprisal with it.

    The contrastive perplexity of LongLLMLingua (Jiang et al., 2024, eq. 3).
    """

    name = "contrastive"
    _asks = True

    def score_tokens(
        self, texts: Sequence[ScoringText], question: str | None, on_progress: OnProgress | None = None
    ) -> list[TokenScores]:
        """Loss of each token without the question less its loss with it.

        Raises:
            UsageError: without a question.
        """
        if not question:
            raise UsageError("the contrastive scorer needs a question (-q); surprisal works without one")
        headings = [_context(text.headings) for text in texts]
        halves: list[OnProgress | None] = [None, None]
        if on_progress:
            halves = [lambda d, t: on_progress(d, 2 * t), lambda d, t: on_progress(t + d, 2 * t)]
        plain = self._losses(texts, headings, halves[0])
        asked = self._losses(texts, [f"{question}\n{heading}" for heading in headings], halves[1])
        return [replace(p, values=p.values - a.values) for p, a in zip(plain, asked, strict=True)]


def _context(headings: Sequence[str]) -> str:
    return "".join(f"{heading}\n" for heading in headings)


def _prefixes(tokenizer: Any, contexts: Sequence[str]) -> list[list[int]]:
    begin = tokenizer.bos_token_id if tokenizer.bos_token_id is not None else tokenizer.eos_token_id
    distinct = list(dict.fromkeys(contexts))
    ids = tokenizer(distinct, add_special_tokens=False)["input_ids"] if distinct else []
    known = {context: [begin, *found[-OVERLAP:]] for context, found in zip(distinct, ids, strict=True)}
    return [known[context] for context in contexts]


def _windows(ids: Sequence[Sequence[int]], prefixes: Sequence[list[int]]) -> Iterator[_Window]:
    """Cut each text into windows; ``skip`` tokens of a window are context and are not scored."""
    for index, (tokens, prefix) in enumerate(zip(ids, prefixes, strict=True)):
        first = 0
        while first < len(tokens):
            context = [*prefix, *tokens[max(0, first - OVERLAP) : first]]
            piece = tokens[first : first + WINDOW - len(context)]
            yield _Window(index, [*context, *piece], len(context), first)
            first += len(piece)


def _batches(windows: Sequence[_Window]) -> Iterator[list[_Window]]:
    """Windows of like length together, so that little is padding."""
    batch: list[_Window] = []
    for window in sorted(windows, key=lambda w: -len(w.ids)):
        if batch and (len(batch) + 1) * len(batch[0].ids) > _BATCH_TOKENS:
            yield batch
            batch = []
        batch.append(window)
    if batch:
        yield batch


def _batch_losses(model: Any, rows: Sequence[list[int]]) -> list[FloatArray]:
    """Loss of every token of each row but the first, float32 of shape (len(row) - 1,)."""
    import torch

    width = max(len(row) for row in rows)
    ids = torch.zeros((len(rows), width), dtype=torch.long)
    for place, row in enumerate(rows):
        ids[place, : len(row)] = torch.tensor(row)
    ids = ids.to(model.device)
    with torch.inference_mode():
        # Padding is on the right, where a causal model's earlier positions cannot see it.
        hidden = model.get_decoder()(input_ids=ids, use_cache=False).last_hidden_state
        states, targets = hidden[:, :-1].flatten(0, 1), ids[:, 1:].flatten()
        head = model.get_output_embeddings()
        parts = []
        for at in range(0, len(targets), _LOGIT_ROWS):
            logits = head(states[at : at + _LOGIT_ROWS]).float()
            parts.append(torch.nn.functional.cross_entropy(logits, targets[at : at + _LOGIT_ROWS], reduction="none"))
        losses = torch.cat(parts).view(len(rows), width - 1).cpu().numpy()
    return [losses[place, : len(row) - 1] for place, row in enumerate(rows)]


def _per_unit(text: ScoringText, ends: IntArray, losses: FloatArray) -> FloatArray:
    owner = np.searchsorted(text.end, np.maximum(ends, 1), side="left")
    inside = owner < len(text.end)
    sums = np.bincount(owner[inside], weights=losses[inside], minlength=len(text.end))
    counts = np.bincount(owner[inside], minlength=len(text.end))
    return (sums / np.maximum(counts, 1)).astype(np.float32)
