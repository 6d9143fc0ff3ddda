"""Plays: what is said stands under its scene and its speaker."""

from __future__ import annotations

from typing import Any

import pytest
from units_support import above

from ctxpipe.compress.text.outline import outline
from ctxpipe.compress.types import Document

PLAY = "\n\n".join(
    f"SCENE {n}. The pier of {town}.\n\nANTON.\nI see {n * 9} gulls.\nThey fly.\n\nBERTA.\nI see but {n * 2}."
    for n, town in enumerate(("Faro", "Lagos", "Sines"), start=1)
)


def test_what_is_said_in_a_play_stands_under_scene_and_speaker() -> None:
    assert above(PLAY, "I see but 4") == ["SCENE 2. The pier of Lagos.", "BERTA."]
    assert above(PLAY, "I see 27") == ["SCENE 3. The pier of Sines.", "ANTON."]


SPEECH = "The packet carries barrels of oil. " + "I have counted them at the pier, and my hands are raw of it. " * 4
PRINTED = f"""THE LIGHT

ACT I

SCENE I. The gallery.

ADA. Who goes there?

LUND. {SPEECH}Sign for nine.

ADA. Very well.

ACT II

SCENE I. The stair.

LUND. Peace. It is twelve.

ADA. {SPEECH}The ledger names seven.
"""


def in_italics(play: str) -> str:
    return play.replace("ADA.", "_Ada._").replace("LUND.", "_Lund._")


def without_gaps(play: str) -> str:
    return play.replace("\n\nLUND.", "\nLUND.").replace("\n\nADA.", "\nADA.").replace("gallery.\n", "gallery.\n\n")


@pytest.mark.parametrize("change", [str, in_italics, without_gaps], ids=lambda change: change.__name__)
def test_speakers_with_a_full_stop_stand_above_what_they_say(change: Any) -> None:
    play = change(PRINTED)
    ada, lund = ("_Ada._", "_Lund._") if change is in_italics else ("ADA.", "LUND.")
    assert above(play, "Sign for nine")[-1] == lund
    assert above(play, "The ledger names")[-1] == ada
    units = {play[u.start : u.end]: u.kind for u in outline(Document(text=play, source="x")).units(0, len(play))}
    assert units[f"{lund} Peace. It is twelve."] == "record"
    assert units[lund] == "speaker"


def test_words_in_capitals_of_few_paragraphs_are_no_speakers() -> None:
    prose = "\n\n".join(
        [PRINTED[PRINTED.index("ADA") : PRINTED.index("ACT II")], *["It was calm at sea. Nothing came."] * 20]
    )
    assert "LUND." not in above(prose, "Sign for nine")
