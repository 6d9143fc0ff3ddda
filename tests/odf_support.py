"""OpenDocument files for tests."""

from __future__ import annotations

from office_support import zipped

from ctxpipe.compress.types import Document
from ctxpipe.pipeline.readers.load import load

SPACES = " ".join(
    f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{space}:1.0"'
    for name, space in {
        "office": "office", "text": "text", "table": "table", "draw": "drawing", "style": "style",
        "presentation": "presentation", "manifest": "manifest",
    }.items()
) + ' xmlns:dc="http://purl.org/dc/elements/1.1/"'  # fmt: skip
TYPES = {"odt": "text", "ods": "spreadsheet", "odp": "presentation"}


def odf(body: str, ending: str = "odt", styles: str = "", **others: str) -> bytes:
    kind = TYPES[ending]
    parts: dict[str, str | bytes] = {
        "mimetype": f"application/vnd.oasis.opendocument.{kind}",
        "content.xml": f"<office:document-content {SPACES}><office:automatic-styles>{styles}</office:automatic-styles>"
        f"<office:body><office:{kind}>{body}</office:{kind}></office:body></office:document-content>",
    }
    return zipped(parts | {name.replace("__", "/"): text for name, text in others.items()})


def loaded(data: bytes, ending: str = "odt") -> Document:
    return load(data, source=f"a.{ending}", name=f"a.{ending}")


def text(body: str, ending: str = "odt", styles: str = "", **others: str) -> str:
    return loaded(odf(body, ending, styles, **others), ending).text


def heading(level: int, words: str) -> str:
    return f'<text:h text:outline-level="{level}">{words}</text:h>'


def paragraph(words: str) -> str:
    return f"<text:p>{words}</text:p>"
