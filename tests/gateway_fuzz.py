"""Bodies that fuzz a gateway, and what must hold of each."""

from __future__ import annotations

import http.client
import json
import time

import pytest
from gateway_support import PROMPTS, Running, Target
from hypothesis import strategies as st
from samples import prose

LONG = prose(110)
LEAF = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(max_size=20)
    | st.sampled_from(["", "user", "tool", "\ud800", LONG, LONG * 3, "data:image/png;base64,aGk="])
)
NAMES = st.sampled_from(
    "role content type text tool_calls tool_call_id id name function arguments image_url url input output call_id "
    "messages prompt system instructions tools max_tokens cache_control tool_use_id".split()
)
JUNK = st.recursive(
    LEAF, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4), max_leaves=8
)
ROLES = st.sampled_from(["system", "developer", "user", "assistant", "tool", "function"])
PART = st.fixed_dictionaries(
    {
        "type": st.sampled_from(
            "text input_text output_text image_url tool_use tool_result thinking reasoning function_call".split()
        )
    },
    optional={
        "text": st.sampled_from(["Hi", LONG]) | JUNK,
        "content": st.sampled_from(["Hi", LONG]) | JUNK,
        "id": LEAF,
        "input": JUNK,
        "tool_use_id": LEAF,
    },
)
CONTENT = st.sampled_from(["Hi", "", LONG, LONG * 2]) | st.lists(PART | JUNK, max_size=4) | JUNK
CALL = st.fixed_dictionaries({"id": LEAF, "type": st.just("function")}, optional={"function": JUNK})
MESSAGE = st.fixed_dictionaries(
    {"role": ROLES, "content": CONTENT},
    optional={
        "tool_calls": st.lists(CALL, max_size=2) | JUNK,
        "tool_call_id": LEAF,
        "type": st.sampled_from(["message", "function_call", "function_call_output", "reasoning"]) | LEAF,
        "output": CONTENT,
        "call_id": LEAF,
        "name": LEAF,
    },
)
TURNS = st.lists(MESSAGE, max_size=8)
BODY = st.fixed_dictionaries(
    {},
    optional={
        "model": st.sampled_from(["m", "other"]) | LEAF,
        "messages": TURNS | JUNK,
        "prompt": st.sampled_from(["Hi", LONG, LONG * 4, [LONG * 2]]) | JUNK,
        "input": TURNS | st.just(LONG * 3) | JUNK,
        "instructions": LEAF,
        "system": CONTENT,
        "tools": st.lists(JUNK, max_size=2) | JUNK,
        "max_tokens": st.integers(-5, 3000) | LEAF,
        "max_completion_tokens": LEAF,
        "max_output_tokens": LEAF,
        "chat_template_kwargs": JUNK,
        "truncate_prompt_tokens": LEAF,
        "stream": LEAF,
    },
)
DATA = (
    st.binary(max_size=60)
    | JUNK.map(lambda value: json.dumps(value).encode())
    | BODY.map(lambda value: json.dumps(value).encode())
)


def check(running: Running, behind: Target, path: str, data: bytes, kind: str) -> None:
    behind.seen.clear()
    client = http.client.HTTPConnection("127.0.0.1", running.port, timeout=30)
    started = time.monotonic()
    client.request("POST", path, data, {"Content-Type": kind})
    said = client.getresponse()
    answer = said.read()
    client.close()
    assert time.monotonic() - started < 25
    reached = [got for got in behind.seen if got.path == path]
    if said.status == 200:
        assert len(reached) == 1
        if said.headers.get("x-ctxpipe-action") != "compressed":
            assert reached[0].body == data
        else:
            json.loads(reached[0].body)
        reason = said.headers.get("x-ctxpipe-reason", "")
        assert not reason.startswith("fault"), (reason, data)
        assert "while compressing" not in reason, (reason, data)
    else:
        assert said.status == 400, answer
        assert reached == []
        with pytest.raises((ValueError, RecursionError)):
            json.loads(data)


REQUESTS = st.sampled_from(PROMPTS), DATA, st.sampled_from(["application/json", "application/json; charset=x", ""])
