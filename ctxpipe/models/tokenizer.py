"""Counts tokens as the target does."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ctxpipe.arrays import IntArray
from ctxpipe.models.batches import BATCH_CHARACTERS
from ctxpipe.models.closed import STAND_IN, EstimatingEncoder, claude
from ctxpipe.models.encoding import Encoder, PlainEncoder, PythonEncoder
from ctxpipe.models.hub import loading
from ctxpipe.models.resolve import resolve
from ctxpipe.models.shipped import shipped

WHOLE_CHARACTERS = 4_000_000
"""Longest text that is encoded as a whole by a tokenizer for which a cut can change the count."""
PIECE_CHARACTERS = 100_000
"""Length of pieces that are encoded in parallel by a tokenizer for which a cut changes nothing."""
REPEATING_CHARACTERS = 1_000_000
"""Length of a text that repeats most of its words."""

_FILE = "tokenizer.json"
_SEAM = re.compile(r"[^\W_](?=\s)")
_SEAM_REACH = 4_096


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetTokenizer:
    """A target's tokenizer. It adds no special tokens, truncates nothing and pads nothing.

    Attributes:
        name: The model's name as given.
        special_strings: Text of every control token; within a text each counts as the one token the target would see.
        encoder: The encoder.
    """

    name: str
    special_strings: tuple[str, ...]
    encoder: Encoder

    @classmethod
    def load(cls, name: str, *, trust_remote_code: bool = False) -> TargetTokenizer:
        """Load a tokenizer; a model with a ``tokenizer.json`` needs neither torch nor transformers.

        Args:
            name: An embedded model, a folder, a Hugging Face id, or a model of OpenAI's or Anthropic's.
            trust_remote_code: Let transformers run Python code that ships with the model.

        Raises:
            ModelError: if it cannot be found, fetched or read.
            MissingExtraError: for a tokenizer that needs transformers, without the extra ``local``.
            UnknownNameError: for a near miss of an embedded name.
        """
        if claude(name) and not Path(name).is_dir():
            stand_in = cls.load(STAND_IN)
            encoder: Encoder = EstimatingEncoder(stand_in.encoder)
            return cls(name=name, special_strings=encoder.special_strings, encoder=encoder)
        place = str(shipped(name, _FILE) or resolve(name))
        path = _local_file(name, place)
        encoder = _plain(name, path) if path else _through_transformers(name, trust_remote_code)
        return cls(name=name, special_strings=encoder.special_strings, encoder=encoder)

    def count(self, text: str) -> int:
        """Tokens of a text, encoded as a whole."""
        return int(self.encoder.lengths([text])[0])

    def count_many(self, texts: Sequence[str]) -> IntArray:
        """Tokens of each text, int64 of shape (len(texts),), counted in parallel on every core."""
        return self.encoder.lengths(texts)

    def offsets(self, text: str) -> IntArray:
        """Character offsets of a text's tokens, int64 of shape (tokens, 2).

        Tokens within one character, such as the bytes of an emoji, all have the offsets of that character. A tokenizer
        written in Python has no offsets; its tokens are spread evenly over each word.
        """
        return next(iter(self.encoder.offsets([text])))

    def starts_many(self, texts: Sequence[str]) -> list[IntArray]:
        """Where each text's tokens start: int64 arrays of shape (tokens,), ascending character offsets."""
        return [offsets[:, 0].copy() for offsets in self.encoder.offsets(texts)]

    def count_long(self, text: str) -> int:
        """Tokens of a text of any length, in bounded memory.

        For byte-level BPE tokenizers (GPT, Llama 3 and 4, Qwen, SmolLM) text is cut between a letter or digit and the
        whitespace after it, where their pre-tokenizer cuts too, so the sum is exact. Text without such a place for
        thousands of characters is cut anywhere, and each such cut can add about one token. Other tokenizers encode up
        to four million characters as a whole, and longer text in pieces of that length.

        Of a very long text, pieces that such tokenizers always cut are collected first, and each distinct one is
        encoded once.
        """
        repeats = self.encoder.repeats() if len(text) >= REPEATING_CHARACTERS else None
        if repeats is not None:
            return repeats.count(_pieces(text, PIECE_CHARACTERS), self.encoder.lengths)
        size = PIECE_CHARACTERS if self.encoder.cuts_exactly else WHOLE_CHARACTERS
        total, batch, characters = 0, list[str](), 0
        for piece in _pieces(text, size):
            batch.append(piece)
            characters += len(piece)
            if characters >= BATCH_CHARACTERS:
                total += int(self.encoder.lengths(batch).sum())
                batch, characters = [], 0
        return total + int(self.encoder.lengths(batch).sum())


def _pieces(text: str, size: int) -> Iterator[str]:
    start = 0
    while len(text) - start > size:
        end = _seam(text, start, start + size)
        yield text[start:end]
        start = end
    yield text[start:]


def _seam(text: str, start: int, end: int) -> int:
    """The last place before ``end`` where whitespace follows a letter or digit, else ``end``."""
    for high in range(end, start, -_SEAM_REACH):
        low = max(start, high - _SEAM_REACH)
        places = [match.end() for match in _SEAM.finditer(text, low, min(high + 1, end))]
        if places:
            return places[-1]
    return end


def _local_file(name: str, place: str) -> Path | None:
    """The ``tokenizer.json`` of a folder or of a Hugging Face id; None if the model has none."""
    if Path(place).is_dir():
        path = Path(place) / _FILE
        return path if path.is_file() else None
    from huggingface_hub import hf_hub_download, try_to_load_from_cache
    from huggingface_hub.errors import EntryNotFoundError, LocalEntryNotFoundError

    with loading(name, "tokenizer"):
        cached = try_to_load_from_cache(place, _FILE)
    if cached is not None:
        return Path(cached) if isinstance(cached, str) else None  # not a str: known not to exist
    with loading(name, "tokenizer", place=place):
        try:
            return Path(hf_hub_download(place, _FILE))
        except LocalEntryNotFoundError:
            raise
        except EntryNotFoundError:
            return None


def _plain(name: str, path: Path) -> PlainEncoder:
    from tokenizers import Tokenizer

    with loading(name, "tokenizer"):
        return PlainEncoder(Tokenizer.from_file(str(path)))


def _through_transformers(name: str, trust_remote_code: bool) -> Encoder:
    from ctxpipe.models.causal import load_tokenizer

    tokenizer = load_tokenizer(name, trust_remote_code=trust_remote_code)
    return PlainEncoder(tokenizer.backend_tokenizer) if tokenizer.is_fast else PythonEncoder(tokenizer)
