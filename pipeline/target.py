"""The target of a pipeline: its engine, connected when first needed, and its tokenizer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cached_property
from typing import NamedTuple

from ctxpipe.compress.types import OnStage
from ctxpipe.errors import CtxpipeError, MissingExtraError, ModelError, UsageError
from ctxpipe.models.closed import claude
from ctxpipe.models.resolve import resolve
from ctxpipe.models.tokenizer import TargetTokenizer
from ctxpipe.remote.anthropic import KEY_VARIABLE, AnthropicCounter
from ctxpipe.serving.engines import Target
from ctxpipe.serving.types import Engine

DEFAULT_TOKENIZER = "smollm2-135m"
"""Tokenizer if no target is named. It is part of the package; that of the default local target is not."""


class BudgetCounter(NamedTuple):
    """The tokenizer of budgets.

    Attributes:
        tokenizer: Counts or estimates.
        note: A note about it, which is empty if it is the target's own.
        api: Counts exactly what ``tokenizer`` estimates, which makes the note needless; None if nothing else counts.
    """

    tokenizer: TargetTokenizer
    note: str = ""
    api: AnthropicCounter | None = None


class Connection:
    """A connection to a target.

    Args:
        target: The target.
        tokenizer: Model whose tokenizer counts instead of the target's.
        trust_remote_code: Whether code that ships with a model named by the user may run.
        on_stage: Called while a model is fetched, with what is done, bytes so far and all bytes.
        on_note: Called with a line if another model than the default one answers.
    """

    def __init__(
        self,
        target: Target,
        *,
        tokenizer: str | None,
        trust_remote_code: bool,
        on_stage: OnStage | None = None,
        on_note: Callable[[str], None] | None = None,
    ) -> None:
        self.target = target
        self._named = tokenizer
        self._trust = trust_remote_code
        self._on_stage = on_stage
        self._on_note = on_note
        self._counter: BudgetCounter | None = None

    @cached_property
    def engine(self) -> Engine:
        """The engine, connected when first needed."""
        return self.target.connect(
            trust_remote_code=self._trust,
            resolve=self._resolve,
            on_note=self._on_note,
            count_text=lambda text: self.counter().tokenizer.count_long(text),
        )

    def _resolve(self, name: str) -> str:
        on_stage = self._on_stage
        if on_stage is None:
            return resolve(name)

        def show(stage: str, done: int, total: int | None) -> None:
            size = f", {total / 1e6:,.0f} MB" if stage == "downloading" and total else ""
            on_stage(f"{stage} {name}{size}", done, total or 0)

        return resolve(name, on_progress=show)

    def counter(self, *, asking: bool = False) -> BudgetCounter:
        """The tokenizer of budgets: the named one, else the target's, else the embedded model's with a note.

        The result does not depend on earlier questions. A server is asked for its model with one short try; one that
        does not answer is asked again the next time.

        Args:
            asking: Whether the target will be asked. The default local model counts only then, because its tokenizer
                comes with its weights.
        """
        if asking and self._is_default:
            return BudgetCounter(self._load(self.engine.model))
        if self._counter is None:
            try:
                self._counter = self._found()
            except CtxpipeError as exc:
                if self._named or self.target.engine == "local":
                    raise
                return _in_place(f"{self.target.name} does not say which model it has ({exc})")
        return self._counter

    @property
    def _is_default(self) -> bool:
        return self.target.engine == "local" and self.target.model is None and self._named is None

    def _found(self) -> BudgetCounter:
        if self._named or self.target.engine == "local":
            return self._counting(self._named or self.target.model or DEFAULT_TOKENIZER)
        tried = why = ""
        for name in self._names():
            tried = tried or name
            try:
                return self._counting(name)
            except MissingExtraError as exc:
                why = f" ({exc})"
            except (ModelError, UsageError):
                continue
        return _in_place(f"the tokenizer of {tried} is out of reach{why}")

    def _names(self) -> Iterator[str]:
        """Models whose tokenizer may be the target's, the most likely first."""
        if self.target.model:
            yield self.target.model
        known = "engine" in self.__dict__ and getattr(self.engine, "tokenizer", None)
        served = None if known else self.target.look()
        if served is None:
            said = self.engine.model, getattr(self.engine, "tokenizer", None)
        else:
            said = served.name, served.root
        yield from filter(None, said)

    def _counting(self, name: str) -> BudgetCounter:
        tokenizer = self._load(name)
        model = claude(name)
        if model is None:
            return BudgetCounter(tokenizer)
        api = AnthropicCounter.found(model)
        why = "" if api else f" and {KEY_VARIABLE} is not set"
        told = (
            f"Anthropic publishes no tokenizer{why}, so tokens of {model} are estimated, rather too many than too few"
        )
        return BudgetCounter(tokenizer, told, api)

    def _load(self, name: str) -> TargetTokenizer:
        # A server must not choose code that runs on this machine.
        trusted = self._trust and name in (self._named, self.target.model)
        return TargetTokenizer.load(name, trust_remote_code=trusted)


def _in_place(why: str) -> BudgetCounter:
    told = f"{why}, so tokens of {DEFAULT_TOKENIZER} are counted in its place; name another with --tokenizer"
    return BudgetCounter(TargetTokenizer.load(DEFAULT_TOKENIZER), told)
