"""HTML to readable text: headings and tables as Markdown, lists as lines, ``<pre>`` verbatim, noise dropped."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from ctxpipe.pipeline.readers.html.layout import PageLayout
from ctxpipe.pipeline.readers.html.nodes import captions_first, count, data_tables, head_and_foot, web_address
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
        ("struck", "s strike del"),
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
_TELLS = re.compile(r"@|\b(?!(?:19|20)\d\d\b)\d")
"""A number that is no year, or an address: the foot of a page may say how to reach somebody."""
_SPACE = re.compile(r"[ \t\n\r\f\u00a0]+")
_PERMALINKS = frozenset(("¶", "§", "#", "🔗"))


class Page(NamedTuple):
    """A page: its text, its title or an empty string, and the stretches of the text around what it is about."""

    text: str
    title: str
    noise: tuple[tuple[int, int], ...]


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
    captions_first(tree)
    hidden = {node.mem_id for node in tree.css(_HIDDEN)}
    walk = _TreeWalk(hidden, data_tables(tree), head_and_foot(tree), addresses=addresses)
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
        self._struck = 0
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
            case "struck":
                self._struck += 1
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
                self._counters.append(count(node, "start") if tag == "ol" else None)
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
                layout.begin_cell(count(node, "colspan"), count(node, "rowspan"))
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
            elif tag == "a" and self._addresses and (address := web_address(node)):
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
            case "struck":
                self._struck -= 1
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
        if self._struck and (core := words.strip()):
            # What no longer holds would read like what does.
            words = words.replace(core, f"~~{core}~~")
        self.layout.write(words)

    def _in_grid(self) -> bool:
        return bool(self._tables) and self._tables[-1]

    def _marker(self) -> str:
        if not self._counters or self._counters[-1] is None:
            return "- "
        number = self._counters[-1]
        self._counters[-1] = number + 1
        return f"{number}. "
