"""The pruner: a small BERT-like body, a keep logit per token and a relevance logit per passage."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save
from torch import Tensor, nn

from ctxpipe.models.quiet import quiet
from training.files import replace_atomically

WEIGHTS, CONFIG = "model.safetensors", "config.json"


class Pruner(nn.Module):
    """Body and two heads.

    The keep head reads each token's last hidden state; the relevance head reads that of ``[CLS]`` through one hidden
    layer, since the body's pretraining gave ``[CLS]`` no meaning of its own.

    Args:
        body: A BERT-like encoder of transformers, without its pooler.
    """

    def __init__(self, body: Any) -> None:
        super().__init__()
        size = int(body.config.hidden_size)
        self.body = body
        self.keep = nn.Linear(size, 1)
        self.mixed = nn.Linear(size, size)
        self.relevance = nn.Linear(size, 1)

    def forward(
        self, input_ids: Tensor, attention_mask: Tensor | None, token_type_ids: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Logits of all tokens, (batch, length), and of the passages, (batch,); without padding no mask is needed."""
        read = self.body(input_ids=input_ids, attention_mask=attention_mask, token_type_ids=token_type_ids)
        hidden = read.last_hidden_state
        passage = torch.tanh(self.mixed(hidden[:, 0]))
        return self.keep(hidden).squeeze(-1), self.relevance(passage).squeeze(-1)

    def save(self, folder: Path) -> None:
        """Write weights and configuration."""
        state = {name: value.detach().cpu().contiguous() for name, value in self.state_dict().items()}
        config = self.body.config.to_dict()
        replace_atomically(folder / WEIGHTS, lambda file: file.write(save(state)))
        replace_atomically(folder / CONFIG, lambda file: file.write(json.dumps(config, indent=1, default=str).encode()))


def pretrained(folder: Path | str) -> Pruner:
    """A pruner on a pretrained body; its heads are new.

    There is no dropout: each example is seen once, and on a CPU drawing its random numbers is a fifth of the time.
    """
    from transformers import AutoModel

    with quiet(output=False):  # it tells of the pooler, which is left out on purpose
        body = AutoModel.from_pretrained(
            folder,
            dtype=torch.float32,
            add_pooling_layer=False,
            hidden_dropout_prob=0.0,
            attention_probs_dropout_prob=0.0,
        )
    return Pruner(body)


def trained(folder: Path, *, attention: str = "sdpa") -> Pruner:
    """A pruner as ``Pruner.save`` wrote it.

    Args:
        folder: Where it was written.
        attention: Implementation in transformers; ONNX export wants ``fused_attention``.
    """
    from transformers import AutoConfig, AutoModel

    config = AutoConfig.from_pretrained(folder)
    body = AutoModel.from_config(  # type: ignore[no-untyped-call]
        config, attn_implementation=attention, add_pooling_layer=False
    )
    model = Pruner(body)
    model.load_state_dict(load_file(folder / WEIGHTS))
    return model.eval()
