"""Messages of Outlook (``.msg``), through python-oxmsg and compressed-rtf, which come with the ``mail`` extra."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ctxpipe.compress.types import Document
from ctxpipe.errors import MissingExtraError, ReadError
from ctxpipe.extras import require
from ctxpipe.pipeline.readers.builder import DocumentBuilder
from ctxpipe.pipeline.readers.mail.attached import attached_text
from ctxpipe.pipeline.readers.mail.message import Attachment, Body, MailMessage, write_message
from ctxpipe.pipeline.readers.reader import Errors
from ctxpipe.pipeline.readers.rtf import RtfReader
from ctxpipe.pipeline.readers.titles import one_line

if TYPE_CHECKING:
    from oxmsg import Message as OutlookMessage
    from oxmsg.attachment import Attachment as OutlookAttachment

_OLE = b"\xd0\xcf\x11\xe0"
_MOST_RECIPIENTS = 10
_RTF_COMPRESSED = 0x1009
"""The property that holds a body as compressed rich text, by [MS-OXCMSG]."""
_LARGEST_RTF = 4_000_000
"""Bytes of compressed rich text that are unpacked, to at most eight times as many."""
_NO_BODY = "no body that can be read in the message"


class OutlookReader:
    """Reads a message as text under its head; attachments are named."""

    def read(self, data: bytes, *, source: str, errors: Errors = "strict") -> Document:
        """Read a message.

        Raises:
            ReadError: if the extra is missing, or the file is damaged.
        """
        if not data.startswith(_OLE):
            raise ReadError(source, "not a .msg file, or damaged")
        try:
            require("mail", "reading .msg files", "oxmsg", "compressed_rtf")
        except MissingExtraError as exc:
            raise ReadError(source, str(exc)) from exc
        try:
            message = _message(data)
        except Exception as exc:  # damage makes the library raise anything: KeyError, struct errors, ...
            raise ReadError(source, f"not a .msg file, or damaged ({type(exc).__name__})") from exc
        builder = DocumentBuilder()
        write_message(message, builder)
        title = one_line(message.head.get("Subject", ""))
        return builder.document(source=source, kind="text", title=title, notes=() if message.bodies else (_NO_BODY,))


def _message(data: bytes) -> MailMessage:
    from oxmsg import Message as OutlookMessage

    outlook = OutlookMessage.load(data)
    sent = outlook.sent_date
    head = {
        "From": outlook.sender or "",
        "Date": f"{sent:%a, %d %b %Y %H:%M:%S %z}" if sent else "",
        "Subject": outlook.subject,
        "To": _recipients(outlook),
    }
    return MailMessage(
        head={name: " ".join(value.split()) for name, value in head.items()},
        bodies=_bodies(outlook),
        attachments=[_attachment(part) for part in outlook.attachments],
    )


def _attachment(part: OutlookAttachment) -> Attachment:
    name, kind = " ".join((part.file_name or "unnamed").split()), part.mime_type or ""
    return Attachment(name=name, type=kind, size=part.size, text=attached_text(part.file_bytes or b"", name, kind))


def _recipients(outlook: OutlookMessage) -> str:
    named = [
        f"{one.name} <{one.email_address}>"
        if one.email_address not in ("", one.name)
        else one.name or one.email_address
        for one in outlook.recipients
    ]
    more = len(named) - _MOST_RECIPIENTS
    return ", ".join(named[:_MOST_RECIPIENTS]) + (f" and {more} more" if more > 0 else "")


def _bodies(outlook: OutlookMessage) -> list[Body]:
    plain = (outlook.body or "").replace("\r\n", "\n").replace("\0", "").strip()
    if plain:
        return [Body(text=plain)]
    from ctxpipe.pipeline.readers.html.html import html_page

    words = html_page(outlook.html_body or "", addresses=True).text
    if words:
        return [Body(text=words, markdown=True)]
    words = _rich_text(outlook)
    return [Body(text=words)] if words else []


def _rich_text(outlook: OutlookMessage) -> str:
    """The words of a body that is only there as compressed rich text; empty if it cannot be read."""
    import compressed_rtf

    packed = outlook.properties.binary_prop_value(_RTF_COMPRESSED) or b""
    if not packed or len(packed) > _LARGEST_RTF:
        return ""
    try:
        return RtfReader().read(compressed_rtf.decompress(packed), source="").text
    except Exception:  # damage makes the library raise anything: Exception, struct errors, ...
        return ""
