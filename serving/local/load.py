"""Loading a model and its tokenizer for the engine of this process."""

from __future__ import annotations

from ctxpipe.models.causal import load_causal_lm
from ctxpipe.serving.local.engine import LocalEngine


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
    """Load a causal language model from safetensors, in bfloat16 on devices with instructions for it, else in float32.

    Args:
        path: Directory or Hugging Face id of the model.
        model: The model's name for messages and results; ``path`` by default.
        tokenizer: Directory or Hugging Face id of a tokenizer to use instead of the model's own.
        window: Limit on the tokens of prompt and answer together, if lower than the model's own.
        timeout: Deadline of an answer in seconds.
        trust_remote_code: Run Python code that ships with the model.
        stop_loops: End a greedy answer that repeats itself three times.

    Raises:
        MissingExtraError: without the extra ``local``.
        ModelError: if the model cannot be found or loaded.
    """
    name = model or path
    loaded, words = load_causal_lm(path, label=name, tokenizer=tokenizer, trust_remote_code=trust_remote_code)
    return LocalEngine(loaded, words, name=name, window=window, timeout=timeout, stop_loops=stop_loops)
