"""Invitations attached to mail: what of them is shown, and how."""

from __future__ import annotations

import time
from email.message import EmailMessage

from hypothesis import given
from hypothesis import strategies as st

from ctxpipe.pipeline.readers.load import load
from ctxpipe.pipeline.readers.mail.calendar import calendar_text

INVITATION = """BEGIN:VCALENDAR
METHOD:REQUEST
BEGIN:VTIMEZONE
TZID:Europe/Lisbon
BEGIN:STANDARD
DTSTART:16011028T020000
END:STANDARD
END:VTIMEZONE
BEGIN:VEVENT
UID:1@x
DTSTART;TZID=Europe/Lisbon:20260517T140000
DTEND:20260517T153000Z
SUMMARY:Board of Faro
LOCATION:Pier 54\\, room B
ORGANIZER;CN="Silva, Ann: chair":mailto:ann@x.org
ATTENDEE;PARTSTAT=NEEDS-ACTION;CN=Bo Lund:mailto:bo@x.org
ATTENDEE:mailto:cy@x.org
BEGIN:VALARM
DESCRIPTION:Reminder
END:VALARM
DESCRIPTION:Bring the key.\\nDo not park
  on the pier.
END:VEVENT
BEGIN:VEVENT
SUMMARY:Dinner
DTSTART;VALUE=DATE:20260518
STATUS:CANCELLED
END:VEVENT
END:VCALENDAR
"""


def test_events_are_shown_without_zones_alarms_and_identifiers() -> None:
    expected = """Calendar message: request

Summary: Board of Faro
Begins: 2026-05-17 14:00 (Europe/Lisbon)
Ends: 2026-05-17 15:30 UTC
Location: Pier 54, room B
Organizer: Silva, Ann: chair <ann@x.org>
Attendee: Bo Lund <bo@x.org>, needs action
Attendee: cy@x.org
Description: Bring the key. Do not park on the pier.

Summary: Dinner
Begins: 2026-05-18
Status: CANCELLED"""
    assert calendar_text(INVITATION) == calendar_text(INVITATION.replace("\n", "\r\n")) == expected


def test_an_invitation_is_read_below_its_message() -> None:
    message = EmailMessage()
    message["From"], message["Subject"] = "Ann <ann@x.org>", "Invitation"
    message.set_content("You are invited.")
    message.add_attachment(INVITATION.encode(), maintype="text", subtype="calendar", filename="invite.ics")
    found = load(message.as_bytes(), source="a.eml", name="a.eml").text
    assert "Attachment invite.ics:\n\nCalendar message: request" in found
    assert "Begins: 2026-05-17 14:00" in found
    assert "VTIMEZONE" not in found


def test_a_calendar_without_events_stays_as_it_is() -> None:
    message = EmailMessage()
    message.set_content("See below.")
    message.add_attachment(
        b"BEGIN:VCALENDAR\nX:1\nEND:VCALENDAR", maintype="text", subtype="calendar", filename="a.ics"
    )
    assert "X:1" in load(message.as_bytes(), source="a.eml", name="a.eml").text


@given(st.lists(st.sampled_from(["BEGIN:VEVENT", "END:VEVENT", "BEGIN:VALARM", "SUMMARY:x", " y", "DTSTART:1;"])))
def test_any_lines_are_taken(lines: list[str]) -> None:
    assert calendar_text("\n".join(lines)).count("BEGIN") == 0


def test_long_properties_take_linear_time() -> None:
    start = time.process_time()
    calendar_text("BEGIN:VEVENT\nATTENDEE" + ";A=b,c" * 100_000 + "\nEND:VEVENT")
    assert time.process_time() - start < 3
