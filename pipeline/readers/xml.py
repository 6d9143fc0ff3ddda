"""XML, parsed without entities."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from ctxpipe.errors import ReadError

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element
    from xml.sax.handler import ContentHandler

_LARGEST = 16 << 20
"""Bytes of XML of which a tree is made, which takes twenty times as much."""


def parse(data: bytes, *, source: str, ending: str) -> Element:
    """Parse XML.

    Args:
        data: The whole file.
        source: Name of the document that it is part of.
        ending: What the document is, such as ``".epub"``.

    Raises:
        ReadError: if it is damaged, or declares an entity.
    """
    from xml.etree.ElementTree import ParseError

    from defusedxml import DefusedXmlException
    from defusedxml.ElementTree import fromstring

    if len(data) > _LARGEST:
        raise ReadError(source, f"not a {ending} file, or damaged (a part of {len(data) >> 20:,} MiB)")
    try:
        root: Element = fromstring(data)
    except DefusedXmlException as exc:
        raise ReadError(source, f"a {ending} file that declares XML entities, which none needs; not read") from exc
    except (ParseError, ValueError, LookupError, RecursionError) as exc:
        raise ReadError(source, f"not a {ending} file, or damaged ({type(exc).__name__})") from exc
    return root


def local(element: Element) -> str:
    """The name of an element without its namespace; empty for a comment."""
    tag: object = element.tag
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def walk(data: bytes, handler: ContentHandler, *, source: str, ending: str) -> None:
    """Run a handler over XML, which holds no tree in memory.

    Raises:
        ReadError: as :func:`parse`.
    """
    from xml.sax import SAXException
    from xml.sax.handler import feature_namespaces

    from defusedxml import DefusedXmlException
    from defusedxml.sax import make_parser

    parser = make_parser()
    parser.setFeature(feature_namespaces, True)
    parser.setContentHandler(handler)
    try:
        parser.parse(io.BytesIO(data))
    except DefusedXmlException as exc:
        raise ReadError(source, f"a {ending} file that declares XML entities, which none needs; not read") from exc
    except (SAXException, ValueError, LookupError) as exc:
        raise ReadError(source, f"not a {ending} file, or damaged ({type(exc).__name__})") from exc
