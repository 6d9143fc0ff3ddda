"""The options of a pipeline that asks: which target, and how long it may answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ctxpipe.config import Config


def asking(config: Config, place: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """``target`` and ``max_tokens`` of ``Pipeline``.

    Args:
        config: The settings.
        place: The target's engine and model, where they are not those of the settings.
    """
    from ctxpipe.pipeline.pipeline import MAX_TOKENS
    from ctxpipe.serving.engines import DEFAULT_TIMEOUT, Target

    target = Target(
        **(place or {"engine": config.target, "model": config.model}),
        window=config.window,
        timeout=DEFAULT_TIMEOUT if config.timeout is None else config.timeout,
        endpoint=config.endpoint,
    )
    return {"target": target, "max_tokens": MAX_TOKENS if config.max_tokens is None else config.max_tokens}
