"""Optional dependencies: checks whether they are installed, and the ``pip install`` line."""

from __future__ import annotations

from importlib.util import find_spec

from ctxpipe.errors import MissingExtraError


def require(extra: str, feature: str, *modules: str) -> None:
    """Check that the modules of an extra are installed, without importing them.

    Args:
        extra: The extra that installs them, such as ``"local"``.
        feature: What needs them, such as ``"reading .docx files"``; the error begins with it.
        *modules: Top-level modules that will be imported.

    Raises:
        MissingExtraError: if one of them is missing.
    """
    if not all(map(installed, modules)):
        raise MissingExtraError(feature, extra)


def installed(module: str) -> bool:
    """Whether a top-level module can be found; it is not imported."""
    try:
        return find_spec(module) is not None
    except ImportError:  # an import hook refuses it
        return False
    except ValueError:  # it is already loaded, without a spec
        return True
