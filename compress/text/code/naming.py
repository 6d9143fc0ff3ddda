"""What tells objects of configuration apart: a key among those beside it that names them all."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence

from ctxpipe.compress.text.unit import Unit

_YAML_NAME = re.compile(
    r"[ \t]*(?:-[ \t]+)*[\"']?(?:name|id|key|title|label|slug|host|hostname|sku|code|uuid|alias|[\w-]+_name|[a-z]+Name)"
    r"[\"']?[ \t]*:[ \t]+[^\s&*|>{\[#][^\n]*"
)
_YAML_PART = re.compile(
    r"[\"']?(?:environment|env|stage|profile|region|tenant|cluster|service|app|name|id|title)[\"']?"
    r"[ \t]*:[ \t]+[^\s&*|>{\[#][^\n]*"
)
"""What names one of several documents in a file."""
_YAML_ITEM = re.compile(r"[ \t]*-[ \t]")
_YAML_META = re.compile(r"[ \t]*(?:-[ \t]+)?metadata:[ \t]*(?:#[^\n]*)?(?=\n|\Z)")
_YAML_KIND = re.compile(r"[ \t]*(?:-[ \t]+)?kind:[ \t]")
_YAML_NONE = re.compile(r"---|[ \t]*[#%]")
"""What is no key of a document: its marker, a comment, a directive."""
_YAML_CONDITION = re.compile(r"[ \t]*[\"']?(?:if|when|unless)[\"']?[ \t]*:(?=\s)")
"""What holds for all keys beside it: a step of a workflow, a task of Ansible."""
_BLOCK_NAME = re.compile(r"[ \t]*(?:server_?name|name|id|title|hostname)[ \t]*[= \t][ \t]*[^\s={][^\n]*", re.IGNORECASE)
_BLOCK_MARK = re.compile(r"[ \t]*(?:description|label|module|path|key)[ \t]*=[ \t]*[^\s={\[(][^\n]*", re.IGNORECASE)
_BLOCK_MEMBER = re.compile(r"[ \t]*\w[^\n]{0,200}")
_BLOCK = re.compile(r"[ \t]*(?:[\w.-]+[ \t]*=?[ \t]*\{|<[A-Z]\w*[^\n>]*>)[ \t]*(?:#[^\n]*)?")
_TAG_NAME = re.compile(
    r"\s*<(?:[\w.-]+:)?(?:name|id|key|title|label|code|sku|isbn|artifactId|username|hostname)\b[^<>]*>[^<]{1,100}</",
    re.IGNORECASE,
)
_TAG_META = re.compile(r"\s*<(?:[\w.-]+:)?(?:meta|metadata|header|head|info|identity)\b[^<>]*>\s*\Z", re.IGNORECASE)
_NAMED_TAG = re.compile(r"<[^<>]*\s(?:[\w.-]+:)?(?:name|id|key|title|label|code|sku)\s*=", re.IGNORECASE)
_LONGEST_TITLE = 100


def named_objects(text: str, units: Sequence[Unit], language: str) -> list[Unit]:
    """Let what stands in an object beside its name stand under that name, wherever in the object it comes.

    Items and documents of YAML (``name``, ``metadata.name``), blocks of settings in braces or tags (``server_name``)
    and elements of XML whose first child is no name are told apart by nothing else. In YAML it stands under the
    condition beside it, too (``if``, ``when``).

    Args:
        text: The text.
        units: Its units.
        language: ``yaml``, ``xml``, ``json5``, or a language of blocks such as ``conf`` and ``hcl``.
    """
    finder = _Finder(text, units, language)
    return [finder.changed.get(unit.start, unit) for unit in units]


def named_by(text: str, units: Sequence[Unit], name: re.Pattern[str]) -> list[Unit]:
    """Let the properties of an object stand under the first of them that ``name`` matches."""
    names: dict[int, Unit] = {}
    for unit in units:
        if unit.parent >= 0 and unit.parent not in names and name.match(text, unit.start):
            names[unit.parent] = unit
    titled = {unit.start: " ".join(text[unit.start : unit.end].split())[:_LONGEST_TITLE] for unit in names.values()}
    return [
        unit._replace(
            parent=names[unit.parent].start if unit.parent in names and unit.start not in titled else unit.parent,
            title=titled.get(unit.start, unit.title),
        )
        for unit in units
    ]


class _Finder:
    def __init__(self, text: str, units: Sequence[Unit], language: str) -> None:
        self.text = text
        self.changed: dict[int, Unit] = {}
        self.below: dict[int, list[Unit]] = {}
        self.several = language == "yaml" and re.search(r"\n---[ \t]*\n", text) is not None
        for unit in units:
            self.below.setdefault(unit.parent, []).append(unit)
        rules: Mapping[str, object] = {"yaml": self._yaml, "xml": self._xml, "json5": self._object}
        rule = rules.get(language, self._block)
        self._twins = Counter(self._header(unit) for unit in units if unit.start in self.below)
        for unit in units:
            if unit.start in self.below:
                rule(unit, self.below[unit.start])  # type: ignore[operator]
        if language == "yaml":
            self._document(self.below.get(-1, []))
            for unit in units:
                if unit.start in self.below:
                    self._conditional(self.below[unit.start])

    def _starts(self, pattern: re.Pattern[str], unit: Unit) -> bool:
        return pattern.match(self.text, unit.start, unit.end) is not None

    def _first(self, pattern: re.Pattern[str], units: Sequence[Unit]) -> Unit | None:
        return next((unit for unit in units if self._starts(pattern, unit)), None)

    def _lean(self, units: Sequence[Unit], name: Unit, *others: Unit | None) -> None:
        """Put ``units`` under ``name``, except itself and ``others``."""
        kept = {name.start, *(other.start for other in others if other is not None)}
        words = " ".join(self.text[name.start : name.end].replace("<", " <").split()).lstrip("- ")
        words = " ".join(re.sub(r"<[^>]*>?", " ", words).split()) or words
        self.changed[name.start] = self.changed.get(name.start, name)._replace(title=words[:_LONGEST_TITLE])
        for unit in units:
            if unit.start not in kept:
                self.changed[unit.start] = self.changed.get(unit.start, unit)._replace(parent=name.start)

    def _yaml(self, holder: Unit, children: Sequence[Unit]) -> None:
        if self.text.startswith("---", holder.start):
            self._document(children)
        elif self._starts(_YAML_ITEM, holder):
            if self._starts(_YAML_NAME, holder):
                return
            if (name := self._first(_YAML_NAME, children)) is not None:
                self._lean(children, name)
            else:
                self._document(children, is_item=True)

    def _conditional(self, children: Sequence[Unit]) -> None:
        """Let keys stand under the condition beside them, and that under what they stood under."""
        condition = self._first(_YAML_CONDITION, children)
        if condition is None:
            return
        parent = self.changed.get(condition.start, condition).parent
        for unit in children:
            now = self.changed.get(unit.start, unit)
            if unit.start != condition.start and now.parent == parent and not self._starts(_YAML_NONE, unit):
                self.changed[unit.start] = now._replace(parent=condition.start)

    def _document(self, children: Sequence[Unit], *, is_item: bool = False) -> None:
        """A document: an object of Kubernetes, named in its ``metadata``, or one that a key of its own names."""
        meta = self._first(_YAML_META, children)
        name = self._first(_YAML_NAME, self.below.get(meta.start, [])) if meta is not None else None
        if meta is None and self.several and not is_item and (name := self._first(_YAML_PART, children)) is not None:
            self._lean([u for u in children if not self._starts(_YAML_NONE, u)], name)
        if meta is None or name is None:
            return
        kind = self._first(_YAML_KIND, children)
        self._lean([u for u in children if not self._starts(_YAML_NONE, u)], name, meta, kind)
        if kind is not None:
            self.changed[meta.start] = self.changed.get(meta.start, meta)._replace(parent=kind.start)

    def _block(self, holder: Unit, children: Sequence[Unit]) -> None:
        if _BLOCK.fullmatch(self.text, holder.start, holder.end):
            members = [child for child in children if child.start not in self.below]
            name = self._first(_BLOCK_NAME, members)
            if name is None and self._twins[self._header(holder)] > 1:
                name = self._first(_BLOCK_MARK, members)
                if name is None and (name := self._member(members)) is not None:
                    children = [child for child in children if child.start >= name.start]
            if name is not None:
                self._lean(children, name)

    def _header(self, unit: Unit) -> tuple[int, str]:
        return unit.parent, self.text[unit.start : unit.end].strip()

    def _member(self, members: Sequence[Unit]) -> Unit | None:
        """The first member on one line, which is all that tells a block from others with the same header."""
        return next((m for m in members if _BLOCK_MEMBER.fullmatch(self.text, m.start, m.end)), None)

    def _object(self, holder: Unit, children: Sequence[Unit]) -> None:
        if self.text.startswith("{", holder.end - 1) and (name := self._first(_YAML_NAME, children)) is not None:
            self._lean(children, name)

    def _tag(self, unit: Unit) -> str:
        return self.text[unit.start : unit.end].strip().partition(">")[0]

    def _xml(self, holder: Unit, children: Sequence[Unit]) -> None:
        if len(children) < 2 or holder.kind != "tag" or self._starts(_NAMED_TAG, holder):
            return
        named = [child for child in children if self._starts(_TAG_NAME, child)]
        if len(named) > 1 and len({self._tag(child) for child in named}) < len(named):
            return  # a list of names, or pairs of keys and values
        name = named[0] if named else None
        if name is None and (meta := self._first(_TAG_META, children)) is not None:
            inner = self.below.get(meta.start, [])
            name = self._first(_TAG_NAME, inner)
            if name is not None:
                self._lean(children, name, meta)
        elif name is not None:
            self._lean(children, name)
