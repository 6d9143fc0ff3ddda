"""What the nodes of a page are: its head and foot, tables of data, addresses of links, counts."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from ctxpipe.pipeline.readers.html.roles import ROLES

if TYPE_CHECKING:
    from selectolax.lexbor import LexborHTMLParser, LexborNode

_WEB = re.compile(r"https?://[^\s|<>]+", re.IGNORECASE)
_LONGEST_ADDRESS = 150
"""Characters of an address that a person would write; longer ones count clicks."""
_MOST_AROUND = 20
_BANNERS = ", ".join(f'[{where}*="{word}" i]' for word in ("cookie", "consent", "gdpr") for where in ("id", "class"))
_LONGEST_BANNER = 1500
_BREADCRUMBS = '[id*="breadcrumb" i], [class*="breadcrumb" i]'
_LONGEST_TRAIL = 300
_OPENERS = "button, summary, [aria-expanded], [role=button], [role=tab]"
_OPENS = ("aria-controls", "data-bs-target", "data-target")
_MENUS = frozenset(("ul", "ol", "menu", "nav", "dialog", "form", "li"))
_INLINE = frozenset("a b data em i label small span strong time".split())
_BOXES = frozenset("article dd div dt figcaption header li section summary td th".split())
_ENDS, _BEGINS = re.compile(r"[\w:;,.)%]\Z"), re.compile(r"[\w$€£(+−-]")
_LINES = frozenset(("line", "paragraph", "heading", "list", "table", "verbatim"))
_BOLD_TITLE = re.compile(r"\w[^\n*]{1,98}[^\s.!,;:*]")
_AROUND_BOLD = frozenset("a em font i span u".split())
_YES, _NO = (
    re.compile(r"(?:^|[\W_])(?:check|checkmark|tick|yes|included|true)(?:$|[\W_])"),
    re.compile(r"(?:^|[\W_])(?:times|cross|xmark|close|no|excluded|false)(?:$|[\W_])"),
)


def head_and_foot(tree: LexborHTMLParser) -> set[int]:
    """The page's foot, and its head where that has no heading: not those of an article or a section."""
    nodes: set[int] = set()
    for node in (tree.body.css("header, footer") if tree.body else [])[:_MOST_AROUND]:
        above = node.parent
        while above is not None and above.tag == "div":
            above = above.parent
        headed = node.tag == "header" and node.css_first("h1, h2, h3, h4, h5, h6") is not None
        if above is not None and above.tag == "body" and not headed:
            nodes.add(node.mem_id)
    return nodes


def consent_banners(tree: LexborHTMLParser) -> set[int]:
    """What asks for consent to cookies: by its name, short, and with something to press."""
    banners = tree.body.css(_BANNERS) if tree.body else []
    return {
        node.mem_id
        for node in banners[:_MOST_AROUND]
        if node.tag not in ("body", "main", "article")
        and node.css_first("button, [role=button], input, a") is not None
        and len(node.text()) <= _LONGEST_BANNER
    }


def breadcrumbs(tree: LexborHTMLParser) -> set[int]:
    """What says where in its site a page stands: by its name, short, and without headings and paragraphs."""
    nodes: set[int] = set()
    for node in (tree.body.css(_BREADCRUMBS) if tree.body else [])[:_MOST_AROUND]:
        above = node.parent
        while above is not None and above.mem_id not in nodes:
            above = above.parent
        is_short = (
            len(node.text()) <= _LONGEST_TRAIL and node.css_first("h1, h2, h3, h4, h5, h6, p, table, pre") is None
        )
        if above is None and is_short:
            nodes.add(node.mem_id)
    return nodes


def folded(tree: LexborHTMLParser, hidden: Iterable[LexborNode]) -> set[int]:
    """Those of the hidden elements that a reader of the page can unfold: answers below questions, panels below tabs."""
    nodes = [node for node in hidden if node.tag not in _MENUS]
    if not nodes:
        return set()
    openers = tree.css(", ".join(f"[{name}]" for name in _OPENS))
    named = {(node.attributes.get(name) or "").lstrip("#") for node in openers for name in _OPENS} - {""}
    return {node.mem_id for node in nodes if node.id in named or _is_below_opener(node)}


def _is_below_opener(node: LexborNode) -> bool:
    if node.attributes.get("hidden") == "until-found":
        return True
    before = node.prev
    while before is not None and (before.tag or "").startswith("-"):
        before = before.prev
    return before is not None and (before.css_matches(_OPENERS) or before.css_first(_OPENERS) is not None)


def sign(cell: LexborNode) -> str:
    """What a cell without words shows: the description of a picture, or whether an icon means yes or no."""
    if cell.first_child is None:
        return ""
    for node in cell.css("[alt], [aria-label], [title], svg title"):
        given = node.attributes
        said = given.get("alt") or given.get("aria-label") or given.get("title") or ""
        said = said or (node.text() if node.tag == "title" else "")
        if said.strip():
            return " ".join(said.split())
    names = " ".join(node.attributes.get("class") or "" for node in cell.css("[class]")[:_MOST_AROUND]).lower()
    return "✓" if _YES.search(names) else "✗" if _NO.search(names) else ""


def data_tables(tree: LexborHTMLParser) -> set[int]:
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


def bold_titles(tree: LexborHTMLParser) -> set[int]:
    """Paragraphs that are bold as a whole and no sentence, two or more, as word processors write headings."""
    titles = {title.mem_id for node in tree.css("p b, p strong") if (title := _bold_title(node)) is not None}
    return titles if len(titles) > 1 else set()


def _bold_title(node: LexborNode) -> LexborNode | None:
    """The paragraph that an element in bold is the whole of, unless it is a sentence or part of a list or table."""
    above = node.parent
    while above is not None and above.tag in _AROUND_BOLD:
        above = above.parent
    if above is None or above.tag != "p" or above.parent is None or above.parent.tag in ("td", "th", "li"):
        return None
    words = " ".join(above.text().split())
    return above if _BOLD_TITLE.fullmatch(words) and words == " ".join(node.text().split()) else None


def captions_first(tree: LexborHTMLParser) -> None:
    """Put the caption of a figure's table before the table, so that it names what comes below it."""
    for caption in tree.css("figure > table ~ figcaption"):
        table = caption.prev
        while table is not None and table.tag != "table":
            table = table.prev
        if table is not None:
            table.insert_before(caption)
            caption.decompose()


def is_card(node: LexborNode) -> bool:
    """Whether an element holds several lines and stands beside another of its class, as entries of a list do."""
    kind = _class(node)
    if not kind or kind not in (_class(_beside(node, 1)), _class(_beside(node, -1))):
        return False
    lines = (child for child in node.iter() if ROLES.get(child.tag or "") in _LINES)
    return len(list(itertools.islice(lines, 2))) > 1


def _class(node: LexborNode | None) -> str | None:
    return node.attributes.get("class") if node is not None and node.tag == "div" else None


def _beside(node: LexborNode, step: int) -> LexborNode | None:
    """The element before or after another, with white space alone between them."""
    other = node.next if step > 0 else node.prev
    if other is not None and other.tag == "-text" and not (other.text_content or "").strip():
        other = other.next if step > 0 else other.prev
    return other


def stands_apart(node: LexborNode) -> bool:
    """Whether an element of text stands beside another in a box that has nothing else there, as names beside values do.

    A page sets such elements apart by its style alone, and their words would run into one another. A single letter is
    the large first one of a word.
    """
    before, box = node.prev, node.parent
    if before is None or box is None or node.tag not in _INLINE or before.tag not in _INLINE or box.tag not in _BOXES:
        return False
    if any(other is not None and other.tag == "-text" for other in (before.prev, node.next)):
        return False
    left, right = _only_text(before), _only_text(node)
    return len(left) > 1 < len(right) and _ENDS.search(left) is not None and _BEGINS.match(right) is not None


def _only_text(node: LexborNode) -> str:
    child = node.first_child
    return child.text_content or "" if child is not None and child.tag == "-text" and child.next is None else ""


def _parents(nodes: Iterable[LexborNode]) -> list[LexborNode]:
    parents = (node.parent for node in nodes)
    return list({node.mem_id: node for node in parents if node is not None}.values())


def web_address(node: LexborNode) -> str:
    """Where a link leads on the web, unless its words say so or it is too long to be read; empty for any other."""
    address = (node.attributes.get("href") or "").strip()
    if not _WEB.fullmatch(address) or len(address) > _LONGEST_ADDRESS:
        return ""
    words = "".join(node.text().split())
    bare = address.partition("://")[2].removeprefix("www.").rstrip("/")
    return address if words and bare not in words else ""


def count(node: LexborNode, attribute: str) -> int:
    """A count from 1 to 100, so that a hostile page cannot create a million cells; 1 by default."""
    value = (node.attributes.get(attribute) or "").strip()
    return min(max(int(value), 1), 100) if value.isdecimal() and len(value) < 6 else 1
