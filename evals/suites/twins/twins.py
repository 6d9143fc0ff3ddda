"""The suite ``twins``: what value stands under which name, in documents that differ in nothing else."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial

import regex

from ctxpipe.errors import UsageError
from ctxpipe.evals.suites.generated import CountMany
from ctxpipe.evals.suites.twins import config, prose, rows
from ctxpipe.evals.suites.twins.plan import File, Member, TwinBlock, TwinPlan
from ctxpipe.evals.types import Evidence, Passage, Sample

NAME = "twins"
SHORTEST = 400
"""Source tokens below which an item has no room for its twins."""

SHAPES: Mapping[str, Callable[[random.Random], TwinPlan]] = {
    "markdown": prose.markdown,
    "files": prose.files,
    "toml": config.toml,
    "contracts": prose.contracts,
    "classes": config.classes,
    "table": rows.table,
    "json": config.json_keys,
    "chat": rows.chat,
    "html": prose.page,
    "yaml": config.yaml,
    "slides": prose.slides,
    "log": rows.log,
    "rst": prose.rst,
    "ini": config.ini,
    "csv": rows.csv,
    "xml": config.xml,
    "records": config.json_records,
}
"""Shapes of documents by name; item n has the nth, over and over. ``json`` is keys in keys, ``records`` a list of
objects that hold their names."""


def generate_twins(*, tokens: int, limit: int, seed: int, count_many: CountMany) -> Iterator[Sample]:
    """Yield items in which a value belongs to the name that it stands under, and other values to other names.

    The documents of an item hold the same sentence, key or row under each of up to ten names (or pairs of names), each
    time with another value. Neither the value nor the words around it say whose it is. Every value stands in the
    documents once, and the names of the twins head what they name and stand nowhere else.

    A question is the same at every length, and so is its cluster. A longer item has more text between a name and its
    value; in a short one some of the other twins are left out.

    Args:
        tokens: Source tokens, met within a few percent.
        limit: Number of items; the shapes take turns.
        seed: Of everything drawn.
        count_many: Counts tokens.

    Raises:
        UsageError: for fewer than ``SHORTEST`` tokens or no item.
    """
    if tokens < SHORTEST:
        raise UsageError(f"a length of {tokens} tokens is too short for {NAME}; the least is {SHORTEST}")
    if limit < 1:
        raise UsageError(f"a limit of {limit} leaves nothing to evaluate; it must be 1 or more")
    shapes = list(SHAPES)
    return (_sample(shapes[number % len(shapes)], tokens, number, seed, count_many) for number in range(limit))


def shape_of(sample: Sample) -> str:
    """The name of the shape that an item of the suite has."""
    return sample.cluster.split("/")[0].removeprefix(f"{NAME}-")


def _sample(shape: str, tokens: int, number: int, seed: int, count_many: CountMany) -> Sample:
    cluster = f"{NAME}-{shape}/{seed}/{number}"
    plan = _plan(shape, cluster)
    documents = _fitted(plan, cluster, tokens, count_many)
    asked = plan.twins[plan.asked]
    return Sample(
        id=f"{cluster}@{tokens}",
        dataset=NAME,
        cluster=cluster,
        documents=documents,
        question=plan.question,
        answers=(asked.value,),
        evidence=(_evidence(documents, asked.value),),
        stratum=f"{NAME}@{tokens}",
        twins=(asked, *(twin for twin in plan.twins if twin != asked and _places(documents, twin.value))),
    )


def _plan(shape: str, cluster: str) -> TwinPlan:
    """The first plan that is drawn in which every value stands once and nothing but a heading has a twin's name."""
    for attempt in range(1000):
        plan = SHAPES[shape](random.Random(f"{cluster}/question/{attempt}"))
        documents = _documents(plan.write(_blocks(plan, range(len(plan.twins)), (), cluster)))
        if all(len(_places(documents, twin.value)) == 1 for twin in plan.twins):
            return plan
    raise UsageError(f"no values can be drawn for {cluster}")


def _fitted(plan: TwinPlan, cluster: str, tokens: int, count_many: CountMany) -> tuple[Passage, ...]:
    """The documents with as much between their names as the length has room for."""

    def made(used: Sequence[int], members: Sequence[Member]) -> tuple[Passage, ...]:
        return _documents(plan.write(_blocks(plan, used, members, cluster)))

    def size(documents: Sequence[Passage]) -> int:
        return int(sum(count_many([document.text for document in documents])))

    order = [plan.asked, *(i for i in range(len(plan.twins)) if i != plan.asked)]
    used = sorted(order)
    while len(used) > 2 and size(made(used, ())) > 0.7 * tokens:
        used = sorted(order[: len(used) - 1])
    filler = _Filler(plan, random.Random(f"{cluster}/filler"))
    best, least = made(used, ()), 0
    most = None
    wanted = max(0, (tokens - size(best)) // 20)
    for _ in range(12):
        documents = made(used, filler.first(wanted))
        length = size(documents)
        if length <= tokens:
            best, least = documents, wanted
            if length >= 0.98 * tokens:
                break
        else:
            most = wanted
        guess = round(wanted * tokens / max(1, length)) if most is None else (least + most) // 2
        wanted = max(guess, least + 1)
        if most is not None and wanted >= most:
            break
    return best


class _Filler:
    """Members that name no twin and no value of one; a longer list begins as a shorter one does."""

    def __init__(self, plan: TwinPlan, draw: random.Random) -> None:
        words = {word for twin in plan.twins for word in (*twin.names, twin.value)}
        self._taken = regex.compile(r"(?i)(?<![^\W_])(?:\L<words>)(?![^\W_])", words=words)
        self._draw_one = partial(plan.filler, draw)
        self._members: list[Member] = []

    def first(self, size: int) -> list[Member]:
        """The first members, as many as asked for."""
        while len(self._members) < size:
            member = self._draw_one()
            if not self._taken.search(" ".join(member)):
                self._members.append(member)
        return self._members[:size]


def _blocks(plan: TwinPlan, used: Sequence[int], members: Sequence[Member], cluster: str) -> list[TwinBlock]:
    """The twins that are used, the members dealt out among them."""
    blocks = []
    for place, i in enumerate(used):
        own = tuple(members[place :: len(used)])
        depth = random.Random(f"{cluster}/depth/{i}").random()
        blocks.append(TwinBlock(plan.twins[i], plan.facts[i], own, round(depth * len(own))))
    return blocks


def _documents(files: Sequence[File]) -> tuple[Passage, ...]:
    from ctxpipe.pipeline.readers.load import load
    from ctxpipe.pipeline.readers.titles import markdown_title

    passages = []
    for file in files:
        if file.page_starts:
            title = markdown_title(file.text)
            passages.append(Passage(text=file.text, title=title, source=file.name, page_starts=file.page_starts))
            continue
        document = load(file.text.encode(), source=file.name, name=file.name)
        passages.append(Passage(text=document.text, title=document.title, source=file.name))
    return tuple(passages)


def _places(documents: Sequence[Passage], value: str) -> list[tuple[int, int, int]]:
    pattern = regex.compile(rf"(?<![^\W_]){regex.escape(value)}(?![^\W_])")
    return [(i, *match.span()) for i, document in enumerate(documents) for match in pattern.finditer(document.text)]


def _evidence(documents: Sequence[Passage], value: str) -> Evidence:
    """The line that holds the value."""
    document, start, end = _places(documents, value)[0]
    text = documents[document].text
    before, after = text.rfind("\n", 0, start) + 1, text.find("\n", end)
    return Evidence(document=document, start=before, end=after if after >= 0 else len(text))
