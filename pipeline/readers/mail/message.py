"""A mail message as text: its head, its body, the names of what is attached."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ctxpipe.compress.text.prose.headings import MAIL_LEVEL
from ctxpipe.pipeline.readers.builder import DocumentBuilder

FIELDS = ("From", "Date", "Subject", "To", "Cc", "Attached-To")
"""Fields of the head, in the order in which they are shown; the subject stands where a shortened head still has it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """What is attached: its name, media type and size in bytes, and its words where it is text."""

    name: str
    type: str
    size: int
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """A part of the body.

    Attributes:
        text: Plain text, or Markdown of an HTML part.
        markdown: Whether it is Markdown.
    """

    text: str
    markdown: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class MailMessage:
    """A message.

    Attributes:
        head: Fields by name, those of :data:`FIELDS`.
        bodies: Parts of the body, in order.
        attachments: What is attached.
    """

    head: Mapping[str, str]
    bodies: Sequence[Body] = ()
    attachments: Sequence[Attachment] = ()


def write_message(message: MailMessage, builder: DocumentBuilder) -> None:
    """Write a message: the head is a heading, so that whatever is kept of the message stands under it."""
    head = [f"{name}: {message.head[name]}" for name in FIELDS if message.head.get(name)]
    builder.heading("\n".join(head), MAIL_LEVEL)
    for body in message.bodies:
        if body.markdown:
            builder.add_markdown(body.text)
        else:
            builder.add(body.text)
    if message.attachments:
        named = (f"{part.name} ({part.type}, {_size(part.size)})" for part in message.attachments)
        builder.add(f"Attachments: {'; '.join(named)}")
    for part in message.attachments:
        if part.text.strip():
            builder.heading(f"Attachment {part.name}:", MAIL_LEVEL + 1)
            builder.add(part.text)


def _size(count: float) -> str:
    for unit in ("bytes", "KB", "MB"):
        if count < 1000:
            return f"{count:.0f} {unit}"
        count /= 1000
    return f"{count:.1f} GB"
