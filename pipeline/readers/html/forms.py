"""What somebody entered into a form of a page, or ticked."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from selectolax.lexbor import LexborNode

_UNREAD = frozenset(("hidden", "submit", "button", "image", "reset", "password", "file"))
_BOXES = frozenset(("checkbox", "radio"))


def entered(node: LexborNode) -> str:
    """What an ``input``, ``select`` or ``textarea`` holds, with a space at both ends; empty for nothing.

    A box is a sign. Of a list, the choice that the page says was made is read.
    """
    words = " ".join(_words(node).split())
    return f" {words} " if words else " "


def _words(node: LexborNode) -> str:
    given = node.attributes
    if node.tag == "textarea":
        return node.text()
    if node.tag == "select":
        return ", ".join(option.text().strip() for option in node.css("option[selected]"))
    kind = (given.get("type") or "text").lower()
    if kind in _BOXES:
        return "☒" if "checked" in given else "☐"
    return "" if kind in _UNREAD else given.get("value") or ""
