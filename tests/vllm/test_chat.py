"""A long chat with parallel tool calls is accepted by a real server at five budgets."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from openai import OpenAI
from openai.types.chat import ChatCompletionMessageParam
from pydantic import TypeAdapter
from samples import prose
from tool_template import TEMPLATE

from ctxpipe import Pipeline
from ctxpipe.serving import Target

TOOLS: list[dict[str, Any]] = [
    {
        "type": "function",
        "function": {
            "name": name,
            "description": f"Look up the {name} of a pump.",
            "parameters": {"type": "object", "properties": {"pump": {"type": "string"}}, "required": ["pump"]},
        },
    }
    for name in ("pressure", "log")
]
TURNS = 200


def turns() -> list[dict[str, Any]]:
    """Questions about pumps, each looked up by two tools at once and answered."""
    made: list[dict[str, Any]] = [{"role": "system", "content": "You look after the pumps of a harbour."}]
    for number in range(TURNS):
        calls = [
            {
                "id": f"call_{number}_{tool['function']['name']}",
                "type": "function",
                "function": {"name": tool["function"]["name"], "arguments": f'{{"pump": "P-{number}"}}'},
            }
            for tool in TOOLS
        ]
        made.append({"role": "user", "content": f"How is pump P-{number}?"})
        made.append({"role": "assistant", "content": None, "tool_calls": calls})
        made.append({"role": "tool", "tool_call_id": calls[0]["id"], "content": f"{number + 2}.5 bar"})
        made.append({"role": "tool", "tool_call_id": calls[1]["id"], "content": prose(1 + number % 5, number)})
        made.append({"role": "assistant", "content": f"Pump P-{number} runs at {number + 2}.5 bar."})
    made.append({"role": "user", "content": "At which pressure did pump P-77 run?"})
    return made


@pytest.mark.timeout(600)
def test_a_chat_of_two_hundred_turns_is_accepted_at_every_budget(
    start_vllm: Any, smollm2_dir: Path, tmp_path: Path
) -> None:
    template = tmp_path / "tools.jinja"
    template.write_text(TEMPLATE, encoding="utf-8")
    options = ["--chat-template", str(template), "--enable-auto-tool-choice", "--tool-call-parser", "hermes"]
    chat = turns()
    with start_vllm(smollm2_dir, *options, "--max-model-len", "4096", name="tools") as served:
        pipeline = Pipeline(target=Target(engine=served.url, model="tools"))
        client = OpenAI(base_url=f"{served.url}/v1", api_key="none", max_retries=0)
        for budget in (300, 500, 800, 1300, 2100):
            made = pipeline.compress_messages(chat, budget=budget, question=chat[-1]["content"], tools=TOOLS)
            kept = list(made.messages)
            assert made.kept_tokens <= budget
            assert kept[0] == chat[0]
            assert kept[-1] == chat[-1]
            assert any("79.5 bar" in str(message["content"]) for message in kept)
            TypeAdapter(list[ChatCompletionMessageParam]).validate_python(kept)
            answer = client.chat.completions.create(
                model="tools",
                messages=kept,  # type: ignore[arg-type]  # plain dictionaries
                tools=TOOLS,  # type: ignore[arg-type]
                max_tokens=1,
            )
            assert answer.usage is not None
            assert answer.usage.prompt_tokens < 1.25 * budget + 100
