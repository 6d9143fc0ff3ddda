"""Streams that are legal, or common, and unlike those of the documentation."""

from __future__ import annotations

from typing import Any

import pytest
from openai_support import HELLO, Serve, ask, connect

from ctxpipe.errors import EngineError


def raw(*lines: str) -> Any:
    """A stream of these lines as they are."""

    def chat(x: Any) -> None:
        x.open_stream()
        for line in lines:
            x.handler.wfile.write(line.encode())
            x.handler.wfile.flush()

    return chat


def chunk(delta: str, finish: str = "null") -> str:
    return f'data: {{"model": "m", "choices": [{{"index": 0, "delta": {delta}, "finish_reason": {finish}}}]}}\n\n'


END = chunk("{}", '"stop"') + "data: [DONE]\n\n"


@pytest.mark.parametrize(
    "stream",
    [
        pytest.param(
            (": ping\n\n", chunk('{"content": "fi"}'), ": ping\n\n", chunk('{"content": "ne"}'), END), id="comments"
        ),
        pytest.param(
            (
                "id: 1\n",
                chunk('{"content": "fi"}'),
                ": ping\n\n",
                "id: 2\n",
                chunk('{"content": "ne"}'),
                ": ping\n\n",
                END,
            ),
            id="comments after an id",
        ),
        pytest.param((chunk('{"content": "fi"}'), "data:\n\n", chunk('{"content": "ne"}'), END), id="empty data"),
        pytest.param(
            ('data: {"choices": [], "prompt_filter_results": []}\n\n', chunk('{"content": "fine"}'), END),
            id="a chunk without choices first",
        ),
        pytest.param(("event: ping\ndata: {}\n\n", chunk('{"content": "fine"}'), END), id="an event of another kind"),
        pytest.param(
            (
                chunk('{"role": "assistant", "content": null}'),
                chunk('{"content": "fine"}'),
                chunk('{"content": null}'),
                END,
            ),
            id="null content",
        ),
        pytest.param(
            (chunk('{"content": "fine"}').replace("\n", "\r\n"), END.replace("\n", "\r\n")), id="other line ends"
        ),
        pytest.param(
            (
                chunk('{"reasoning": "hm", "reasoning_content": "hm"}'),
                chunk('{"content": "fine", "reasoning": null}'),
                END,
            ),
            id="reasoning under both names",
        ),
    ],
)
def test_the_answer_is_whole(serve: Serve, stream: tuple[str, ...]) -> None:
    said: list[str] = []
    engine = connect(serve(chat=raw(*stream)).url)
    answer = engine.answer([*HELLO], max_tokens=20, on_text=said.append)
    assert ("".join(said), answer.text, answer.finish_reason) == ("fine", "fine", "stop")
    assert answer.completion_tokens > 0  # counted here where the server sends no usage


@pytest.mark.parametrize("begun", [False, True])
@pytest.mark.parametrize(
    "error",
    [
        '{"error": {"message": "the GPU is on fire", "type": "InternalServerError", "code": 500}}',
        '{"object": "error", "message": "the GPU is on fire", "type": "InternalServerError", "code": 500}',
        '{"error": "the GPU is on fire"}',
    ],
)
def test_an_error_in_a_stream_is_told(serve: Serve, error: str, begun: bool) -> None:
    head = (chunk('{"content": "It was the"}'),) if begun else ()
    engine = connect(serve(chat=raw(*head, f"data: {error}\n\n", "data: [DONE]\n\n")).url, retries=0)
    with pytest.raises(EngineError, match="before the answer was complete" if begun else "the GPU is on fire"):
        ask(engine)
