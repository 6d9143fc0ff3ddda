"""How much of a growing tool conversation a vLLM server finds in its prefix cache: by the gateway and by others.

    python benchmarks/cached_tokens.py [--litellm FOLDER] [--headroom FOLDER] [--turns 30]

The conversation of ``tool_chat.py`` is asked turn by turn of a real vLLM server without a GPU, with the embedded
SmolLM2 and a window that it outgrows: through the gateway, with the oldest turns dropped by the application, and, with
folders of environments in which ``litellm[proxy]`` and ``headroom-ai[proxy]`` are installed, through their proxies.
Each way has a system prompt of its own, so that none finds what another left in the cache.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx2
from common import write

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))
from gateway import KEY, free_port, headroom, litellm, process
from tool_chat import TOOL, Message, conversation

from ctxpipe.models.cache import cache_root
from ctxpipe.models.resolve import resolve
from ctxpipe.serving.launcher.install import make_environment

WINDOW = 4096
MODEL = "m"

Ask = Callable[[dict[str, Any]], httpx2.Response]


def measured(ask: Ask, way: str, turns: int, shorten: Callable[[list[Message]], list[Message]]) -> dict[str, Any]:
    """What the server says of each turn's prompt, over all turns.

    Args:
        ask: Sends a request.
        way: Name of the way, which stands in the system prompt.
        turns: How many turns the conversation has.
        shorten: What the application does to the messages before it sends them.
    """
    (_, *rest), _ = conversation()
    system = {"role": "system", "content": f"You watch the pumps of a water works, {way}. Be brief."}
    prompt = cached = answered = refused = 0
    for turn in range(turns):
        messages = shorten([system, *rest[: 4 * turn + 3]])
        said = ask({"model": MODEL, "messages": messages, "tools": [TOOL], "max_tokens": 1, "temperature": 0})
        if said.status_code != 200:
            refused += 1
            continue
        usage = said.json()["usage"]
        answered += 1
        prompt += usage["prompt_tokens"]
        cached += (usage.get("prompt_tokens_details") or {}).get("cached_tokens") or 0
    found = {
        "turns": turns,
        "answered": answered,
        "refused": refused,
        "prompt_tokens": prompt,
        "cached_tokens": cached,
        "cached": round(cached / max(1, prompt), 3),
        "computed_tokens_per_answer": round((prompt - cached) / max(1, answered)),
    }
    print(way, json.dumps(found), file=sys.stderr, flush=True)
    return found


def asking(url: str) -> Ask:
    """A client of a server or proxy."""
    headers = {"authorization": f"Bearer {KEY}"}
    return lambda body: httpx2.post(
        f"{url}/v1/chat/completions", json=body, headers=headers, timeout=600, trust_env=False
    )


def newest(url: str) -> Callable[[list[Message]], list[Message]]:
    """What an application does that drops its oldest turns when the server has no room for them."""

    def shorten(messages: list[Message]) -> list[Message]:
        system, rest = messages[0], messages[1:]
        while True:
            body = {"model": MODEL, "messages": [system, *rest], "tools": [TOOL]}
            if httpx2.post(f"{url}/tokenize", json=body, timeout=60, trust_env=False).json()["count"] < WINDOW:
                return [system, *rest]
            rest = rest[4:]

    return shorten


def unchanged(messages: list[Message]) -> list[Message]:
    """What an application does that leaves it to the proxy."""
    return messages


def main() -> None:
    """Measure, print and write the result."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--litellm", type=Path)
    parser.add_argument("--headroom", type=Path)
    parser.add_argument("--turns", type=int, default=30)
    options = parser.parse_args()
    from tool_template import TEMPLATE
    from vllm_support import started

    result: dict[str, Any] = {"window": WINDOW, "load_average": os.getloadavg(), "rows": {}}
    rows = result["rows"]
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        template = folder / "tools.jinja"
        template.write_text(TEMPLATE, encoding="utf-8")
        server = ["--chat-template", str(template), "--enable-auto-tool-choice", "--tool-call-parser", "hermes"]
        server += ["--max-model-len", str(WINDOW), "--enable-prompt-tokens-details", "--enable-prefix-caching"]
        environment = make_environment(cache_root(), on_note=print)
        served = stack.enter_context(started(environment, Path(resolve("smollm2-135m")), folder, *server, name=MODEL))
        rows["oldest turns dropped"] = measured(asking(served.url), "alone", options.turns, newest(served.url))
        own = f"http://127.0.0.1:{free_port()}"
        command = [sys.executable, "-m", "ctxpipe", "gateway", "--target", served.url]
        command += ["--port", own.rpartition(":")[2], "--deadline", "120"]
        with process(command, own, "/healthz"):
            rows["gateway"] = measured(asking(own), "by the gateway", options.turns, unchanged)
        if options.litellm:
            url, _ = stack.enter_context(litellm(options.litellm, served.url))
            rows["litellm"] = measured(asking(url), "by another proxy", options.turns, unchanged)
        for mode in ("cache", "token") if options.headroom else ():
            url, _ = stack.enter_context(headroom(options.headroom, served.url, "--mode", mode))
            rows[f"headroom, {mode}"] = measured(asking(url), f"in mode {mode}", options.turns, unchanged)
    print(json.dumps(result, indent=1))
    write("cached-tokens", result)


if __name__ == "__main__":
    main()
