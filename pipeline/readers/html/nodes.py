"""What the nodes of a page are: its head and foot, tables of data, addresses of links, counts."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from selectolax.lexbor import LexborHTMLParser, LexborNode

_WEB = re.compile(r"https?://[^\s|<>]+", re.IGNORECASE)
_LONGEST_ADDRESS = 150
"""Characters of an address that a person would write; longer ones count clicks."""
_MOST_AROUND = 20


def head_and_foot(tree: LexborHTMLParser) -> set[int]:
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


def captions_first(tree: LexborHTMLParser) -> None:
    """Put the caption of a figure's table before the table, so that it names what comes below it."""
    for caption in tree.css("figure > table ~ figcaption"):
        table = caption.prev
        while table is not None and table.tag != "table":
            table = table.prev
        if table is not None:
            table.insert_before(caption)
            caption.decompose()


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
