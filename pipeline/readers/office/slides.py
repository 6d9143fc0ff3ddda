"""Slides of a presentation as Markdown."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ctxpipe.pipeline.readers.office.order import Box, columns_of
from ctxpipe.pipeline.readers.office.shapes import shape_text

if TYPE_CHECKING:
    from pptx.presentation import Presentation
    from pptx.slide import Slide

_SECTIONS = "{http://schemas.microsoft.com/office/powerpoint/2010/main}section"
_SLIDE_ID = "{http://schemas.microsoft.com/office/powerpoint/2010/main}sldId"
_MOST_OF_A_SLIDE = 0.6


def slides_markdown(presentation: Presentation) -> list[str]:
    """Each slide: its title as a heading, its shapes in reading order, its speaker notes.

    The name of a section stands above the title of its first slide, and all titles below it; without sections, the
    slides below one in the layout of a section's header stand under its title.
    """
    sections = _sections(presentation)
    size = (presentation.slide_width or 0) * (presentation.slide_height or 0)
    written: list[str] = []
    headed = False
    for slide in presentation.slides:
        begins = slide.slide_layout.element.get("type") == "secHead" and not sections
        headed = headed or begins
        level = 2 if sections or (headed and not begins) else 1
        parts = list(filter(None, _parts(slide, level, size)))
        if name := sections.get(slide.slide_id):
            parts.insert(0, f"# {name}")
        written.append("\n\n".join(parts))
    return written


def _sections(presentation: Presentation) -> dict[int, str]:
    """Names of sections by the identifier of their first slide; none if there is only one."""
    names: dict[int, str] = {}
    for section in presentation.element.iter(_SECTIONS):
        first = next(section.iter(_SLIDE_ID), None)
        name = " ".join((section.get("name") or "").split())
        if first is not None and name and (first.get("id") or "").isdecimal():
            names[int(first.get("id") or 0)] = name
    return names if len(names) > 1 else {}


def _parts(slide: Slide, level: int, size: int) -> Iterator[str]:
    title = slide.shapes.title
    words = " ".join(title.text_frame.text.split()) if title is not None and title.has_text_frame else ""
    hidden = " (hidden slide)" if slide.element.get("show") == "0" else ""
    if words or hidden:
        yield f"{'#' * level} {words or 'Slide'}{hidden}"
    shapes = [shape for shape in slide.shapes if title is None or shape.shape_id != title.shape_id]
    yield from _read(shapes, size)
    if slide.has_notes_slide:
        frame = slide.notes_slide.notes_text_frame
        notes = (frame.text if frame is not None else "").replace("\v", "\n").strip()
        if notes:
            yield f"### Notes:\n{notes}"


def _read(shapes: list[Any], size: int) -> Iterator[str]:
    texts = [shape_text(shape) for shape in shapes]
    said = [(_box(shape, number), text) for number, (shape, text) in enumerate(zip(shapes, texts, strict=True)) if text]
    # What lies behind everything would let nothing be cut apart.
    behind = [box for box, _ in said if (box.right - box.left) * (box.bottom - box.top) > _MOST_OF_A_SLIDE * size > 0]
    boxes = [box for box, _ in said if box not in behind] or behind
    for column in [*columns_of(boxes), *([box.number] for box in behind if box not in boxes)]:
        yield "\n".join(
            f"\n{texts[number]}\n" if _is_block(texts[number]) else texts[number] for number in column
        ).strip()


def _is_block(text: str) -> bool:
    """Whether a text is more than a line or two, so that an empty line sets it off."""
    return text.startswith(("|", "- ")) or text.count("\n") > 1


def _box(shape: Any, number: int) -> Box:
    left, top = shape.left or 0, shape.top or 0
    return Box(left, top, left + max(1, shape.width or 0), top + max(1, shape.height or 0), number)
