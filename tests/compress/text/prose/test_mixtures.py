"""Lines of all kinds in any order: each character is set down once, and nothing stands under itself."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from units_support import check_units

from ctxpipe.compress.text.outline import outline
from ctxpipe.compress.types import Document, Kind

LINES = (
    "# Moorings",
    "Harbour",
    "=======",
    "-------",
    "3.1 Definitions. In this agreement",
    "3.2 Fees",
    "CLOSING HOURS",
    "**Keys**",
    "The keeper goes down and",
    "finds nobody there. It is dark.",
    "They are due as follows:",
    "- herring",
    "  - smoked",
    "1. First the rope",
    "a) or the chain",
    "[1] See the chart.",
    "Berth: 14",
    "  Side: port",
    "Ann: Who is there?",
    "Ben: Nobody.",
    "[00:01] Ann: so",
    "> quoted",
    "> > quoted twice",
    "On Monday, Bo wrote:",
    "| boat | berth |",
    "|---|---|",
    "| gull | 14 |",
    "+------+",
    "boat    berth    fee",
    "gull       14     45",
    "gull\t14\t45",
    "First ........ 3",
    "2026-05-04 10:00:00 ERROR gave up",
    "Traceback (most recent call last):",
    "    at hull.Mast.raise(Mast.java:7)",
    "```",
    "$ ls",
    "Table 1. Fees of all boats",
    "Q: Who?",
    "A: The keeper.",
    "term",
    "    its definition",
    "..",
    "…",
    "Von: Ann",
    "diff --git a/x b/x",
    "Limits:",
    "    memory: 512 MB",
    "      of which free",
    "        Reason: none",
    "harbour/",
    "├── gate/",
    "│   └── gate.c",
    "Abstract. We measured silt.",
    'open("x", 4) = 3',
    "ann 3 hours ago | parent",
    "  bo_ek 12 points 2 hours ago",
    "Bug fixes",
    "{{Infobox ship",
    "| crew = 31",
    "}}",
    " = = Service = =",
    "II. Of Tides",
    "                 2031     2030",
    "  Dues            410      398",
    "Q.  How deep?",
    "[9:02 AM] Ann Berg",
)
GAPS = ("\n", "\n", "\n\n", "\n\n", "\n\n\n", "\n\f", " \n\t\n", "")


@pytest.mark.parametrize("kind", ["text", "pdf", "markdown", "html"])
@given(parts=st.lists(st.tuples(st.sampled_from(LINES), st.sampled_from(GAPS)), max_size=40))
@settings(max_examples=150)
def test_lines_of_all_kinds_are_set_down_once(kind: Kind, parts: list[tuple[str, str]]) -> None:
    text = "".join(line + gap for line, gap in parts)
    pages = tuple(at + 1 for at, sign in enumerate(text) if sign == "\f") if kind == "pdf" else ()
    document = Document(text=text, source="x", kind=kind, page_starts=(0, *pages) if kind == "pdf" else ())
    check_units(text, outline(document).units(0, len(text)))
