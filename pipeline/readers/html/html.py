"""HTML to readable text: headings and tables as Markdown, lists as lines, ``<pre>`` verbatim, noise dropped."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from ctxpipe.pipeline.readers.html.boxed import BoxWriter
from ctxpipe.pipeline.readers.html.boxes import TitledBox, titled_boxes
from ctxpipe.pipeline.readers.html.depth import shallow
from ctxpipe.pipeline.readers.html.footnotes import Footnotes
from ctxpipe.pipeline.readers.html.forms import entered
from ctxpipe.pipeline.readers.html.layout import PageLayout
from ctxpipe.pipeline.readers.html.nodes import (
    bold_titles,
    breadcrumbs,
    captions_first,
    consent_banners,
    count,
    data_tables,
    folded,
    head_and_foot,
    is_card,
    sign,
    stands_apart,
    web_address,
)
from ctxpipe.pipeline.readers.html.numbers import ListNumbers
from ctxpipe.pipeline.readers.html.roles import ROLES
from ctxpipe.pipeline.readers.titles import one_line

if TYPE_CHECKING:
    from selectolax.lexbor import LexborHTMLParser, LexborNode

_HIDDEN = '[hidden], [role="navigation"], .mw-editsection, [style*="display:none" i], [style*="display: none" i]'
_TELLS = re.compile(r"@|\b(?!(?:19|20)\d\d\b)\d")
"""A number that is no year, or an address: the foot of a page may say how to reach somebody."""
_MARKED = ("item", "definition")
"""Roles whose lines begin with a mark in any case."""
_SPACE = re.compile(r"[ \t\n\r\f\u00a0]+")
_PERMALINKS = frozenset(("¶", "§", "#", "🔗"))


class HtmlPage(NamedTuple):
    """A page: its text, its title or an empty string, and the stretches of the text around what it is about."""

    text: str
    title: str
    noise: tuple[tuple[int, int], ...]


def html_page(markup: str, *, addresses: bool = False, footnotes: Footnotes | None = None, page: str = "") -> HtmlPage:
    """Lay out the visible text of a page.

    Scripts, styles, navigation, hidden elements, embedded media, choices of a form that were not made and ruby readings
    are dropped; what a button unfolds is not hidden. A table that contains headings, verbatim text or other tables is
    page layout, and its cells are read one after the other. The foot of the page, a head without a heading, and
    questions for consent are its noise; the former two where they hold no number or address.

    Args:
        markup: The page.
        addresses: Whether the address of a link to the web stands in brackets after its words.
        footnotes: Those of the pages before, of a book.
        page: Path of the page in its book.

    Returns:
        The page; its title is its ``<title>``, else its first ``<h1>``.
    """
    from selectolax.lexbor import LexborHTMLParser

    tree = LexborHTMLParser(shallow(markup))
    if tree.root is None:
        return HtmlPage("", "", ())
    captions_first(tree)
    notes = (footnotes or Footnotes()).take(tree, page)
    unseen = tree.css(_HIDDEN)
    hidden = {node.mem_id for node in unseen} - folded(tree, unseen) | notes.left_out
    banners = consent_banners(tree) | breadcrumbs(tree)
    grids, edges, bold = data_tables(tree), head_and_foot(tree), bold_titles(tree)
    boxes = titled_boxes(tree, hidden)
    walk = _TreeWalk(hidden, grids, edges, banners, bold, notes.names, boxes, addresses=addresses)
    walk.run(tree.root)
    text = walk.layout.text()
    around = sorted((start, min(end, len(text)), sure) for start, end, sure in walk.noise)
    noise = (
        (start, end) for start, end, sure in around if start < end and (sure or not _TELLS.search(text, start, end))
    )
    return HtmlPage(text, _title(tree), tuple(noise))


def _title(tree: LexborHTMLParser) -> str:
    node = (tree.head.css_first("title") if tree.head else None) or tree.css_first("h1")
    return one_line(node.text()).rstrip("¶§🔗 ") if node else ""


class _TreeWalk:
    """One pass over the tree, without recursion, because pages can be nested arbitrarily deep."""

    def __init__(
        self,
        hidden: set[int],
        grids: set[int],
        around: set[int],
        banners: set[int],
        bold: set[int],
        notes: dict[int, str],
        boxes: dict[int, TitledBox],
        *,
        addresses: bool,
    ) -> None:
        self.layout = PageLayout()
        self.noise: list[tuple[int, int, bool]] = []
        self._banners = banners
        self._around = around | banners
        self._addresses = addresses
        self._hidden = hidden
        self._grids = grids
        self._tables: list[bool] = []
        self._counters: list[ListNumbers | None] = []
        self._folded: list[bool] = []
        """For each open element that folds up or stands aside, whether its title was written."""
        self._asides = 0
        self._verbatim: list[str] | None = None
        self._heading = False
        self._superscript = False
        self._struck = 0
        self._noise_from: list[int] = []
        self._cards: set[int] = set()
        self._bold = bold
        self._notes = notes
        self._boxes = BoxWriter(self.layout, boxes)

    def run(self, root: LexborNode) -> None:
        node, depth = root, 0
        while True:
            entered = self._enter(node)
            child = node.first_child if entered else None
            if child is not None:
                node, depth = child, depth + 1
                continue
            if entered:
                self._leave(node)
            following = node.next if depth else None
            while following is None:
                parent = node.parent
                if parent is None or depth == 0:
                    return
                node, depth = parent, depth - 1
                self._leave(node)
                following = node.next if depth else None
            node = following

    def _enter(self, node: LexborNode) -> bool:
        """Open an element or write a text; returns whether an element was opened that must be closed."""
        tag = node.tag or ""
        if tag == "-text":
            text = node.text_content or ""
            self._write(text)
            return False
        role = ROLES.get(tag, "")
        if role == "entry":
            if self._verbatim is None:
                self.layout.write(entered(node))
            return False
        if role == "dropped" or (self._hidden and node.mem_id in self._hidden):
            return False
        if node.mem_id in self._around:
            self._noise_from.append(self.layout.size())
        if self._verbatim is None:
            if role:
                self._open(role, tag, node)
                if node.mem_id in self._notes and role not in _MARKED:
                    self.layout.indent(*self._marker(node))
            elif stands_apart(node):
                self.layout.write(" ")
            self._boxes.enter(node)
        elif role == "break":
            self._verbatim.append("\n")
        return True

    def _open(self, role: str, tag: str, node: LexborNode) -> None:
        layout = self.layout
        match role:
            case "break":
                layout.line_break()
            case "head":
                pass
            case "superscript":
                self._superscript = True
            case "struck":
                self._struck += 1
            case "heading" if self._asides:
                layout.block(2)
            case "heading" if self._boxes.begin_title(node):
                self._heading = True
            case "heading":
                layout.block(2)
                layout.indent("#" * int(tag[1]) + " ", "")
                layout.flat += 1
                self._heading = True
            case "verbatim":
                layout.block(2)
                self._verbatim = []
            case "list":
                # A list inside an item follows it directly; any other stands apart.
                layout.block(1 if self._counters else 2)
                self._counters.append(ListNumbers(node) if tag == "ol" else None)
            case "item":
                layout.block(1)
                layout.indent(*self._marker(node))
            case "definition":
                layout.block(1)
                layout.indent(*self._marker(node))
            case "folded":
                layout.block(2)
                self._folded.append(False)
                self._asides += tag == "aside"
            case "table":
                layout.block(2)
                self._tables.append(node.mem_id in self._grids)
                if self._tables[-1]:
                    layout.begin_table()
            case "cell" if self._in_grid():
                layout.begin_cell(count(node, "colspan"), count(node, "rowspan"), names=tag == "th")
            case _:
                if is_card(node):
                    self._cards.add(node.mem_id)
                layout.block(self._gap(role, node))
                if tag == "blockquote":
                    layout.indent("> ", "> ")
                if node.mem_id in self._bold:
                    layout.write("**")

    def _leave(self, node: LexborNode) -> None:
        tag = node.tag or ""
        role = ROLES.get(tag, "")
        if self._verbatim is None:
            self._boxes.leave(node)
            if role:
                if node.mem_id in self._notes and role not in _MARKED:
                    self.layout.dedent()
                self._close(role, node)
            elif tag == "a" and self._addresses and (address := web_address(node)):
                self.layout.write(f" ({address})")
        elif role == "verbatim":
            self.layout.verbatim("".join(self._verbatim))
            self._verbatim = None
        if node.mem_id in self._around:
            is_sure = node.mem_id in self._banners
            self.noise.append((self._noise_from.pop(), self.layout.size(), is_sure))

    def _close(self, role: str, node: LexborNode) -> None:
        layout = self.layout
        match role:
            case "break":
                pass
            case "superscript":
                self._superscript = False
            case "struck":
                self._struck -= 1
            case "heading" if self._asides:
                layout.block(1)
                self._fold()
            case "heading" if self._boxes.end_title(node):
                self._heading = False
            case "heading":
                self._heading = False
                layout.flat -= 1
                layout.dedent()
                layout.block(2)
            case "list":
                self._counters.pop()
                layout.block(1 if self._counters else 2)
            case "item" | "definition":
                layout.dedent()
                layout.block(1)
            case "folded":
                if self._folded.pop():
                    layout.dedent()
                self._asides -= node.tag == "aside"
                layout.block(2)
            case "table":
                if self._tables.pop():
                    layout.end_table()
                layout.block(2)
            case "row" if self._in_grid():
                layout.end_row()
            case "cell" if self._in_grid():
                layout.end_cell("" if layout.has_words() else sign(node))
            case "head" if self._in_grid():
                layout.end_head()
            case "head":
                pass
            case _:
                if node.mem_id in self._bold:
                    layout.write("**")
                if node.tag == "blockquote":
                    layout.dedent()
                layout.block(self._gap(role, node))
                if node.tag == "summary":
                    self._fold()

    def _fold(self) -> None:
        """Indent what is folded up, or stands aside: it belongs to its title, and ends with it."""
        if self._folded and not self._folded[-1] and not self.layout.flat:
            self.layout.indent("  ", "  ")
            self._folded[-1] = True

    def _gap(self, role: str, node: LexborNode) -> int:
        """Line breaks before and after an element: two leave an empty line."""
        # What a table stands beside in a row of another one names it.
        apart = node.tag == "tr" and node.css_first("table") is not None
        return 2 if role == "paragraph" or apart or node.mem_id in self._cards else 1

    def _write(self, text: str) -> None:
        if self._verbatim is not None:
            self._verbatim.append(text)
            return
        words = _SPACE.sub(" ", text)
        if "\u00ad" in words:
            words = words.replace("\u00ad", "")
        if self._heading and words.strip() in _PERMALINKS:
            return
        # Without a mark, 10<sup>6</sup> would become 106.
        if self._superscript and words.strip("-+−").isdecimal():
            words = f"^{words}"
        if self._struck and (core := words.strip()):
            # What no longer holds would read like what does.
            words = words.replace(core, f"~~{core}~~")
        self.layout.write(words)

    def _in_grid(self) -> bool:
        return bool(self._tables) and self._tables[-1]

    def _marker(self, node: LexborNode) -> tuple[str, str]:
        """What begins the first line of an item, a definition or a note, and its other lines."""
        if node.mem_id in self._notes:
            return f"[^{self._notes[node.mem_id]}]: ", "    "
        if node.tag == "dd":
            return "  ", "  "
        counter = self._counters[-1] if self._counters else None
        return f"{counter.next(node)} " if counter else "- ", "  "
