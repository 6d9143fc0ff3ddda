"""Writes the tokenizer of a GGUF file as the tokenizers library and transformers read it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tokenizers import Tokenizer

    from ctxpipe.models.gguf_file import GgufFile

SPECIAL = {"bos": "bos", "eos": "eos", "pad": "padding"}
"""Roles of control tokens: as transformers and as GGUF name them."""

CONTROL, USER_DEFINED, UNUSED = 3, 4, 5
"""Kinds of tokens, ``gguf.TokenType``."""

QWEN2_WORDS = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
"""What ``tokenizer.ggml.pre = qwen2`` stands for: words that no merge crosses."""


def write_tokenizer(source: GgufFile, folder: Path) -> None:
    """Write tokenizer, its settings and the chat template of a GGUF file into ``folder``."""
    tokens: list[str] = source.value("tokenizer.ggml.tokens")
    kinds: list[int] = source.value("tokenizer.ggml.token_type")
    used = {token: number for number, token in enumerate(tokens) if kinds[number] != UNUSED}
    tokenizer = _bpe(source, used)
    _add(tokenizer, used, kinds)
    tokenizer.save(str(folder / "tokenizer.json"))
    write_json(folder / "tokenizer_config.json", _settings(source, tokens))
    (folder / "chat_template.jinja").write_text(source.value("tokenizer.chat_template"), encoding="utf-8")


def write_json(path: Path, value: dict[str, Any]) -> None:
    """Write an object as people read it."""
    path.write_text(json.dumps(value, indent=2) + "\n", encoding="utf-8")


def _bpe(source: GgufFile, vocabulary: dict[str, int]) -> Tokenizer:
    from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers

    merges = [tuple(merge.split(" ", 1)) for merge in source.value("tokenizer.ggml.merges")]
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=merges))
    if source.value("tokenizer.ggml.pre") == "qwen2":
        tokenizer.normalizer = normalizers.NFC()
        words: Any = pre_tokenizers.Split(Regex(QWEN2_WORDS), "isolated")
    else:
        words = pre_tokenizers.Digits(individual_digits=True)
    bytes_ = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=source.value("tokenizer.ggml.pre") != "qwen2")
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([words, bytes_])
    tokenizer.decoder = decoders.ByteLevel()
    return tokenizer


def _add(tokenizer: Tokenizer, used: dict[str, int], kinds: list[int]) -> None:
    """Make control and user-defined tokens stand for themselves, in the order of their numbers."""
    from tokenizers import AddedToken

    added = [
        AddedToken(token, special=kinds[number] == CONTROL, normalized=False)
        for token, number in used.items()
        if kinds[number] in (CONTROL, USER_DEFINED)
    ]
    tokenizer.add_tokens(added)


def _settings(source: GgufFile, tokens: list[str]) -> dict[str, Any]:
    names = {f"{name}_token": tokens[source.value(f"tokenizer.ggml.{key}_token_id")] for name, key in SPECIAL.items()}
    unknown = source.optional("tokenizer.ggml.unknown_token_id")
    return {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "model_max_length": source.size("context_length"),
        "clean_up_tokenization_spaces": False,
        "add_prefix_space": False,
        **({} if unknown is None else {"unk_token": tokens[unknown]}),
        **names,
    }
