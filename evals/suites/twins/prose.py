"""Twins in prose: sections of Markdown, reStructuredText and HTML, slides, files, contracts, chats."""

from __future__ import annotations

import html
import random
import textwrap
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from itertools import groupby

from ctxpipe.evals.suites.generated import filler_sentence
from ctxpipe.evals.suites.twins.draws import FIRMS, SEASONS, TOWNS, code, names_of, twins_of
from ctxpipe.evals.suites.twins.plan import File, Member, TwinBlock, TwinPlan, Write
from ctxpipe.evals.suites.twins.topics import CLAUSES, TOPICS, Fact, Topic

Heading = Callable[[str, int], str]
"""Writes a heading of a depth from 1."""
_WIDTH = 78


def sentence(draw: random.Random) -> Member:
    """A sentence that belongs to nobody."""
    return "", filler_sentence(draw)


def paragraphs(members: Sequence[Member], *, wrap: bool = False, size: int = 4) -> str:
    """Sentences in paragraphs, on one line each or wrapped."""
    said = [said for _, said in members]
    parts = [" ".join(said[i : i + size]) for i in range(0, len(said), size)]
    return "\n\n".join(textwrap.fill(part, _WIDTH, break_on_hyphens=False) if wrap else part for part in parts)


def atx(title: str, depth: int) -> str:
    """A heading of Markdown."""
    return f"{'#' * depth} {title}"


def adorned(title: str, depth: int) -> str:
    """A heading of reStructuredText."""
    return f"{title}\n{'=-~^'[depth - 1] * len(title)}"


def sections(name: str, heading: Heading, draw: random.Random) -> TwinPlan:
    """A handbook in which every town has the same three sections, in half of them twice: in summer and in winter."""
    topic = draw.choice(TOPICS)
    fact = draw.choice(topic.facts)
    towns = names_of(TOWNS, draw)
    seasonal = draw.random() < 0.5
    names: list[tuple[str, ...]] = (
        [(town, season) for town in towns[: len(towns) // 2 + 1] for season, _ in SEASONS]
        if seasonal
        else [(town,) for town in towns]
    )
    twins = twins_of(names, fact.value, draw)
    asked = draw.randrange(len(twins))
    when = dict(SEASONS)[names[asked][1]] if seasonal else ""
    return TwinPlan(
        question=draw.choice(fact.questions).format(name=names[asked][0], when=when),
        twins=twins,
        asked=asked,
        facts=tuple(("", fact.sentence.format(value=twin.value)) for twin in twins),
        filler=sentence,
        write=partial(_handbook, name, heading, topic, fact, draw.random() < 0.5),
    )


def _handbook(
    name: str, heading: Heading, topic: Topic, fact: Fact, wrap: bool, blocks: Sequence[TwinBlock]
) -> list[File]:
    parts = [heading(topic.title, 1)]
    for town, of_town in groupby(blocks, key=lambda block: block.twin.names[0]):
        parts.append(heading(town, 2))
        for block in of_town:
            parts += _sections(heading, topic, fact, wrap, block)
    return [File(name, "\n\n".join(parts) + "\n")]


def _sections(heading: Heading, topic: Topic, fact: Fact, wrap: bool, block: TwinBlock) -> list[str]:
    """The sections of a town; with seasons, one section that holds what they all would."""
    if len(block.twin.names) > 1:
        season = heading(block.twin.names[1], 3)
        return [season, paragraphs([("", said) for _, said in topic.sections] + list(block.lines()), wrap=wrap)]
    parts = []
    others = [title for title, _ in topic.sections if title != fact.section]
    rest = list(block.after())
    share = len(rest) // (len(others) + 1)
    for title, first in topic.sections:
        members: list[Member] = [("", first)]
        if title == fact.section:
            members += [*block.before(), block.fact]
        elif title == others[0]:
            members += rest[: 2 * share]
        else:
            members += rest[2 * share :]
        parts += [heading(title, 3), paragraphs(members, wrap=wrap)]
    return parts


def markdown(draw: random.Random) -> TwinPlan:
    """Sections of Markdown, three deep."""
    return sections("handbook.md", atx, draw)


def rst(draw: random.Random) -> TwinPlan:
    """Sections of reStructuredText, three deep."""
    return sections("handbook.rst", adorned, draw)


def page(draw: random.Random) -> TwinPlan:
    """Sections of a web page, three deep, between a navigation and a foot."""
    handbook = sections("handbook.html", _html_heading, draw)
    return replace(
        handbook, write=lambda blocks: [File(name, _html_page(text)) for name, text, _ in handbook.write(blocks)]
    )


def _html_heading(title: str, depth: int) -> str:
    return f"<h{depth}>{html.escape(title)}</h{depth}>"


def _html_page(text: str) -> str:
    parts = (part if part.startswith("<h") else f"<p>{html.escape(part)}</p>" for part in text.strip().split("\n\n"))
    body = "\n".join(parts)
    return (
        "<!doctype html>\n<html><head><title>For visitors</title></head>\n"
        f'<body><nav><a href="/">Home</a> <a href="/map">Map</a></nav>\n{body}\n<footer>Printed at home</footer>'
        "</body></html>\n"
    )


def told(
    draw: random.Random,
    fact: Fact,
    names: Sequence[str],
    write: Callable[[], Write],
    asked_as: str = "{}",
) -> TwinPlan:
    """Twins with one name each, of which a fact is told in a sentence.

    Args:
        draw: The source of chance.
        fact: What is told.
        names: Their names.
        write: Draws how the files are written.
        asked_as: How the question calls a name.
    """
    twins = twins_of([(name,) for name in names], fact.value, draw)
    asked = draw.randrange(len(twins))
    return TwinPlan(
        question=draw.choice(fact.questions).format(name=asked_as.format(names[asked]), when=""),
        twins=twins,
        asked=asked,
        facts=tuple(("", fact.sentence.format(value=twin.value)) for twin in twins),
        filler=sentence,
        write=write(),
    )


def slides(draw: random.Random) -> TwinPlan:
    """A talk in which every slide bears the name of a town."""
    fact = draw.choice([fact for topic in TOPICS for fact in topic.facts])
    return told(draw, fact, names_of(TOWNS, draw), lambda: _talk)


def _talk(blocks: Sequence[TwinBlock]) -> list[File]:
    """As the reader of presentations writes them: a heading and a line for each point."""
    parts = [f"# {block.twin.names[0]}\n" + "\n".join(said for _, said in block.lines()) for block in blocks]
    starts = [sum(len(part) + 2 for part in parts[:i]) for i in range(len(parts))]
    return [File("talk.pptx", "\n\n".join(parts), tuple(starts))]


def files(draw: random.Random) -> TwinPlan:
    """Several texts, told apart by nothing but their file names."""
    fact = draw.choice([fact for topic in TOPICS for fact in topic.facts])
    if draw.random() < 0.5:
        year = draw.randrange(2015, 2027)
        months = sorted(draw.sample(range(1, 13), draw.randint(5, 10)))
        names = [f"{year}-{month:02}" for month in months]
        pattern, asked_as = "minutes/minutes-{}.txt", "the minutes of {}"
    else:
        names = names_of(TOWNS, draw)
        pattern, asked_as = draw.choice((("{}.txt", "{}"), ("reports/report_{}.txt", "{}"), ("{}/visit.txt", "{}")))
    return told(draw, fact, names, lambda: partial(_texts, pattern, draw.random() < 0.5), asked_as)


def _texts(pattern: str, wrap: bool, blocks: Sequence[TwinBlock]) -> list[File]:
    return [
        File(pattern.format(block.twin.names[0].lower().replace(" ", "-")), paragraphs(block.lines(), wrap=wrap) + "\n")
        for block in blocks
    ]


def contracts(draw: random.Random) -> TwinPlan:
    """Agreements in plain text, with the other party in the title and numbered clauses; in one file or in several."""
    fact = draw.choice(CLAUSES)
    write = partial(_agreements, fact)
    return told(draw, fact, names_of(FIRMS, draw), lambda: partial(write, draw.random() < 0.5, code(draw)))


def _agreements(fact: Fact, apart: bool, number: str, blocks: Sequence[TwinBlock]) -> list[File]:
    texts = [_agreement(fact, number, block) for block in blocks]
    if apart:
        return [File(f"agreement-{i:02}.txt", text) for i, text in enumerate(texts, start=1)]
    return [File("agreements.txt", ("\n" + "=" * _WIDTH + "\n\n").join(texts))]


def _agreement(fact: Fact, number: str, block: TwinBlock) -> str:
    party = block.twin.names[0]
    parts = [
        f"AGREEMENT BETWEEN THE PORT AND {party.upper()}",
        f"This agreement is made between the Port of {number} and {party}, hereinafter the Supplier.",
    ]
    clauses = ["Subject", *(clause.section for clause in CLAUSES), "Law"]
    spread = [*block.members]
    share = max(1, len(spread) // len(clauses))
    for i, title in enumerate(clauses):
        last = i + 1 == len(clauses)
        members = spread[i * share :] if last else spread[i * share : (i + 1) * share]
        said = [one for _, one in members]
        if title == fact.section:
            said.insert(min(len(said), block.at), block.fact[1])
        parts.append(f"{i + 1}. {title}")
        parts += [textwrap.fill(f"{i + 1}.{n} {one}", _WIDTH) for n, one in enumerate(said or ["None."], start=1)]
    return "\n\n".join(parts) + "\n"
