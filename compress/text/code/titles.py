"""What a definition is called in the trail of what stands under it, from the words of its header."""

from __future__ import annotations

import re

LONGEST = 100
"""Most characters of a title."""

_CONTROL = re.compile(
    r"[({\[<'\"]?$|[({]|[-*]\s*$|#?\s*(?:if|ifdef|ifndef|elif|else|elsif|elseif|unless|for|foreach|while|until|loop|do|try|"
    r"except|catch|finally|rescue|ensure|with|async\s+with|async\s+for|switch|case|default|select|match|when|return|yield|"
    r"await|throw|raise|using|lock|synchronized|defer|go|guard|repeat|begin|in|not|print|assert|then|unsafe|where|"
    r"parallel|process|end|let$)\b",
    re.IGNORECASE,
)
_BEFORE = re.compile(
    r"\s*(?:@(?!media|supports|font|key|import|layer|page|container|include|mixin|interface|impl|protocol)[\w.:]+"
    r"(?:\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\))?\s+|#!?\[[^\]]*\]\s*|\[[\w(][^\]\n]*\]\s*\n"
    r"|(?://|#(?!\w)|--)[^\n]*\n|/\*.*?\*/|template\s*<[^<>]*(?:<[^<>]*>[^<>]*)*>(?=\s))",
    re.DOTALL,
)
_INSIDE = re.compile(r"(?<=[(\[]) |,? (?=[)\]])")
_OPENERS = re.compile(
    r"(?:\s*(?:\{\s*[\w ,()_:$&?]*\sin|[\[({:=`|\\]|=>|->|<-|:=|&&|\|\||\"\"\"|'''|\bdo(?:\s*\|[^|]*\|)?"
    r"|\b(?:then|begin|where|is|of)))+$",
    re.IGNORECASE,
)
_TAG = re.compile(r"<([A-Za-z][\w.:-]*)")
_BRANCH = re.compile(r"[=-]>\s*[{(]*$|^[^(]*\)\s*$|\smatch\s*\{?$|\|[^|]*[\w-]\s*\{\s*$")
_ASSIGNED = re.compile(r"([^=(]*?[^=(\s!<>:+*/-])\s*(?::=|[:=](?![=:]))")
_CALLED_WITH = re.compile(r"([\w.$:]+)\s*\(?\s*([\"'`])((?:(?!\2)[^\\\n])+)\2")


def title(header: str) -> str:
    """The title of a header, as ``class Ferry`` or ``def max_speed(self)``; empty for one that names nothing.

    Control flow names nothing; neither does a call whose arguments hold a body, unless the first of them is a string
    (``describe("ferry")``).
    """
    header = header[: 8 * LONGEST]
    while found := _BEFORE.match(header):
        header = header[found.end() :]
    words = _INSIDE.sub("", " ".join(header.split()))
    if _CONTROL.match(words):
        return ""
    if tag := _TAG.match(words):
        return tag[1]
    assigned = _ASSIGNED.match(words)
    if _BRANCH.search(words) and not assigned:
        return ""
    opened = words.count("(") > words.count(")") + words.endswith("(")
    words = _OPENERS.sub("", words)
    if assigned and (opened or _CONTROL.match(words[assigned.end() :].lstrip())):
        words = assigned[1]
    elif opened:
        called = _CALLED_WITH.match(words)
        words = f"{called[1]}({called[2]}{called[3]}{called[2]})" if called else ""
    words = _unquoted(words.rstrip(" .;,"))
    return _shortened(words) if any(c.isalpha() for c in words) else ""


def key(line: str) -> str:
    """The title of a line of YAML: its key (``services``), or what names an item (``name: mailer``)."""
    words = " ".join(line[: 4 * LONGEST].split())
    while words.startswith("- "):
        words = words[2:]
    name, _, value = words.partition(":")
    value = value.strip()
    name = name.strip("\"' ")
    return _shortened(f"{name}: {value}" if name and value and value[0] not in "&!|>{[#" else name)


def _unquoted(words: str) -> str:
    return words[1:-1] if len(words) > 2 and words[0] in "\"'" and words[-1] == words[0] else words


def _shortened(words: str) -> str:
    if len(words) <= LONGEST:
        return words
    name, bracket, _ = words.partition("(")
    if bracket and 3 <= len(name) <= LONGEST - 3:
        return f"{name}(…)"
    return words[: LONGEST - 1] + "…"
