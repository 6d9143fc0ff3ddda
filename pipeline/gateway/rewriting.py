"""What of the target's answers is changed: lists of models, and what is said of the gateway's work."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ctxpipe.pipeline.gateway.answers import Parts, Rewrite
from ctxpipe.pipeline.gateway.corpora.names import Asked, described
from ctxpipe.pipeline.gateway.decide import Decision
from ctxpipe.pipeline.gateway.models import is_model_list, with_windows
from ctxpipe.pipeline.gateway.settings import Settings


def rewriting(method: str, path: bytes, decision: Decision | None, settings: Settings) -> Rewrite | None:
    """What changes the JSON of an answer; None if it passes as it is.

    Args:
        method, path: Of the request.
        decision: What was done to its prompt; None for what is none.
        settings: Options.
    """
    teller = decision.teller if decision else None
    asked = described_by(method, path, settings)

    async def told(answer: dict[str, Any]) -> dict[str, Any]:
        said = decision.summary() if decision else {}
        return await teller.whole(answer, said) if teller else {**answer, "ctxpipe": said}

    async def listed(answer: dict[str, Any]) -> dict[str, Any]:
        return with_windows(answer, settings, None if asked is None else asked.corpus)

    if decision is not None and (teller or settings.annotate):
        return told
    return listed if method == "GET" and is_model_list(path) else None


def restreaming(decision: Decision | None) -> Callable[[Parts], Parts] | None:
    """What changes a stream of events; None if it passes as it is."""
    if decision is None or decision.teller is None:
        return None
    teller, summary = decision.teller, decision.summary()
    return lambda parts: teller.stream(parts, summary)


def described_by(method: str, path: bytes, settings: Settings) -> Asked | None:
    """The model and the corpus that a request asks to describe; None for all other requests."""
    return described(path, settings.corpora) if method == "GET" else None
