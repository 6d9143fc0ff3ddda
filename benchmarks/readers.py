"""What is lost of a file when it becomes text: by our readers, and by markitdown.

    python benchmarks/readers.py
    python benchmarks/readers.py --show xlsx

Makes one small file of each format, in which every fact stands in a place of its own (a comment, a merged cell, an
attachment's name), and asks of both texts whether the fact is there and can be understood: a row with the name that it
stands under, a message with its sender, no base64. ``--show`` prints both texts of one format.
"""

from __future__ import annotations

import argparse
import io
import json
import re
import sys
import time
from collections.abc import Callable
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from common import write

from ctxpipe.errors import CtxpipeError
from ctxpipe.pipeline.readers.load import load

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))
from msg_support import make_msg
from office_support import WORD, make_docx, paragraph, zipped

Facts = dict[str, str]
"""What a fact is, and a regular expression that finds it."""
MERGED = r"M2 \|[^\n]*mate"
TABLE = r"Fee[^\n]*\n[^\n]*---[^\n]*\n[^\n]*North[^\n]*54"


def docx() -> tuple[bytes, Facts]:
    def part(tag: str, body: str) -> str:
        return f'<w:{tag} xmlns:w="{WORD}">{body}</w:{tag}>'

    body = (
        paragraph("Costs", "Heading1")
        + '<w:p><w:commentRangeStart w:id="0"/><w:r><w:t>The crane costs 500 euros.</w:t></w:r>'
        '<w:commentRangeEnd w:id="0"/><w:r><w:commentReference w:id="0"/></w:r>'
        '<w:r><w:footnoteReference w:id="2"/></w:r></w:p>' + paragraph("The last paragraph.")
    )
    comment = f'<w:comment w:id="0" w:author="Ann Lee">{paragraph("Ask Quaysteel.")}</w:comment>'
    note = f'<w:footnote w:id="2">{paragraph("Without fuel.")}</w:footnote>'
    data = make_docx(
        body,
        comments=part("comments", comment),
        footnotes=part("footnotes", note),
        header1=part("hdr", paragraph("Port of Faro")),
        footer1=part("ftr", paragraph("Draft 7")),
    )
    return data, {
        "headings": "^# Costs",
        "comment": "Ask Quaysteel",
        "its author": "Ann Lee",
        "comment at its place": r"Quaysteel[\s\S]*last paragraph",
        "footnote": "Without fuel",
        "footnote at its place": r"Without fuel[\s\S]*last paragraph",
        "header": "Port of Faro",
        "footer": "Draft 7",
    }


def pptx() -> tuple[bytes, Facts]:
    from pptx import Presentation

    slides = Presentation()
    for number in (1, 2):
        slide = slides.slides.add_slide(slides.slide_layouts[1])
        slide.shapes.title.text = f"Topic {number}"
        slide.placeholders[1].text = f"Body {number}"
        slide.notes_slide.notes_text_frame.text = f"Say {number}"
    buffer = io.BytesIO()
    slides.save(buffer)
    return buffer.getvalue(), {"titles as headings": "^# Topic 2", "body": "Body 2", "speaker notes": "Say 2"}


def xlsx() -> tuple[bytes, Facts]:
    from openpyxl import Workbook

    book = Workbook()
    sheet = book.active
    sheet.title = "Fees"
    for row in (
        ["Harbour dues 2026"],
        [],
        ["Pier", "2025", None],
        [None, "dues", "rent"],
        ["North", 54, 3],
        ["Sum", "=B5"],
    ):
        sheet.append(row)
    for name in ("A1:C1", "A3:A4", "B3:C3"):
        sheet.merge_cells(name)
    crew = book.create_sheet("Crew")
    for row in (["Ship", "Role"], ["M1", "cook"], ["M2", "cook"], [None, "mate"]):
        crew.append(row)
    crew.merge_cells("A3:A4")
    hidden = book.create_sheet("Prices")
    hidden.append(["secret", 7])
    hidden.sheet_state = "hidden"
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue(), {
        "sheet names": "^#+ Crew",
        "merged cell in each row": MERGED,
        "two rows of titles as one": "2025 rent",
        "title above the table apart from it": r"^(?!\|).*Harbour dues",
        "whole numbers": r"\| North \| 54 \| 3 \|",
        "formula without a value": "=B5",
        "no cells invented (NaN, Unnamed)": r"\A(?![\s\S]*(?:NaN|Unnamed))",
        "hidden sheet": "secret",
        "said to be hidden": "(?i)hidden",
    }


def message() -> EmailMessage:
    made = EmailMessage()
    made["From"], made["To"], made["Subject"] = "Ann Lee <ann@example.org>", "bo@example.org", "Übergabe"
    made["Date"] = "Mon, 02 Mar 2026 09:12:00 +0100"
    made.set_content("<p>Käthe has the <b>key</b> for 84&nbsp;€.", subtype="html", cte="base64")
    made.add_attachment(b"\x89PNG" * 2000, maintype="image", subtype="png", filename="map.png")
    return made


MAIL: Facts = {
    "sender and date": r"ann@example\.org[\s\S]*2026",
    "subject decoded": "Übergabe",
    "body decoded": "Käthe",
    "markup removed": r"the (\*\*)?key(\*\*)? for 84",
    "attachment named": "map.png",
    "no base64": r"\A(?![\s\S]*[A-Za-z0-9+/]{60})",
}


def mbox() -> tuple[bytes, Facts]:
    one = b"From x Mon Mar  2 09:12:00 2026\n" + message().as_bytes() + b"\n\n"
    return one * 2, MAIL


def msg() -> tuple[bytes, Facts]:
    data = make_msg(
        subject="Übergabe", sender="ann@example.org", body="Käthe has the key for 84 €.", to={"bo@example.org": "Bo"},
        attached={"map.png": bytes(50)}, sent=1_772_442_720,
    )  # fmt: skip
    return data, MAIL


def ipynb() -> tuple[bytes, Facts]:
    stream = {"output_type": "stream", "name": "stdout", "text": ["loss 0.3\n"]}
    image = {"output_type": "display_data", "data": {"image/png": "iVBORw0KGgo" * 300, "text/plain": "<Figure>"}}
    error = {
        "output_type": "error",
        "ename": "E",
        "evalue": "",
        "traceback": ["\x1b[31mPermissionError\x1b[0m: denied"],
    }
    cells = [
        {"cell_type": "markdown", "source": "# Model"},
        {"cell_type": "code", "source": "fit()", "outputs": [stream, image, error], "metadata": {}},
    ]
    return json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells}).encode(), {
        "Markdown": "^# Model",
        "code": "fit",
        "printed output": "loss 0.3",
        "error, without colours": r"(?<!\[31m)PermissionError",
        "number of the cell": "(?i)cell 2",
        "no image data": r"\A(?![\s\S]*iVBOR)",
    }


def epub() -> tuple[bytes, Facts]:
    words = '<p>The ring is in <a href="https://example.org">the pot</a>.</p>'
    chapter = f"<html><head><title/></head><body>{words}</body></html>"
    toc = "<navPoint><navLabel><text>Day 1</text></navLabel><content src='a.xhtml'/></navPoint>"
    package = (
        '<package xmlns="http://www.idpf.org/2007/opf"><metadata xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>Mole'
        '</dc:title></metadata><manifest><item id="a" href="a.xhtml" media-type="application/xhtml+xml"/><item id="n" '
        'href="t.ncx" media-type="application/x-dtbncx+xml"/></manifest><spine><itemref idref="a"/></spine></package>'
    )
    container = (
        '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
        '<rootfile full-path="b.opf"/></rootfiles></container>'
    )
    parts: dict[str, str | bytes] = {
        "mimetype": "application/epub+zip", "META-INF/container.xml": container, "b.opf": package,
        "t.ncx": f"<ncx><navMap>{toc}</navMap></ncx>", "a.xhtml": chapter,
    }  # fmt: skip
    return zipped(parts), {
        "text": "The ring is in",
        "chapter named by the contents": "Day 1",
        "address of a link": r"https://example\.org",
    }


def odt() -> tuple[bytes, Facts]:
    spaces = " ".join(
        f'xmlns:{short}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
        for short, name in (("office", "office"), ("text", "text"), ("table", "table"))
    )
    author = '<dc:creator xmlns:dc="http://purl.org/dc/elements/1.1/">Ann Lee</dc:creator>'
    comment = f"<office:annotation>{author}<text:p>Ask.</text:p></office:annotation>"
    cell = "<table:table-cell><text:p>{}</text:p></table:table-cell>"
    row = f"<table:table-row>{cell}{cell}</table:table-row>"
    body = (
        f'<text:h text:outline-level="1">Costs</text:h><text:p>The crane{comment}.</text:p><table:table>'
        f"{row.format('Pier', 'Fee')}{row.format('North', '54')}</table:table>"
    )
    body = f"<office:body><office:text>{body}</office:text></office:body>"
    content = f"<office:document-content {spaces}>{body}</office:document-content>"
    parts: dict[str, str | bytes] = {"mimetype": "application/vnd.oasis.opendocument.text", "content.xml": content}
    return zipped(parts), {"headings": "^# Costs", "comment and author": r"Ann Lee.*Ask", "table": TABLE}


def rtf() -> tuple[bytes, Facts]:
    data = (
        r"{\rtf1\ansi\ansicpg1252\uc1 \pard\outlinelevel0 Costs\par\pard\plain K\'e4the pays 54 \'80.\par"
        r"\trowd\cellx1\cellx2 Pier\cell Fee\cell\row\trowd North\cell 54\cell\row}"
    )
    return data.encode(), {"words without markup": "^Käthe pays 54 €", "table": TABLE}


def vtt() -> tuple[bytes, Facts]:
    cues = ("<v Ann Lee>The fee is <i>54</i>.</v>", "hello<00:00:00.500><c> world</c>", "hello world\nnext")
    timed = "\n\n".join(f"00:00:0{i}.000 --> 00:00:0{i + 1}.000\n{cue}" for i, cue in enumerate(cues))
    return f"WEBVTT\n\n{timed}".encode(), {
        "time and speaker before the words": r"00:00:00.*Ann Lee.*The fee",
        "no markup": r"The fee is 54\.",
        "nothing twice": r"\A(?![\s\S]*hello world[\s\S]*hello world)",
    }


FORMATS: dict[str, Callable[[], tuple[bytes, Facts]]] = {
    "docx": docx, "pptx": pptx, "xlsx": xlsx, "odt": odt, "epub": epub, "rtf": rtf,
    "eml": lambda: (message().as_bytes(), MAIL), "mbox": mbox, "msg": msg, "ipynb": ipynb, "vtt": vtt,
}  # fmt: skip


def ours(data: bytes, ending: str) -> str:
    return load(data, source=f"a.{ending}", name=f"a.{ending}").text


def theirs(data: bytes, ending: str) -> str:
    from markitdown import MarkItDown, StreamInfo

    return MarkItDown().convert_stream(io.BytesIO(data), stream_info=StreamInfo(extension=f".{ending}")).markdown


def read(reader: Callable[[bytes, str], str], data: bytes, ending: str) -> tuple[str, str]:
    """The text, or an empty one and why."""
    from markitdown import MarkItDownException

    try:
        return reader(data, ending), ""
    except (CtxpipeError, MarkItDownException) as exc:
        return "", type(exc).__name__


def measure(ending: str) -> dict[str, Any]:
    """Which facts of a format are in the text of each reader."""
    data, facts = FORMATS[ending]()
    found: dict[str, Any] = {}
    for name, reader in (("ctxpipe", ours), ("markitdown", theirs)):
        start = time.perf_counter()
        text, error = read(reader, data, ending)
        lost = [fact for fact, pattern in facts.items() if not text or not re.search(pattern, text, re.MULTILINE)]
        seconds = round(time.perf_counter() - start, 3)
        found[name] = {"facts": len(facts), "lost": lost, "characters": len(text), "seconds": seconds, "error": error}
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--show", choices=FORMATS, help="print both texts of one format")
    shown = parser.parse_args().show
    if shown:
        data, _ = FORMATS[shown]()
        for name, reader in (("ctxpipe", ours), ("markitdown", theirs)):
            print(f"===== {name}\n{' '.join(read(reader, data, shown))}\n")
        return
    results = {ending: measure(ending) for ending in FORMATS}
    for ending, found in results.items():
        for name, one in found.items():
            kept = one["facts"] - len(one["lost"])
            print(f"{ending:6} {name:11} {kept} of {one['facts']}  {one['error'] or '; '.join(one['lost'])}")
    write("readers", {"formats": results})


if __name__ == "__main__":
    main()
