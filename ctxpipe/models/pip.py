"""Why pip did not deliver, in a few words."""

from __future__ import annotations

import re
from collections.abc import Sequence

NO_PIP = "this Python has no pip (python -m ensurepip, or uv pip install pip)"
DISK_FULL = "the disk is full"
NOT_THERE = "the package index does not have"

_TOLD = re.compile(r"\s*(?:Could not fetch URL|WARNING: |ERROR: |\S*Error: )")
_REASONS = (
    (r"No space left on device|Errno 28", DISK_FULL),
    (r"(?i)do not match the hashes", "the package index has another file than the pinned one"),
    (r"CERTIFICATE_VERIFY_FAILED|SSLError|ssl certificate", "the package index's certificate is not trusted"),
    (r"ProxyError|Tunnel connection failed|407 ", "the proxy refuses the connection"),
    (r" 40[13] Client Error", "the package index refuses access"),
    (r"50[0-9] error responses| 5\d\d Server Error", "the package index is out of order"),
    (r"Connection|NameResolution|Max retries|[Tt]imed? ?out", "the package index cannot be reached"),
    (r"not a trusted or secure host", "pip does not trust the package index, which is plain HTTP"),
    (r"No matching distribution found for (\S+)", f"{NOT_THERE} {{}}"),
)
"""Patterns in what pip prints, and what each says in a few words; the first that is found counts."""


def complaints(printed: Sequence[str]) -> list[str]:
    """The lines in which pip says what went wrong."""
    return [line.strip() for line in printed if _TOLD.match(line)]


def pip_fault(printed: Sequence[str]) -> str:
    """Why pip failed: a known reason, else its last complaint, else its last line."""
    told = complaints(printed)
    text = "\n".join(told)
    for pattern, reason in _REASONS:
        if match := re.search(pattern, text):
            return reason.format(*match.groups())
    return (told or printed or ["it said nothing"])[-1].removeprefix("ERROR: ")
