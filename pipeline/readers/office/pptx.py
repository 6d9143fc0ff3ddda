"""PPTX to Markdown through markitdown; slides are pages."""

from __future__ import annotations

import io
import itertools
import re
from collections.abc import Sequence

from ctxpipe.compress.types import Document
from ctxpipe.pipeline.readers.office.comments import slide_comments
from ctxpipe.pipeline.readers.office.package import guarded, open_package
from ctxpipe.pipeline.readers.office.tables import fill_merged_cells
from ctxpipe.pipeline.readers.reader import Errors
from ctxpipe.pipeline.readers.titles import markdown_title

_SLIDE = re.compile(r"<!-- Slide number: \d+ -->\n?")
_EMBEDDED_IMAGE = re.compile(r"!\[([^\]\n]*)\]\([^)\n]*\)")


class PptxReader:
    """Reads a presentation: a slide's title is a heading, its speaker notes stand below it."""

    def read(self, data: bytes, *, source: str, errors: Errors = "strict") -> Document:
        """Read a presentation.

        Raises:
            ReadError: if the extra is missing, or the file is damaged, encrypted or too large.
        """
        modules = ("markitdown", "pptx")
        archive = open_package(data, source=source, ending="pptx", main="ppt/presentation.xml", modules=modules)
        text, parts = guarded(lambda: _markdown(data), source=source, ending="pptx")
        comments = [[f"- {said}" for said in slide_comments(archive, part, source)] for part in parts]
        text, starts = _cut_slides(text, comments)
        return Document(text=text, source=source, kind="markdown", title=markdown_title(text), page_starts=starts)


def _markdown(data: bytes) -> tuple[str, list[str]]:
    """The slides as Markdown, and the names of their parts."""
    from markitdown import StreamInfo
    from markitdown.converters import PptxConverter
    from pptx import Presentation

    slides = Presentation(io.BytesIO(data))
    if fill_merged_cells(slides):
        filled = io.BytesIO()
        slides.save(filled)
        data = filled.getvalue()
    options = {"escape_asterisks": False, "escape_underscores": False, "table_infer_header": True}
    text = PptxConverter().convert(io.BytesIO(data), StreamInfo(extension=".pptx"), **options).markdown
    return text, [str(slide.part.partname) for slide in slides.slides]


def _cut_slides(text: str, comments: Sequence[Sequence[str]]) -> tuple[str, tuple[int, ...]]:
    """Turn the mark that begins each slide into an offset, and add the comments on each slide."""
    slides = [_EMBEDDED_IMAGE.sub(r"\1", slide).strip() for slide in _SLIDE.split(text)[1:]]
    slides = [
        "\n\n".join(filter(None, (slide, "\n".join(said))))
        for slide, said in itertools.zip_longest(slides, comments[: len(slides)], fillvalue="")
    ]
    starts, offset = [], 0
    for slide in slides:
        starts.append(offset)
        offset += len(slide) + 2
    return "\n\n".join(slides), tuple(starts)
