"""Layer 2: the likelihood of the right answer under a target, given context and question."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from ctxpipe.errors import UsageError
from ctxpipe.evals.types import Sample
from ctxpipe.models.batches import token_batches

if TYPE_CHECKING:
    from ctxpipe.serving.types import Message

BATCH_TOKENS = 4096
"""Prompt tokens of one batch, padding included."""
LEAST_ALIKE = 0.8
"""Least ratio of shortest to longest prompt in a batch, to limit padding."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """A context, a question and the right answers, of which one is enough."""

    context: str
    question: str
    answers: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Likelihood:
    """The likelihood of a right answer.

    Attributes:
        nll: Mean negative log-likelihood per token of the most likely right answer, in nats; None if it did not fit.
        prompt_tokens: Tokens of the rendered prompt, without the answer.
        seconds: Duration; in a batch, a share proportional to length.
    """

    nll: float | None
    prompt_tokens: int
    seconds: float


class LikelihoodTarget(Protocol):
    """A model that computes likelihoods of answers.

    Attributes:
        model: Name of the model.
        revision: Its revision; another revision has other numbers.
    """

    model: str
    revision: str

    def score(self, asks: Sequence[Ask]) -> list[Likelihood]:
        """One result per request, in order."""
        ...


def ask_of(sample: Sample, context: str) -> Ask:
    """The request of an item. If all answers are needed, they are joined into one."""
    answers = (", ".join(sample.answers),) if sample.rule == "all" else sample.answers
    return Ask(context=context, question=sample.question, answers=tuple(dict.fromkeys(filter(str.strip, answers))))


def turns(ask: Ask) -> tuple[Message, ...]:
    """The chat that is sent, the same as in ``ctxpipe query``."""
    from ctxpipe.pipeline.ask.prompt import messages

    return messages(ask.context, ask.question)


def ask_hash(ask: Ask) -> str:
    """Hash of chat and answers, the key of cached results."""
    parts = [*(f"{turn.role}\0{turn.content}" for turn in turns(ask)), "\0", *ask.answers]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32]


class _PromptRow(NamedTuple):
    place: int
    prompt: list[int]
    answers: list[list[int]]


class LocalTarget:
    """A causal language model on this machine.

    Args:
        model: Embedded name, folder or Hugging Face id.
        window: Limit on the tokens of prompt and answer together, if lower than the model's own.
        device: ``auto``, ``cpu`` or ``cuda``.
        dtype: ``auto``, ``bfloat16``, ``float16`` or ``float32``.

    Raises:
        ModelError: if the model cannot be loaded.
        UsageError: if its window is unknown and not given.
    """

    def __init__(
        self, model: str = "smollm2-135m", *, window: int | None = None, device: str = "auto", dtype: str = "auto"
    ) -> None:
        from ctxpipe.models.causal import load_causal_lm
        from ctxpipe.models.ready import revision
        from ctxpipe.serving.local.chat import ChatRenderer

        self.model = model
        self._model, self._tokenizer = load_causal_lm(model, device=device, dtype=dtype)
        self._renderer = ChatRenderer(self._tokenizer)
        self.window = _window(self._model, window)
        place = f"{self._model.device.type}/{str(self._model.dtype).removeprefix('torch.')}"
        self.revision = f"{revision(model)}/{place}/{self.window}"

    def score(self, asks: Sequence[Ask]) -> list[Likelihood]:
        """Score requests, in batches of similar length. Logits are computed only at the positions of the answers.

        Raises:
            UsageError: if an answer has no tokens.
        """
        results: list[Likelihood | None] = [None] * len(asks)
        rows = []
        for place, ask in enumerate(asks):
            row = _PromptRow(place, self._renderer.ids(turns(ask)), [self._ids(answer) for answer in ask.answers])
            if not row.answers:
                raise UsageError(f"the answers to {ask.question!r} are empty")
            if len(row.prompt) + max(map(len, row.answers)) > self.window:
                results[place] = Likelihood(nll=None, prompt_tokens=len(row.prompt), seconds=0.0)
            else:
                rows.append(row)
        order = sorted(range(len(rows)), key=lambda i: (-len(rows[i].prompt), rows[i].prompt))
        lengths = [len(row.prompt) for row in rows]
        for members in token_batches(lengths, BATCH_TOKENS, order=order, alike=LEAST_ALIKE):
            batch = [rows[i] for i in members]
            started = time.perf_counter()
            losses = self._losses(batch)
            per_token = (time.perf_counter() - started) / sum(len(row.prompt) for row in batch)
            for row, nll in zip(batch, losses, strict=True):
                size = len(row.prompt)
                results[row.place] = Likelihood(nll=nll, prompt_tokens=size, seconds=size * per_token)
        return [result for result in results if result is not None]

    def _ids(self, answer: str) -> list[int]:
        ids: list[int] = self._tokenizer(answer, add_special_tokens=False, verbose=False)["input_ids"]
        return ids

    def _losses(self, rows: Sequence[_PromptRow]) -> list[float]:
        """Run the prompts once, then all answers on top of their prompts' KV caches."""
        import torch

        with torch.inference_mode():
            prompts = _padded([row.prompt[:-1] for row in rows], self._model.device)
            # Padding is on the right, invisible to a causal model's earlier positions, so no mask is needed.
            cache = self._model.get_decoder()(input_ids=prompts, use_cache=True).past_key_values
            owner = [i for i, row in enumerate(rows) for _ in row.answers]
            if owner != list(range(len(rows))):
                cache.batch_select_indices(torch.tensor(owner, device=self._model.device))
            heads = [[rows[i].prompt[-1]] for i in owner]
            answers = [answer for row in rows for answer in row.answers]
            losses = self._answer_losses(
                cache, prompts.shape[1], [len(rows[i].prompt) - 1 for i in owner], heads, answers
            )
        return [min(loss for loss, i in zip(losses, owner, strict=True) if i == place) for place in range(len(rows))]

    def _answer_losses(
        self, cache: Any, width: int, lengths: list[int], heads: list[list[int]], answers: list[list[int]]
    ) -> list[float]:
        """Mean loss of each answer; the prompts in the cache are ``lengths`` long, padded to ``width``."""
        import torch

        device = self._model.device
        inputs = _padded([head + answer[:-1] for head, answer in zip(heads, answers, strict=True)], device)
        size = torch.tensor(lengths, device=device)[:, None]
        steps = torch.arange(inputs.shape[1], device=device)[None, :]
        seen = torch.arange(width, device=device)[None, :] < size
        mask = torch.cat([seen, torch.ones_like(inputs, dtype=torch.bool)], dim=1).long()
        logits = self._model(
            input_ids=inputs, attention_mask=mask, position_ids=size + steps, past_key_values=cache, use_cache=True
        ).logits.float()
        targets = _padded(answers, device)
        losses = torch.nn.functional.cross_entropy(logits.transpose(1, 2), targets, reduction="none")
        inside = steps < torch.tensor([len(answer) for answer in answers], device=device)[:, None]
        means: list[float] = ((losses * inside).sum(dim=1) / inside.sum(dim=1)).tolist()
        return means


def _padded(rows: Sequence[Sequence[int]], device: Any) -> Any:
    import torch

    result = torch.zeros((len(rows), max(map(len, rows))), dtype=torch.long)
    for place, row in enumerate(rows):
        result[place, : len(row)] = torch.tensor(row, dtype=torch.long)
    return result.to(device)


def _window(model: Any, asked: int | None) -> int:
    made_for = getattr(model.config.get_text_config(), "max_position_embeddings", None)
    limits = [n for n in (made_for, asked) if isinstance(n, int) and n > 0]
    if not limits:
        raise UsageError("the size of the model's window is unknown; set it with --window")
    return min(limits)
