"""Code and configuration as units: the one entry."""

from __future__ import annotations

import re

from ctxpipe.compress.text.code import bibtex, ris, vobject
from ctxpipe.compress.text.code.banners import with_banners
from ctxpipe.compress.text.code.comments import with_subjects
from ctxpipe.compress.text.code.conditions import with_conditions
from ctxpipe.compress.text.code.described import with_described
from ctxpipe.compress.text.code.diffs import mark_diff, with_short_heads
from ctxpipe.compress.text.code.grammars import load
from ctxpipe.compress.text.code.indent import mark_indented
from ctxpipe.compress.text.code.languages import canonical
from ctxpipe.compress.text.code.marks import Marks
from ctxpipe.compress.text.code.markup import mark_markup
from ctxpipe.compress.text.code.naming import named_by, named_objects
from ctxpipe.compress.text.code.page_templates import is_php_template
from ctxpipe.compress.text.code.parse import blocks, is_sound, parse
from ctxpipe.compress.text.code.sections import has_sections, mark_sections
from ctxpipe.compress.text.code.sql import mark_sql
from ctxpipe.compress.text.code.templates import without_templates
from ctxpipe.compress.text.code.tree import mark_tree
from ctxpipe.compress.text.shortened import without_returns
from ctxpipe.compress.text.unit import Unit

_NAMED = frozenset(("yaml", "xml", "conf", "hcl", "json5"))
_NAMED_BY = {"vobject": vobject.NAME, "bibtex": bibtex.TITLE, "ris": ris.NAME}
_SECTIONED = frozenset(("toml", "ini", "properties"))
_IS_CPP = re.compile(
    r"^[ \t]*(?:class \w|namespace\b|template\s*<|(?:public|private|protected):|using \w)", re.MULTILINE
)
_DECLARATION = re.compile(r"\s*(?:<\?xml\b[^>]*\?>|<!DOCTYPE\b[^>\[]*>|<\?php|#!/[^\n]*)\s*", re.IGNORECASE)
"""What a file begins with that says only how to read or run it."""
_DECLARATIONS = 3
_RAW = {"script": "js", "style": "css", "php": "php"}


def code_units(text: str, language: str = "") -> list[Unit]:
    """The units of source code, configuration or markup.

    Programming languages, CSS, HCL and YAML are parsed by tree-sitter; XML, TOML, INI, SQL, differences,
    calendars and bibliographies have a scanner each; everything else, and what a parser cannot read, is an indentation
    tree.

    Args:
        text: The text, which may be malformed in any way.
        language: As in ``Document.language``; an unknown name, or none, makes an indentation tree.

    Returns:
        The units in order. No text raises an error, and the time taken is linear in its length.
    """
    if "\r\n" in text:
        short = without_returns(text)
        return [short.unit(unit) for unit in code_units(short.text, language)]
    marks = Marks(text)
    language = canonical(language)
    if language == "php" and is_php_template(text):
        language = "html"
    _mark(marks, 0, len(text), -1, language)
    units = with_subjects(text, marks.units(), language)
    for index, unit in enumerate(units[:_DECLARATIONS]):
        if _DECLARATION.fullmatch(text, unit.start, unit.end):
            units[index] = unit._replace(noise=True)
    if language in _NAMED_BY:
        return named_by(text, units, _NAMED_BY[language])
    if language == "diff":
        return with_short_heads(text, units)
    units = with_banners(text, units, language)
    if language == "python":
        return with_described(text, units)
    if "RewriteCond" in text:
        units = _with_conditions_above(text, units)
    if language in _NAMED:
        units = named_objects(text, units, language)
    return with_conditions(text, units, language)


def _with_conditions_above(text: str, units: list[Unit]) -> list[Unit]:
    """Rules of Apache's under the conditions right above them, without which they say something else."""
    said = [text[unit.start : unit.end].lstrip() for unit in units]
    return [
        unit._replace(parent=units[index - 1].start)
        if index
        and said[index].startswith(("RewriteRule", "RewriteCond"))
        and said[index - 1].startswith("RewriteCond")
        and unit.parent == units[index - 1].parent
        else unit
        for index, unit in enumerate(units)
    ]


def _mark(marks: Marks, start: int, end: int, parent: int, language: str) -> None:
    if language in _SECTIONED or (language == "conf" and has_sections(marks.text)):
        mark_sections(marks, start, end, language)
    elif language in ("xml", "html"):
        mark_markup(
            marks,
            start,
            end,
            html=language == "html",
            raw=lambda a, b, above, tag: _mark(marks, a, b, above, _RAW[tag]),
        )
    elif language == "sql":
        mark_sql(marks, start, end)
    elif language == "vobject":
        vobject.mark_vobject(marks, start, end)
    elif language == "bibtex":
        bibtex.mark_bibtex(marks, start, end)
    elif language == "ris":
        ris.mark_ris(marks, start, end)
    elif language == "diff":
        mark_diff(marks, start, end)
    else:
        _parsed(marks, start, end, parent, language)


def _parsed(marks: Marks, start: int, end: int, parent: int, language: str) -> None:
    if language == "c" and _IS_CPP.search(marks.text, start, end):
        language = "cpp"  # a header's name does not tell which of the two it is
    grammar = load(language)
    for begin, stop in blocks(marks.text, start, end):
        source = marks.text[begin:stop]
        plain = without_templates(source) if language == "yaml" else source
        tree = parse(plain, grammar) if grammar is not None else None
        if grammar is None or tree is None or not is_sound(tree.root_node):
            mark_indented(marks, begin, stop, parent, language)
        else:
            mark_tree(marks, tree.root_node, grammar, begin, parent, language)
