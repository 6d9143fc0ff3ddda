"""Algorithms of TeX: each step under the condition or loop that it is in."""

from __future__ import annotations

from units_support import check_units

from ctxpipe.compress.text.outline import outline
from ctxpipe.compress.types import Document

ALGORITHM = r"""\section{Moorings}
\begin{algorithm}
\caption{Assign}
\begin{algorithmic}[1]
\Require boats $B$, of which none
  is a wreck
\Function{Assign}{$B$}
  \While{a boat waits}

    \If{it leaks} \State call the warden \EndIf
    \If{it is long}
      \State moor it at the north quay
    \ElsIf{it is old}
      \State moor it at the south quay
    \Else
      \State let it choose
    \EndIf
    \Repeat
      \State ring the bell
    \Until{somebody comes}
  \EndWhile
  \State \Return $B$
\EndFunction
\end{algorithmic}
\end{algorithm}

All boats are safe.
"""


def chains(text: str) -> dict[str, list[str]]:
    made = outline(Document(text=text, source="x.tex", language="tex"))
    units = made.units(0, len(text))
    check_units(text, units)
    return {text[u.start : u.end]: [text[slice(*a[:2])].split("\n")[-1] for a in made.chain(u)] for u in units}


def test_a_step_stands_under_its_condition_and_loop() -> None:
    made = chains(ALGORITHM)
    outer = ["\\While{a boat waits}", "\\Function{Assign}{$B$}", "\\caption{Assign}", "\\section{Moorings}"]
    assert made["\\Require boats $B$, of which none\n  is a wreck"] == outer[2:]
    assert made["\\State moor it at the north quay"] == ["\\If{it is long}", *outer]
    assert made["\\State moor it at the south quay"] == ["\\ElsIf{it is old}", "\\If{it is long}", *outer]
    assert made["\\State let it choose"] == ["\\Else", "\\If{it is long}", *outer]
    assert made["\\If{it leaks} \\State call the warden \\EndIf"] == outer
    assert made["\\State ring the bell"] == made["\\Until{somebody comes}"] == ["\\Repeat", *outer]
    assert made["\\State \\Return $B$"] == outer[1:]
    assert made["All boats are safe."] == outer[3:]


def test_steps_without_an_end_are_units_all_the_same() -> None:
    broken = ALGORITHM.replace("\\EndIf\n", "").replace("\\EndWhile", "\\EndFor\n\\EndFor\n\\Else\n\\EndIf\\EndIf")
    assert chains(broken)["All boats are safe."] == ["\\section{Moorings}"]


def test_capitals_of_the_older_package_are_known() -> None:
    text = "\\begin{algorithmic}\n\\IF{it leaks}\n\\STATE call the warden\n\\ENDIF\n\\end{algorithmic}\n"
    assert chains(text)["\\STATE call the warden"] == ["\\IF{it leaks}"]


def test_commands_outside_of_an_algorithm_are_left_alone() -> None:
    text = "\\section{Macros}\nWe write\n\\If{x}\nfor a condition, and\n\\State s\nfor a step.\n"
    assert "\\State s" not in chains(text)
