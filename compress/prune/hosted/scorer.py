"""The scorers that may run on a server, by name."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property, partial
from typing import Any

from ctxpipe.arrays import FloatArray
from ctxpipe.compress.prune.hosted.server import ScorerServer
from ctxpipe.compress.prune.llmlingua import LLMLinguaScorer, LongLLMLinguaScorer
from ctxpipe.compress.types import OnProgress, Scorer, ScoringText
from ctxpipe.errors import UsageError
from ctxpipe.remote.address import parse_address


def _classifier(server: ScorerServer, trust_remote_code: bool) -> Scorer:
    from ctxpipe.compress.prune.hosted.classifier import HostedClassifier
    from ctxpipe.compress.prune.llmlingua2.config import ClassifierConfig
    from ctxpipe.compress.prune.llmlingua2.scorer import LLMLingua2Scorer

    config = ClassifierConfig.describe(server.place, trust_remote_code=trust_remote_code)
    hosted = HostedClassifier(config=config, server=server)
    return LLMLingua2Scorer(model=server.place, trust_remote_code=trust_remote_code, classifier=hosted)


def _causal(kind: type[LLMLinguaScorer], server: ScorerServer, trust_remote_code: bool) -> Scorer:
    from ctxpipe.compress.prune.hosted.losses import HostedLosses

    return kind(model=server.place, trust_remote_code=trust_remote_code, losses=HostedLosses(server))


_MAKERS: dict[str, Callable[[ScorerServer, bool], Scorer]] = {
    "llmlingua2": _classifier,
    "llmlingua": partial(_causal, LLMLinguaScorer),
    "longllmlingua": partial(_causal, LongLLMLinguaScorer),
}
HOSTED = tuple(_MAKERS)
"""Scorers that can run on a server."""


def check_hosted(name: str, url: str) -> None:
    """Refuse a scorer that cannot run on a server, and a URL that is none.

    Raises:
        UsageError: for either.
    """
    if name not in _MAKERS:
        raise UsageError(f"--prune-url goes with --prune {', '.join(HOSTED)}, not with {name}")
    parse_address(url)


class HostedScorer:
    """A scorer whose network runs on a vLLM server. Windows and merging are those of the scorer of the same name.

    Nothing is asked of the server before the first text is scored. Its scores are not kept between calls: what a
    server holds can change under its name.

    Args:
        name: One of ``HOSTED``.
        url: The server, with or without ``/v1``.
        model: Folder or Hugging Face id of the model, for its tokenizer and config; by default what the server says.
        trust_remote_code: Whether code that comes with ``model`` may run. Code that a server names never does.
        **options: As for ``ScorerServer``.

    Raises:
        UsageError: for another scorer, or a URL that is none.
    """

    def __init__(
        self, name: str, url: str, *, model: str | None = None, trust_remote_code: bool = False, **options: Any
    ) -> None:
        check_hosted(name, url)
        self.name = name
        self._server = ScorerServer(url, model=model, **options)
        self._trust = trust_remote_code and model is not None

    def __repr__(self) -> str:
        return f"HostedScorer({self.name!r}, {self._server.url!r})"

    @cached_property
    def _scorer(self) -> Scorer:
        return _MAKERS[self.name](self._server, self._trust)

    def score(
        self, texts: Sequence[ScoringText], question: str | None, on_progress: OnProgress | None = None
    ) -> Sequence[FloatArray]:
        """Score units; see ``Scorer.score``.

        Raises:
            UsageError: if the scorer needs a question and there is none.
            ModelError: if the server lacks the task, or serves another model than was named.
            EngineError: if it cannot be reached or refuses.
        """
        return self._scorer.score(texts, question, on_progress)
