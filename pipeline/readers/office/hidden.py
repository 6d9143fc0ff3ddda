"""Text of a Word file that is hidden, by itself or by its style: no reader sees it, and it is not printed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ctxpipe.pipeline.readers.archive import Archive
from ctxpipe.pipeline.readers.office.word import W, parsed, value

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

_STYLES = "word/styles.xml"
_KEPT = frozenset(f"{W}{name}" for name in ("rPr", "fldChar", "instrText"))
"""What a run keeps: without them a field would never end."""
_OFF = ("0", "false", "off")


class HiddenText:
    """Finds hidden text.

    Args:
        archive: The Word file.
    """

    def __init__(self, archive: Archive) -> None:
        styles = parsed(archive.read(_STYLES)).iter(f"{W}style") if _STYLES in archive else ()
        self._styles = {style.get(f"{W}styleId") for style in styles if _vanishes(style.find(f"{W}rPr"))}

    def remove_from(self, root: Element) -> None:
        """Leave out hidden words, and paragraphs whose words and end are hidden, which count in no list."""
        for run in list(root.iter(f"{W}r")):
            if self._is_hidden(run):
                for child in [child for child in run if child.tag not in _KEPT]:
                    run.remove(child)
        for paragraph in list(root.iter(f"{W}p")):
            if _vanishes(paragraph.find(f"{W}pPr/{W}rPr")) and _may_go(paragraph):
                paragraph.getparent().remove(paragraph)

    def _is_hidden(self, run: Element) -> bool:
        own = _vanishes(run.find(f"{W}rPr"))
        if own is not None:
            return own
        paragraph = run.getparent()
        while paragraph is not None and paragraph.tag != f"{W}p":
            paragraph = paragraph.getparent()
        styled = value(run, f"{W}rPr/{W}rStyle"), paragraph is not None and value(paragraph, f"{W}pPr/{W}pStyle")
        return any(style in self._styles for style in styled if style)


def _vanishes(properties: Element | None) -> bool | None:
    """Whether properties hide text; None if they do not say."""
    found = None if properties is None else properties.find(f"{W}vanish")
    return None if found is None else found.get(f"{W}val") not in _OFF


def _may_go(paragraph: Element) -> bool:
    """Whether a paragraph holds nothing, and its cell or page another one."""
    parent = paragraph.getparent()
    shown = (f"{W}t", f"{W}drawing", f"{W}pict", f"{W}object", f"{W}fldChar", f"{W}sectPr", f"{W}bookmarkStart")
    return (
        parent is not None
        and next(paragraph.iter(*shown), None) is None
        and any(other.tag == f"{W}p" for other in (paragraph.getprevious(), paragraph.getnext()) if other is not None)
    )
