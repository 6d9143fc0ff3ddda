"""Subtitles (SRT, WebVTT) as text: one cue a line, with its time and speaker, or the cues of one sentence."""

from __future__ import annotations

import html
import io
import re
from collections.abc import Iterator
from functools import partial
from typing import NamedTuple

import regex

from ctxpipe.compress.types import Document
from ctxpipe.pipeline.readers.reader import Errors
from ctxpipe.pipeline.readers.text.decode import decode_noted

_VOICE = re.compile(r"<v(?:\.[^\s>]*)?[ \t]+([^>\n]{1,200})>")
_TAG = re.compile(r"</?[A-Za-z0-9][^<>\n]{0,300}>|\{\\[^}\n]{0,100}\}")
_SPEAKER, _SAID = "\x00", "\x01"
"""Stand around each speaker while a cue is taken apart."""
_NAMED = regex.compile(r"(\p{L}[\p{L}\p{M} .'’-]{0,40}): (?=\S)")
_OPEN_END = regex.compile(r"[\p{L}\p{M}\p{N},;%’'-]\Z")
_GOES_ON = regex.compile(r"\p{Ll}[\p{L}\p{M}’'-]*(?![\p{L}\p{M} .'’-]{0,40}:)")
_LONGEST = 300
"""Most characters of the cues of one sentence."""
_STOPPED = 0.2
"""Share of cues that end with a stop from which on those that do not go on in the next."""
_PLAIN = "no subtitles that can be read; read as text"


class _Cue(NamedTuple):
    """A cue: its start as shown, its lines, and who speaks, which is empty where it does not say so."""

    start: str
    lines: tuple[str, ...]
    voice: str = ""

    def line(self) -> str:
        said = " ".join(self.lines)
        return f"[{self.start}] {self.voice}: {said}" if self.voice else f"[{self.start}] {said}"


class SubtitleReader:
    """Reads subtitles; what a cue repeats of the one before is left out.

    Args:
        ending: The extension, without the dot.
    """

    def __init__(self, ending: str) -> None:
        self._ending = ending

    def read(self, data: bytes, *, source: str, errors: Errors = "strict") -> Document:
        """Read subtitles.

        Raises:
            ReadError: if the file cannot be decoded.
        """
        text, note = decode_noted(data, source=source, errors=errors)
        cues = _sentences(_unrolled(_cues(text, self._ending)))
        lines = [cue.line() for cue in cues]
        notes = [note] if note else []
        if not lines:
            return Document(text=text, source=source, notes=(*notes, _PLAIN))
        return Document(text="\n".join(lines), source=source, notes=tuple(notes))


srt, vtt = (partial(SubtitleReader, ending) for ending in ("srt", "vtt"))


def _cues(text: str, ending: str) -> Iterator[_Cue]:
    import webvtt
    from webvtt.errors import MalformedCaptionError, MalformedFileError

    # The extension may lie: a WebVTT file begins with its name.
    form = "vtt" if text.lstrip().startswith("WEBVTT") else "srt" if ending == "vtt" else ending
    try:
        captions = webvtt.from_buffer(io.StringIO(text.lstrip().replace("\r\n", "\n")), format=form)
    except (MalformedFileError, MalformedCaptionError):
        return
    for caption in captions.captions:
        raw = _VOICE.sub(lambda match: f"{_SPEAKER}{match[1]}{_SAID}", caption.raw_text)
        for spoken in raw.split(_SPEAKER):
            voice, _, said = spoken.rpartition(_SAID)
            lines = tuple(line for line in map(_shown, said.split("\n")) if line)
            if lines:
                yield _voiced(str(caption.start).partition(".")[0], lines, _shown(voice))


def _shown(markup: str) -> str:
    return " ".join(html.unescape(_TAG.sub("", markup)).split())


def _voiced(start: str, lines: tuple[str, ...], voice: str) -> _Cue:
    """A cue, whose speaker may stand in the first line."""
    named = None if voice else _NAMED.match(lines[0])
    return _Cue(start, (lines[0][named.end() :], *lines[1:]), named[1]) if named else _Cue(start, lines, voice)


def _unrolled(cues: Iterator[_Cue]) -> list[_Cue]:
    """Cues without what they show again of the cue before, as captions that roll up do, by line or by word."""
    kept: list[_Cue] = []
    before = _Cue("", ())
    for cue in cues:
        last = before.lines if before.voice == cue.voice else ()
        shown = next((n for n in range(min(len(last), len(cue.lines)), 0, -1) if last[-n:] == cue.lines[:n]), 0)
        fresh = cue.lines[shown:]
        grown = not shown and kept and last and " ".join(cue.lines).startswith(f"{' '.join(last)} ")
        if grown and kept[-1].lines == last:
            kept[-1] = kept[-1]._replace(lines=cue.lines)
        elif fresh:
            kept.append(cue._replace(lines=fresh))
        before = cue
    return kept


def _sentences(cues: list[_Cue]) -> list[_Cue]:
    """Cues, those of one sentence as one; captions without stops stay as they are."""
    goes_on = [_OPEN_END.search(cue.lines[-1]) is not None for cue in cues]
    if len(cues) - sum(goes_on) < _STOPPED * len(cues):
        return cues
    joined: list[_Cue] = []
    is_open = False
    for cue, further in zip(cues, goes_on, strict=True):
        if is_open and _is_rest(joined[-1], cue):
            joined[-1] = joined[-1]._replace(lines=(*joined[-1].lines, *cue.lines))
        else:
            joined.append(cue)
        is_open = further
    return joined


def _is_rest(open_cue: _Cue, cue: _Cue) -> bool:
    """Whether a cue goes on with one that ends without a stop: in the same voice, or in small letters in none."""
    said = cue.voice == open_cue.voice if cue.voice else _GOES_ON.match(cue.lines[0]) is not None
    return said and len(" ".join((*open_cue.lines, *cue.lines))) <= _LONGEST
