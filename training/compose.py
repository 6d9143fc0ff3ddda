"""Questions over two documents, made of two questions over one each: the second names what the first asks for.

The way of MuSiQue (Trivedi et al., 2022, section 3), without its people who reword: "Who founded Gwarn Music?" with the
answer "Ana Kahl", and "Where was Ana Kahl born?" give "Where was the founder of Gwarn Music born?".
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Container, Iterable, Iterator, Sequence
from functools import cache

from training.overlap import same_question, words
from training.schema import Item, TrainingEvidence, TrainingPassage, fraction
from training.sources import COMPOSED, document_name

FROM = frozenset({
    "clapnq_dev", "qed_dev", "redocred_templated", "selqa", "squad_du_test", "squad_misc", "squadshifts_new_wiki",
    "timeqa_human",
})  # fmt: skip
"""Files of questions over one document of an encyclopedia, with answers."""
MOST_OF_ANSWER, MOST_OF_QUESTION = 8, 3
"""How often an answer may be a bridge, and a question be part of a composed one."""
MOST_NAMED = 40
"""Questions that may name a bridge; what more of them name is a country or the like, which tells too little."""
LONGEST_PHRASE = 18
"""Words of a description that is put in the place of a name."""

_AUXILIARY = r"(?:is|was|are|were|did|does|do|has|had|have|can|could|would|will)"
_PREPOSITION = r"(?P<p>in|at|on|for|from|by|to|of|with)"
_RULES = (
    ("in which administrative area is (?P<a>.+) located", "the administrative area in which {a} is located"),
    ("which country is (?P<a>.+) in or from", "the country that {a} is in"),
    ("what is (?P<a>.+) part of", "the whole that {a} is part of"),
    ("where was (?P<a>.+) born", "the birthplace of {a}"),
    ("where did (?P<a>.+) die", "the place where {a} died"),
    ("where was (?P<a>.+) educated", "the school that {a} attended"),
    ("where is the headquarters of (?P<a>.+)", "the city where {a} is headquartered"),
    ("which record label released (?P<a>.+)", "the record label of {a}"),
    ("who are the cast members of (?P<a>.+)", "the cast member of {a}"),
    ("who wrote the screenplay of (?P<a>.+)", "the screenwriter of {a}"),
    ("who performed (?P<a>.+)", "the performer of {a}"),
    ("who directed (?P<a>.+)", "the director of {a}"),
    ("who composed (?P<a>.+)", "the composer of {a}"),
    ("who produced (?P<a>.+)", "the producer of {a}"),
    ("who founded (?P<a>.+)", "the founder of {a}"),
    ("who owns (?P<a>.+)", "the owner of {a}"),
    ("who employed (?P<a>.+)", "the employer of {a}"),
    ("who developed (?P<a>.+)", "the developer of {a}"),
    ("(?:who|what) (?:is|was|are|were) (?P<a>(?:the|an?) .+)", "{a}"),
    ("who (?:did|does|do) (?P<a>.+)", "the person that {a}"),
    ("who(?: else)? (?P<a>.+)", "the person who {a}"),
    (r"(?:what|which) (?:type|kind|sort) of (?P<a>\w+) (?P<b>.+)", "the {a} that {b}"),
    ("(?:what|which) (?P<a>[a-z]+(?: [a-z]+)?) (?:did|does|do) (?P<b>.+)", "the {a} that {b}"),
    (f"(?:what|which) (?P<a>[a-z]+(?: [a-z]+)?) (?P<b>{_AUXILIARY} .+)", "the {a} that {b}"),
    (f"{_PREPOSITION} (?:what|which) (?P<a>[a-z]+(?: [a-z]+)?) (?:did|does|do) (?P<b>.+)", "the {a} {p} which {b}"),
    (f"{_PREPOSITION} (?:what|which) (?P<a>[a-z]+(?: [a-z]+)?) (?P<b>{_AUXILIARY} .+)", "the {a} {p} which {b}"),
    ("where (?:did|does|do) (?P<a>.+)", "the place where {a}"),
    (f"where (?P<a>{_AUXILIARY} .+)", "the place where {a}"),
    (f"(?:what|which) (?P<a>(?!{_AUXILIARY} )[a-z]+) (?P<b>[a-z]+(?:ed|s) .+)", "the {a} that {b}"),
)
"""Questions and what they ask for, the first that fits; those of relations of Wikidata before those of any verb."""
_PATTERNS = tuple((re.compile(pattern, re.IGNORECASE), form) for pattern, form in _RULES)


def description(item: Item) -> str:
    """What a question asks for, as a noun phrase; empty where no rule has one."""
    question = " ".join(item.question.split()).rstrip("?. ")
    for pattern, form in _PATTERNS:
        if found := pattern.fullmatch(question):
            parts = found.groupdict()
            said = form.format(**parts | {"p": parts.get("p", "").lower()})
            return said[0].lower() + said[1:] if len(said.split()) <= LONGEST_PHRASE else ""
    return ""


def compose(items: Iterable[Item], most: int, seed: int, barred: Container[str] = ()) -> list[Item]:
    """Composed items, each with a passage of evidence of either question; which ones hangs on ids and seed alone.

    Args:
        items: Items with answers and evidence in one document.
        most: Items to make at most.
        seed: Of the order in which pairs are taken.
        barred: Questions, by ``same_question``, that must not come out.
    """
    usable = [item for item in items if _usable(item)]
    bridges: dict[str, list[Item]] = defaultdict(list)
    for item in usable:
        if said := description(item):
            for answer in {_bare(answer) for answer in item.answers}:
                if _is_name(answer) and answer.lower() not in said.lower():
                    bridges[answer].append(item)
    pairs = list(_pairs(usable, bridges))
    pairs.sort(key=lambda pair: fraction(f"{seed}:{pair[1].id}:{pair[2].id}"))
    taken: Counter[str] = Counter()
    made: list[Item] = []
    for name, first, second in pairs:
        if len(made) == most:
            break
        if taken[name] < MOST_OF_ANSWER and max(taken[first.id], taken[second.id]) < MOST_OF_QUESTION:
            joined = _joined(name, first, second)
            if same_question(joined.question) not in barred:
                taken.update((name, first.id, second.id))
                made.append(joined)
    return made


def _usable(item: Item) -> bool:
    return item.source in FROM and bool(item.answers) and len({span.passage for span in item.evidence}) == 1


def _pairs(items: Sequence[Item], bridges: dict[str, list[Item]]) -> Iterator[tuple[str, Item, Item]]:
    by_first: dict[str, list[str]] = defaultdict(list)
    for name in bridges:
        by_first[name.split()[0]].append(name)
    naming: dict[str, list[Item]] = defaultdict(list)
    for item in items:
        for word in dict.fromkeys(re.findall(r"[^\s?,.'\"]+", item.question)):
            for name in by_first.get(word, ()):
                if _place(name).search(item.question):
                    naming[name].append(item)
    for name, seconds in naming.items():
        if len(seconds) > MOST_NAMED:
            continue
        for second in seconds:
            for first in bridges[name]:
                if _fit(name, first, second):
                    yield name, first, second


def _fit(name: str, first: Item, second: Item) -> bool:
    """Whether neither document answers both questions, and what is asked for is not already told."""
    one, other = _evidence_passage(first), _evidence_passage(second)
    if document_name(first, one) == document_name(second, other) or one.text == other.text:
        return False
    said = f" {' '.join(words(first.question))} "
    return not any(
        f" {text} " in f" {' '.join(words(one.text))} " or f" {text} " in said
        for text in (" ".join(words(answer)) for answer in second.answers)
    )


def _joined(name: str, first: Item, second: Item) -> Item:
    question = _place(name).sub(lambda _: description(first), second.question)
    parts = []
    for place, item in enumerate((first, second)):
        index = item.evidence[0].passage
        spans = [TrainingEvidence(passage=place, start=span.start, end=span.end) for span in item.evidence]
        parts.append((item.passages[index], spans))
    return Item(
        id=f"{COMPOSED}/{first.id}+{second.id}",
        source=COMPOSED,
        question=question[0].upper() + question[1:],
        passages=tuple(passage for passage, _ in parts),
        answers=second.answers,
        evidence=tuple(span for _, spans in parts for span in spans),
        evidence_type=second.evidence_type,
        answerable=True,
    )


@cache
def _place(name: str) -> re.Pattern[str]:
    """A name with its article, where it is not a part of a longer one."""
    return re.compile(rf"(?<![\w\"'-])(?:[Tt]he )?{re.escape(name)}(?![\w\"-]| [A-Z])")


def _evidence_passage(item: Item) -> TrainingPassage:
    return item.passages[item.evidence[0].passage]


def _bare(answer: str) -> str:
    return re.sub(r"^(?:the|a|an) ", "", answer.strip(" .,;:\"'"), flags=re.IGNORECASE)


def _is_name(answer: str) -> bool:
    return (
        len(answer) >= 4 and answer[0].isupper() and len(answer.split()) <= 6 and not any(c.isdigit() for c in answer)
    )
