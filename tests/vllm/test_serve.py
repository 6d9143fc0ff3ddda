"""``ctxpipe serve --cpu`` with a real vLLM."""

from __future__ import annotations

import json
from urllib.request import urlopen

from vllm_support import Served


def test_the_server_says_its_window(server: Served) -> None:
    with urlopen(f"{server.url}/v1/models", timeout=10) as answer:
        (model,) = json.load(answer)["data"]
    assert (model["id"], model["max_model_len"]) == ("smollm2-135m", 8192)
