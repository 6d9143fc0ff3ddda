"""Generated tasks: seeded, of any length, with the same questions at every length."""

from __future__ import annotations

import random
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

from ctxpipe.errors import UsageError
from ctxpipe.evals.types import AnswerRule, Evidence, Passage, Sample

CountMany = Callable[[Sequence[str]], Sequence[int]]
"""Counts the tokens of texts with the target's tokenizer."""

SHORTEST = 200
"""Fewest source tokens with room for distractors."""


class _Task(NamedTuple):
    """Facts to hide, in order, and the question about them; ``apart`` is what no other line may hold."""

    facts: list[str]
    question: str
    answers: tuple[str, ...]
    rule: AnswerRule
    distractor: Callable[[random.Random], str]
    share: float
    apart: tuple[str, ...] = ()


_PLACES = (
    "Larkmoor Fenwick Aldersay Brackwater Calder Dunmere Eastholm Farrowby Gillsand Harrowgate Inverloch Jarrowfield "
    "Kestrel Lowmarsh Millbrook Netherby Oakhaven Penrose Quarrydown Ravenscar Saltburn Thornwick Underhill Varley "
    "Westerby Yarrow Ashcombe Birchfold Coldstream Denholm"
).split()
_THINGS = "boathouse granary archive library foundry observatory mill tannery signalbox brewery depot".split()
_PEOPLE = "clerk warden baker surveyor teacher courier gardener captain printer joiner nurse piper".split()
_ACTS = (
    "walked to the harbour before breakfast;repaired the fence behind the chapel;sent two letters to the council;"
    "counted the sacks in the loft;waited for the late train;painted the shutters green;read the minutes aloud;"
    "carried the ladder across the yard;borrowed a lantern from the inn;planted beans along the wall"
).split(";")
_WHEN = (
    "on a windy morning;after the market closed;while the bells rang;in the second week of spring;before the rain came;"
    "when the road was clear;at the end of a long day;during the fair"
).split(";")


def filler_sentence(draw: random.Random) -> str:
    """A sentence about nobody in particular."""
    place, person = draw.choice(_PLACES), draw.choice(_PEOPLE)
    return f"The {person} of {place} {draw.choice(_ACTS)} {draw.choice(_WHEN)}."


def _needle(draw: random.Random) -> _Task:
    place, thing, code = draw.choice(_PLACES), draw.choice(_THINGS), _number(draw)
    return _Task(
        facts=[f"The access code of the {place} {thing} is {code}."],
        question=f"What is the access code of the {place} {thing}?",
        answers=(code,),
        rule="any",
        distractor=filler_sentence,
        share=0.0,
    )


def _needles(draw: random.Random) -> _Task:
    place, thing = draw.choice(_PLACES), draw.choice(_THINGS)
    codes = [_number(draw) for _ in range(3)]

    def other(within: random.Random) -> str:
        elsewhere = within.choice([one for one in _PLACES if one != place])
        return f"One access code of the {elsewhere} {within.choice(_THINGS)} is {_number(within)}."

    return _Task(
        facts=[f"One access code of the {place} {thing} is {code}." for code in codes],
        question=f"What are all the access codes of the {place} {thing}?",
        answers=tuple(codes),
        rule="all",
        distractor=other,
        share=0.3,
    )


def _key_value(draw: random.Random) -> _Task:
    key, value = _uuid(draw), _uuid(draw)
    return _Task(
        facts=[f'"{key}": "{value}",'],
        question=f'What is the value of the key "{key}"?',
        answers=(value,),
        rule="any",
        distractor=lambda within: f'"{_uuid(within)}": "{_uuid(within)}",',
        share=1.0,
    )


def _variables(draw: random.Random) -> _Task:
    value, names = _number(draw), [_name(draw) for _ in range(4)]
    links = [f"VAR {after} = VAR {before}." for before, after in pairwise(names)]

    def other(within: random.Random) -> str:
        right = _number(within) if within.random() < 0.3 else f"VAR {_name(within)}"
        return f"VAR {_name(within)} = {right}."

    return _Task(
        facts=[f"VAR {names[0]} = {value}.", *links],
        question=f"Which variables have the value {value}?",
        answers=tuple(names),
        rule="all",
        distractor=other,
        share=0.3,
    )


_MEASURES = (
    ("bridge", "length", "How long", "metres", ("kilometres", "feet", "miles")),
    ("tank", "volume", "How large", "litres", ("gallons", "millilitres", "barrels")),
    ("press", "mass", "How heavy", "kilograms", ("tonnes", "pounds", "grams")),
    ("kiln", "working temperature", "How hot", "degrees Celsius", ("degrees Fahrenheit", "kelvin", "millivolts")),
)


def _facts(draw: random.Random) -> _Task:
    return _measured(draw) if draw.random() < 0.5 else _negated(draw)


def _measured(draw: random.Random) -> _Task:
    """A number with its unit, among the same quantity in other units and other quantities in the same unit."""
    place = draw.choice(_PLACES)
    thing, property_, asked, unit, swapped = draw.choice(_MEASURES)
    size = draw.randrange(120, 990)

    def other(within: random.Random) -> str:
        kind, what, _, its_unit, its_swapped = within.choice(_MEASURES)
        its_size = within.randrange(120, 990)
        if within.random() < 0.3:
            return f"A draft gave the {property_} of the {place} {thing} as {its_size} {within.choice(swapped)}."
        elsewhere = within.choice([one for one in _PLACES if one != place])
        return f"The {elsewhere} {kind} has a {what} of {its_size} {within.choice([its_unit, *its_swapped])}."

    return _Task(
        facts=[f"The {place} {thing} has a {property_} of {size} {unit}."],
        question=f"{asked} is the {place} {thing}, in {unit}?",
        answers=(f"{size} {unit}",),
        rule="any",
        distractor=other,
        share=0.5,
    )


def _negated(draw: random.Random) -> _Task:
    """The one station that was not inspected, among many that were."""
    year, name = draw.randrange(1950, 2020), f"{draw.choice(_PLACES)}-{draw.randrange(100, 1000)}"

    def other(within: random.Random) -> str:
        its_year = year if within.random() < 0.7 else within.randrange(1950, 2020)
        elsewhere = f"{within.choice(_PLACES)}-{within.randrange(1000, 10000)}"
        said = "was inspected" if its_year == year or within.random() < 0.5 else "was not inspected"
        return f"Station {elsewhere} {said} in {its_year}."

    return _Task(
        facts=[f"Station {name} was not inspected in {year}."],
        question=f"Which station was not inspected in {year}?",
        answers=(name,),
        rule="any",
        distractor=other,
        share=0.5,
    )


_STATES = (
    ("closed", "rebuilt", "sold"),
    ("flooded", "searched", "painted"),
    ("insured", "inspected", "enlarged"),
)


def _listed(draw: random.Random) -> _Task:
    """List all buildings to which one thing happened, among many to which another happened."""
    names, state, other = _buildings(draw, draw.randrange(6, 15))
    return _Task(
        facts=[f"The {name} was {state} that year." for name in names],
        question=f"List every building that was {state}.",
        answers=tuple(names),
        rule="all",
        distractor=other,
        share=0.2,
    )


def _counted(draw: random.Random) -> _Task:
    """The same buildings; the question asks for their number."""
    names, state, other = _buildings(draw, draw.randrange(6, 15))
    return _Task(
        facts=[f"The {name} was {state} that year." for name in names],
        question=f"How many buildings were {state}?",
        answers=(str(len(names)),),
        rule="any",
        distractor=other,
        share=0.2,
        apart=tuple(names),
    )


def _buildings(draw: random.Random, count: int) -> tuple[list[str], str, Callable[[random.Random], str]]:
    """Buildings, what happened to them, and lines about others."""
    places, state, *others = draw.sample(_PLACES, len(_PLACES)), *draw.choice(_STATES)
    names = [f"{place} {draw.choice(_THINGS)}" for place in places[:count]]

    def other(within: random.Random) -> str:
        return f"The {within.choice(places)} {within.choice(_THINGS)} was {within.choice(others)} that year."

    return names, state, other


TASKS: Mapping[str, Callable[[random.Random], _Task]] = {
    "needle": _needle,
    "needles": _needles,
    "kv": _key_value,
    "variables": _variables,
    "facts": _facts,
    "list": _listed,
    "count": _counted,
}
"""Generated tasks by name: one needle; several; UUID keys; chains of variables; numbers with units and negations; a
list of all things of a kind; their number."""


def generate(task: str, *, tokens: int, limit: int, seed: int, count_many: CountMany) -> Iterator[Sample]:
    """Yield the items of a task at one length. Questions and clusters are the same at every length.

    Args:
        task: A name in ``TASKS``.
        tokens: Source tokens, met within a few percent.
        limit: Number of items.
        seed: Seed of all random choices.
        count_many: Counts tokens.

    Raises:
        UsageError: for fewer than ``SHORTEST`` tokens or no item.
    """
    if tokens < SHORTEST:
        raise UsageError(f"a length of {tokens} tokens is too short for generated tasks; the minimum is {SHORTEST}")
    if limit < 1:
        raise UsageError(f"the limit must be at least 1, not {limit}")
    return (_sample(task, tokens, number, seed, count_many) for number in range(limit))


def _sample(name: str, tokens: int, number: int, seed: int, count_many: CountMany) -> Sample:
    cluster = f"{name}/{seed}/{number}"
    task = TASKS[name](random.Random(f"{cluster}/question"))
    room = tokens - sum(count_many([f"{fact}\n" for fact in task.facts]))
    lines = _lines(task, random.Random(f"{cluster}/filler"), room, count_many)
    at = random.Random(f"{cluster}/depth")
    depths = sorted(at.random() for _ in task.facts)
    places = {
        round(depth * len(lines)) + i: fact for i, (depth, fact) in enumerate(zip(depths, task.facts, strict=True))
    }
    rest = iter(lines)
    ordered = [places.get(i) or next(rest) for i in range(len(lines) + len(places))]
    text, evidence = "", []
    for i, line in enumerate(ordered):
        if i in places:
            evidence.append(Evidence(document=0, start=len(text), end=len(text) + len(line)))
        text += line + ("\n\n" if i % 8 == 7 else "\n" if name == "kv" else " ")
    return Sample(
        id=f"{cluster}@{tokens}",
        dataset=name,
        cluster=cluster,
        documents=(Passage(text=text.rstrip()),),
        question=task.question,
        answers=task.answers,
        evidence=tuple(evidence),
        stratum=f"{name}@{tokens}",
        rule=task.rule,
    )


def _lines(task: _Task, draw: random.Random, room: int, count_many: CountMany) -> list[str]:
    """Distractors and filler for a number of tokens. More tokens continue where fewer ended."""
    lines: list[str] = []
    while room > 0:
        more = [task.distractor(draw) if draw.random() < task.share else filler_sentence(draw) for _ in range(32)]
        # One token more than the sentence has, for the white space around it.
        for line, size in zip(more, count_many(more), strict=True):
            room -= int(size) + 1
            if room < 0:
                return lines
            if not any(one in line for one in task.apart or task.answers):
                lines.append(line)
    return lines


def _number(draw: random.Random) -> str:
    return str(draw.randrange(10_000, 100_000))


def _name(draw: random.Random) -> str:
    return "".join(draw.choice("ABCDEFGHJKLMNPQRSTUVWXYZ") for _ in range(5))


def _uuid(draw: random.Random) -> str:
    return str(uuid.UUID(int=draw.getrandbits(128), version=4))
