"""PPTX to Markdown through python-pptx; slides are pages."""

from __future__ import annotations

import dataclasses
import io

from ctxpipe.compress.types import Document
from ctxpipe.pipeline.readers.builder import DocumentBuilder
from ctxpipe.pipeline.readers.office.comments import slide_comments
from ctxpipe.pipeline.readers.office.package import guarded, open_package
from ctxpipe.pipeline.readers.office.slides import slides_markdown
from ctxpipe.pipeline.readers.office.tables import fill_merged_cells
from ctxpipe.pipeline.readers.reader import Errors
from ctxpipe.pipeline.readers.titles import markdown_title


class PptxReader:
    """Reads a presentation: a slide's title is a heading, its speaker notes stand below it."""

    def read(self, data: bytes, *, source: str, errors: Errors = "strict") -> Document:
        """Read a presentation.

        Raises:
            ReadError: if the extra is missing, or the file is damaged, encrypted or too large.
        """
        modules = ("pptx",)
        archive = open_package(data, source=source, ending="pptx", main="ppt/presentation.xml", modules=modules)
        slides, parts = guarded(lambda: _slides(data), source=source, ending="pptx")
        comments = [[f"- {said}" for said in slide_comments(archive, part, source)] for part in parts]
        builder = DocumentBuilder()
        for slide, said in zip(slides, comments, strict=True):
            builder.page()
            builder.add(slide)
            builder.add("\n".join(said))
        document = builder.document(source=source, kind="markdown")
        return dataclasses.replace(document, title=markdown_title(document.text))


def _slides(data: bytes) -> tuple[list[str], list[str]]:
    """The slides as Markdown, and the names of their parts."""
    from pptx import Presentation

    presentation = Presentation(io.BytesIO(data))
    fill_merged_cells(presentation)
    return slides_markdown(presentation), [str(slide.part.partname) for slide in presentation.slides]
