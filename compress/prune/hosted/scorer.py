"""Scorers whose model runs on a server, by name."""

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
"""Scorers whose model can run on a server."""


def check_hosted(name: str, url: str) -> None:
    """Check that a scorer can run on a server and that the URL is valid.

    Raises:
        UsageError: for either.
    """
    if name not in _MAKERS:
        raise UsageError(f"--prune-url goes with --prune {', '.join(HOSTED)}, not with {name}")
    parse_address(url)


class HostedScorer:
    """A scorer whose model runs on a vLLM server. Windows and merging are those of the local scorer.

    The server is not contacted before the first text is scored. Scores are not cached, because the model behind a
    server's name can change.

    Args:
        name: One of ``HOSTED``.
        url: The server, with or without ``/v1``.
        model: Folder or Hugging Face id of the model, for its tokenizer and config; by default what the server reports.
        trust_remote_code: Whether code that ships with ``model`` may run. Code of a model that only the server names
            never runs.
        **options: See ``ScorerServer``.

    Raises:
        UsageError: for another scorer or an invalid URL.
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
            ModelError: if the server lacks the task, or serves another model than the named one.
            EngineError: if it cannot be reached or refuses.
        """
        return self._scorer.score(texts, question, on_progress)
