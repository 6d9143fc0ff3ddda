"""Parts of a message in Internet format, by the standard library's parser."""

from __future__ import annotations

import email.message
import email.policy
import re
from collections.abc import Callable, Iterator

from ctxpipe.errors import ReadError
from ctxpipe.pipeline.readers.mail.attached import attached_text
from ctxpipe.pipeline.readers.mail.message import FIELDS, Attachment, Body, MailMessage
from ctxpipe.pipeline.readers.text.decode import decode

Part = email.message.Message
_MOST_PARTS = 10_000
_LONGEST_FIELD = 4000
"""Characters of a field that are parsed: the parser is quadratic, and recursive in brackets."""
_MOST_ADDRESSES = 10
_PLACEHOLDER = 200
"""Characters below which plain text may only say that the message is HTML."""
_TABLE = 4
"""Cells from which rows of HTML are a table."""
_ENCRYPTED = ("application/pkcs7-mime", "application/x-pkcs7-mime", "multipart/encrypted")


def messages_of(part: Part) -> Iterator[MailMessage]:
    """A message and then the messages attached to it, each with its head."""
    pending = [(part, "")]
    for _ in range(_MOST_PARTS):
        if not pending:
            return
        current, above = pending.pop()
        walk = _MessageWalk(current)
        head = {name: value for name in FIELDS if (value := field(current, name))}
        if above:
            head["Attached-To"] = above
        yield MailMessage(head=head, bodies=walk.bodies, attachments=walk.attachments)
        pending.extend((inner, head.get("Subject", "a message")) for inner in reversed(walk.messages))


def field(part: Part, name: str) -> str:
    """A field of the head, decoded, as one line; a long list of addresses is cut and counted."""
    # `get` makes question marks of bytes that are no ASCII, which mail programs write all the same.
    value = next((str(value) for key, value in part.raw_items() if key.lower() == name.lower()), "")
    raw = _unescaped(value[:_LONGEST_FIELD])
    raw = re.sub(r"[\r\n]+", "", raw)
    if "=?" not in raw and raw.count("@") <= _MOST_ADDRESSES:
        return " ".join(raw.split())
    try:
        parsed = email.policy.default.header_factory(name, raw)
        text = str(parsed)
        addresses = [str(address) for address in getattr(parsed, "addresses", ())]
    except Exception:  # the parser raises anything for a head that follows no rule: IndexError, RecursionError, ...
        text, addresses = raw, []
    if len(addresses) > _MOST_ADDRESSES:
        text = f"{', '.join(addresses[:_MOST_ADDRESSES])} and {len(addresses) - _MOST_ADDRESSES} more"
    return " ".join(text.encode("utf-8", "replace").decode("utf-8").split())


def _unescaped(value: str) -> str:
    """A string whose bytes beyond ASCII the parser kept as they were: UTF-8, else Windows-1252."""
    data = value.encode("utf-8", "surrogateescape")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")


class _MessageWalk:
    """Takes the parts of one message apart; parts may be nested however deep."""

    def __init__(self, part: Part) -> None:
        self.bodies: list[Body] = []
        self.attachments: list[Attachment] = []
        self.messages: list[Part] = []
        pending = [(part, True)]
        for _ in range(_MOST_PARTS):
            if not pending:
                break
            current, wanted = pending.pop()
            pending.extend(reversed(self._take(current, wanted, top=current is part)))

    def _take(self, part: Part, wanted: bool, *, top: bool) -> list[tuple[Part, bool]]:
        kind = part.get_content_type()
        inner = part.get_payload() if part.is_multipart() else None
        if kind in _ENCRYPTED:
            self.bodies.append(Body(text="(The body is encrypted.)"))
        elif kind == "message/rfc822" and inner and not top:
            self.messages.extend(_list(inner))
        elif kind == "message/delivery-status" and inner:
            self.bodies.append(Body(text="\n\n".join(filter(None, map(_fields, _list(inner))))))
        elif kind == "multipart/alternative" and inner:
            best = _best(_list(inner))
            return [(child, wanted and child is best) for child in _list(inner)]
        elif inner:
            return [(child, wanted) for child in _list(inner)]
        elif self._is_attachment(part, kind):
            self.attachments.append(_attachment(part, kind))
        elif wanted:
            self.bodies.append(_body(part, kind))
        return []

    @staticmethod
    def _is_attachment(part: Part, kind: str) -> bool:
        attached = part.get_content_disposition() == "attachment" or bool(part.get_filename())
        return attached or kind not in ("text/plain", "text/html", "text/enriched", "text/markdown")


def _best(parts: list[Part]) -> Part | None:
    """The plain text among parts that say the same, unless it is empty, only says so, or lacks tables."""
    plain = next((part for part in parts if part.get_content_type() == "text/plain"), None)
    other = next((part for part in parts if part.is_multipart() or part.get_content_type() == "text/html"), None)
    if plain is None or other is None:
        return plain or other
    words = _text(plain)
    html = next((part for part in other.walk() if part.get_content_type() == "text/html"), None)
    if html is None or (len(words) >= _PLACEHOLDER and "<table" not in _text(html).lower()):
        return plain
    rich = _html(html)
    short = len(words) < _PLACEHOLDER and len(rich) > 4 * len(words)
    return other if short or _lacks_a_table(words, rich) else plain


def _lacks_a_table(plain: str, rich: str) -> bool:
    """Whether most cells of the tables in HTML do not stand in the plain text, as where a program left tables out."""
    cells = [
        cell.strip() for line in rich.split("\n") if line.startswith("| ") for cell in line.strip("| ").split(" | ")
    ]
    cells = [cell for cell in cells if any(character.isalnum() for character in cell)]
    return len(cells) >= _TABLE and 2 * sum(cell in plain for cell in cells) < len(cells)


def _fields(part: Part) -> str:
    """The fields of one recipient in a report of what was not delivered, and why, each on a line."""
    names = dict.fromkeys(key for key, _ in part.raw_items())
    return "\n".join(f"{name}: {value}" for name in names if (value := field(part, name)))


def _list(payload: object) -> list[Part]:
    return [part for part in payload if isinstance(part, Part)] if isinstance(payload, list) else []


def _attachment(part: Part, kind: str) -> Attachment:
    named: Callable[[], str | None] = part.get_filename
    try:
        name = str(email.policy.default.header_factory("Subject", (named() or "")[:_LONGEST_FIELD]))
    except Exception:  # as in `field`
        name = ""
    data, name = _data(part), " ".join(name.split()) or "unnamed"
    return Attachment(name=name, type=kind, size=len(data), text=attached_text(data, name, kind))


def _data(part: Part) -> bytes:
    payload = part.get_payload(decode=True)
    return payload if isinstance(payload, bytes) else b""


def _body(part: Part, kind: str) -> Body:
    if kind == "text/html":
        return Body(text=_html(part), markdown=True)
    return Body(text=_text(part))


def _html(part: Part) -> str:
    from ctxpipe.pipeline.readers.html.html import html_page

    return html_page(_text(part), addresses=True).text


def _text(part: Part) -> str:
    """The decoded text of a part; a wrong or unknown encoding is replaced by what the bytes say."""
    data = _data(part)
    try:
        text = data.decode(part.get_content_charset() or "utf-8")
    except (LookupError, ValueError):
        try:
            text = decode(data, source="", errors="replace", declares=part.get_content_type() == "text/html")
        except ReadError:
            return "(The body is not text.)"
    return text.replace("\r\n", "\n").replace("\0", "").strip()
