"""Loading a model and its tokenizer with transformers, without a word on standard error."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ctxpipe.errors import ModelError
from ctxpipe.models.precision import quick_dtype
from ctxpipe.serving.local.engine import LocalEngine

_HUB_ID = re.compile(r"[\w-][\w.-]*(?:/[\w-][\w.-]*)?")
_LOADING = threading.Lock()


def load_local(
    path: str,
    *,
    model: str | None = None,
    tokenizer: str | None = None,
    window: int | None = None,
    timeout: float = 300.0,
    trust_remote_code: bool = False,
    stop_loops: bool = True,
) -> LocalEngine:
    """Load a causal language model from safetensors: in bfloat16 where the device multiplies it, else in float32.

    Args:
        path: Directory or hub id of the model.
        model: The model's name as people know it; ``path`` by default.
        tokenizer: Directory or hub id of the tokenizer when it is not the model's own.
        window: Tokens that prompt and answer may have together, when fewer than the model was made for.
        timeout: Seconds that an answer may take.
        trust_remote_code: Run Python code that comes with the model.
        stop_loops: End a greedy answer that says one thing three times over.

    Raises:
        ModelError: if the model cannot be found or loaded.
    """
    name = model or path
    words = load_tokenizer(tokenizer or path, trust_remote_code=trust_remote_code)
    loaded = _load(name, path, lambda: _model(path, trust_remote_code))
    return LocalEngine(loaded, words, name=name, window=window, timeout=timeout, stop_loops=stop_loops)


def load_tokenizer(place: str, *, trust_remote_code: bool = False) -> Any:
    """Load a tokenizer of transformers.

    Args:
        place: Directory or hub id.
        trust_remote_code: Run Python code that comes with the tokenizer.

    Raises:
        ModelError: if it cannot be found or loaded.
    """

    def load() -> Any:
        import transformers

        return transformers.AutoTokenizer.from_pretrained(place, trust_remote_code=trust_remote_code)

    return _load(f"{place} (its tokenizer)", place, load)


def _model(path: str, trust_remote_code: bool) -> Any:
    import torch
    import transformers

    device = "cuda" if torch.cuda.is_available() else "cpu"
    dtype = getattr(torch, quick_dtype(device))
    model: Any = transformers.AutoModelForCausalLM.from_pretrained(
        path, dtype=dtype, use_safetensors=True, trust_remote_code=trust_remote_code
    )
    return model.to(device).eval()


def _load(what: str, place: str, load: Callable[[], Any]) -> Any:
    if not (place and Path(place).is_dir()) and not _HUB_ID.fullmatch(place):
        raise ModelError(f"the model {what} is neither a directory nor a hub id")
    try:
        with _LOADING, _quiet():
            return load()
    except Exception as exc:  # model code fails in many ways, and none of them is the user's traceback
        lines = str(exc).strip().splitlines() or [type(exc).__name__]
        raise ModelError(f"the model {what} cannot be loaded: {lines[0]}") from exc


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep progress bars and warnings of transformers and the hub off standard error; its settings are global."""
    import warnings

    import huggingface_hub.utils
    import transformers.utils

    ours: Any = transformers.utils.logging
    hub: Any = huggingface_hub.utils.logging
    level, hub_level, bars = ours.get_verbosity(), hub.get_verbosity(), ours.is_progress_bar_enabled()
    ours.set_verbosity_error()
    hub.set_verbosity_error()
    ours.disable_progress_bar()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        ours.set_verbosity(level)
        hub.set_verbosity(hub_level)
        if bars:
            ours.enable_progress_bar()
