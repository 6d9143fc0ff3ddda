"""Headers and footers of an OpenDocument text."""

from __future__ import annotations

from ctxpipe.pipeline.readers.xml import local, parse

_COUNTED = frozenset(("page-number", "page-count"))


def margins(styles: bytes, *, source: str) -> list[str]:
    """The headers and footers, each text once.

    Args:
        styles: The part ``styles.xml``.
        source: Name of the document.

    Raises:
        ReadError: if the part is damaged.
    """
    lines: dict[str, None] = {}
    for element in parse(styles, source=source, ending=".odt").iter():
        if local(element) not in ("header", "footer"):
            continue
        words = []
        for child in element.iter():
            words.append("" if local(child) in _COUNTED else child.text or "")
            words.append("" if child is element else child.tail or "")
        text = " ".join("".join(words).split())
        if any(char.isalpha() for char in text):
            lines[f"Page {local(element)}: {text}"] = None
    return sorted(lines, reverse=True)
