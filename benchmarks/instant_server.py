"""An OpenAI-compatible server that answers at once with the end of the last message, and counts as vLLM does.

python benchmarks/instant_server.py PORT WINDOW
"""

from __future__ import annotations

import asyncio
import json
import sys
from functools import partial
from typing import Any

from ctxpipe.models.tokenizer import TargetTokenizer

PER_MESSAGE = 5
REPEATED = 40


def answer(path: bytes, body: bytes, count: Any, window: int) -> dict[str, Any]:
    """The JSON of an answer."""
    if b"/models" in path:
        return {"object": "list", "data": [{"id": "m", "object": "model", "max_model_len": window}]}
    messages = json.loads(body)["messages"]
    if b"/tokenize" in path:
        return {"count": sum(PER_MESSAGE + count(m["content"]) for m in messages), "max_model_len": window}
    message = {"role": "assistant", "content": messages[-1]["content"][-REPEATED:]}
    usage = {"prompt_tokens": 9, "completion_tokens": 9, "total_tokens": 18}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    return {"id": "x", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice], "usage": usage}


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, count: Any, window: int) -> None:
    """Answer the requests of one connection."""
    try:
        while True:
            first, *lines = (await reader.readuntil(b"\r\n\r\n")).lower().split(b"\r\n")
            length = next((int(line[15:]) for line in lines if line.startswith(b"content-length:")), 0)
            body = await reader.readexactly(length) if length else b""
            data = json.dumps(answer(first, body, count, window)).encode()
            head = f"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {len(data)}\r\n\r\n"
            writer.write(head.encode() + data)
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()


async def main() -> None:
    """Serve until the end of the process."""
    port, window = map(int, sys.argv[1:])
    count = TargetTokenizer.load("smollm2-135m").count
    handler = partial(serve, count=count, window=window)
    server = await asyncio.start_server(handler, "127.0.0.1", port, backlog=512, limit=1 << 24)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
