"""Tables of TeX: header rows up to the rule, and rows that are one cell over all columns."""

from __future__ import annotations

import pytest

from ctxpipe.compress.text.outline import outline
from ctxpipe.compress.types import Document


def _rows(body: str) -> dict[str, list[str]]:
    """What each row stands under, by the first word of its last line."""
    text = f"\\begin{{tabular}}{{lrr}}\n{body}\\end{{tabular}}\n"
    made = outline(Document(text=text, source="x.tex", language="tex"))
    words = {
        u.start: text[u.start : u.end].replace("\n\\midrule", "").split("\n")[-1] for u in made.units(0, len(text))
    }
    return {words[u.start]: [words[a.start] for a in made.chain(u)] for u in made.units(0, len(text))}


@pytest.mark.parametrize(
    ("top", "part", "rule"),
    [("\\toprule\n", "\\cmidrule(lr){2-3}\n", "\\midrule\n"), ("\\hline\n", "\\cline{2-3}\n", "\\hline\n")],
)
def test_rows_up_to_the_rule_are_the_header(top: str, part: str, rule: str) -> None:
    made = _rows(
        f"{top} & \\multicolumn{{2}}{{c}}{{Depth}} \\\\\n{part}Quay & low & high \\\\\n{rule}North & 2 & 3 \\\\\n"
    )
    (above,) = made["North & 2 & 3 \\\\"]
    assert "Quay & low & high" in above or above == "\\hline"
    assert not any(row.startswith("Quay") for row in made if row != above)


GROUPS = r"""\toprule
Quay & low & high \\
\midrule
\multicolumn{3}{l}{\textit{Before 1994}} \\
North & 2 & 3 \\
South & 1 & 2 \\
\multicolumn{3}{l}{After 1994} \\
North & 4 & 5 \\
\midrule
Mean & 2 & 3 \\
"""


def test_a_row_of_one_cell_heads_the_rows_below_it() -> None:
    made = _rows(GROUPS)
    head = "Quay & low & high \\\\"
    assert made["South & 1 & 2 \\\\"] == ["\\multicolumn{3}{l}{\\textit{Before 1994}} \\\\", head]
    assert made["North & 4 & 5 \\\\"] == ["\\multicolumn{3}{l}{After 1994} \\\\", head]
    assert made["Mean & 2 & 3 \\\\"] == [head]


def test_a_row_with_further_cells_heads_nothing() -> None:
    made = _rows(GROUPS.replace("\\textit{Before 1994}} \\\\", "Before} & 1994 \\\\"))
    assert made["South & 1 & 2 \\\\"] == ["Quay & low & high \\\\"]
