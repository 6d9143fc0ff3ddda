"""What is left of a tool conversation of 200 turns: through proxies, and by dropping old turns.

    python benchmarks/tool_chat.py [--litellm FOLDER] [--headroom FOLDER]

Each turn asks of a pump, a tool answers with a list of readings or a log, and the assistant says what it saw. The last
turn asks for a reading of one of the earlier turns, which stands in its tool result alone. A server in place of the
model records what it is sent. Every question comes from a client with a key of its own, so that nothing is remembered
of the one before. The FOLDERs are those of environments in which ``litellm[proxy]`` and ``headroom-ai[proxy]`` are
installed.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from typing import Any

import httpx2
from common import write

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))
import gateway_support
from gateway import KEY, free_port, headroom, litellm, process, quantile
from gateway_support import Target, count, target

TURNS = 200
QUESTIONS = 10
WINDOW = 16_000
PLACES = "harbour mill granary quarry orchard viaduct cannery foundry".split()
TOOL = {
    "type": "function",
    "function": {
        "name": "readings",
        "description": "The latest readings of a pump.",
        "parameters": {"type": "object", "properties": {"pump": {"type": "string"}}, "required": ["pump"]},
    },
}
Message = dict[str, Any]


def conversation() -> tuple[list[Message], list[tuple[str, str]]]:
    """A conversation, and for each turn a question and what answers it."""
    draw = random.Random(7)
    messages: list[Message] = [{"role": "system", "content": "You watch the pumps of a water works. Be brief."}]
    facts = []
    for turn in range(TURNS):
        pump, place = f"P-{draw.randint(100, 999)}-{turn}", draw.choice(PLACES)
        peak, hour = draw.randint(1_000, 9_999), draw.randint(0, 23)
        rows = [
            {
                "pump": pump,
                "hour": h,
                "pressure_kpa": draw.randint(200, 400),
                "flow": draw.randint(10, 90),
                "state": "ok",
            }
            for h in range(24)
        ]
        rows[hour] |= {"pressure_kpa": peak, "state": f"surge at the {place}"}
        lines = (f"{r['hour']:02}:00 {pump} {r['state']}: {r['pressure_kpa']} kPa, {r['flow']} l/s" for r in rows)
        result = json.dumps(rows) if turn % 2 else "\n".join(lines)
        call = {"name": "readings", "arguments": json.dumps({"pump": pump})}
        messages += [
            {"role": "user", "content": f"How is pump {pump}?"},
            {
                "role": "assistant",
                "content": None,
                "tool_calls": [{"id": f"c{turn}", "type": "function", "function": call}],
            },
            {"role": "tool", "tool_call_id": f"c{turn}", "content": result},
            {"role": "assistant", "content": f"Pump {pump} ran for 24 hours with one surge."},
        ]
        facts.append((f"What was the pressure of pump {pump} during its surge at the {place}?", str(peak)))
    return messages, facts


def whole(sent: list[Message]) -> bool:
    """Whether every call has its result right behind it, and every result its call."""
    waiting: list[str] = []
    for message in sent:
        if message["role"] == "tool":
            if message["tool_call_id"] not in waiting:
                return False
            waiting.remove(message["tool_call_id"])
        elif waiting:
            return False
        waiting += [call["id"] for call in message.get("tool_calls") or ()]
    return not waiting


@cache
def _size(message: str) -> int:
    return count({"messages": [json.loads(message)]})


def newest(body: dict[str, Any]) -> dict[str, Any]:
    """What an application does that drops its oldest turns until the rest fits."""
    system, *rest = body["messages"]
    sizes = [_size(json.dumps(message)) for message in body["messages"]]
    total = sum(sizes) + count({"tools": body["tools"]})
    dropped = 0
    while total > WINDOW - body["max_tokens"]:
        total -= sum(sizes[1 + dropped : 5 + dropped])
        dropped += 4
    return {**body, "messages": [system, *rest[dropped:]]}


def measured(ask: Callable[[dict[str, Any], str], dict[str, Any] | None]) -> dict[str, Any]:
    """What the server is sent of the conversation, over all questions.

    Args:
        ask: Sends a request with a key, and gives what the server got; None if it got nothing.
    """
    messages, facts = conversation()
    chosen = [facts[round(i * (TURNS - 1) / (QUESTIONS - 1))] for i in range(QUESTIONS)]
    kept = fits = pairs = last = 0
    sizes, seconds = [], []
    for number, (question, peak) in enumerate(chosen):
        asked = {"role": "user", "content": question}
        body = {"model": "m", "messages": [*messages, asked], "tools": [TOOL], "max_tokens": 200}
        started = time.perf_counter()
        sent = ask(body, f"key-{number}")
        seconds.append(time.perf_counter() - started)
        if sent is None:
            continue
        results = "".join(str(m.get("content")) for m in sent["messages"] if m["role"] == "tool")
        kept += peak in results
        sizes.append(count(sent))
        fits += sizes[-1] <= WINDOW - 200
        pairs += whole(sent["messages"])
        last += sent["messages"][-1] == asked
    shares = {"answer_kept": kept, "fits": fits, "pairs_whole": pairs, "last_turn_whole": last}
    found = {
        **{name: round(value / QUESTIONS, 2) for name, value in shares.items()},
        "tokens_sent": round(sum(sizes) / max(1, len(sizes))),
        "p50_seconds": round(quantile(seconds, 0.5), 2),
        "most_seconds": round(max(seconds), 2),
    }
    print(json.dumps(found), file=sys.stderr, flush=True)
    return found


def through(
    behind: Target, url: str, shared: str | None = None
) -> Callable[[dict[str, Any], str], dict[str, Any] | None]:
    """Ask through a proxy, with a key that all questions share or one for each."""

    def ask(body: dict[str, Any], key: str) -> dict[str, Any] | None:
        before = len(behind.asked("/v1/chat/completions"))
        headers = {"authorization": f"Bearer {shared or f'sk-{key}'}"}
        said = httpx2.post(f"{url}/v1/chat/completions", json=body, headers=headers, timeout=300, trust_env=False)
        got = behind.asked("/v1/chat/completions")
        if len(got) == before:
            print(said.status_code, said.text[:300], file=sys.stderr)
        return got[-1].json if len(got) > before else None

    return ask


def main() -> None:
    """Measure, print and write the result."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--litellm", type=Path)
    parser.add_argument("--headroom", type=Path)
    options = parser.parse_args()
    gateway_support.WINDOW = WINDOW
    gateway_support.tokens = cache(gateway_support.tokens)  # the server's count is not what is measured
    messages, _ = conversation()
    result: dict[str, Any] = {"turns": TURNS, "questions": QUESTIONS, "window": WINDOW}
    result |= {"tokens": count({"messages": messages, "tools": [TOOL]}), "load_average": os.getloadavg()}
    result["oldest turns dropped"] = measured(lambda body, key: newest(body))
    with ExitStack() as stack:
        behind = stack.enter_context(target())
        for rank in ("bm25",):
            own = f"http://127.0.0.1:{free_port()}"
            command = [sys.executable, "-m", "ctxpipe", "gateway", "--target", behind.url, "--rank", rank]
            command += ["--port", own.rpartition(":")[2], "--deadline", "120"]
            with process(command, own, "/healthz"):
                result[f"gateway, {rank}"] = measured(through(behind, own))
        if options.litellm:
            url, _ = stack.enter_context(litellm(options.litellm, behind.url))
            result["litellm"] = measured(through(behind, url, KEY))
        for mode in ("cache", "token") if options.headroom else ():
            url, _ = stack.enter_context(headroom(options.headroom, behind.url, "--mode", mode))
            result[f"headroom, {mode}"] = measured(through(behind, url))
    print(json.dumps(result, indent=1))
    write("tool-chat", result)


if __name__ == "__main__":
    main()
