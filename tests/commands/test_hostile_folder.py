"""The command on a folder with every kind of hostile file at once: one line for each, and the others are answered."""

from __future__ import annotations

import gzip
import json
import os
import re
import subprocess
import sys
import time
import zipfile
from io import BytesIO
from pathlib import Path

import pytest
from office_support import make_docx, paragraph, zipped
from pdf_support import column, make_pdf, place_pdf

pytest.importorskip("markitdown", reason="the office extra is not installed")

WORDS = "A berth at the north pier costs 54 crowns a week."
ENTITIES = "".join(f'<!ENTITY e{i + 1} "{f"&e{i};" * 10}">' for i in range(9))
DOCX = make_docx(paragraph(WORDS))
ODT = zipped(
    {
        "mimetype": "application/vnd.oasis.opendocument.text",
        "content.xml": '<o:document-content xmlns:o="urn:oasis:names:tc:opendocument:xmlns:office:1.0" '
        'xmlns:t="urn:oasis:names:tc:opendocument:xmlns:text:1.0"><o:body><t:p>Salt is kept in the shed.</t:p>'
        "</o:body></o:document-content>",
    }
)
PDF = place_pdf(column(72, 700, ["The lamp of the south pier is lit at five in the evening,", "and put out at seven."]))


def parts(data: bytes) -> dict[str, str | bytes]:
    with zipfile.ZipFile(BytesIO(data)) as whole:
        return {name: whole.read(name) for name in whole.namelist()}


def claiming(data: bytes, size: int) -> bytes:
    """An archive whose first header claims a size."""
    at = data.index(b"PK\x01\x02")
    return data[: at + 24] + size.to_bytes(4, "little") + data[at + 28 :]


def locked(data: bytes) -> bytes:
    """An archive whose first part says that it is encrypted."""
    at = data.index(b"PK\x01\x02")
    return data[: at + 8] + bytes([data[at + 8] | 1]) + data[at + 9 :]


def with_entities(data: bytes, name: str) -> bytes:
    return zipped(parts(data) | {name: f'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY e0 "lol">{ENTITIES}]><a>&e9;</a>'})


SECRET = f"/Encrypt << /Filter /Standard /V 1 /R 2 /P -4 /O <{'41' * 32}> /U <{'42' * 32}> >> /ID [<41> <41>]"
NESTED = zipped({"inner.zip": zipped({"innermost.zip": zipped({"bomb": " " * (20 << 20)})})})
REFUSED = {
    "truncated.docx": DOCX[: len(DOCX) // 2],
    "truncated.odt": ODT[: len(ODT) // 2],
    "truncated.pdf": PDF[:60],
    "encrypted.docx": locked(DOCX),
    "encrypted.pdf": make_pdf("secret", encrypt=SECRET),
    "bomb.docx": zipped(parts(DOCX) | {"bomb.xml": " " * (80 << 20)}),
    "bomb.odt": zipped(parts(ODT) | {"bomb.xml": " " * (80 << 20)}),
    "bomb.csv.gz": gzip.compress(b"pier,fee\n" * (20 << 20), 9),
    "entities.docx": with_entities(DOCX, "word/document.xml"),
    "entities.odt": with_entities(ODT, "content.xml"),
    "claims.docx": claiming(DOCX, 3 << 30),
    "nested.docx": NESTED,
    "words.pdf": b"No PDF at all, but some words that stand in a file.",
    "table.xlsx": b"\x00\x01\x02\x03 no workbook",
    "notes.ipynb": b'{"nbformat": 4, "cells": [',
}
PASSED_OVER = {"nested.zip": NESTED, "program": b"\x7fELF\x02\x01\x01" + bytes(range(256)) * 4}
READ = {
    "fees.txt": WORDS.encode(),
    "lamps.pdf": PDF,
    "salt.docx": ODT,
    "nameless": PDF,
    "deep.json": b"[" * 100_000,
    "deep.html": b"<div>" * 100_000 + b"words",
    "thousands.pdf": make_pdf(*(f"Page {at} of many has a line of its own." for at in range(10_000))),
    "cells.ipynb": json.dumps({"nbformat": 4, "cells": [{"cell_type": "markdown", "source": "Rope."}]}).encode(),
}


@pytest.mark.skipif(sys.platform != "linux", reason="peak memory is told by wait4 in kB")
def test_a_folder_of_hostile_files_gives_a_line_for_each_and_the_answer(tmp_path: Path) -> None:
    folder = tmp_path / "inbox"
    folder.mkdir()
    for name, data in {**REFUSED, **PASSED_OVER, **READ}.items():
        (folder / name).write_bytes(data)
    arguments = [str(folder), "-q", "What does a berth at the north pier cost?", "--budget", "2000", "--json"]
    with (tmp_path / "out").open("wb") as out, (tmp_path / "err").open("wb") as err:
        begun = time.monotonic()
        command = [sys.executable, "-m", "ctxpipe", "compress", *arguments]
        process = subprocess.Popen(
            command, stdout=out, stderr=err, env={**os.environ, "CTXPIPE_DOCUMENTS": "/dev/null/no"}
        )
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    said = (tmp_path / "err").read_text()
    assert process.returncode == 1, said  # what could not be read is told, and the rest is done
    context = json.loads((tmp_path / "out").read_text())
    assert WORDS in context["text"]
    assert context["kept_tokens"] <= 2000
    for name in REFUSED:
        lines = [line for line in said.splitlines() if re.search(rf"\b{re.escape(name)}\b", line)]
        assert len(lines) == 1, (name, lines)
    assert f"done without {len(REFUSED)} inputs" in said
    assert "passed over 2 files: 2 binary" in said
    assert "Traceback" not in said
    assert used.ru_maxrss < 1_500_000
    assert time.monotonic() - begun < 120
