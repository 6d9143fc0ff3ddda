"""Mail: what is decoded, what stands under which head, and hostile messages."""

from __future__ import annotations

import time
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctxpipe import Pipeline
from ctxpipe.compress.text.outline import outline
from ctxpipe.compress.types import Document
from ctxpipe.errors import ReadError
from ctxpipe.pipeline.readers.load import load
from ctxpipe.pipeline.readers.mail.mail import MailReader
from ctxpipe.pipeline.readers.read import read


def message(subject: str = "Berths", text: str = "The berth is free.\n", **head: str) -> EmailMessage:
    made = EmailMessage()
    made["From"] = head.pop("sender", "Ann Lee <ann@example.org>")
    made["To"] = "bo@example.org"
    made["Subject"] = subject
    made["Date"] = "Mon, 02 Mar 2026 09:12:00 +0100"
    for name, value in head.items():
        made[name] = value
    if text:
        made.set_content(text)
    return made


def mail(data: bytes | EmailMessage, name: str = "a.eml") -> Document:
    raw = data if isinstance(data, bytes) else data.as_bytes(policy=SMTP)
    return load(raw, source=name, name=name)


def test_heads_and_bodies_are_decoded() -> None:
    made = message("Übergabe der Schlüssel", "")
    made.set_content("Käthe has the key until 18:00.\n", cte="base64")
    found = mail(made)
    assert found.text == (
        "From: Ann Lee <ann@example.org>\nDate: Mon, 02 Mar 2026 09:12:00 +0100\nSubject: Übergabe der Schlüssel\n"
        "To: bo@example.org\n\nKäthe has the key until 18:00."
    )
    assert (found.kind, found.title) == ("text", "Übergabe der Schlüssel")
    (head,) = found.headings
    assert found.text[head[0] : head[1]].endswith("To: bo@example.org")


def test_an_html_body_is_read_where_there_is_no_plain_one() -> None:
    made = message(text="")
    made.set_content(
        "<h2>Costs</h2><p>The crane costs <b>84&nbsp;000&nbsp;€</b>.", subtype="html", cte="quoted-printable"
    )
    found = mail(made)
    assert "## Costs\n\nThe crane costs 84 000 €." in found.text
    assert [found.text[a:b] for a, b, _ in found.headings][1] == "## Costs"
    made = message(text="The crane is paid. " * 12)
    made.add_alternative("<p>The crane is paid.", subtype="html")
    assert mail(made).text.count("The crane is paid.") == 12
    made = message(text="Please see the HTML version.")
    made.add_alternative(f"<p>{'The crane is paid. ' * 20}", subtype="html")
    assert "HTML version" not in mail(made).text
    assert "The crane is paid." in mail(made).text


@pytest.mark.parametrize("told", [True, False])
def test_a_table_that_the_plain_text_lacks_is_read_in_html(told: bool) -> None:
    rows = [("Crane", "84 000"), ("Rope", "1 250"), ("Buoy", "311")]
    above = "Hello, please find below what the yard has paid for each thing in the year. " * 4
    made = message(text=above + ("\n".join(f"{thing}: {price}" for thing, price in rows) if told else ""))
    cells = "".join(f"<tr><td>{thing}</td><td>{price}</td></tr>" for thing, price in rows)
    made.add_alternative(f"<p>{above}</p><table>{cells}</table>", subtype="html")
    assert ("| Rope | 1 250 |" in mail(made).text) is not told
    assert ("Rope: 1 250" in mail(made).text) is told


def test_a_report_says_why_a_message_was_not_delivered() -> None:
    text = load(
        b"From: MAILER-DAEMON\nTo: ann@example.org\nSubject: Undelivered\nMIME-Version: 1.0\n"
        b"Content-Type: multipart/report; report-type=delivery-status; boundary=B\n\n--B\n"
        b"Content-Type: text/plain\n\nYour message came back.\n\n--B\nContent-Type: message/delivery-status\n\n"
        b"Reporting-MTA: dns; mx.example.org\n\nFinal-Recipient: rfc822; bo@example.org\nAction: failed\n"
        b"Diagnostic-Code: smtp; 552 mailbox full,\n 512 MB used\n\n--B--\n",
        source="a.eml",
        name="a.eml",
    ).text
    assert text.endswith(
        "Your message came back.\n\nReporting-MTA: dns; mx.example.org\n\n"
        "Final-Recipient: rfc822; bo@example.org\nAction: failed\n"
        "Diagnostic-Code: smtp; 552 mailbox full, 512 MB used"
    )


def test_attachments_are_named_and_text_is_read() -> None:
    made = message()
    made.add_attachment(b"\x89PNG" * 500, maintype="image", subtype="png", filename="Läge.png")
    made.add_attachment("a,b\n", subtype="csv", filename="berths.csv")
    text = mail(made).text
    assert text.endswith(
        "The berth is free.\n\nAttachments: Läge.png (image/png, 2 KB); berths.csv (text/csv, 5 bytes)\n\n"
        "Attachment berths.csv:\n\na,b"
    )
    assert "iVBOR" not in text


def test_what_only_says_that_it_is_text_is_not_read() -> None:
    made = message()
    made.add_attachment(b"\x00\x01\x02" * 500, maintype="text", subtype="plain", filename="noise.txt")
    made.add_attachment(b"fee " * 300_000, maintype="text", subtype="plain", filename="long.txt")
    text = mail(made).text
    assert text.endswith("noise.txt (text/plain, 2 KB); long.txt (text/plain, 1 MB)")


@pytest.mark.parametrize("encoding", ["utf-8", "cp1252"])
def test_a_head_that_is_not_encoded_is_read(encoding: str) -> None:
    head = "From: Jörg <a@example.org>\nSubject: Übergabe\nMIME-Version: 1.0\n\nThe fee is 54.\n"
    found = load(head.encode(encoding), source="a.eml", name="a.eml")
    assert found.text == "From: Jörg <a@example.org>\nSubject: Übergabe\n\nThe fee is 54."
    assert found.title == "Übergabe"


def test_a_link_keeps_its_address() -> None:
    made = message(text="")
    made.set_content(
        '<p>Join <a href="https://meet.example.org/r/7">the call</a>, '
        '<a href="https://www.example.org/">example.org</a>, '
        f'<a href="https://t.example.org/{"x" * 200}">unsubscribe</a>, <a href="javascript:x()">more</a>.',
        subtype="html",
    )
    assert "Join the call (https://meet.example.org/r/7), example.org, unsubscribe, more." in mail(made).text


def test_an_attached_message_has_its_own_head() -> None:
    inner = message("Rent", "The rent is 752 crowns.", sender="Cy <cy@example.org>")
    outer = message("Fwd", "See below.")
    outer.add_attachment(inner)
    found = mail(outer)
    structure = outline(found)
    unit = next(u for u in structure.units(0, len(found.text)) if "752" in found.text[u.start : u.end])
    (head,) = structure.chain(unit)
    assert found.text[head.start : head.end].startswith("From: Cy <cy@example.org>")
    assert "Attached-To: Fwd" in found.text[head.start : head.end]


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_a_mailbox_keeps_each_message_under_its_head(ending: str) -> None:
    raw = "".join(
        f"From x@example.org Mon Mar  2 09:1{i}:00 2026\nFrom: p{i}@example.org\nSubject: Note {i}\n\n"
        f"The fee of pier {i} is {50 + i} crowns.\n>From here on it rained.\nFrom time to time it stopped.\n\n"
        for i in range(9)
    ).replace("\n", ending)
    found = mail(raw.encode(), "all.mbox")
    assert len(found.headings) == 9
    assert found.text.count("\nFrom here on it rained.") == 9
    assert "2026" not in found.text
    context = Pipeline(rank="bm25").compress(found, question="What is the fee of pier 7?", budget=60)
    assert context.text.index("From: p7@example.org") < context.text.index("57 crowns")


def test_a_long_list_of_addresses_is_cut_and_counted() -> None:
    made = message(Cc=", ".join(f"m{i}@example.org" for i in range(40)))
    assert "m9@example.org and 30 more" in mail(made).text


def test_the_body_may_lie_about_its_encoding() -> None:
    head = b"From: a@b.c\nSubject: x\nMIME-Version: 1.0\nContent-Type: text/plain; charset="
    assert mail(head + b"no-such-charset\n\ncaf\xc3\xa9").text.endswith("café")
    assert mail(head + b"utf-8\n\ncaf\xe9 noir").text.endswith("café noir")
    assert mail(head + b"us-ascii\n\n\x89PNG" + bytes(range(128, 256))).text.endswith("(The body is not text.)")


def test_mail_is_known_by_its_head_and_what_has_none_is_text() -> None:
    raw = message().as_bytes(policy=SMTP)
    assert load(raw, source="x", name="").headings
    assert not load(b"Note: one\nTodo: two\nDone: three\n", source="x", name="").headings
    plain = mail(b"No head here.\n")
    assert (plain.text, plain.notes) == ("No head here.\n", ("no head of a mail message at its start; read as text",))


def nested(depth: int, lines: int = 1) -> bytes:
    parts = "".join(f'Content-Type: multipart/mixed; boundary="b{i}"\n\n--b{i}\n' for i in range(depth))
    return f"From: a@b.c\nSubject: x\n{parts}Content-Type: text/plain\n\nThe end.\n{'line' * lines}".encode()


def test_parts_in_one_another_are_bounded() -> None:
    assert "The end." in mail(nested(100)).text
    for data in (nested(5000), nested(400).replace(b"line", b"line\n" * 200_000)):
        start = time.process_time()
        with pytest.raises(ReadError, match="too many parts in one another"):
            mail(data)
        assert time.process_time() - start < 5


def test_a_message_that_cannot_be_read_does_not_stop_the_mailbox() -> None:
    line = b"From x Mon Mar  2 09:12:00 2026\n"
    raw = (
        line
        + b"From: a@b.c\nSubject: good\n\nOne.\n\n"
        + line
        + nested(5000)
        + b"\n\n"
        + line
        + b"Subject: last\n\nTwo."
    )
    found = mail(raw, "all.mbox")
    assert "One." in found.text
    assert "Two." in found.text
    assert found.notes == ("message 2 of 3 left out: the message has too many parts in one another",)


@pytest.mark.parametrize("value", ["(" * 50_000, '"' * 50_000, "a:" * 20_000, "<" * 50_000, "=?utf-8?q?x?= " * 9000])
def test_hostile_heads_take_no_time(value: str) -> None:
    start = time.process_time()
    raw = f"From: {value}\nTo: {value}\nSubject: {value}\nContent-Type: text/plain; {value}\n\nbody"
    assert mail(raw.encode()).text.endswith("body")
    assert time.process_time() - start < 5


def test_a_cut_message_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    made = message(text="The berth is free.\n" * 20)
    made.add_attachment(bytes(3000), maintype="application", subtype="pdf", filename="a.pdf")
    raw = made.as_bytes()
    for cut in (len(raw) // 4, len(raw) // 2, len(raw) - 10):
        assert "From: Ann Lee" in mail(raw[:cut]).text
    path = tmp_path / "image.eml"
    path.write_bytes(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR")
    assert [str(error) for error in read([path]).failures] == [f"{path}: a binary file (a PNG image), not text"]


@given(
    st.binary(max_size=400),
    st.sampled_from([b"", b"From: a\nSubject: b\nContent-Type: multipart/mixed; boundary=x\n\n--x\n"]),
)
def test_any_bytes_give_a_document_or_one_line(data: bytes, head: bytes) -> None:
    try:
        found = MailReader().read(head + data, source="x")
    except ReadError as error:
        assert "\n" not in str(error)
    else:
        assert outline(found).units(0, len(found.text)) or not found.text.strip()
