"""The models that a server lists."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ctxpipe.errors import RejectedError, UnknownNameError, UnreachableError, UsageError
from ctxpipe.remote.transport import Transport
from ctxpipe.remote.values import dig, parsed, text_of, whole

NO_ENDPOINT = frozenset({404, 405, 501})
"""Statuses of a server without such an endpoint."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """A model that a server serves.

    Attributes:
        name: Its name on the server.
        window: Most tokens of prompt and answer together; None if not reported.
        root: Folder or Hugging Face id that it was loaded from, which may have its tokenizer; None if not reported.
    """

    name: str
    window: int | None
    root: str | None = None


def choose(transport: Transport, model: str | None, *, seconds: float) -> Served:
    """Choose the model: the named one, or the only one.

    Raises:
        UsageError: if none is served, or several are and none was named.
        UnknownNameError: if ``model`` is not served.
        EngineError: if the server cannot be reached or is not OpenAI-compatible.
    """
    models = listed(transport, seconds=seconds)
    if not models:
        raise UsageError(f"{transport.base} lists no models; name one, and give its window with --window")
    if model is None and len(models) > 1:
        raise UsageError(
            f"{transport.base} serves several models; choose one with --model: {', '.join(sorted(models))}"
        )
    name = model or next(iter(models))
    if name not in models:
        raise UnknownNameError("model", name, models)
    return models[name]


def listed(transport: Transport, *, seconds: float) -> Mapping[str, Served]:
    """All models that a server lists, by name.

    Raises:
        EngineError: if the server cannot be reached or is not OpenAI-compatible.
    """
    not_openai = f"{transport.base} does not look like an OpenAI-compatible server"
    try:
        said = transport.get("/models", seconds=seconds)
    except RejectedError as exc:
        if exc.status not in NO_ENDPOINT:
            raise
        raise UnreachableError(f"{not_openai}: it has no /models (status {exc.status})") from exc
    models = dig(parsed(said), "data")
    if not isinstance(models, list):
        raise UnreachableError(f"{not_openai}: its /models is not a list of models")
    served = [
        Served(name=str(dig(m, "id")), window=whole(dig(m, "max_model_len")), root=text_of(dig(m, "root")))
        for m in models
        if dig(m, "id")
    ]
    return {one.name: one for one in served if one.name.isprintable()}
