"""LLMLingua and LongLLMLingua of the package, with a subclass that records tokens and decisions."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np
from llmlingua import PromptCompressor

from ctxpipe.arrays import BoolArray, FloatArray, IntArray
from ctxpipe.compress.prune.reference.state import undisturbed
from ctxpipe.compress.prune.reference.types import PackageEncoder, PackagePieces
from ctxpipe.models.quiet import quiet

GAP = "\n\n"
"""The package's separator between contexts."""
_KEPT = ("keys", "values")
_MORE_SEGMENTS = 4


class _OldCache:
    """A model that takes and returns its cache as a list of key and value per layer, which the package slices."""

    def __init__(self, model: Any) -> None:
        self._model = model

    def __call__(self, input_ids: Any, *, past_key_values: Any = None, **options: Any) -> Any:
        from transformers import DynamicCache

        cache = DynamicCache(None if past_key_values is None else [tuple(pair) for pair in past_key_values])
        response = self._model(input_ids, past_key_values=cache, **options)
        response.past_key_values = [[getattr(layer, name) for name in _KEPT] for layer in cache.layers]
        return response


class WatchedWalker(PromptCompressor):  # type: ignore[misc]  # the package has no types
    """The package's compressor with a loaded model; it records each token's number and decision.

    Args:
        model: A causal language model.
        tokenizer: Its tokenizer.
        encoder: Counts the tokens that targets are compared with.
    """

    _used: list[int]
    _first: int
    _ids: list[int]
    _starts: IntArray
    _ends: IntArray
    _values: FloatArray
    _kept: BoolArray
    _places: IntArray
    _gone: list[int]

    def __init__(self, model: Any, tokenizer: Any, encoder: PackageEncoder) -> None:
        self.use_llmlingua2 = False
        self.oai_tokenizer = encoder
        self.model, self.tokenizer, self.device = _OldCache(model), tokenizer, model.device
        self.max_position_embeddings = model.config.get_text_config().max_position_embeddings
        self.cache_bos_num, self.prefix_bos_num = 10, 100
        self.context_idxs: list[list[int]] = []
        self._used = []
        self._forget(0)

    def pieces(
        self, texts: Sequence[str], *, question: str = "", rate: float, rank: bool = False, dynamic: float = 0.0
    ) -> list[PackagePieces]:
        """Tokens of each text, with the number that each was judged by and the package's decision.

        Args:
            texts: The package's contexts, joined by two newlines; none may be blank.
            question: With a question this is LongLLMLingua: contexts are ranked by the question's perplexity after
                them, and tokens are judged by how much the question lowers their loss.
            rate: Share of the model's tokens, above 0 and at most 1. At 1 everything is kept.
            rank: Drop whole contexts first, the package's default.
            dynamic: How much less better contexts are cut than worse ones.
        """
        self._used = list(range(len(texts)))
        options = {"rank_method": "longllmlingua", "condition_in_question": "after", "condition_compare": True}
        target = rate * sum(self.get_token_length(text) for text in texts)
        with undisturbed(), quiet():
            self.compress_prompt(
                list(texts),
                question=question,
                target_token=target,
                use_context_level_filter=rank,
                dynamic_context_compression_ratio=dynamic,
                concate_question=False,
                **(options if question else {"rank_method": "llmlingua"}),
            )
        if rate >= 1:
            self._kept[:] = True
        return self._split(texts)

    def _split(self, texts: Sequence[str]) -> list[PackagePieces]:
        """Split the recording of the joined text into its contexts."""
        bounds = np.cumsum([self._first, *(len(texts[i]) + len(GAP) for i in self._used)])
        pieces = {}
        for index, (left, right) in zip(self._used, itertools.pairwise(bounds.tolist()), strict=True):
            start, end = np.clip(self._starts - left, 0, None), np.clip(self._ends, None, right - len(GAP)) - left
            inside = np.flatnonzero((end > start) & (self._ends > left))
            pieces[index] = PackagePieces(
                start=start[inside], end=end[inside], values=self._values[inside], kept=self._kept[inside]
            )
        return [pieces.get(index, PackagePieces.none()) for index in range(len(texts))]

    def control_context_budget(self, *args: Any, **options: Any) -> Any:
        """The package's choice of contexts, remembered."""
        result = super().control_context_budget(*args, **options)
        self._used = list(result[2])
        return result

    def get_prefix_length(self, prefix: str, text: str) -> int:
        """Tokens of the joined text that end within the prefix, by offsets instead of string comparison."""
        offsets = self.tokenizer(prefix + text[:100], add_special_tokens=False, return_offsets_mapping=True)
        return sum(end <= len(prefix) for _, end in offsets["offset_mapping"])

    def get_dynamic_compression_ratio(self, *args: Any, **options: Any) -> Any:
        """The package's shares per segment, and some more for text that has more tokens joined than apart."""
        shares = super().get_dynamic_compression_ratio(*args, **options)
        size = args[2]
        return shares + [[(size, shares[-1][-1][1])]] * _MORE_SEGMENTS

    def get_estimate_threshold_base_distribution(self, ppl: Any, *args: Any, **options: Any) -> float:
        """The package's threshold; a text of one token after a question has none and is kept."""
        if len(ppl) == 0:
            return float("-inf")
        return float(super().get_estimate_threshold_base_distribution(ppl, *args, **options))

    def iterative_compress_prompt(self, context: list[str], *args: Any, **options: Any) -> Any:
        """The package's walk, with every token's offsets and decision recorded."""
        joined = GAP.join(context)
        encoded = self.tokenizer(joined, add_special_tokens=False, return_offsets_mapping=True)
        offsets = np.array(encoded["offset_mapping"], dtype=np.int64).reshape(-1, 2)
        self._forget(len(offsets))
        start = options["start"]
        self._starts, self._ends = offsets[:, 0], offsets[:, 1]
        self._first = len(context[0]) + len(GAP) if start else 0
        self._ids = encoded["input_ids"]
        result = super().iterative_compress_prompt(context, *args, **options)
        self._kept[self._gone] = True
        self._kept[self._places] = True
        return result

    def get_compressed_input(
        self, loss: Any, input_ids: Any, attention_mask: Any, end: Any, iterative_size: int, **options: Any
    ) -> Any:
        """The package's step with the tokens' indices in place of their ids, which it only moves."""
        import torch

        moved = len(self._places) - input_ids.shape[1]
        self._gone, self._places = [*self._gone, *self._places[:moved].tolist()], self._places[moved:]
        self._remember(loss, int(end), iterative_size, options.get("self_loss"), options.get("start", 0))
        places = torch.from_numpy(self._places)[None].to(input_ids.device)
        result = super().get_compressed_input(loss, places, attention_mask, end, iterative_size, **options)
        kept = result[0]
        self._places = kept[0].cpu().numpy()
        ids = torch.tensor(self._ids, device=input_ids.device)[kept]
        return (ids, *result[1:])

    def _remember(self, loss: Any, end: int, size: int, self_loss: Any, start: int) -> None:
        """Record the numbers of the tokens from the segment's start; later segments overwrite those after it."""
        held = loss.float().cpu().numpy().copy()
        if self_loss is not None:
            plain = self_loss.float().cpu().numpy()
            held[start:] = plain[: len(held) - start] - held[start:]
        first, last = max(0, end - size), min(len(held), len(self._places))
        self._values[self._places[first:last]] = held[first:last]

    def _forget(self, tokens: int) -> None:
        self._starts = np.zeros(tokens, dtype=np.int64)
        self._ends = np.zeros(tokens, dtype=np.int64)
        self._values = np.full(tokens, np.nan, dtype=np.float32)
        self._kept = np.zeros(tokens, dtype=np.bool_)
        self._places = np.arange(tokens, dtype=np.int64)
        self._gone = []
        self._ids = []
        self._first = 0
