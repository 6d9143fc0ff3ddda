"""Pages whose elements are nested without end, for which a parser's time grows with the square of their depth."""

from __future__ import annotations

import re

_TAG = re.compile(r"<(?:!--|(/?)([A-Za-z][\w:-]*)[^<>]*>)")
_SKIPPED = {"--": "-->", "script": "</script", "style": "</style"}
"""What holds no elements, and what ends it."""
_DEEPEST = 1_000
"""Elements in one another; browsers keep 512."""
_UNNESTED = frozenset(
    "area base br col embed hr img input link meta param source track wbr p li dt dd tr td th thead tbody tfoot option "
    "optgroup colgroup rt rp html head body a".split()
)
"""Elements that have no end, or that end where the next one begins."""
_BLOCKS = frozenset(
    "address article aside blockquote center details dialog div dl fieldset figure footer form header main menu nav ol "
    "pre section summary table ul".split()
)
"""Elements that a slash at the end of their tag does not close."""


def shallow(text: str) -> str:
    """The text of a page without the tags of elements that are nested too deep; what stands in them is kept."""
    if text.count("<") <= _DEEPEST:
        return text
    depth = dropped = at = 0
    kept: list[str] = []
    match = _TAG.search(text)
    while match:
        name, end = match[2].lower() if match[2] else "--", match.end()
        if name in _SKIPPED and not match[1]:
            end = text.find(_SKIPPED[name], end)
            if end < 0:
                break
        elif name in _UNNESTED or name in _SKIPPED or (text[end - 2] == "/" and name not in _BLOCKS):
            pass
        elif match[1] and not dropped:
            depth = max(0, depth - 1)
        elif match[1] or depth >= _DEEPEST:
            dropped += -1 if match[1] else 1
            kept.append(text[at : match.start()])
            at = end
        else:
            depth += 1
        match = _TAG.search(text, end)
    return "".join([*kept, text[at:]]) if kept else text
