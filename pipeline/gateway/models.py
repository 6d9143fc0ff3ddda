"""The list of models, with the window that applications may assume."""

from __future__ import annotations

import re
from typing import Any

from ctxpipe.pipeline.gateway.corpora.names import named, with_corpora
from ctxpipe.pipeline.gateway.settings import Settings
from ctxpipe.remote.values import whole

_PATH = re.compile(rb"/v1/models(/[^/].*)?")


def is_model_list(path: bytes) -> bool:
    """Whether a path lists models, or describes one."""
    return _PATH.fullmatch(path) is not None


def with_windows(answer: dict[str, Any], settings: Settings, corpus: str | None = None) -> dict[str, Any]:
    """A list of models, or one, whose windows are those that applications may assume.

    ``ctxpipe`` beside each has the target's own window, and the budget of prompts. Each model stands there once more
    for each corpus that it can answer from.

    Args:
        answer: The target's.
        settings: Options.
        corpus: The corpus of the one model that is described.
    """
    told = with_corpora(_windows(answer, settings), settings.corpora)
    return told if corpus is None or not isinstance(told.get("id"), str) else named(told, corpus)


def _windows(answer: dict[str, Any], settings: Settings) -> dict[str, Any]:
    listed = answer.get("data")
    if isinstance(listed, list):
        return {**answer, "data": [_model(one, settings) if isinstance(one, dict) else one for one in listed]}
    return _model(answer, settings) if answer.get("object") == "model" else answer


def _model(model: dict[str, Any], settings: Settings) -> dict[str, Any]:
    window = settings.window or whole(model.get("max_model_len"))
    if window is None:
        return model
    said = {"window": window, **({"budget": settings.budget} if settings.budget else {})}
    return {**model, "max_model_len": settings.assumed_window or window, "ctxpipe": said}
