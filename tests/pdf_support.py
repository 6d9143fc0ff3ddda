"""PDF files made here, byte by byte, so that no writer is needed."""

from __future__ import annotations


def make_pdf(*pages: str, title: str = "", encrypt: str = "", kids: str = "") -> bytes:
    """A PDF whose pages show lines of Helvetica; ``kids`` replaces the list of pages."""
    numbers = [4 + 2 * i for i in range(len(pages))]
    objects = {
        1: b"<< /Type /Catalog /Pages 2 0 R >>",
        2: f"<< /Type /Pages /Kids [{kids or ' '.join(f'{n} 0 R' for n in numbers)}] /Count {len(pages)} >>".encode(),
        3: b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
    }
    for number, page in zip(numbers, pages, strict=True):
        lines = [line.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)") for line in page.split("\n")]
        shown = "\n".join(f"({line}) Tj T*" for line in lines if page)
        content = f"BT /F1 12 Tf 72 720 Td 14 TL\n{shown}\nET".encode("cp1252")
        resources = "/Parent 2 0 R /MediaBox [0 0 612 792] /Resources << /Font << /F1 3 0 R >> >>"
        objects[number] = f"<< /Type /Page {resources} /Contents {number + 1} 0 R >>".encode()
        objects[number + 1] = b"<< /Length %d >>\nstream\n%b\nendstream" % (len(content), content)
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
