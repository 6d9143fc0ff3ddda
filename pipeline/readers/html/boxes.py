"""Boxes of a page with a title of their own: cards, entries of a live report, panels and what folds up."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple

from ctxpipe.pipeline.readers.html.roles import ROLES
from ctxpipe.pipeline.readers.html.shown import ShownWords, is_block

if TYPE_CHECKING:
    from selectolax.lexbor import LexborHTMLParser, LexborNode

_HEADINGS = "h1, h2, h3, h4, h5, h6"
_BOXES = "div[class], section[class], a[class], article, li"
_PANELS = '[role="tabpanel"], .tab-pane, article'
"""What stands for itself, whatever is beside it."""
_NAMED = re.compile(r"(?P<stem>(?:[a-z][\w-]*?)??)[-_]*(?:header|heading|head|title|control|toggle)")
_HELD = ("content", "body", "text", "collapse", "panel", "main")
_BETWEEN = frozenset(("-text", "-comment", "hr", "br", "script", "style", "template"))
"""What may stand between two boxes, as text only if it is white space."""
_STOPPED = re.compile(r"[.!;,…。！；，]$")
_SENTENCES = 0.5
"""Share of first lines that end as sentences do, from which on they are no titles."""
_OTHERS = 1 / 3
"""Boxes of one line beside one of a title and more, up to which a box is taken for one of a list."""
_MOST_ICONS, _DEEPEST = 2, 8


class TitledBox(NamedTuple):
    """A box.

    Attributes:
        titled: Whether its first line is a title that the rest of it stands under, by an indentation of its own.
        below: What follows the title, by ``mem_id``; 0 for nothing.
    """

    titled: bool
    below: int = 0


class _Head(NamedTuple):
    """What a box begins with: tag and class, words, whether they are a link, and what follows it."""

    kind: tuple[str, str]
    words: str
    links: bool
    below: LexborNode


def titled_boxes(tree: LexborHTMLParser, hidden: set[int]) -> dict[int, TitledBox]:
    """The boxes of a page whose text stands under a title that ends with them, by ``mem_id``.

    These are elements of one class side by side that begin alike with a short line (the name of a product, the time of
    an entry) and hold no heading, or one below that line; elements whose class says that they hold a title and what it
    is of (``panelHeader``, ``panelContent``); and panels below tabs, or articles, of which one has no heading.

    Args:
        tree: The page.
        hidden: Elements that are not shown, by ``mem_id``.
    """
    finder = _BoxFinder(tree, hidden)
    return finder.panels() | finder.named() | finder.repeated()


class _BoxFinder:
    def __init__(self, tree: LexborHTMLParser, hidden: set[int]) -> None:
        self._tree = tree
        self._shown = ShownWords(hidden)
        self._headings: dict[int, int] = {}
        """How many headings stand in an element; of two or more, two are counted."""
        for node in tree.css(_HEADINGS):
            self._count(node)

    def _count(self, heading: LexborNode) -> None:
        above: LexborNode | None = heading
        while above is not None and self._headings.get(above.mem_id, 0) < 2:
            self._headings[above.mem_id] = self._headings.get(above.mem_id, 0) + 1
            above = above.parent

    def repeated(self) -> dict[int, TitledBox]:
        """Elements of one class side by side that begin alike."""
        boxes: dict[int, TitledBox] = {}
        for run in self._runs(_BOXES):
            headed = [self._headings.get(node.mem_id, 0) for node in run]
            if (min(headed) and max(headed) > 1) or (run[0].tag == "li" and not any(headed)):
                continue
            heads = {node.mem_id: head for node in run if (head := self._head(node)) is not None}
            others = [node for node in run if node.mem_id not in heads and self._shown.has_words(node)]
            if (
                len(heads) < 2
                or len(others) > _OTHERS * len(heads)
                or any(node.mem_id in self._headings for node in others)
            ):
                continue
            if _are_titles(list(heads.values()), headed=any(headed)):
                boxes |= {box: TitledBox(run[0].tag != "li", head.below.mem_id) for box, head in heads.items()}
        return boxes

    def named(self) -> dict[int, TitledBox]:
        """Elements without headings whose class says that they are a title, above what it is the title of."""
        boxes: dict[int, TitledBox] = {}
        for node in self._tree.css("[class] + [class]"):
            box, title = node.parent, self._title_before(node)
            if box is not None and title is not None and box.mem_id not in self._headings:
                boxes.setdefault(box.mem_id, TitledBox(True, node.mem_id))
        return boxes

    def _title_before(self, node: LexborNode) -> LexborNode | None:
        """The first line of a box, if by its class it is the title of what follows it."""
        if not _class(node).lower().endswith(_HELD):
            return None
        title = _beside(node, -1)
        for _ in range(_MOST_ICONS):
            if title is not None and not self._shown.has_words(title):
                title = _beside(title, -1)
        name = _NAMED.fullmatch(_class(title).lower()) if title is not None else None
        if title is None or name is None or _held(_class(node).lower(), name["stem"]) not in _HELD:
            return None
        is_first = title.prev is None or (_is_blank(title.prev) and title.prev.prev is None)
        return title if is_first and self._shown.words([title]) and self._shown.is_line(title) else None

    def panels(self) -> dict[int, TitledBox]:
        """Panels below tabs, or articles side by side, of which one has no heading, or not at its head."""
        boxes: dict[int, TitledBox] = {}
        for run in self._runs(_PANELS, by_class=False):
            filled = [node for node in run if self._shown.has_words(node)]
            if any(node.mem_id in self._headings for node in filled[:-1]) and not all(map(self._begins_headed, filled)):
                boxes |= {node.mem_id: TitledBox(False) for node in run}
        return boxes

    def _begins_headed(self, node: LexborNode) -> bool:
        first: LexborNode | None = node
        for _ in range(_DEEPEST):
            if first is None or ROLES.get(first.tag or "") == "heading":
                break
            first = next(iter(self._shown.children(first)), None)
        return first is not None and ROLES.get(first.tag or "") == "heading"

    def _runs(self, selector: str, *, by_class: bool = True) -> Iterator[list[LexborNode]]:
        """Elements of one kind with nothing between them, two or more."""
        run: list[LexborNode] = []
        nodes = {node.mem_id: node for node in self._tree.css(selector)}
        done: set[int] = set()
        for node in nodes.values():
            if node.mem_id in done:
                continue
            run, after = [node], _beside(node, 1)
            while after is not None and after.mem_id in nodes and (not by_class or _kind(after) == _kind(node)):
                done.add(after.mem_id)
                run.append(after)
                after = _beside(after, 1)
            if len(run) > 1:
                yield run

    def _head(self, box: LexborNode) -> _Head | None:
        """The line that a box begins with, if something else follows it."""
        inner = box
        for _ in range(_DEEPEST):
            children = self._shown.children(inner)
            if not children or children[0].tag == "-text":
                return None
            if len(children) > 1 and self._shown.is_line(children[0]):
                break
            inner = children[0]
        else:
            return None
        size = next((index for index, child in enumerate(children) if is_block(child)), len(children)) or 1
        head, rest = children[:size], children[size:]
        words = self._shown.words(head)
        if not rest or not words or any(node.mem_id in self._headings for node in head):
            return None
        kind = _kind(head[0])
        links = any(node.tag == "a" or node.css_first("a") is not None for node in head if node.tag != "-text")
        return _Head(kind, words, links, rest[0]) if any(_kind(child) != kind for child in rest) else None


def _are_titles(heads: list[_Head], *, headed: bool) -> bool:
    """Whether the first lines of some boxes tell them apart; above headings those with links are marks of a program."""
    stopped = sum(_STOPPED.search(head.words) is not None for head in heads)
    if len({head.kind for head in heads}) > 1 or stopped >= _SENTENCES * len(heads):
        return False
    return not headed or (len({head.words for head in heads}) > 1 and not any(head.links for head in heads))


def _held(name: str, stem: str) -> str:
    """What a class says that an element holds: ``content`` for ``panelContent`` beside ``panelHeader``."""
    return name.removeprefix(stem).lstrip("-_") if stem else re.split("[-_]", name)[-1]


def _kind(node: LexborNode) -> tuple[str, str]:
    return node.tag or "", _class(node)


def _class(node: LexborNode) -> str:
    """The first class of an element; the others say in which state it is."""
    names = (node.attributes.get("class") or "").split() if node.tag != "-text" else []
    return names[0] if names else ""


def _is_blank(node: LexborNode) -> bool:
    return node.tag in _BETWEEN and not (node.tag == "-text" and (node.text_content or "").strip())


def _beside(node: LexborNode, step: int) -> LexborNode | None:
    """The element before or after another, with nothing but white space, rules and comments between them."""
    other = node.next if step > 0 else node.prev
    while other is not None and _is_blank(other):
        other = other.next if step > 0 else other.prev
    return other if other is not None and other.tag != "-text" else None


def boxes_below(boxes: Mapping[int, TitledBox]) -> set[int]:
    """What follows the titles of boxes, by ``mem_id``."""
    return {box.below for box in boxes.values()} - {0}
