"""Environments of TeX."""

from __future__ import annotations

import itertools

import pytest

from ctxpipe import Pipeline
from ctxpipe.compress.text.outline import outline
from ctxpipe.compress.types import Document

PAPER = r"""\begin{document}
\section{Theory}
\begin{theorem}[Upper bound]
\label{up}
For every tide we have
\begin{equation}
  h \le 54.
\end{equation}
It is tight.
\end{theorem}
\begin{proof}
By induction.
\end{proof}
\begin{theorem}[Lower bound]

For every tide we have $h \ge 45$.
\end{theorem}
% \section{Old theory} held 9
The rest is plain.

We need the following:
\begin{itemize}
  \item[Heron] has 12 oars;
  \begin{enumerate}
    \item one is spare;
  \end{enumerate}
  \item[Egret] has 16 oars,
    of which four are spare.
\end{itemize}
\begin{table}[ht]
\centering
\caption{Mass in \emph{tons}.}
\begin{tabular}{lr}
Ship & Mass \\
\midrule
Heron & 31 \\
\end{tabular}
\end{table}
The end.
\end{document}
"""
UPPER = "\\begin{theorem}[Upper bound]\n\\label{up}"
NEEDED = "We need the following:"


def units(text: str) -> dict[str, list[str]]:
    made = outline(Document(text=text, source="x", language="tex"))
    return {
        text[u.start : u.end].strip(): [text[a.start : a.end].strip() for a in reversed(made.chain(u))]
        for u in made.units(0, len(text))
    }


@pytest.mark.parametrize("text", [PAPER, PAPER.replace("\n", "\r\n")])
def test_what_stands_in_an_environment_stands_under_its_beginning(text: str) -> None:
    found = {words.replace("\r", ""): [a.replace("\r", "") for a in above][1:] for words, above in units(text).items()}
    assert found["For every tide we have\n\\begin{equation}\n  h \\le 54.\n\\end{equation}"] == [UPPER]
    assert found["It is tight."] == [UPPER]
    assert found["By induction."] == ["\\begin{proof}"]
    assert found["For every tide we have $h \\ge 45$."] == ["\\begin{theorem}[Lower bound]"]
    assert found["% \\section{Old theory} held 9\nThe rest is plain."] == []
    assert found["\\item[Heron] has 12 oars;"] == [NEEDED]
    assert found["\\item one is spare;"] == [NEEDED, "\\item[Heron] has 12 oars;"]
    assert found["\\item[Egret] has 16 oars,\n    of which four are spare."] == [NEEDED]
    row = next(above for words, above in found.items() if words.startswith("Heron &"))
    assert row[0] == "\\begin{table}[ht]\n\\centering\n\\caption{Mass in \\emph{tons}.}"
    assert found["The end."] == []


@pytest.mark.parametrize(
    "text",
    [
        PAPER,
        "\\end{theorem}\nA.\n",
        "\\begin{theorem}\nA.\n",
        "\\begin{a}\n\\begin{b}\nA.\n\\end{a}\n\\end{b}\nB.\n",
    ],
)
def test_every_character_is_in_one_unit_or_close(text: str) -> None:
    made = outline(Document(text=text, source="x", language="tex"))
    found = made.units(0, len(text))
    spans = sorted([(u.start, u.end) for u in found] + [(u.close, u.close_end) for u in found if u.close >= 0])
    assert all(a[1] <= b[0] for a, b in itertools.pairwise(spans))
    held = "".join(text[a:b] for a, b in spans)
    assert "".join(held.split()) == "".join(text.split())


@pytest.mark.parametrize("budget", [50, 70, 90])
def test_a_kept_bound_stands_in_its_theorem(budget: int) -> None:
    document = Document(text=PAPER, source="x", language="tex")
    kept = Pipeline(rank="bm25").compress(document, question="What is the lower bound for a tide?", budget=budget).text
    before, _, after = kept.partition("45")
    assert before.rindex("[Lower bound]") > before.rfind("[Upper bound]")
    assert after.lstrip("$.\n").startswith("\\end{theorem}")
