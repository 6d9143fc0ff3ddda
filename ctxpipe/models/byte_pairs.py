"""OpenAI's encodings as tokenizers of the tokenizers library, which reads and counts them without ``tiktoken``."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from ctxpipe.errors import ModelError

_CONTRACTION = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)"
_UPPER, _LOWER = r"\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}", r"\p{Ll}\p{Lm}\p{Lo}\p{M}"
_SPACES = r"\s+(?!\S)|\s+"
_OUTPUT = "tokenizer.json"


class Encoding(NamedTuple):
    """How an encoding cuts text, and what it knows.

    Attributes:
        name: As OpenAI calls it; the file with its tokens has that name.
        sha256: Of that file, unpacked.
        size: Its bytes.
        pattern: Cuts text into words, within which bytes are merged.
        special: Control tokens.
    """

    name: str
    sha256: str
    size: int
    pattern: str
    special: tuple[str, ...]

    @property
    def file(self) -> str:
        """The packed file."""
        return f"{self.name}.tiktoken.gz"


O200K = Encoding(
    name="o200k_base",
    sha256="446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d",
    size=3_613_922,
    pattern="|".join(
        (
            rf"[^\r\n\p{{L}}\p{{N}}]?[{_UPPER}]*[{_LOWER}]+{_CONTRACTION}?",
            rf"[^\r\n\p{{L}}\p{{N}}]?[{_UPPER}]+[{_LOWER}]*{_CONTRACTION}?",
            r"\p{N}{1,3}",
            r" ?[^\s\p{L}\p{N}]+[\r\n/]*",
            r"\s*[\r\n]+",
            _SPACES,
        )
    ),
    special=("<|endoftext|>", "<|endofprompt|>"),
)
CL100K = Encoding(
    name="cl100k_base",
    sha256="223921b76ee99bde995b7ff738513eef100fb51d18c93597a113bcffe865b2a7",
    size=1_681_126,
    pattern="|".join(
        (
            _CONTRACTION,
            r"[^\r\n\p{L}\p{N}]?\p{L}+",
            r"\p{N}{1,3}",
            r" ?[^\s\p{L}\p{N}]+[\r\n]*",
            r"\s*[\r\n]+",
            _SPACES,
        )
    ),
    special=("<|endoftext|>", "<|fim_prefix|>", "<|fim_middle|>", "<|fim_suffix|>", "<|endofprompt|>"),
)


def convert(folder: Path, encoding: Encoding) -> None:
    """Write the ``tokenizer.json`` of an encoding in place of its packed file.

    Args:
        folder: Has the file.
        encoding: The encoding.

    Raises:
        ModelError: if the unpacked file is not OpenAI's.
    """
    packed = folder / encoding.file
    with gzip.open(packed) as file:
        data = file.read(encoding.size + 1)
    if hashlib.sha256(data).hexdigest() != encoding.sha256:
        raise ModelError(f"{encoding.file} does not hold the encoding that OpenAI publishes")
    ranks = {base64.b64decode(token): int(rank) for token, rank in (line.split() for line in data.splitlines())}
    (folder / _OUTPUT).write_text(json.dumps(_tokenizer(ranks, encoding), ensure_ascii=False), encoding="utf-8")
    packed.unlink()


def _tokenizer(ranks: Mapping[bytes, int], encoding: Encoding) -> dict[str, object]:
    letters = _letters()
    written = {token: "".join(letters[byte] for byte in token) for token in ranks}
    pieces = [(rank, token, cut) for token, rank in ranks.items() for cut in _cuts(token, ranks)]
    # The pair that makes the token of the lowest rank is merged first, whichever two parts it is made of.
    pieces.sort(key=lambda one: (one[0], ranks[one[1][: one[2]]], ranks[one[1][one[2] :]]))
    return {
        "version": "1.0",
        "added_tokens": [
            {
                "id": len(ranks) + place,  # not OpenAI's, which leave gaps
                "content": text,
                "single_word": False,
                "lstrip": False,
                "rstrip": False,
                "normalized": False,
                "special": True,
            }
            for place, text in enumerate(encoding.special)
        ],
        "pre_tokenizer": {
            "type": "Sequence",
            "pretokenizers": [
                {"type": "Split", "pattern": {"Regex": encoding.pattern}, "behavior": "Isolated", "invert": False},
                {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": False, "use_regex": False},
            ],
        },
        "decoder": {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": False, "use_regex": False},
        "model": {
            "type": "BPE",
            "ignore_merges": True,
            "vocab": {written[token]: rank for token, rank in ranks.items()},
            "merges": [[written[token[:cut]], written[token[cut:]]] for _, token, cut in pieces],
        },
    }


def _cuts(token: bytes, ranks: Mapping[bytes, int]) -> list[int]:
    """Where a token can be cut into two others."""
    return [cut for cut in range(1, len(token)) if token[:cut] in ranks and token[cut:] in ranks]


def _letters() -> list[str]:
    """The character that byte-level tokenizers write for each byte: itself where it can be seen, else one above 255."""
    seen = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)]
    hidden = [byte for byte in range(256) if byte not in seen]
    above = {byte: 256 + place for place, byte in enumerate(hidden)}
    return [chr(above.get(byte, byte)) for byte in range(256)]
