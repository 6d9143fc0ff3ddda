"""What documents in prose are about: the same facts of every town, and the questions that ask for them."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import NamedTuple

from ctxpipe.evals.suites.twins.draws import clock, code, count, share


class Fact(NamedTuple):
    """A sentence that every twin has, with its own value.

    Attributes:
        section: The section that it stands in.
        sentence: With ``{value}``.
        questions: With ``{name}``, and ``{when}`` where a season may follow.
        value: Draws a value.
    """

    section: str
    sentence: str
    questions: tuple[str, ...]
    value: Callable[[random.Random], str]


class Topic(NamedTuple):
    """A kind of handbook: its title, its sections, what each begins with, and its facts."""

    title: str
    sections: tuple[tuple[str, str], ...]
    facts: tuple[Fact, ...]


HARBOUR = Topic(
    "Harbour handbook",
    (
        ("Opening hours", "The desk is open on every day but Monday."),
        ("Fees", "Children pay half and dogs are free."),
        ("Contact", "The harbour master lives above the office."),
    ),
    (
        Fact(
            "Fees",
            "A mooring costs {value} euros a night.",
            (
                "What does a mooring cost in {name}{when}?",
                "How many euros a night is a mooring in {name}{when}?",
                "What is the price of one night's mooring in {name}{when}?",
            ),
            count,
        ),
        Fact(
            "Opening hours",
            "The gate is locked at {value} in the evening.",
            (
                "When is the gate locked in {name}{when}?",
                "At what time do they lock the gate in {name}{when}?",
                "Until when can one enter through the gate in {name}{when}?",
            ),
            clock,
        ),
        Fact(
            "Contact",
            "The watch answers on radio call sign {value} all night.",
            (
                "What is the call sign of the watch in {name}{when}?",
                "Under which radio call sign does the watch in {name} answer{when}?",
            ),
            code,
        ),
    ),
)
LIBRARY = Topic(
    "Branches of the library",
    (
        ("The building", "It has two floors and a cellar for maps."),
        ("Lending", "Maps and newspapers are read in the house."),
        ("Rooms", "The rooms are cleaned before noon."),
    ),
    (
        Fact(
            "Rooms",
            "The reading room seats {value} readers.",
            (
                "How many readers does the reading room in {name} seat{when}?",
                "How many seats are in the reading room of {name}{when}?",
            ),
            count,
        ),
        Fact(
            "Lending",
            "The late fee is {value} per cent of the price of the book.",
            (
                "What is the late fee in {name}{when}?",
                "How many per cent of a book's price is the late fee in {name}{when}?",
            ),
            share,
        ),
        Fact(
            "The building",
            "Its alarm is switched off with the key {value} beside the door.",
            (
                "With which key is the alarm in {name} switched off{when}?",
                "What is the key to the alarm in {name}{when}?",
            ),
            code,
        ),
    ),
)
TOPICS = (HARBOUR, LIBRARY)

CLAUSES = (
    Fact(
        "Discounts",
        "The Supplier grants a discount of {value} per cent on every order.",
        (
            "What discount does {name} grant?",
            "How many per cent does {name} take off every order?",
            "Which discount was agreed with {name}?",
        ),
        share,
    ),
    Fact(
        "Delivery",
        "For each day of delay the Supplier pays {value} euros.",
        (
            "What does {name} pay for each day of delay?",
            "How many euros does a day of delay cost {name}?",
            "Which sum was agreed with {name} for a day's delay?",
        ),
        count,
    ),
    Fact(
        "Termination",
        "Either party may end this agreement with {value} days' notice.",
        (
            "With how many days' notice may the agreement with {name} be ended?",
            "What is the notice period in the contract with {name}?",
        ),
        count,
    ),
)
SPOKEN = (
    Fact(
        "",
        "My locker is number {value}.",
        ("What is the number of {name}'s locker?", "Which locker number does {name} give?"),
        count,
    ),
    Fact(
        "",
        "I can spare {value} crowns for it.",
        ("How many crowns can {name} spare?", "What sum did {name} offer?"),
        count,
    ),
    Fact(
        "",
        "My badge reads {value}.",
        ("What does {name}'s badge read?", "Which badge does {name} have?"),
        code,
    ),
)
