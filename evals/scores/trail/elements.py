"""What the units of a passage stand under, by the form of its file."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache

from ctxpipe.evals.scores.forms import Form, form_of
from ctxpipe.evals.scores.trail.code import python_elements, section_elements, yaml_elements
from ctxpipe.evals.scores.trail.data import csv_elements, json_elements, xml_elements
from ctxpipe.evals.scores.trail.element import Element
from ctxpipe.evals.scores.trail.headings import markdown_elements, rst_elements, table_elements
from ctxpipe.evals.types import Passage

_RULES: Mapping[Form, Callable[[str], list[Element]]] = {
    "prose": table_elements,
    "markdown": markdown_elements,
    "rst": rst_elements,
    "sections": section_elements,
    "yaml": yaml_elements,
    "python": python_elements,
    "csv": csv_elements,
    "json": json_elements,
    "xml": xml_elements,
}


@lru_cache(maxsize=64)  # every arm keeps something of the same passages
def elements_of(passage: Passage) -> tuple[Element, ...]:
    """The elements of a passage, in order; none of pages, records and code other than Python."""
    rule = _RULES.get(form_of(passage))
    return tuple(rule(passage.text)) if rule else ()


def chains(elements: Sequence[Element], starts: Iterable[int]) -> Iterator[list[Element]]:
    """The elements over each of some ascending offsets, outermost first; one is not over itself."""
    stack: list[Element] = []
    at = 0
    for start in starts:
        while at < len(elements) and elements[at].end <= start:
            stack = [one for one in stack if one.until > elements[at].start]
            stack.append(elements[at])
            at += 1
        yield [one for one in stack if one.end <= start < one.until]
