"""What a whole text says of each of its parts."""

from __future__ import annotations

from dataclasses import dataclass

import regex

from ctxpipe.compress.text.prose.headed import is_glossary
from ctxpipe.compress.text.prose.notes import FootnoteCalls, captions_are_below
from ctxpipe.compress.text.prose.spoken import (
    called,
    cues,
    is_conversation,
    paragraph_beginnings,
    paragraph_keys,
    paragraph_names,
    paragraph_speakers,
    speakers,
)
from ctxpipe.compress.text.prose.stamped import are_stamped


@dataclass(frozen=True, slots=True)
class Facts:
    """What has to be known of a whole text before its blocks are set down.

    Attributes:
        speakers: What a turn begins with; None if the text is no conversation.
        is_conversation: Whether turns go on in paragraphs without a name.
        is_stamped: Whether turns begin with lines that say who speaks and when.
        called: Names with a full stop behind them that turns begin with.
        cues: Names that stand on lines of their own above what is said.
        is_glossary: Whether paragraphs begin with the word that they explain.
        card_keys: Names and keys that several paragraphs begin with.
        calls: Where footnotes are called.
        captions_below: Whether captions of tables stand below them.
    """

    speakers: regex.Pattern[str] | None
    is_conversation: bool
    is_stamped: bool
    called: frozenset[str]
    cues: frozenset[str]
    is_glossary: bool
    card_keys: frozenset[str]
    calls: FootnoteCalls
    captions_below: bool

    @classmethod
    def of(cls, text: str) -> Facts:
        """The facts of a text."""
        beginnings = paragraph_beginnings(text)
        said = paragraph_speakers(beginnings)
        names = paragraph_names(said)
        return cls(
            speakers=speakers(names),
            is_conversation=is_conversation(said),
            is_stamped=are_stamped(beginnings),
            called=called(text, len(beginnings)),
            cues=cues(text),
            is_glossary=is_glossary(beginnings),
            card_keys=names | paragraph_keys(beginnings),
            calls=FootnoteCalls(text),
            captions_below=captions_are_below(text),
        )
