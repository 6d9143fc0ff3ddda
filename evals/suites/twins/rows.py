"""Twins in rows: tables, records of logs, turns of chats."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from functools import partial
from itertools import groupby

from ctxpipe.evals.suites.twins.draws import (
    BIRDS,
    OWNERS,
    PEOPLE,
    SEASONS,
    SERVICES,
    count,
    distinct,
    names_of,
    twins_of,
)
from ctxpipe.evals.suites.twins.plan import File, Member, TwinBlock, TwinPlan, Write
from ctxpipe.evals.suites.twins.prose import told
from ctxpipe.evals.suites.twins.topics import SPOKEN

_TABLE = (
    "What fee does {name} pay{when}?",
    "How much is the fee for {name}{when}?",
    "What is the berth fee of {name}{when}?",
)
_EXTRAS = ("Ines Falk", "Karl Voss", "Ruth Adler", "Otto Penn")
_EVENTS = (
    ("queue drained in {} ms", ("How long, in ms, did the {name} take to drain its queue?",)),
    ("checkpoint wrote {} pages", ("How many pages did the checkpoint of the {name} write?",)),
    (
        "pool resized to {} slots",
        ("To how many slots was the pool of the {name} resized?", "How many slots has the pool of the {name}?"),
    ),
)
_OTHER_EVENTS = (
    "accepted a connection from the bastion;closed an idle session;reloaded its certificates;skipped an empty batch;"
    "renewed its lease;compacted the journal;answered a health check;flushed its buffers"
).split(";")
_SPARE = "router balancer vault mirror cron".split()


def _ship(draw: random.Random) -> str:
    return f"{draw.choice(BIRDS)} {draw.randrange(11, 99)}"


def _ships(draw: random.Random, seasonal: bool, write: Callable[[], Write]) -> TwinPlan:
    ships = distinct(_ship, draw.randint(5, 10), draw)
    names = [(season, ship) for season, _ in SEASONS for ship in ships] if seasonal else [(ship,) for ship in ships]
    twins = twins_of(names, count, draw)
    asked = draw.randrange(len(twins))
    when = dict(SEASONS)[names[asked][0]] if seasonal else ""
    return TwinPlan(
        question=draw.choice(_TABLE).format(name=names[asked][-1], when=when),
        twins=twins,
        asked=asked,
        facts=tuple((twin.names[-1], twin.value) for twin in twins),
        filler=_row,
        write=write(),
    )


def _row(draw: random.Random) -> Member:
    """A ship that is no twin, as its number is longer."""
    return f"{draw.choice(BIRDS)} {draw.randrange(100, 10_000)}", str(draw.randrange(1000, 10_000))


def table(draw: random.Random) -> TwinPlan:
    """Tables of Markdown; in half of the items one for each season, with the same ships."""
    return _ships(draw, draw.random() < 0.5, lambda: _tables)


def _tables(blocks: Sequence[TwinBlock]) -> list[File]:
    parts = ["# Berths"]
    for season, inside in groupby(blocks, key=lambda block: block.twin.names[0] if len(block.twin.names) > 1 else ""):
        parts += [f"## {season}"] if season else []
        rows = [f"| {ship} | {_owner(ship)} | {fee} |" for block in inside for ship, fee in block.lines()]
        parts.append("\n".join(["| Ship | Owner | Fee |", "| --- | --- | --- |", *rows]))
    return [File("berths.md", "\n\n".join(parts) + "\n")]


def _owner(ship: str) -> str:
    return OWNERS[sum(map(ord, ship)) % len(OWNERS)]


def csv(draw: random.Random) -> TwinPlan:
    """Rows of CSV, in half of the items with a preamble above their header."""
    return _ships(draw, False, lambda: partial(_csv, draw.random() < 0.5))


def _csv(preamble: bool, blocks: Sequence[TwinBlock]) -> list[File]:
    lines = ["Harbour;North basin", "Drawn up by;A. Penn", ""] if preamble else []
    lines.append("Ship;Owner;Fee")
    lines += [f"{ship};{_owner(ship)};{fee}" for block in blocks for ship, fee in block.lines()]
    return [File("berths.csv", "\n".join(lines) + "\n")]


def log(draw: random.Random) -> TwinPlan:
    """Records of a log: the same event of every service."""
    event, questions = draw.choice(_EVENTS)
    twins = twins_of([(name,) for name in names_of(SERVICES, draw)], count, draw)
    asked = draw.randrange(len(twins))
    return TwinPlan(
        question=draw.choice(questions).format(name=twins[asked].names[0]),
        twins=twins,
        asked=asked,
        facts=tuple((twin.names[0], event.format(twin.value)) for twin in twins),
        filler=lambda within: (within.choice([*SERVICES, *_SPARE]), within.choice(_OTHER_EVENTS)),
        write=_log,
    )


def _log(blocks: Sequence[TwinBlock]) -> list[File]:
    lines = [line for block in blocks for line in block.lines()]
    stamped = (
        f"2026-03-{4 + i // 8640:02}T{i // 360 % 24:02}:{i // 6 % 60:02}:{i % 6}0Z INFO {name}: {event}"
        for i, (name, event) in enumerate(lines)
    )
    return [File("plant.log", "\n".join(stamped) + "\n")]


def chat(draw: random.Random) -> TwinPlan:
    """Turns of a chat in which everybody says the same of themselves."""
    fact = draw.choice(SPOKEN)
    return told(draw, fact, names_of(PEOPLE, draw), lambda: partial(_chat, draw.random() < 0.5))


def _chat(inline: bool, blocks: Sequence[TwinBlock]) -> list[File]:
    """Turns of up to three sentences; the twin's own turn has one before what it says and one behind."""
    turns: list[tuple[str, str]] = []
    for block in blocks:
        before, after = [said for _, said in block.before()], [said for _, said in block.after()]
        own = [*before[-1:], block.fact[1], *after[:1]]
        turns += _extras(before[:-1], len(turns))
        turns.append((block.twin.names[0], " ".join(own)))
        turns += _extras(after[1:], len(turns))
    written = [_turn(inline, i, speaker, said) for i, (speaker, said) in enumerate(turns)]
    return [File("meeting.txt", ("\n" if inline else "\n\n").join(written) + "\n")]


def _extras(said: Sequence[str], number: int) -> list[tuple[str, str]]:
    return [(_EXTRAS[(number + i) % len(_EXTRAS)], " ".join(said[i : i + 3])) for i in range(0, len(said), 3)]


def _turn(inline: bool, number: int, speaker: str, said: str) -> str:
    stamp = f"{number // 3600:02}:{number // 60 % 60:02}:{number % 60:02}"
    return f"[{stamp}] {speaker}: {said}" if inline else f"{speaker}  {stamp}\n{said}"
