"""Engines by name, and ``connect``, which turns a target into an engine."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

from ctxpipe.errors import ModelError, UsageError
from ctxpipe.extras import require
from ctxpipe.registry import Registry
from ctxpipe.remote.served import Served
from ctxpipe.serving.types import Engine

DEFAULT_MODEL = "qwen2.5-coder-0.5b"
SMALL_MODEL = "smollm2-135m"
"""What answers on this machine where the default model cannot be had."""
DEFAULT_TIMEOUT = 300.0

Endpoint = Literal["auto", "chat", "completion"]

ENGINES: Registry[Engine] = Registry("target", "ctxpipe.engines", "answer")
ENGINES.register_places(
    local="ctxpipe.serving.local.load:load_local", openai="ctxpipe.serving.openai.engine:OpenAIEngine"
)
_HOST_AND_PORT = re.compile(r"[\w.-]+:\d+(?:/.*)?")


@ENGINES.register("fake")
def _fake(**options: Any) -> Engine:
    from ctxpipe.serving.fake import FakeEngine

    options.pop("timeout", None)
    return FakeEngine(**options)


def connect(
    target: str,
    *,
    model: str | None = None,
    window: int | None = None,
    timeout: float = DEFAULT_TIMEOUT,
    api_key: str | None = None,
    tokenizer: str | None = None,
    trust_remote_code: bool = False,
    resolve: Callable[[str], str] | None = None,
    count_text: Callable[[str], int] | None = None,
    endpoint: Endpoint = "auto",
    on_note: Callable[[str], None] | None = None,
) -> Engine:
    """Return the engine for a target.

    Args:
        target: ``"local"``, the URL of an OpenAI-compatible server, or the name of another registered engine. The
            latter's factory is called with those of ``model``, ``window``, ``timeout``, ``api_key`` and ``tokenizer``
            that differ from their defaults.
        model: Model to ask. A local one is a directory, a Hugging Face id or a name that ``resolve`` knows; by default
            ``qwen2.5-coder-0.5b``, or ``smollm2-135m`` where that cannot be had. For a server it is the served name,
            which may be left out if the server has only one model.
        window: Tokens that prompt and answer may have together, when fewer than the model allows or nobody says.
        timeout: Seconds that an answer may take.
        api_key: Key for a server; by default ``CTXPIPE_API_KEY``, then ``OPENAI_API_KEY``.
        tokenizer: Tokenizer to use instead of the model's own, named like a local model. For a server that cannot
            count, ``count_text`` is made from it.
        trust_remote_code: Run Python code that ships with a local model.
        resolve: Maps the name of a local model or tokenizer to its directory or Hugging Face id.
        count_text: Tokens of a text without special tokens, for servers that cannot count.
        endpoint: How a server is asked; see ``OpenAIEngine``.
        on_note: Called with a line if another model than the default one answers.

    Raises:
        UnknownNameError: for a target that is neither an engine nor a URL.
        UsageError: for options that the target does not take.
        MissingExtraError: for a local model without the extra ``local``.
        ModelError: if a local model cannot be loaded.
        EngineError: if a server cannot be reached.
    """
    if target == "local":
        require("local", f"asking {model or DEFAULT_MODEL} on this machine", "torch", "transformers")
        name, path = (model, _place(model, resolve)) if model else _default(resolve, on_note)
        options: dict[str, Any] = {"tokenizer": _place(tokenizer, resolve), "trust_remote_code": trust_remote_code}
        return ENGINES.create("local", path=path, model=name, window=window, timeout=timeout, **options)
    if is_server(target):
        options = {"endpoint": endpoint} if target == "openai" else {"endpoint": endpoint, "url": target}
        counter = count_text or (_text_counter(str(_place(tokenizer, resolve))) if tokenizer else None)
        return ENGINES.create(
            "openai", model=model, window=window, timeout=timeout, api_key=api_key, count_text=counter, **options
        )
    _check(target)
    given: dict[str, Any] = {"model": model, "window": window, "api_key": api_key, "tokenizer": tokenizer}
    given["timeout"] = timeout if timeout != DEFAULT_TIMEOUT else None
    return ENGINES.create(target, **{name: value for name, value in given.items() if value is not None})


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What answers, and how it is asked.

    Attributes:
        engine: ``"local"``, the URL of an OpenAI-compatible server, the name of another registered engine, or an
            object that has ``answer``.
        model: The model to ask; None for the embedded one, or the only one that a server has.
        window: Tokens that prompt and answer may have together, when fewer than the model allows or nobody says.
        timeout: Seconds that an answer may take.
        endpoint: How a server is asked: ``"chat"``, ``"completion"`` (plain turns, for base models), or ``"auto"``: by
            whether the model has a chat template.

    Raises:
        UnknownNameError: for an engine that is not known.
        UsageError: for what is no engine and no URL, an option of an engine that is an object, or a value that makes
            no sense.
    """

    engine: str | Engine = "local"
    model: str | None = None
    window: int | None = None
    timeout: float = DEFAULT_TIMEOUT
    endpoint: Endpoint = "auto"

    def __post_init__(self) -> None:
        if not self.timeout > 0 or (self.window is not None and self.window < 1):
            raise UsageError("a timeout is above 0, a window 1 or more")
        if self.endpoint not in get_args(Endpoint):
            raise UsageError(f"an endpoint is {', '.join(get_args(Endpoint))}, not {self.endpoint!r}")
        if isinstance(self.engine, str):
            _check(self.engine)
            return
        ENGINES.check(self.engine)
        if (self.model, self.window, self.timeout, self.endpoint) != (None, None, DEFAULT_TIMEOUT, "auto"):
            raise UsageError(f"{self.name} is an object and has its model; a model and the like go with a name or URL")

    @classmethod
    def of(cls, given: str | Engine | Target, *, model: str | None = None) -> Target:
        """From the short form: a name, a URL or an object, and a model."""
        made = given if isinstance(given, Target) else cls(engine=given)
        return made if model is None else replace(made, model=model)

    @property
    def name(self) -> str:
        """The engine's name or URL, for the record."""
        return ENGINES.name_of(self.engine)

    def connect(self, **options: Any) -> Engine:
        """The engine; see ``connect`` for options beside these and what is raised."""
        if not isinstance(self.engine, str):
            return self.engine
        return connect(
            self.engine,
            model=self.model,
            window=self.window,
            timeout=self.timeout,
            endpoint=self.endpoint,
            **options,
        )

    def look(self) -> Served | None:
        """What a server says of the model to ask, in one short try; None for what is no server.

        Raises:
            UsageError: if several models are served and none was named.
            EngineError: if the server cannot be reached.
        """
        if not isinstance(self.engine, str) or not is_server(self.engine):
            return None
        from ctxpipe.serving.openai.engine import OPENAI_URL, look

        return look(OPENAI_URL if self.engine == "openai" else self.engine, self.model)


def is_server(target: str) -> bool:
    """Whether a target is an OpenAI-compatible server."""
    return target == "openai" or re.match(r"https?://", target, re.IGNORECASE) is not None


def _check(target: str) -> None:
    if is_server(target):
        return
    if _HOST_AND_PORT.fullmatch(target) or "://" in target:
        raise UsageError(f"{target!r} is not the URL of a server; write it like http://localhost:8000")
    ENGINES.check(target)


def _default(resolve: Callable[[str], str] | None, on_note: Callable[[str], None] | None) -> tuple[str, str]:
    """The model that answers on this machine when none is named, and its place."""
    from ctxpipe.models.resolve import resolve as pulled

    place_of = resolve or pulled
    try:
        return DEFAULT_MODEL, place_of(DEFAULT_MODEL)
    except ModelError as exc:
        try:
            place = place_of(SMALL_MODEL)
        except ModelError:
            raise exc from None
        if on_note is not None:
            on_note(f"{SMALL_MODEL} answers, and is often wrong, because {DEFAULT_MODEL} cannot be loaded: {exc}")
        return SMALL_MODEL, place


def _place(name: str | None, resolve: Callable[[str], str] | None) -> str | None:
    return name if name is None or resolve is None else resolve(name)


def _text_counter(place: str) -> Callable[[str], int]:
    from ctxpipe.models.causal import load_tokenizer

    tokenizer = load_tokenizer(place)
    return lambda text: len(tokenizer(text, add_special_tokens=False, verbose=False)["input_ids"])
