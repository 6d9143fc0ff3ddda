from __future__ import annotations

from collections.abc import Sequence

import pytest

from ctxpipe.evals.scores.placed import placed
from ctxpipe.evals.scores.trail.elements import chains, elements_of
from ctxpipe.evals.scores.trail.trail import trail
from ctxpipe.evals.types import Passage

MARKDOWN = """\
# Handbook

Welcome.

Lisbon
------

### Fees

A mooring costs 40 euros.

## Porto

```
# no heading
```

### Fees

A mooring costs 47 euros.

| Ship | Fee |
| --- | --- |
| Gull | 12 |
"""
RST = """\
========
Handbook
========

Lisbon
------

Fees
~~~~

A mooring costs 40 euros.

Porto
-----

It is near.
"""
YAML = """\
version: "3"
services:
  api:
    ports:
    - "80"
    memory: 128
  # the other
  web:
    memory: 256
    env:
      - name: LEVEL
        value: info
"""
PYTHON = '''\
class Tug(Vessel):
    """A tug."""

    def speed(self):
        def inner():
            return 1

        base = 7
        return base


def alone(): return 2
'''
XML = """\
<?xml version="1.0"?>
<services>
  <!-- <service name="none"> -->
  <service name="api">
    <memory unit="MB">128</memory>
    <flag/>
  </service>
</services>
"""
JSON = '{"version": 1, "services": {"api": {"ports": [80, 81], "memory": 128}, "web": {"memory": 256}}}'
BANK = 'Account;"DE;00"\nHolder;Club\n\nBooked;Payee;Amount\n1.1.;City;0.31\n2.1.;"Bakery; Lind";5.10\n'


def over(text: str, source: str, words: str) -> list[str]:
    """What stands over the first place of some words."""
    return [one.says for one in next(chains(elements_of(Passage(text=text, source=source)), [text.index(words)]))]


@pytest.mark.parametrize(
    ("text", "source", "words", "found"),
    [
        (MARKDOWN, "a.md", "Welcome", ["Handbook"]),
        (MARKDOWN, "a.md", "A mooring costs 40", ["Handbook", "Lisbon", "Fees"]),
        (MARKDOWN, "a.html", "A mooring costs 47", ["Handbook", "Porto", "Fees"]),
        (MARKDOWN, "a.md", "no heading", ["Handbook", "Porto"]),
        (MARKDOWN, "a.md", "| Gull", ["Handbook", "Porto", "Fees", "| Ship | Fee |"]),
        (RST, "a.rst", "A mooring", ["Handbook", "Lisbon", "Fees"]),
        (RST, "a.rst", "It is near", ["Handbook", "Porto"]),
        ("[a.b]\nx = 1\n[[c]] # d\ny = [2]\n", "a.toml", "x =", ["a.b"]),
        ("[a.b]\nx = 1\n[[c]] # d\ny = [2]\n", "a.ini", "y =", ["c"]),
        (YAML, "a.yaml", "memory: 128", ["services:", "api:"]),
        (YAML, "a.yaml", '- "80"', ["services:", "api:", "ports:"]),
        (YAML, "a.yaml", "memory: 256", ["services:", "web:"]),
        (YAML, "a.yaml", "value: info", ["services:", "web:", "env:", "name: LEVEL"]),
        (PYTHON, "a.py", "base = 7", ["class Tug", "def speed"]),
        (PYTHON, "a.py", "return 1", ["class Tug", "def speed", "def inner"]),
        (PYTHON, "a.py", "def speed", ["class Tug"]),
        (PYTHON, "a.py", "def alone", []),
        ("def (:\n  x", "a.py", "x", []),
        (XML, "a.xml", "<memory", ["services", 'service name="api"']),
        (JSON, "a.json", '"memory": 128', ["services", "api"]),
        (JSON, "a.json", "81", ["services", "api", "ports"]),
        (JSON, "a.json", '"memory": 256', ["services", "web"]),
        (BANK, "a.csv", "2.1.", ["Booked;Payee;Amount"]),
        (BANK, "a.csv", "Holder", []),
        ("Total | 2019\nFees | 12\nCosts | 13\nIt ends.", "", "Costs", ["Total | 2019"]),
        ("# Handbook\n\nIt rains.", "a.log", "It rains", []),
    ],
)
def test_what_stands_over_a_unit(text: str, source: str, words: str, found: list[str]) -> None:
    assert over(text, source, words) == found


def share(text: str, spans: Sequence[tuple[str, int]], source: str = "a.md", kept: str | None = None) -> float | None:
    """How much of the kept pieces stands under its chain; a piece is some words and which place of them."""
    found = []
    for words, place in spans:
        at = -1
        for _ in range(place):
            at = text.index(words, at + 1)
        found.append((0, at, at + len(words)))
    said = "\n".join(text[start:end] for _, start, end in found) if kept is None else kept
    passage = Passage(text=text, source=source)
    return trail([passage], placed([text], said, found))[0]


FEES = "A mooring costs 47 euros."


def test_the_whole_chain_must_stand_above() -> None:
    whole = [("# Handbook", 1), ("## Porto", 1), ("### Fees", 2), (FEES, 1)]
    assert share(MARKDOWN, whole) == 1
    assert share(MARKDOWN, [("## Porto", 1), ("### Fees", 2), (FEES, 1)]) == 0
    assert share(MARKDOWN, [whole[0], ("Lisbon\n------", 1), ("### Fees", 2), (FEES, 1)]) == pytest.approx(1 / 3)
    assert share(MARKDOWN, [("# Handbook", 1)]) is None


def test_a_frame_may_name_the_chain() -> None:
    assert share(MARKDOWN, [(FEES, 1)], kept=f"Handbook > Porto > Fees\n{FEES}") == 1
    assert share(MARKDOWN, [(FEES, 1)], kept=f"Porto > Fees\n{FEES}") == 0
    assert share(MARKDOWN, [(FEES, 1)], kept=f"{FEES}\nHandbook > Porto > Fees") == 0
    assert share(MARKDOWN, [(FEES, 1)], kept=f"Handbook > Porto > Fees\n…\nHandbook > Lisbon > Fees\n{FEES}") == 0


def test_a_frame_behind_a_kept_heading_of_another_section_is_needed() -> None:
    kept = [("# Handbook", 1), ("Lisbon\n------", 1), ("### Fees", 1), (FEES, 1)]
    stale = "[Porto]\n# Handbook\nLisbon\n------\n### Fees\n" + FEES
    fresh = "# Handbook\nLisbon\n------\n### Fees\n[Porto: Fees]\n" + FEES
    assert share(MARKDOWN, kept, kept=stale) == pytest.approx(2 / 3)
    assert share(MARKDOWN, kept, kept=fresh) == 1


def files(text: str, sources: Sequence[str]) -> float | None:
    passages = [Passage(text=f"It rains in {i}.", source=source) for i, source in enumerate(sources)]
    spans = [(i, 0, len(passage.text)) for i, passage in enumerate(passages)]
    return trail(passages, placed([passage.text for passage in passages], text, spans))[0]


def test_each_of_several_files_is_named_above_what_was_kept_of_it() -> None:
    names = ["logs/pump-a.txt", "logs/pump-b.txt"]
    assert files("[pump-a.txt]\nIt rains in 0.\n\n[pump-b.txt]\nIt rains in 1.", names) == 1
    assert files("It rains in 0.\n\n[pump-b.txt]\nIt rains in 1.", names) == 0.5
    assert files("[pump-a.txt] [pump-b.txt]\nIt rains in 0.\n\nIt rains in 1.", names) == 0.5
    assert files("It rains in 0.\n\nIt rains in 1.", ["0", "1"]) is None
    assert files("It rains in 0.", ["logs/pump-a.txt"]) is None
