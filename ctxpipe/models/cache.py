"""The cache folder."""

from __future__ import annotations

import os
from pathlib import Path


def cache_root() -> Path:
    """The cache folder, for everything that can be recreated: ``CTXPIPE_CACHE``, else the user's cache folder."""
    if given := os.environ.get("CTXPIPE_CACHE"):
        return Path(given).expanduser().absolute()
    import platformdirs

    return Path(platformdirs.user_cache_dir("ctxpipe"))
