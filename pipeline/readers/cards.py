"""Cards that programs post in chats: a title, text, and fields with their names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any


def card_words(card: Mapping[str, Any], texts: Sequence[str], *, name: str) -> str:
    """The words of a card on one line; empty where it has none.

    Args:
        card: The card.
        texts: Keys of its text, in the order in which it is shown.
        name: The key of the title of the card.
    """
    fields = (
        ": ".join(
            filter(None, (text_of(field.get("name")) or text_of(field.get("title")), text_of(field.get("value"))))
        )
        for field in mappings(card.get("fields"))
    )
    said = "; ".join(filter(None, (*(text_of(card.get(key)).strip() for key in texts), *fields)))
    return ": ".join(filter(None, (text_of(card.get(name)).strip(), said)))


def mappings(value: object) -> Iterator[Mapping[str, Any]]:
    """The objects of a list; nothing for any other value."""
    return (item for item in value if isinstance(item, dict)) if isinstance(value, list) else iter(())


def text_of(value: object) -> str:
    """A string as it is; empty for any other value."""
    return value if isinstance(value, str) else ""
