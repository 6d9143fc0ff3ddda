"""Reads values from a server's response, in which anything can be missing."""

from __future__ import annotations

import json


def dig(value: object, *path: str | int) -> object:
    """The value at ``path`` inside lists, mappings and objects; None if it does not exist."""
    for step in path:
        if isinstance(step, int):
            value = value[step] if isinstance(value, list) and step < len(value) else None
        else:
            value = value.get(step) if isinstance(value, dict) else getattr(value, step, None)
    return value


def whole(value: object) -> int | None:
    """The value if it is an integer of 0 or more."""
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def text_of(value: object) -> str | None:
    """The value if it is text."""
    return value if isinstance(value, str) else None


def parsed(text: str) -> object:
    """The value of a JSON text; None if it is not JSON."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
