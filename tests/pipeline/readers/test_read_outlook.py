"""Messages of Outlook: head, body, attachments, damage, and the extra that reads them."""

from __future__ import annotations

import random
import sys

import pytest
from msg_support import make_msg

from ctxpipe.compress.types import Document
from ctxpipe.errors import ReadError
from ctxpipe.pipeline.readers.load import load

pytest.importorskip("oxmsg", reason="the mail extra is not installed")
compress = pytest.importorskip("compressed_rtf", reason="the mail extra is not installed").compress

MESSAGE = make_msg(
    subject="Übergabe der Schlüssel",
    sender="ann@example.org",
    body="Käthe has the key.\r\n\r\nAnn\r\n",
    to={"bo@example.org": "Bo", "cy@example.org": "Cy"},
    attached={"map.pdf": bytes(5000)},
    sent=1_772_442_720,
)


def loaded(data: bytes, name: str = "a.msg") -> Document:
    return load(data, source="a.msg", name=name)


def test_a_message() -> None:
    found = loaded(MESSAGE)
    assert found.text == (
        'From: "ann" <ann@example.org>\nDate: Mon, 02 Mar 2026 09:12:00 +0000\nSubject: Übergabe der Schlüssel\n'
        "To: Bo <bo@example.org>, Cy <cy@example.org>\n\nKäthe has the key.\n\nAnn\n\n"
        "Attachments: map.pdf (application/pdf, 5 KB)"
    )
    assert (found.title, found.notes) == ("Übergabe der Schlüssel", ())
    assert found.text[: found.headings[0][1]].endswith("<cy@example.org>")


def test_a_body_in_html_and_one_that_is_not_read() -> None:
    found = loaded(make_msg(subject="Costs", html="<h2>Crane</h2><p>84 000 €".encode()))
    assert found.text.endswith("## Crane\n\n84 000 €")
    assert loaded(make_msg(subject="Costs")).notes == ("no body that can be read in the message",)


def test_a_body_that_is_only_there_as_compressed_rich_text() -> None:
    # The example of [MS-OXRTFCP] 4.1.1.
    packed = bytes.fromhex(
        "2d0000002b0000004c5a4675f1c5c7a703000a007263706731323542320af32068656c090020627705b06c647d0a800fa0"
    )
    found = loaded(make_msg(subject="Costs", rich=packed))
    assert found.text.endswith("\n\nhello world")
    assert found.notes == ()


def test_a_table_in_rich_text() -> None:
    rows = r"\trowd\cellx1\cellx2 Pier\cell Fee\cell\row\trowd North\cell 54\cell\row"
    rich = rf"{{\rtf1\ansi\ansicpg1252 K\'e4the pays.\par{rows}}}"
    found = loaded(make_msg(subject="Costs", rich=compress(rich.encode())))
    assert "Käthe pays." in found.text
    assert "| North | 54 |" in found.text


@pytest.mark.parametrize("cut", [3, 17, 30])
def test_damaged_rich_text_is_noted(cut: int) -> None:
    packed = compress(rb"{\rtf1 The fee of the pier is 54.}")
    found = loaded(make_msg(subject="Costs", rich=packed[:cut]))
    assert found.notes == ("no body that can be read in the message",)


def test_attached_text_is_read_under_its_name() -> None:
    found = loaded(
        make_msg(subject="Costs", body="See below.", attached={"fees.csv": b"pier,fee\nnorth,54\n", "a.pdf": b"%PDF-"})
    )
    assert found.text.endswith("a.pdf (application/pdf, 5 bytes)\n\nAttachment fees.csv:\n\npier,fee\nnorth,54")


def test_it_is_known_by_its_content() -> None:
    assert loaded(MESSAGE, "").text == loaded(MESSAGE).text


def test_a_missing_extra_names_its_pip_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "oxmsg", None)
    with pytest.raises(
        ReadError, match=r'reading \.msg files needs an optional dependency: pip install "ctxpipe\[mail\]"'
    ):
        loaded(MESSAGE)


@pytest.mark.parametrize("data", [b"words", MESSAGE[:100], MESSAGE[:600], MESSAGE[: len(MESSAGE) // 2]])
def test_what_is_no_message_is_one_line(data: bytes) -> None:
    with pytest.raises(ReadError, match=r"not a \.msg file, or damaged"):
        loaded(data)


def test_damage_gives_a_document_or_one_line() -> None:
    rng = random.Random(7)
    for _ in range(150):
        data = bytearray(MESSAGE)
        for _ in range(rng.randint(1, 40)):
            data[rng.randrange(8, len(data))] = rng.randrange(256)
        try:
            loaded(bytes(data))
        except ReadError as error:
            assert "\n" not in str(error)
