"""Small things of several units (a function, an object, a section of settings) go together."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence

import numpy as np
import regex

from ctxpipe.arrays import FloatArray
from ctxpipe.compress.select.pool import Candidates
from ctxpipe.compress.text.data.json_units import is_question
from ctxpipe.compress.text.outline import Outline
from ctxpipe.compress.text.prose.interrupted import ends_sentence
from ctxpipe.compress.text.prose.notes import caller
from ctxpipe.compress.text.prose.units import asks
from ctxpipe.compress.text.unit import Unit
from ctxpipe.compress.types import Document

SMALL = 700
"""Characters up to which what stands under or inside one unit is small: about 200 tokens."""
LEADING, _SHARE = 2000, 0.8
"""The thing that the best unit of all is in is completed first up to so many characters, and up to this share of those
that the budget has room for."""
_LOWEST = np.float32(-np.inf)
_ALIAS, _ANCHOR = (regex.compile(rf"(?<=[:\-,\[][ \t]+){sign}([\w.-]+)") for sign in (r"\*", "&"))
_KINDS = frozenset({"line", "member", "tag", "record"})
_HOLLOW = regex.compile(r"(?:\"(?:[^\"\\]|\\.)*\"\s*:\s*)?(?:\"\s*\"|\[\s*\]|\{\s*\})\s*,?")


def cohesive(documents: Sequence[Document], outlines: Sequence[Outline], ranked: Candidates, room: float) -> FloatArray:
    """Scores by which a small thing is completed before another one is begun.

    A function of which half the statements are missing, or an object without some of its members, reads like a whole
    one that says something else. So units of code and data, and records with what stands under them (an address, an
    error with its trace), take the score of the best unit of the small thing that they are in, and come right after
    it. What the best unit of all is in may be larger: it answers the question, so it is completed as long as there is
    room. A member without a value (``"note": ""``) never leads.

    Args:
        documents: The documents.
        outlines: Their structure.
        ranked: Units in order, with scores.
        room: Characters that the budget has room for, about.

    Returns:
        float32 of shape (n,).
    """
    scores = _with_ends(documents, outlines, ranked, _with_notes(documents, ranked))
    scores = _with_answers(documents, outlines, ranked, scores)
    inside = _groups(documents, outlines, ranked, max(SMALL, min(LEADING, int(_SHARE * room))))
    groups: dict[tuple[int, int], list[int]] = {}
    for index, root in enumerate(inside):
        if root >= 0:
            groups.setdefault((ranked.document[index], root), []).append(index)
    for (document, _), members in groups.items():
        text = documents[document].text
        hollow = np.array([_is_hollow(text, ranked.units[i]) for i in members])
        leading = np.array(members)[~hollow]
        if len(members) == 1 or not len(leading):
            continue
        best = leading[int(np.argmax(scores[leading]))]
        # Those that the question is about come first, for a budget that has no room for all.
        most = np.nextafter(scores[best], _LOWEST)
        others = [i for i in members if i != best and np.isfinite(scores[i])]
        after, before = scores[best], np.float32(np.inf)
        for other in sorted(others, key=lambda i: -scores[i]):
            if scores[other] < before:
                before, after = scores[other], np.nextafter(after, _LOWEST)
            scores[other] = max(after, min(most, np.nextafter(before, _LOWEST)))
    return _with_anchored(documents, outlines, ranked, scores)


def _with_anchored(
    documents: Sequence[Document], outlines: Sequence[Outline], ranked: Candidates, scores: FloatArray
) -> FloatArray:
    """Scores by which what the best unit of YAML, or one beside it, refers to (``*name``) comes right after it."""
    best = int(np.argmax(np.nan_to_num(scores, nan=-np.inf))) if len(scores) else -1
    where = ranked.document[best] if best >= 0 else -1
    if where < 0 or documents[where].language != "yaml":
        return scores
    text, known, unit = documents[where].text, outlines[where], ranked.units[best]
    mine = [i for i, d in enumerate(ranked.document) if d == where]
    beside = [ranked.units[i] for i in mine if i == best or ranked.units[i].parent in (unit.parent, unit.start)]
    wanted = {match[1] for one in beside for match in _ALIAS.finditer(text, one.start, one.end)}
    left, after = SMALL, scores[best]
    for index in mine if wanted else ():
        chain = [ranked.units[index], *known.chain(ranked.units[index])]
        anchors = (match[1] for one in chain for match in _ANCHOR.finditer(text, one.start, one.end))
        if index != best and not wanted.isdisjoint(anchors):
            left -= chain[0].end - chain[0].start
            after = np.nextafter(after, _LOWEST)
            scores[index] = max(scores[index], after) if left >= 0 else scores[index]
    return scores


def _with_notes(documents: Sequence[Document], ranked: Candidates) -> FloatArray:
    """Scores by which a note comes right after the best of what calls it: a sentence, or rows of the table above it."""
    scores = np.array(ranked.score, dtype=np.float32)
    keys = list(zip(ranked.document, (unit.parent for unit in ranked.units), strict=True))
    rows: dict[tuple[int, int], list[int]] = {}
    for index, key in enumerate(keys):
        rows.setdefault(key, []).append(index)
    places = {key: i for i, key in enumerate(zip(ranked.document, (u.start for u in ranked.units), strict=True))}
    for index, (unit, key) in enumerate(zip(ranked.units, keys, strict=True)):
        text = documents[key[0]].text
        called = caller(text[unit.start : unit.end]) if unit.parent >= 0 and unit.kind in ("item", "row") else None
        if called is None:
            continue
        beside = [*rows[key], *([places[key]] if key in places else [])]
        calling = [i for i in beside if i != index and called.search(text, ranked.units[i].start, ranked.units[i].end)]
        if calling:
            scores[index] = max(scores[index], np.nextafter(scores[calling].max(), _LOWEST))
    return scores


def _with_ends(
    documents: Sequence[Document], outlines: Sequence[Outline], ranked: Candidates, scores: FloatArray
) -> FloatArray:
    """Scores by which the end of a sentence comes right after the best of its beginning and what stands between."""
    best: dict[tuple[int, int], np.float32] = {}
    ends: list[tuple[int, tuple[int, int]]] = []
    for index, (unit, document) in enumerate(zip(ranked.units, ranked.document, strict=True)):
        if unit.parent >= 0 and unit.end - unit.start <= SMALL:
            above = outlines[document].above(unit.parent)
            if ends_sentence(documents[document].text, unit, above):
                ends.append((index, (document, above.start)))
    wanted = {key for _, key in ends}
    for index, (unit, document) in enumerate(zip(ranked.units, ranked.document, strict=True)):
        for start in (unit.start, unit.parent):
            if (key := (document, start)) in wanted:
                best[key] = max(scores[index], best.get(key, _LOWEST))
    for index, key in ends:
        scores[index] = max(scores[index], np.nextafter(best[key], _LOWEST))
    return scores


def _with_answers(
    documents: Sequence[Document], outlines: Sequence[Outline], ranked: Candidates, scores: FloatArray
) -> FloatArray:
    """Scores by which all answers come right after the question that the best unit is or answers.

    The last of them may take back what the first says.
    """
    best = int(np.argmax(np.nan_to_num(scores, nan=-np.inf))) if len(scores) else -1
    if best < 0:
        return scores
    where, unit = ranked.document[best], ranked.units[best]
    text, known = documents[where].text, outlines[where]
    chain = [unit, *itertools.islice(known.chain(unit), 2)]
    question = next((one for one in chain if asks(text, one.end) or is_question(text, one)), None)
    if question is None:
        return scores
    left, after = SMALL, scores[best]
    for index, answer in enumerate(ranked.units):
        above = known.above(answer.parent) if ranked.document[index] == where and answer.parent >= 0 else None
        if above is None or question.start not in (above.start, above.parent):
            continue
        left -= answer.end - answer.start
        if left < 0:
            break
        if index != best:
            after = np.nextafter(after, _LOWEST)
            scores[index] = max(scores[index], after)
    return scores


def _groups(documents: Sequence[Document], outlines: Sequence[Outline], ranked: Candidates, leading: int) -> list[int]:
    """For each unit ``start`` of the outermost small thing that it is, is in or stands under; -1 for none.

    That of the best unit may have ``leading`` characters.
    """
    reach, chains = _chains(documents, outlines, ranked, leading)
    inside = [_outermost(reach[d], chain, SMALL) for chain, d in zip(chains, ranked.document, strict=True)]
    scores = np.array(ranked.score, dtype=np.float32)
    best = int(np.argmax(np.nan_to_num(scores, nan=-np.inf))) if chains else -1
    if best >= 0 and chains[best]:
        where = ranked.document[best]
        top = _outermost(reach[where], chains[best], leading)
        for index, chain in enumerate(chains):
            if top in chain and ranked.document[index] == where:
                inside[index] = top
    return inside


def _chains(
    documents: Sequence[Document], outlines: Sequence[Outline], ranked: Candidates, most: int
) -> tuple[Sequence[Mapping[int, int]], list[list[int]]]:
    """The things of at most so many characters that each unit is in, as ``start``, from the inside out.

    Returns:
        For each document the known end of each thing by its ``start``, and the chain of each unit.
    """
    reach: list[dict[int, int]] = [{} for _ in documents]
    chains: list[list[int]] = []
    for unit, document in zip(ranked.units, ranked.document, strict=True):
        chain: list[int] = []
        text, known, ends = documents[document].text, outlines[document], reach[document]
        # A comment is in what it is about.
        about = known.leant_on(unit) if documents[document].kind == "code" else None
        above: Unit | None = (about or unit) if _is_part(unit, known) else None
        while above is not None and _is_part(above, known):
            if above.kind == "record" and asks(text, above.end):
                break  # answers are several things
            ends[above.start] = max(ends.get(above.start, 0), unit.end, above.close_end)
            if ends[above.start] - above.start > most:
                break
            chain.append(above.start)
            start = above.container if above.container >= 0 else above.parent
            above = known.above(start) if start >= 0 else None
        chains.append(chain)
    return reach, chains


def _outermost(ends: Mapping[int, int], chain: Sequence[int], most: int) -> int:
    """The last thing of a chain up to which none has more than so many characters; -1 for none."""
    root = -1
    for start in chain:
        if ends[start] - start > most:
            break
        root = start
    return root


def _is_part(unit: Unit, outline: Outline) -> bool:
    return unit.kind in _KINDS or (unit.parent >= 0 and outline.above(unit.parent).kind == "record")


def _is_hollow(text: str, unit: Unit) -> bool:
    return unit.kind == "member" and _HOLLOW.fullmatch(text, unit.start, unit.end) is not None
