"""Suppresses the output of libraries that load and export models."""

from __future__ import annotations

import contextlib
import io
import logging
import sys
import threading
import warnings
from collections.abc import Iterator
from typing import Any

_LOGGERS = ("huggingface_hub", "transformers")
_TURN = threading.RLock()


@contextlib.contextmanager
def quiet(*, output: bool = True) -> Iterator[None]:
    """Suppress warnings, notes and progress bars of transformers and the Hub, if they are already imported.

    Download progress stays visible on a terminal. The settings are global to the process, so only one thread at a time
    can be inside.

    Args:
        output: False also suppresses everything that is logged or printed, as exporters do.
    """
    with _TURN, warnings.catch_warnings(), _bars_off(), contextlib.ExitStack() as stack:
        warnings.simplefilter("ignore")
        for logger in map(logging.getLogger, _LOGGERS):
            stack.callback(logger.setLevel, logger.level)
            logger.setLevel(logging.ERROR)
        if not output:
            stack.callback(logging.disable, logging.root.manager.disable)
            logging.disable(logging.ERROR)
            nowhere = io.StringIO()
            stack.enter_context(contextlib.redirect_stdout(nowhere))
            stack.enter_context(contextlib.redirect_stderr(nowhere))
        yield


@contextlib.contextmanager
def _bars_off() -> Iterator[None]:
    downloads: Any = sys.modules.get("huggingface_hub.utils.tqdm")
    loading: Any = sys.modules.get("transformers.utils.logging")
    if downloads is None:
        yield
        return
    hidden = downloads.are_progress_bars_disabled()
    shown = loading is not None and loading.is_progress_bar_enabled()
    if shown:
        loading.disable_progress_bar()  # the Hub's bars with it
    if not hidden and sys.stderr.isatty():
        downloads.enable_progress_bars()
    else:
        downloads.disable_progress_bars()
    try:
        yield
    finally:
        if shown:
            loading.enable_progress_bar()
        if hidden:
            downloads.disable_progress_bars()
        else:
            downloads.enable_progress_bars()
