"""Links: sentences that name the heading of another passage, where a chain of documents may continue."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from ctxpipe.arrays import IntArray
from ctxpipe.compress.learned.passages import GatheredPassage
from ctxpipe.compress.rank.naming import name_of, plain
from ctxpipe.compress.types import RankingText

COMMON_SHARE, COMMON = 0.25, 2
"""A heading that more than this share, and more than this number, of passages name is too common to be a link."""


class Link(NamedTuple):
    """A passage whose heading others name.

    Attributes:
        members: Its sentences.
        named_by: Sentences of other passages that contain one of its headings.
    """

    members: IntArray
    named_by: IntArray


def links(texts: Sequence[RankingText], passages: Sequence[GatheredPassage]) -> list[Link]:
    """Find the passages whose headings are named.

    Joined turns of a conversation have speakers instead of headings, so nothing links to them.

    Args:
        texts: All sentences.
        passages: The passages to consider, by their sentences.
    """
    names = [_names(texts, passage) for passage in passages]
    place = {member: index for index, passage in enumerate(passages) for member in passage.members}
    words = {member: plain(texts[member].text) for member in place}
    holding = {name: [member for member, text in words.items() if name in text] for name in frozenset().union(*names)}
    linked = []
    for passage, own in zip(passages, names, strict=True):
        by = sorted({member for name in own for member in holding[name] if not own & names[place[member]]})
        if by and len({place[member] for member in by}) <= max(COMMON, COMMON_SHARE * len(passages)):
            linked.append(Link(np.array(passage.members, dtype=np.int64), np.array(by, dtype=np.int64)))
    return linked


def _names(texts: Sequence[RankingText], passage: GatheredPassage) -> frozenset[str]:
    if not len(passage.title):
        return frozenset()
    return frozenset(filter(None, map(name_of, texts[passage.members[0]].headings)))
