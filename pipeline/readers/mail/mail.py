"""Mail in Internet format: single messages (``.eml``) and mailboxes (``.mbox``)."""

from __future__ import annotations

import email
import email.policy
import re
from collections.abc import Iterator

from ctxpipe.compress.types import Document
from ctxpipe.errors import ReadError
from ctxpipe.pipeline.readers.builder import DocumentBuilder
from ctxpipe.pipeline.readers.mail.message import write_message
from ctxpipe.pipeline.readers.mail.parts import messages_of
from ctxpipe.pipeline.readers.reader import Errors
from ctxpipe.pipeline.readers.text.decode import HEAD, binary_reason, decode_noted
from ctxpipe.pipeline.readers.titles import one_line

_ENVELOPE = re.compile(rb"(?:\A|(?<=\n\n)|(?<=\n\r\n))From [^\r\n]*\d{4}[^\r\n]{0,12}\r?\n")
"""The line above a message in a mailbox."""
_QUOTED_FROM = re.compile(rb"^>(>*From )", re.MULTILINE)
_FIELD = re.compile(rb"\A(?:[!-9;-~]{1,60}:[ \t\r\n])")
_NO_HEAD = "no head of a mail message at its start; read as text"
_MOST_WORK = 50_000_000
"""Lines times boundaries in one message: the parser looks for every open boundary at each line."""


class MailReader:
    """Reads messages as text: decoded, each under its head; attachments are named. What has no head is plain text."""

    def read(self, data: bytes, *, source: str, errors: Errors = "strict") -> Document:
        """Read a message or a mailbox.

        Raises:
            ReadError: if the file is binary, or its only message is nested too deep.
        """
        if reason := binary_reason(data[:HEAD]):
            raise ReadError(source, reason)
        raw = list(_raw_messages(data.removeprefix(b"\xef\xbb\xbf")))
        if not _FIELD.match(raw[0].lstrip() if raw else b""):
            text, note = decode_noted(data, source=source, errors=errors)
            return Document(text=text, source=source, notes=tuple(filter(None, (note, _NO_HEAD))))
        builder, notes, title = DocumentBuilder(), [], ""
        for number, message in enumerate(raw, start=1):
            try:
                title = _write(message, builder, source)
            except ReadError as exc:
                if len(raw) == 1:
                    raise
                notes.append(f"message {number} of {len(raw)} left out: {exc.reason}")
        return builder.document(
            source=source, kind="text", title=one_line(title) if len(raw) == 1 else "", notes=tuple(notes)
        )


def _raw_messages(data: bytes) -> Iterator[bytes]:
    starts = list(_ENVELOPE.finditer(data)) if data.startswith(b"From ") else []
    if not starts:
        yield data
        return
    ends = [match.start() for match in starts[1:]] + [len(data)]
    for match, end in zip(starts, ends, strict=True):
        message = data[match.end() : end].strip(b"\r\n")
        if message:
            yield _QUOTED_FROM.sub(rb"\1", message)


def _write(data: bytes, builder: DocumentBuilder, source: str) -> str:
    """Write a message and what is attached to it; returns its subject."""
    if (data.lower().count(b"boundary=")) * data.count(b"\n") > _MOST_WORK:
        raise ReadError(source, "the message has too many parts in one another")
    try:
        # The modern policy parses every field, in time quadratic in its length; fields that are shown are parsed alone.
        parsed = email.message_from_bytes(data.lstrip(), policy=email.policy.compat32)
        messages = list(messages_of(parsed))
    except RecursionError as exc:
        raise ReadError(source, "the message has too many parts in one another") from exc
    for message in messages:
        write_message(message, builder)
    return messages[0].head.get("Subject", "") if messages else ""
