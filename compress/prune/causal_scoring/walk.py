"""The walk of LLMLingua: segment by segment along a KV cache from which dropped tokens are removed.

It makes the decisions of llmlingua 0.2.2 (with a cache that current transformers accepts) and computes logits in
slices; the package first reads everything at once and holds all logits several times.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from ctxpipe.arrays import BoolArray, FloatArray, IntArray
from ctxpipe.compress.prune.causal_scoring.local import head_losses, keys_and_values
from ctxpipe.compress.prune.causal_scoring.schedule import Segment, schedule
from ctxpipe.compress.prune.causal_scoring.windows import CausalTokens, trimmed, visible
from ctxpipe.compress.types import TokenScores

SIZE = 200
"""Tokens of a segment."""
GAP = "\n\n"
_ANCHORS = 10
"""Tokens at the beginning that stay in the cache when it is cut to the model's window."""
_MORE_SEGMENTS = 4


class Walked(NamedTuple):
    """The tokens of one text after the walk.

    Attributes:
        start, end: int64 of shape (n,): offsets in the text.
        own: float32 of shape (n,): each token's loss (or contrast) when it was judged; 0 for the first token.
        judged: float32 of shape (n,): the number that the original judges it by, the loss of the next token; NaN for
            the last token.
        kept: bool of shape (n,): the original's decision.
    """

    start: IntArray
    end: IntArray
    own: FloatArray
    judged: FloatArray
    kept: BoolArray

    def scores(self, text: str) -> TokenScores:
        """Each visible token's own loss."""
        return visible(CausalTokens([], *trimmed(text, np.stack([self.start, self.end], axis=1))), self.own)


def walk(
    model: Any, tokenizer: Any, texts: Sequence[str], *, question: str = "", rate: float, size: int = SIZE
) -> list[Walked]:
    """Walk over texts joined by blank lines.

    Args:
        model: A transformers causal language model in evaluation mode.
        tokenizer: Its tokenizer.
        texts: Blank ones have no tokens and are not read.
        question: With a question, a token is judged by how much a preceding question lowers its loss.
        rate: Share of the tokens to keep, above 0 and at most 1. At 1 everything is kept.
        size: Tokens of a segment.
    """
    held = [index for index, text in enumerate(texts) if text.strip()]
    contexts = [texts[index] for index in held]
    lead = f"{question}{GAP}" if question else ""
    encoded = tokenizer(lead + GAP.join(contexts), add_special_tokens=False, return_offsets_mapping=True)
    begin, end = np.array(encoded["offset_mapping"], dtype=np.int64).reshape(-1, 2).T
    start = int(np.searchsorted(end, len(lead), side="right")) if lead else 0
    own, judged, kept = _SegmentWalk(model, encoded["input_ids"], start, size).run(
        _segments(tokenizer, contexts, rate, size)
    )
    kept |= rate >= 1
    bounds = np.cumsum([len(lead), *(len(text) + len(GAP) for text in contexts)])
    walked = {}
    for index, (left, right) in zip(held, itertools.pairwise(bounds.tolist()), strict=True):
        first, last = np.clip(begin - left, 0, None), np.clip(end, None, right - len(GAP)) - left
        inside = np.flatnonzero((end > left) & (last > first))
        walked[index] = Walked(first[inside], last[inside], own[inside], judged[inside], kept[inside])
    empty = np.zeros(0, dtype=np.int64)
    numbers, flags = empty.astype(np.float32), empty.astype(np.bool_)
    return [walked.get(i, Walked(empty, empty, numbers, numbers, flags)) for i in range(len(texts))]


def _segments(tokenizer: Any, contexts: Sequence[str], rate: float, size: int) -> list[Segment]:
    if not contexts:
        return []
    target = rate * sum(map(len, tokenizer(list(contexts))["input_ids"]))
    segments = schedule(
        [len(ids) for ids in tokenizer(list(contexts), add_special_tokens=False)["input_ids"]], target, size
    )
    # Texts may have more tokens joined than apart.
    return segments + [[(size, segments[-1][-1][1])]] * _MORE_SEGMENTS


class _Reading:
    """One pass over the text, with or without the question: remaining tokens, losses so far, and the KV cache.

    ``losses[i]`` is the loss of token ``i + 1``.
    """

    def __init__(self, model: Any, ids: Sequence[int]) -> None:
        self.model = model
        self.ids = np.array(ids, dtype=np.int64)
        self.window = int(model.config.get_text_config().max_position_embeddings)
        self.losses: FloatArray | None = None
        self.cache: Any = None
        self.ready = 0

    def read(self, end: int | None) -> bool:
        """Compute losses up to a token or to the end of the window; False if there is nothing new."""
        import torch
        from transformers import DynamicCache

        cache = self.cache if self.cache is not None else DynamicCache()
        past = cache.get_seq_length()
        new = torch.from_numpy(self.ids[past : min(len(self.ids) if end is None else end, past + self.window)])
        new = new.to(self.model.device)
        with torch.inference_mode():
            keep = end is not None
            decoder = self.model.get_decoder()
            states = decoder(input_ids=new[None], **({"past_key_values": cache} if keep else {}), use_cache=keep)
            losses = head_losses(self.model, states.last_hidden_state[0, :-1], new[1:])
        self.cache = cache if keep else None
        if self.losses is None or end is None:
            self.losses = losses
        else:
            room = max(0, min(end - 1 - len(self.losses), len(losses)))
            self.losses = np.concatenate([self.losses, np.zeros(room, dtype=np.float32)])
            self.losses[self.ready : end - 1] = losses
        return len(losses) > 0

    def forget(self, first: int, count: int) -> None:
        """Drop the first tokens, and as many cache entries after the anchors, to fit the window again."""
        self.ids, self.ready = self.ids[count:], self.ready - count
        size = self.cache.get_seq_length()
        self._hold(np.r_[:first, first + count : max(first + count, size)])

    def crop(self, size: int, ready: int) -> None:
        """Cut the cache to its final part."""
        if self.cache is not None:
            self._hold(np.arange(min(size, self.cache.get_seq_length())))
        self.ready = ready

    def _hold(self, places: IntArray) -> None:
        from transformers import DynamicCache

        self.cache = DynamicCache([tuple(held[:, :, places] for held in pair) for pair in keys_and_values(self.cache)])


class _SegmentWalk:
    def __init__(self, model: Any, ids: Sequence[int], start: int, size: int) -> None:
        self.start = start
        self.size = size
        self.main = _Reading(model, ids)
        self.plain = _Reading(model, ids[start:]) if start else None
        self.places = np.arange(len(ids))
        self.gone: list[int] = []
        self.own = np.zeros(len(ids), dtype=np.float32)
        self.judged = np.full(len(ids), np.nan, dtype=np.float32)

    def run(self, segments: Sequence[Segment]) -> tuple[FloatArray, FloatArray, BoolArray]:
        end = min(self.size + self.start, len(self.places))
        for index, segment in enumerate(segments):
            if end > len(self.places):
                break
            end = self._into_window(end)
            if not self._read(end, first=index == 0):
                break
            for stretch, share in segment:
                end = self._cut(end - self.size + stretch, stretch, share) + self.size
        kept = np.zeros(len(self.own), dtype=np.bool_)
        kept[self.gone] = True
        kept[self.places] = True
        return self.own, self.judged, kept

    def _into_window(self, end: int) -> int:
        over = end - self.main.window
        if over <= 0 or self.main.cache is None:
            return end
        first = min(_ANCHORS + self.start, self.main.window)
        self.gone.extend(self.places[:over].tolist())
        self.places = self.places[over:]
        self.main.forget(first, over)
        if self.plain is not None:
            self.plain.forget(min(first, self.plain.cache.get_seq_length() - over), over)
        return end - over

    def _read(self, end: int, *, first: bool) -> bool:
        settled = end - self.size
        if not self.main.read(None if first else end):
            return False
        self.main.crop(settled, 0 if self.start and first else settled)
        if self.plain is not None:
            self.plain.read(None if first else end - self.start)
            self.plain.crop(settled - self.start, 0 if first else settled - self.start)
        return True

    def _cut(self, end: int, stretch: int, share: float) -> int:
        """Drop tokens of a stretch that ends at a token; return its new end."""
        losses, plain = self.main.losses, self.plain.losses if self.plain is not None else None
        if losses is None:
            return end
        held = losses.copy()
        if plain is not None:
            held[self.start :] = plain[: len(held) - self.start] - held[self.start :]
        self._note(held, max(0, end - stretch))
        need = np.append(held > _threshold(held[self.start :], share), losses[:1] > 0)
        need[: self.start] = losses[: self.start] > 0
        # For text shorter than a segment, slices count from the end, as in the original.
        need[end:] = True
        need[: end - stretch] = True
        self.main.losses = losses[need[:-1]]
        if self.plain is not None and plain is not None:
            missing = len(plain) + self.start + 1 - len(need)
            need = np.append(need, np.ones(max(0, missing), dtype=np.bool_))
            self.plain.losses = plain[need[self.start : -1]]
        need = np.append(need, np.ones(max(0, len(self.places) - len(need)), dtype=np.bool_))[: len(self.places)]
        self.main.ids, self.places = self.main.ids[need], self.places[need]
        if self.plain is not None:
            self.plain.ids = self.plain.ids[need[self.start :]]
        return end - int(np.count_nonzero(~need[:end]))

    def _note(self, held: FloatArray, first: int) -> None:
        last = min(len(held), len(self.places))
        self.judged[self.places[first:last]] = held[first:last]
        begin = max(first, 1)
        after = self.places[begin : last + 1]
        self.own[after] = held[begin - 1 : begin - 1 + len(after)]


def _threshold(held: FloatArray, share: float) -> float:
    if share == 1.0 or len(held) == 0:
        return float("-inf")
    place = max(0, min(len(held) - 1, int(len(held) * share) - 1))
    return float(np.sort(held)[::-1][place])
