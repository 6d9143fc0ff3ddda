"""What a vLLM server says of a scoring model, computed by a small model in this process."""

from __future__ import annotations

import base64
import threading
from pathlib import Path
from typing import Any


class Network:
    """The endpoints of a vLLM server over a model in this process, and how many requests there were at once."""

    def __init__(self, folder: Path, *, floats: bool = False) -> None:
        import torch
        from transformers import AutoModelForCausalLM, AutoModelForTokenClassification, AutoTokenizer

        classifies = "TokenClassification" in (folder / "config.json").read_text()
        kind = AutoModelForTokenClassification if classifies else AutoModelForCausalLM
        self.model = kind.from_pretrained(folder, dtype=torch.float32).eval()
        self.tokenizer = AutoTokenizer.from_pretrained(folder)
        self.floats = floats
        self.lock = threading.Lock()
        self.now = self.most = 0

    def _logs(self, row: list[int]) -> Any:
        import torch

        with self.lock:
            self.now += 1
            self.most = max(self.most, self.now)
        with torch.inference_mode():
            found = torch.log_softmax(self.model(input_ids=torch.tensor([row])).logits[0], -1)
        with self.lock:
            self.now -= 1
        return found

    def tokenize(self, x: Any) -> None:
        ids = self.tokenizer(x.body["prompt"], add_special_tokens=x.body["add_special_tokens"])["input_ids"]
        x.json({"count": len(ids), "tokens": ids})

    def pooling(self, x: Any) -> None:
        assert (x.body["task"], x.body["add_special_tokens"]) == ("token_classify", False)
        data = []
        for index, row in enumerate(x.body["input"]):
            values = self._logs(row).exp().numpy()
            sent = values.tolist() if self.floats else base64.b64encode(values.astype("<f4").tobytes()).decode()
            data.append({"index": index, "object": "pooling", "data": sent})
        x.json({"object": "list", "model": x.body["model"], "data": data})

    def completions(self, x: Any) -> None:
        choices = []
        for index, row in enumerate(x.body["prompt"]):
            logs = self._logs(row)
            entries = [{str(t): {"logprob": float(logs[n, t]), "rank": 1}} for n, t in enumerate(row[1:])]
            choices.append({"index": index, "text": "x", "prompt_logprobs": [None, *entries]})
        x.json({"model": x.body["model"], "choices": choices})
