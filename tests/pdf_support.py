"""PDF files made here, byte by byte, so that no writer is needed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple


def make_pdf(*pages: str, title: str = "", encrypt: str = "", kids: str = "") -> bytes:
    """A PDF whose pages show lines of Helvetica; ``kids`` replaces the list of pages."""
    numbers = [4 + 2 * i for i in range(len(pages))]
    objects = {
        1: b"<< /Type /Catalog /Pages 2 0 R >>",
        2: f"<< /Type /Pages /Kids [{kids or ' '.join(f'{n} 0 R' for n in numbers)}] /Count {len(pages)} >>".encode(),
        3: b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
    }
    for number, page in zip(numbers, pages, strict=True):
        lines = [_escaped(line) for line in page.split("\n")]
        shown = "\n".join(f"({line}) Tj T*" for line in lines if page)
        content = f"BT /F1 12 Tf 72 720 Td 14 TL\n{shown}\nET".encode("cp1252")
        resources = "/Parent 2 0 R /MediaBox [0 0 612 792] /Resources << /Font << /F1 3 0 R >> >>"
        objects[number] = f"<< /Type /Page {resources} /Contents {number + 1} 0 R >>".encode()
        objects[number + 1] = b"<< /Length %d >>\nstream\n%b\nendstream" % (len(content), content)
    return _file(objects, title, encrypt)


class Text(NamedTuple):
    """Words at a place of a page, in points from its lower left."""

    x: float
    y: float
    words: str
    size: float = 10
    bold: bool = False


def column(x: float, y: float, lines: Sequence[str], size: float = 10) -> list[Text]:
    """Lines one below the other."""
    return [Text(x, y - 1.2 * size * at, line, size) for at, line in enumerate(lines)]


def place_pdf(
    *pages: Sequence[Text],
    bookmarks: Sequence[tuple[str, int, int]] = (),
    image: Sequence[int] = (),
    annotations: Sequence[str] = (),
) -> bytes:
    """A PDF of 612 by 792 points with words at places, written in the given order.

    Args:
        pages: What each page shows.
        bookmarks: Title, page from 0 and level from 1 of each entry of the outline.
        image: Pages, from 0, that show a grey picture.
        annotations: What the dictionaries of the first page's annotations hold; widgets are fields of a form.
    """
    first = 6
    numbers = [first + 2 * at for at in range(len(pages))]
    font = "<< /Type /Font /Subtype /Type1 /BaseFont /{} /Encoding /WinAnsiEncoding >>"
    outline = first + 2 * len(pages)
    notes = [outline + 1 + len(bookmarks) + at for at in range(len(annotations))]
    fields = [number for number, held in zip(notes, annotations, strict=True) if "/Widget" in held]
    form = f"/AcroForm << /Fields [{' '.join(f'{number} 0 R' for number in fields)}] >>" if fields else ""
    objects = {
        1: f"<< /Type /Catalog /Pages 2 0 R {form} {f'/Outlines {outline} 0 R' if bookmarks else ''} >>".encode(),
        2: f"<< /Type /Pages /Kids [{' '.join(f'{n} 0 R' for n in numbers)}] /Count {len(pages)} >>".encode(),
        3: font.format("Helvetica").encode(),
        4: font.format("Helvetica-Bold").encode(),
        5: b"<< /Type /XObject /Subtype /Image /Width 1 /Height 1 /ColorSpace /DeviceGray /BitsPerComponent 8 "
        b"/Length 1 >>\nstream\n\x80\nendstream",
    }
    for at, (number, page) in enumerate(zip(numbers, pages, strict=True)):
        shown = "\n".join(
            f"BT /F{2 if text.bold else 1} {text.size} Tf {text.x:.2f} {text.y:.2f} Td ({_escaped(text.words)}) Tj ET"
            for text in page
        )
        picture = "q 500 0 0 700 50 50 cm /I Do Q\n" if at in image else ""
        fonts = "/Resources << /Font << /F1 3 0 R /F2 4 0 R >> /XObject << /I 5 0 R >> >>"
        held = f"/Annots [{' '.join(f'{note} 0 R' for note in notes)}]" if notes and not at else ""
        held += f" /Contents {number + 1} 0 R"
        objects[number] = f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] {fonts} {held} >>".encode()
        content = (picture + shown).encode("cp1252")
        objects[number + 1] = b"<< /Length %d >>\nstream\n%b\nendstream" % (len(content), content)
    objects |= {
        note: f"<< /Type /Annot {held} >>".encode("cp1252") for note, held in zip(notes, annotations, strict=True)
    }
    if bookmarks:
        objects |= _outline(outline, bookmarks, numbers)
    return _file(objects, "", "")


def _outline(root: int, bookmarks: Sequence[tuple[str, int, int]], pages: Sequence[int]) -> dict[int, bytes]:
    """The objects of an outline whose entries stand under the last one of the level above."""
    children: dict[int, list[int]] = {root: []}
    stack = [root]
    for at, (_, _, level) in enumerate(bookmarks):
        number = root + 1 + at
        stack = [*stack[:level], number]
        children[stack[-2]].append(number)
        children[number] = []
    objects = {}
    for parent, inside in children.items():
        for before, number, after in zip([0, *inside], inside, [*inside[1:], 0], strict=False):
            title, page, _ = bookmarks[number - root - 1]
            links = f"/Parent {parent} 0 R" + (f" /Prev {before} 0 R" if before else "")
            links += (f" /Next {after} 0 R" if after else "") + _ends(children[number])
            objects[number] = f"<< /Title ({_escaped(title)}) /Dest [{pages[page]} 0 R /Fit] {links} >>".encode()
    objects[root] = f"<< /Type /Outlines {_ends(children[root])} >>".encode()
    return objects


def _ends(inside: Sequence[int]) -> str:
    return f" /First {inside[0]} 0 R /Last {inside[-1]} 0 R /Count {len(inside)}" if inside else ""


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")


def _file(objects: dict[int, bytes], title: str, encrypt: str) -> bytes:
    info = max(objects) + 1
    objects[info] = f"<< /Title <{(chr(0xFEFF) + title).encode('utf-16-be').hex()}> >>".encode()
    out, offsets = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", []
    for number in sorted(objects):
        offsets.append(len(out))
        out += b"%d 0 obj\n%b\nendobj\n" % (number, objects[number])
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (info + 1)
    out += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    trailer = f"/Size {info + 1} /Root 1 0 R /Info {info} 0 R {encrypt}"
    return out + f"trailer\n<< {trailer} >>\nstartxref\n{start}\n%%EOF\n".encode()
