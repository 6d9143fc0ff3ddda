"""A token classifier run by torch, on a GPU or a CPU."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ctxpipe.arrays import FloatArray
from ctxpipe.compress.prune.llmlingua2.classifier import TokenRow
from ctxpipe.compress.types import OnProgress
from ctxpipe.models.batches import token_batches
from ctxpipe.models.causal import load_tokenizer, torch_device, torch_dtype
from ctxpipe.models.cpu import cpu_threads
from ctxpipe.models.hub import loading

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import torch

    from ctxpipe.compress.prune.llmlingua2.config import ClassifierConfig

_Judged = tuple[list[int], FloatArray]
"""Indices of a batch's rows, and their probabilities, of shape (rows, longest row)."""
CPU_TOKENS = 512
"""Tokens of a batch on a CPU, padding included: rows of 500 tokens run 1.5 times as fast alone."""
GPU_TOKENS = 65_536
ADDED_TOKENS = 100
"""Tokens that llmlingua adds to a vocabulary, for forced strings that are not single tokens."""
_UPSTREAM_SEED = 42


@dataclass(frozen=True, slots=True, kw_only=True)
class TorchClassifier:
    """A ``TokenClassifier`` in float32, bfloat16 or float16.

    Attributes:
        config: What is run.
        network: The transformers model, in evaluation mode.
        batch_tokens: Most tokens of a batch, padding included.
    """

    config: ClassifierConfig
    network: Any
    batch_tokens: int

    @classmethod
    def load(
        cls, config: ClassifierConfig, *, device: str = "auto", dtype: str = "auto", added_tokens: bool = False
    ) -> TorchClassifier:
        """Load the weights.

        Args:
            config: What to load.
            device: ``cpu``, ``cuda``, ``cuda:1``...; ``auto`` is the GPU when there is one.
            dtype: ``float32``, ``bfloat16`` or ``float16``; ``auto`` is bfloat16 on a GPU and float32 on a CPU.
            added_tokens: Add llmlingua's embeddings, drawn in the same way.

        Raises:
            ModelError: if they cannot be loaded.
            UsageError: for a device or dtype that is not available.
        """
        where = torch_device(device)
        precision = torch_dtype("float32" if dtype == "auto" and where.type == "cpu" else dtype, where.type)
        network = load_network(config, precision, added_tokens=added_tokens).to(where)
        return cls(config=config, network=network, batch_tokens=CPU_TOKENS if where.type == "cpu" else GPU_TOKENS)

    def keep_probabilities(self, rows: Sequence[TokenRow], on_progress: OnProgress | None = None) -> list[FloatArray]:
        """Judge tokens; see ``TokenClassifier``."""
        batches = token_batches([len(row) for row in rows], self.batch_tokens)
        judged = self._side_by_side if self.network.device.type == "cpu" else self._overlapped
        probabilities: list[FloatArray] = [np.zeros(0, dtype=np.float32)] * len(rows)
        total, done = sum(map(len, rows)), 0
        for members, values in judged(rows, batches):
            for place, index in enumerate(members):
                probabilities[index] = values[place, : len(rows[index])]
                done += len(rows[index])
            if on_progress:
                on_progress(done, total)
        return probabilities

    def _side_by_side(self, rows: Sequence[TokenRow], batches: Iterable[list[int]]) -> Iterator[_Judged]:
        """As many batches at once as there are cores, each on one: two threads on one batch wait for each other."""

        def run(members: list[int]) -> _Judged:
            return members, self._launch([rows[index] for index in members]).numpy()

        with _one_thread_each() as workers:
            yield from workers.map(run, batches)

    def _overlapped(self, rows: Sequence[TokenRow], batches: Iterable[list[int]]) -> Iterator[_Judged]:
        """One batch after the other, the next on its way before the last one's result is waited for."""
        waiting: tuple[list[int], _Copy] | None = None
        for members in batches:
            launched = _Copy(self._launch([rows[index] for index in members]))
            if waiting is not None:
                yield waiting[0], waiting[1].fetch()
            waiting = members, launched
        if waiting is not None:
            yield waiting[0], waiting[1].fetch()

    def _launch(self, rows: Sequence[TokenRow]) -> torch.Tensor:
        """Probabilities, float32 of shape (rows, longest row), on the device."""
        import torch

        lengths = [len(row) for row in rows]
        padded = np.full((len(rows), max(lengths)), self.network.config.pad_token_id or 0, dtype=np.int64)
        for place, row in enumerate(rows):
            padded[place, : len(row)] = row
        ids = self._moved(torch.from_numpy(padded))
        mask = None
        if min(lengths) < max(lengths):
            mask = self._moved(torch.arange(max(lengths)) < torch.tensor(lengths)[:, None]).long()
        with torch.inference_mode():
            logits = self.network(input_ids=ids, attention_mask=mask).logits
            kept: torch.Tensor = torch.softmax(logits.float(), dim=-1)[..., self.config.keep]
        return kept

    def _moved(self, tensor: torch.Tensor) -> torch.Tensor:
        device = self.network.device
        return tensor if device.type == "cpu" else tensor.pin_memory().to(device, non_blocking=True)


@contextmanager
def _one_thread_each() -> Iterator[ThreadPoolExecutor]:
    """One worker per core, each with one torch thread; torch's setting is restored at the end."""
    import torch

    before = torch.get_num_threads()
    workers = min(before, cpu_threads())
    try:
        with ThreadPoolExecutor(workers, initializer=torch.set_num_threads, initargs=(1,)) as pool:
            yield pool
    finally:
        torch.set_num_threads(before)


class _Copy:
    """An asynchronous copy from device to host."""

    def __init__(self, values: torch.Tensor) -> None:
        import torch

        self._event = None
        self._host = values
        if values.device.type == "cuda":
            self._host = torch.empty(values.shape, dtype=values.dtype, pin_memory=True)
            self._host.copy_(values, non_blocking=True)
            self._event = torch.cuda.Event()  # type: ignore[no-untyped-call]
            self._event.record()

    def fetch(self) -> FloatArray:
        if self._event is not None:
            self._event.synchronize()
        values: FloatArray = self._host.numpy()
        return values


def load_network(
    config: ClassifierConfig, precision: torch.dtype, *, added_tokens: bool = False, attention: str | None = None
) -> Any:
    """Load a classifier's transformers model on the CPU, in evaluation mode.

    Args:
        config: What to load.
        precision: Type of its weights.
        added_tokens: Add llmlingua's embeddings, drawn in the same way.
        attention: Implementation of attention; None for transformers' default.

    Raises:
        ModelError: if it cannot be loaded.
    """
    from transformers import AutoModelForTokenClassification

    options = {} if attention is None else {"attn_implementation": attention}
    with loading(config.name, "model", place=config.place):
        network = AutoModelForTokenClassification.from_pretrained(
            config.place, dtype=precision, trust_remote_code=config.trust_remote_code, **options
        )
        if added_tokens:
            _add_tokens(config, network)
        return network.eval()


def _add_tokens(config: ClassifierConfig, network: Any) -> None:
    import torch

    words = load_tokenizer(config.name, trust_remote_code=config.trust_remote_code)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(_UPSTREAM_SEED)
        network.resize_token_embeddings(len(words) + ADDED_TOKENS)
