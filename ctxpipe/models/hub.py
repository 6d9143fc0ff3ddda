"""What goes wrong with the Hugging Face Hub in one clear line, and its libraries kept off the terminal meanwhile."""

from __future__ import annotations

import logging
import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ctxpipe.errors import ModelError


def load_error(name: str, what: str, exc: BaseException) -> ModelError:
    """The error to raise when a model's ``what`` (tokenizer, weights, ...) could not be loaded.

    Args:
        name: The model as the user named it.
        what: What was to be loaded.
        exc: What huggingface_hub, transformers or tokenizers raised.
    """
    from huggingface_hub import errors

    for cause in _causes(exc):
        if isinstance(cause, errors.GatedRepoError):
            return ModelError(f"{name} asks you to accept its terms on huggingface.co; then run 'hf auth login'")
        if isinstance(cause, errors.RepositoryNotFoundError):
            return ModelError(f"the Hugging Face Hub has no model {name!r}, or it is private ('hf auth login')")
        if isinstance(cause, errors.LocalEntryNotFoundError | errors.OfflineModeIsEnabled | ConnectionError):
            return ModelError(
                f"{name} is no folder and not in the Hugging Face cache, and the Hub cannot be reached; "
                "name a local folder, or an embedded model ('ctxpipe models list')"
            )
    reason = textwrap.shorten(str(exc), 240, placeholder=" ...") or type(exc).__name__
    return ModelError(f"cannot load the {what} of {name}: {reason}")


def _causes(exc: BaseException | None) -> Iterator[BaseException]:
    while exc is not None:
        yield exc
        exc = exc.__cause__ or exc.__context__


@contextmanager
def quiet_hub() -> Iterator[None]:
    """Silence the Hub's notes on each retry and transformers' bars; bars of downloads stay where a person watches."""
    from huggingface_hub.utils.tqdm import are_progress_bars_disabled, disable_progress_bars, enable_progress_bars

    logger = logging.getLogger("huggingface_hub")
    level, hidden = logger.level, are_progress_bars_disabled()
    bars: Any = sys.modules.get("transformers.utils.logging")
    shown = bars is not None and bars.is_progress_bar_enabled()
    logger.setLevel(logging.ERROR)
    if shown:
        bars.disable_progress_bar()  # the Hub's bars with it
    if not hidden and sys.stderr.isatty():
        enable_progress_bars()
    else:
        disable_progress_bars()
    try:
        yield
    finally:
        logger.setLevel(level)
        if shown:
            bars.enable_progress_bar()
        if hidden:
            disable_progress_bars()
        else:
            enable_progress_bars()
