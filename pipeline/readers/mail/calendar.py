"""Invitations that are attached to a message, as lines that a reader understands."""

from __future__ import annotations

import re
from collections.abc import Iterator

_FOLDED = re.compile(r"\r?\n[ \t]")
_PROPERTY = re.compile(r'(?P<name>[\w-]++)(?P<given>(?:;(?:[^":]++|"[^"]*+")*+)?+):(?P<value>.*)')
_GIVEN = re.compile(r';([\w-]++)=(?:"([^"]*)"|([^;:]*+))')
_TIME = re.compile(r"(\d{4})(\d\d)(\d\d)(?:T(\d\d)(\d\d)(\d\d)?(Z)?)?")
_EVENTS = frozenset(("VEVENT", "VTODO", "VJOURNAL", "VFREEBUSY"))
_NAMES = {
    "SUMMARY": "Summary", "DTSTART": "Begins", "DTEND": "Ends", "DUE": "Due", "DURATION": "Duration",
    "LOCATION": "Location", "STATUS": "Status", "RRULE": "Repeats", "EXDATE": "Not on", "ORGANIZER": "Organizer",
    "ATTENDEE": "Attendee", "DESCRIPTION": "Description", "COMMENT": "Comment", "URL": "Address",
}  # fmt: skip
"""What is shown of an event, in this order."""
_TIMES = frozenset(("DTSTART", "DTEND", "DUE", "EXDATE"))
_PEOPLE = frozenset(("ORGANIZER", "ATTENDEE"))


def calendar_text(text: str) -> str:
    """The events of a calendar (RFC 5545): a block of lines each, without zones, alarms and identifiers.

    Args:
        text: The calendar.

    Returns:
        The events; empty when there is none.
    """
    lines = _FOLDED.sub("", text).splitlines()
    method = next((line.partition(":")[2].strip() for line in lines if line.upper().startswith("METHOD:")), "")
    events = ["\n".join(_shown(event)) for event in _events(lines)]
    head = f"Calendar message: {method.lower()}" if events and method else ""
    return "\n\n".join(filter(None, (head, *events)))


def _events(lines: list[str]) -> Iterator[list[re.Match[str]]]:
    """The properties of each event, without those of what is inside it."""
    event: list[re.Match[str]] | None = None
    depth = 0
    for line in lines:
        entry = _PROPERTY.match(line)
        if entry is None:
            continue
        name = entry["name"].upper()
        if name == "BEGIN":
            depth += event is not None
            event = [] if event is None and entry["value"].strip().upper() in _EVENTS else event
        elif name == "END" and event is not None:
            if depth == 0:
                yield event
                event = None
            depth = max(0, depth - 1)
        elif event is not None and depth == 0:
            event.append(entry)


def _shown(event: list[re.Match[str]]) -> Iterator[str]:
    for name, title in _NAMES.items():
        for entry in event:
            if entry["name"].upper() == name and (words := _value(name, entry)):
                yield f"{title}: {words}"


def _value(name: str, entry: re.Match[str]) -> str:
    given = {key.upper(): quoted or bare for key, quoted, bare in _GIVEN.findall(entry["given"])}
    value = entry["value"].strip()
    if name in _TIMES:
        zone = given.get("TZID", "")
        return ", ".join(_time(one) for one in value.split(",")) + (f" ({zone})" if zone else "")
    if name in _PEOPLE:
        address = re.sub(r"(?i)^mailto:", "", value)
        answer = given.get("PARTSTAT", "").lower().replace("-", " ")
        person = f"{given['CN']} <{address}>" if given.get("CN", address) != address else address
        return f"{person}, {answer}" if answer else person
    value = re.sub(r"\\[nN]", " ", value)
    return " ".join(re.sub(r"\\([\\;,])", r"\1", value).split())


def _time(words: str) -> str:
    time = _TIME.fullmatch(words.strip())
    if time is None:
        return words.strip()
    day = f"{time[1]}-{time[2]}-{time[3]}"
    return f"{day} {time[4]}:{time[5]}{' UTC' if time[7] else ''}" if time[4] else day
