"""Names and small parts of Word's XML."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"


def parsed(data: bytes) -> Element:
    """A part of a package."""
    from lxml import etree

    return etree.fromstring(data, etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False))


def value(element: Element, path: str) -> str | None:
    """What the attribute ``val`` says of an element below; None if there is none."""
    found = element.find(path)
    return None if found is None else found.get(f"{W}val")


def number(words: str | None) -> int | None:
    """A whole number of at most six digits; None for anything else."""
    digits = (words or "").removeprefix("-")
    if not digits.isdecimal() or len(digits) > 6:
        return None
    return -int(digits) if words and words[0] == "-" else int(digits)


def left_of(properties: Element) -> int | None:
    """How far properties of a paragraph indent it, in twips; None if they do not say."""
    found = properties.find(f"{W}ind")
    return None if found is None else number(found.get(f"{W}left") or found.get(f"{W}start"))


def words_of(paragraph: Element) -> str:
    """The words of a paragraph."""
    return "".join(element.text or "" for element in paragraph.iter(f"{W}t"))


def make_paragraph(text: str) -> Element:
    """A paragraph of words."""
    from lxml import etree

    paragraph = etree.Element(f"{W}p")
    paragraph.append(make_run(text))
    return paragraph


def make_run(text: str) -> Element:
    """A run of words."""
    from lxml import etree

    run = etree.Element(f"{W}r")
    words = etree.SubElement(run, f"{W}t")
    words.text = text
    words.set("{http://www.w3.org/XML/1998/namespace}space", "preserve")
    return run
