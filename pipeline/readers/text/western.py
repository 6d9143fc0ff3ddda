"""Tells a few Windows-1252 bytes in a short text from damage."""

from __future__ import annotations

import regex

_LETTERS = "äöüßÄÖÜéèêëÉÈÊËàâáãåÀÂÁÃÅçÇîïíìÎÏÍñÑôóòõøÔÓÒÕØûúùÛÚÙæœÆŒýÝ"
_CAPITALS = "".join(filter(str.isupper, _LETTERS))
_SIGNS = "“”„‘’‚–—…«»‹›€£¥§©®°·•¿¡½¼¾²³±×™\u00a0"
# A letter stands beside an ASCII letter, at most two of them together; only à is a word. A capital does not come after
# a small letter, and no sign but an apostrophe stands inside a word.
_FITS = regex.compile(
    rf"(?:(?<=[A-Za-z])[{_LETTERS}]{{1,2}}|[{_LETTERS}]{{1,2}}(?=[A-Za-z])|(?<!\S)à(?!\S)|[{_SIGNS}])"
    rf"(?<!\p{{Ll}}[{_CAPITALS}])(?<!\p{{L}}[{_SIGNS}--[’·\-]](?=\p{{L}}))",
    regex.VERSION1,
)
_HIGH = regex.compile("[^\x00-\x7f]")
# The first two bytes of a character in UTF-8.
_PIECE = regex.compile(rb"[\xc2-\xf4][\x80-\xbf]")
_CONTROLS = regex.compile(rb"[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f]")


def western_codec(data: bytes) -> str:
    """The code page in which every byte beyond ASCII is a letter or sign of a Western language in its usual place.

    Other code pages have other letters at these bytes, but not beside ASCII letters: ``caf`` and byte 0xE9 can only be
    café. ISO 8859-15 has the euro sign where Windows-1252 has a sign that nobody writes. What has a piece of UTF-8
    in it is damaged UTF-8.

    Args:
        data: The whole file, which is not valid UTF-8.

    Returns:
        ``"cp1252"`` or ``"iso8859_15"``; empty where neither fits.
    """
    if _PIECE.search(data) or _CONTROLS.search(data):
        return ""
    return next((codec for codec in ("cp1252", "iso8859_15") if _fits(data, codec)), "")


def _fits(data: bytes, codec: str) -> bool:
    try:
        text = data.decode(codec)
    except UnicodeDecodeError:
        return False
    return sum(len(match.group()) for match in _FITS.finditer(text)) == len(_HIGH.findall(text))
