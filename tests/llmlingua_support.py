"""The llmlingua package without a network, and small models whose weights are the same on every machine."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest import mock

from ctxpipe.compress.prune.reference.encoders import ModelEncoder
from ctxpipe.compress.prune.reference.state import undisturbed
from ctxpipe.models.quiet import quiet

FAMILIES = {"bert": "bert-base-multilingual-cased", "xlm-roberta": "xlm-roberta-large"}


def upstream(folder: Path, encoder: Any = None, *, llmlingua2: bool = True) -> Any:
    """The package's own class, unmended: only its download is kept from happening and its seed from staying.

    Args:
        folder: A model whose config names BERT or XLM-R (for LLMLingua-2), or a causal model.
        encoder: What it counts with; the model's own tokens unless given.
    """
    import tiktoken
    from llmlingua import PromptCompressor
    from transformers import AutoConfig, AutoTokenizer

    encoder = encoder or ModelEncoder(AutoTokenizer.from_pretrained(folder))
    with mock.patch.object(tiktoken, "encoding_for_model", return_value=encoder), undisturbed(), quiet():
        config = {"trust_remote_code": False}
        made = PromptCompressor(str(folder), device_map="cpu", model_config=config, use_llmlingua2=llmlingua2)
    if llmlingua2:
        made.model_name = FAMILIES[AutoConfig.from_pretrained(folder).model_type]
    made.model.eval()
    return made


def upstream_words(compressor: Any, texts: list[str], rate: float, **options: Any) -> SimpleNamespace:
    """Words and labels (1 is kept) of all texts, and the compressed strings, as the package returns them."""
    with quiet():
        found = compressor.compress_prompt_llmlingua2(
            texts, rate=rate, return_word_label=True, word_sep="\x1e", label_sep="\x1f", **options
        )
    pairs = [pair.split("\x1f") for pair in found["fn_labeled_original_prompt"].split("\x1e")]
    return SimpleNamespace(
        words=[word for word, _ in pairs],
        labels=[int(label) for _, label in pairs],
        texts=found["compressed_prompt_list"],
    )


def bert_classifier(folder: Path, minilm: Path, *, seed: int = 0) -> Path:
    """MiniLM-L6's body with a random head of two labels, saved in a folder."""
    import torch
    from transformers import AutoTokenizer, BertForTokenClassification

    with undisturbed(), quiet():
        torch.manual_seed(seed)
        model = BertForTokenClassification.from_pretrained(minilm, num_labels=2)
        # The default head hardly tells words apart, and ties would hide differences.
        torch.nn.init.normal_(model.classifier.weight, std=0.5)
    model.save_pretrained(folder)
    AutoTokenizer.from_pretrained(minilm).save_pretrained(folder)
    return folder


def xlmr_classifier(folder: Path, corpus: list[str], *, seed: int = 0, vocabulary: int = 4000) -> Path:
    """A small random XLM-R with a Unigram tokenizer trained on a corpus, saved in a folder."""
    import torch
    from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
    from transformers import PreTrainedTokenizerFast, XLMRobertaConfig, XLMRobertaForTokenClassification

    special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Replace(Regex(r"\s+"), " ")])
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    trainer = trainers.UnigramTrainer(
        vocab_size=vocabulary, special_tokens=special, unk_token="<unk>", show_progress=False
    )
    tokenizer.train_from_iterator(corpus, trainer)
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    names = {"bos_token": "<s>", "eos_token": "</s>", "sep_token": "</s>", "cls_token": "<s>", "unk_token": "<unk>"}
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, pad_token="<pad>", mask_token="<mask>", **names)
    config = XLMRobertaConfig(
        vocab_size=len(fast), hidden_size=64, num_hidden_layers=2, num_attention_heads=4, intermediate_size=128,
        max_position_embeddings=514, type_vocab_size=1, num_labels=2,
        bos_token_id=0, pad_token_id=1, eos_token_id=2,
    )  # fmt: skip
    with undisturbed():
        torch.manual_seed(seed)
        model = XLMRobertaForTokenClassification(config)
        for parameter in model.parameters():
            if parameter.dim() > 1:
                torch.nn.init.normal_(parameter, std=0.2)
    model.save_pretrained(folder)
    fast.save_pretrained(folder)
    return folder


def llama(folder: Path, corpus: list[str], *, seed: int = 0, window: int = 2048, vocabulary: int = 700) -> Path:
    """A tiny random Llama with a byte-level tokenizer trained on a corpus, saved in a folder."""
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    letters = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary, special_tokens=["<begin>", "<end>"], initial_alphabet=letters, show_progress=False
    )
    tokenizer.train_from_iterator(corpus, trainer)
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, bos_token="<begin>", eos_token="<end>")
    config = LlamaConfig(
        vocab_size=len(fast), hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=4,
        num_key_value_heads=2, max_position_embeddings=window, tie_word_embeddings=False,
        bos_token_id=0, eos_token_id=1,
    )  # fmt: skip
    with undisturbed():
        torch.manual_seed(seed)
        model = LlamaForCausalLM(config)
        for parameter in model.parameters():
            if parameter.dim() > 1:
                torch.nn.init.normal_(parameter, std=0.15)
    model.save_pretrained(folder)
    fast.save_pretrained(folder)
    return folder
