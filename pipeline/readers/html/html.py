"""HTML to readable text: headings and tables as Markdown, lists as lines, ``<pre>`` verbatim, noise dropped."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

from ctxpipe.pipeline.readers.html.layout import PageLayout
from ctxpipe.pipeline.readers.titles import one_line

if TYPE_CHECKING:
    from selectolax.lexbor import LexborHTMLParser, LexborNode

_ROLES = {
    tag: role
    for role, tags in (
        (
            "dropped",
            "head script style noscript template svg iframe object embed canvas audio video nav select datalist rt rp "
            "-comment !doctype",
        ),
        ("verbatim", "pre listing xmp plaintext"),
        ("heading", "h1 h2 h3 h4 h5 h6"),
        ("list", "ul ol menu dir"),
        ("item", "li"),
        ("definition", "dd"),
        ("table", "table"),
        ("row", "tr"),
        ("cell", "td th"),
        ("break", "br"),
        ("superscript", "sup"),
        ("paragraph", "p blockquote section article main figure fieldset details hr address"),
        (
            "line",
            "body div dt dl header footer aside form figcaption caption legend summary center option optgroup "
            "dialog hgroup search",
        ),
    )
    for tag in tags.split()
}
"""Layout of tags: a paragraph is between empty lines, a line on its own line, everything else is inline."""
_HIDDEN = '[hidden], [role="navigation"], [style*="display:none" i], [style*="display: none" i]'
_WEB = re.compile(r"https?://[^\s|<>]+", re.IGNORECASE)
_LONGEST_ADDRESS = 150
"""Characters of an address that a person would write; longer ones count clicks."""
_MOST_AROUND = 20
_TELLS = re.compile(r"@|\b(?!(?:19|20)\d\d\b)\d")
"""A number that is no year, or an address: the foot of a page may say how to reach somebody."""
_SPACE = re.compile(r"[ \t\n\r\f\u00a0]+")
_PERMALINKS = frozenset(("¶", "§", "#", "🔗"))


class Page(NamedTuple):
    """A page: its text, its title or an empty string, and the stretches of the text around what it is about."""

    text: str
    title: str
    noise: tuple[tuple[int, int], ...]


def html_text(markup: str, *, addresses: bool = False) -> tuple[str, str]:
    """The visible text of a page and its title; see ``html_page``."""
    page = html_page(markup, addresses=addresses)
    return page.text, page.title


def html_page(markup: str, *, addresses: bool = False) -> Page:
    """Lay out the visible text of a page.

    Scripts, styles, navigation, hidden elements, embedded media, form choices and ruby readings are dropped. A table
    that contains headings, verbatim text or other tables is page layout, and its cells are read one after the other.
    The foot of the page, and a head without a heading, are its noise where they hold no number or address.

    Args:
        markup: The page.
        addresses: Whether the address of a link to the web stands in brackets after its words.

    Returns:
        The page; its title is its ``<title>``, else its first ``<h1>``.
    """
    from selectolax.lexbor import LexborHTMLParser

    tree = LexborHTMLParser(markup)
    if tree.root is None:
        return Page("", "", ())
    hidden = {node.mem_id for node in tree.css(_HIDDEN)}
    walk = _TreeWalk(hidden, _grids(tree), _around(tree), addresses=addresses)
    walk.run(tree.root)
    text = walk.layout.text()
    around = ((start, min(end, len(text))) for start, end in walk.noise)
    noise = tuple((start, end) for start, end in around if start < end and not _TELLS.search(text, start, end))
    return Page(text, _title(tree), noise)


def _title(tree: LexborHTMLParser) -> str:
    node = (tree.head.css_first("title") if tree.head else None) or tree.css_first("h1")
    return one_line(node.text()).rstrip("¶§🔗 ") if node else ""


class _TreeWalk:
    """One pass over the tree, without recursion, because pages can be nested arbitrarily deep."""

    def __init__(self, hidden: set[int], grids: set[int], around: set[int], *, addresses: bool) -> None:
        self.layout = PageLayout()
        self.noise: list[tuple[int, int]] = []
        self._around = around
        self._addresses = addresses
        self._hidden = hidden
        self._grids = grids
        self._tables: list[bool] = []
        self._counters: list[int | None] = []
        self._verbatim: list[str] | None = None
        self._heading = False
        self._superscript = False
        self._noise_from = 0

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
            self._write(node.text_content or "")
            return False
        role = _ROLES.get(tag, "")
        if role == "dropped" or (self._hidden and node.mem_id in self._hidden):
            return False
        if node.mem_id in self._around:
            self._noise_from = self.layout.size()
        if self._verbatim is None:
            if role:
                self._open(role, tag, node)
        elif role == "break":
            self._verbatim.append("\n")
        return True

    def _open(self, role: str, tag: str, node: LexborNode) -> None:
        layout = self.layout
        match role:
            case "break":
                layout.line_break()
            case "superscript":
                self._superscript = True
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
                self._counters.append(_number(node, "start") if tag == "ol" else None)
            case "item":
                layout.block(1)
                layout.indent(self._marker(), "  ")
            case "definition":
                layout.block(1)
                layout.indent("  ", "  ")
            case "table":
                layout.block(2)
                self._tables.append(node.mem_id in self._grids)
                if self._tables[-1]:
                    layout.begin_table()
            case "cell" if self._in_grid():
                layout.begin_cell(_number(node, "colspan"), _number(node, "rowspan"))
            case _:
                layout.block(2 if role == "paragraph" else 1)
                if tag == "blockquote":
                    layout.indent("> ", "> ")

    def _leave(self, node: LexborNode) -> None:
        tag = node.tag or ""
        role = _ROLES.get(tag, "")
        if self._verbatim is None:
            if role:
                self._close(role, tag)
            elif tag == "a" and self._addresses and (address := _address(node)):
                self.layout.write(f" ({address})")
        elif role == "verbatim":
            self.layout.verbatim("".join(self._verbatim))
            self._verbatim = None
        if node.mem_id in self._around:
            self.noise.append((self._noise_from, self.layout.size()))

    def _close(self, role: str, tag: str) -> None:
        layout = self.layout
        match role:
            case "break":
                pass
            case "superscript":
                self._superscript = False
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
            case "table":
                if self._tables.pop():
                    layout.end_table()
                layout.block(2)
            case "row" if self._in_grid():
                layout.end_row()
            case "cell" if self._in_grid():
                layout.end_cell()
            case _:
                if tag == "blockquote":
                    layout.dedent()
                layout.block(2 if role == "paragraph" else 1)

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
        self.layout.write(words)

    def _in_grid(self) -> bool:
        return bool(self._tables) and self._tables[-1]

    def _marker(self) -> str:
        if not self._counters or self._counters[-1] is None:
            return "- "
        number = self._counters[-1]
        self._counters[-1] = number + 1
        return f"{number}. "


def _around(tree: LexborHTMLParser) -> set[int]:
    """The page's foot, and its head where that has no heading: not those of an article or a section."""
    found: set[int] = set()
    for node in (tree.body.css("header, footer") if tree.body else [])[:_MOST_AROUND]:
        above = node.parent
        while above is not None and above.tag == "div":
            above = above.parent
        headed = node.tag == "header" and node.css_first("h1, h2, h3, h4, h5, h6") is not None
        if above is not None and above.tag == "body" and not headed:
            found.add(node.mem_id)
    return found


def _grids(tree: LexborHTMLParser) -> set[int]:
    """The data tables: some row has two cells, and nothing inside needs its own lines."""
    around: set[int] = set()
    for node in tree.css("table, h1, h2, h3, h4, h5, h6, pre"):
        above = node.parent
        while above is not None and above.mem_id not in around:
            around.add(above.mem_id)
            above = above.parent
    nodes = _parents(_parents(tree.css("td + td, td + th, th + th, th + td")))
    tables = [node for node in nodes if node.tag == "table"] + _parents(node for node in nodes if node.tag != "table")
    return {table.mem_id for table in tables} - around


def _parents(nodes: Iterable[LexborNode]) -> list[LexborNode]:
    parents = (node.parent for node in nodes)
    return list({node.mem_id: node for node in parents if node is not None}.values())


def _address(node: LexborNode) -> str:
    """Where a link leads on the web, unless its words say so or it is too long to be read; empty for any other."""
    address = (node.attributes.get("href") or "").strip()
    if not _WEB.fullmatch(address) or len(address) > _LONGEST_ADDRESS:
        return ""
    words = "".join(node.text().split())
    bare = address.partition("://")[2].removeprefix("www.").rstrip("/")
    return address if words and bare not in words else ""


def _number(node: LexborNode, attribute: str) -> int:
    """A count from 1 to 100, so that a hostile page cannot create a million cells; 1 by default."""
    value = (node.attributes.get(attribute) or "").strip()
    return min(max(int(value), 1), 100) if value.isdecimal() and len(value) < 6 else 1
