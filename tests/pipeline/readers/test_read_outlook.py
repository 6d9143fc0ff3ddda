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
    assert loaded(make_msg(subject="Costs")).notes == ("the body is in a form that is not read (compressed rich text)",)


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
