"""LiteLLM's proxy: a guardrail that fits chats into a budget before they are sent."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from typing import Any

from litellm.integrations.custom_guardrail import CustomGuardrail

from ctxpipe.errors import CtxpipeError
from ctxpipe.pipeline.gateway.cutting import Cutter, make_cutter

_NOTE = "ctxpipe"
"""Member of a request's metadata, which LiteLLM logs and does not send."""


class CtxpipeGuardrail(CustomGuardrail):  # type: ignore[misc]  # LiteLLM is not there when types are checked
    """Fits the messages of a request into a budget, as ``ctxpipe gateway`` does, and says so in headers.

    What fits goes on as it came, and so does what cannot be cut in time or at all.

    Args:
        budget: Most tokens of messages and tools, by an estimate from above of what a template adds.
        tokenizer: Model whose tokens are counted, such as ``"gpt-4o"``; None for the embedded one.
        rank: What orders turns and sentences: ``"bm25"`` or ``"hybrid"``.
        deadline: Seconds that cutting may take.
        more: Options of LiteLLM's ``CustomGuardrail``.

    Raises:
        CtxpipeError: if the tokenizer or the ranker cannot be loaded.
    """

    def __init__(
        self,
        *,
        budget: int,
        tokenizer: str | None = None,
        rank: str = "bm25",
        deadline: float = 5.0,
        **more: Any,
    ) -> None:
        super().__init__(**more)
        self._budget = budget
        self._deadline = deadline
        self._cutter: Cutter = make_cutter(tokenizer, rank)

    async def async_pre_call_hook(
        self, user_api_key_dict: Any, cache: Any, data: dict[str, Any], call_type: str
    ) -> dict[str, Any]:
        """Fit a request's messages; called by LiteLLM.

        Args:
            user_api_key_dict, cache: LiteLLM's own.
            data: The request; its metadata get ``ctxpipe``.
            call_type: The kind of the request.
        """
        messages = data.get("messages")
        if not isinstance(messages, list) or not messages or not all(isinstance(one, dict) for one in messages):
            return data
        started = time.perf_counter()
        said: dict[str, Any]
        try:
            async with asyncio.timeout(self._deadline):
                made = await asyncio.to_thread(self._fitted, messages, data.get("tools"))
        except TimeoutError:
            said = {"action": "failed-open", "reason": f"not done within {self._deadline:g} s"}
        except CtxpipeError:
            said = {"action": "failed-open", "reason": "what must stay does not fit"}
        except Exception as error:  # no fault of ours may cost a request
            said = {"action": "failed-open", "reason": f"fault: {type(error).__name__}"}
        else:
            said = {
                "action": "passed" if made is None else "compressed",
                **({} if made is None else {"source-tokens": made["source_estimate"], "sent-tokens": made["estimate"]}),
                **({} if made is None else {"left-out": len(messages) - len(made["kept"]), "cut": made["cut"]}),
            }
            if made is not None:
                data["messages"] = [message for _, message in made["kept"]]
        said["seconds"] = round(time.perf_counter() - started, 4)
        data["metadata"] = {**(data.get("metadata") or {}), _NOTE: said}
        return data

    async def async_post_call_response_headers_hook(
        self, data: Mapping[str, Any], user_api_key_dict: Any, response: object, **more: Any
    ) -> dict[str, str] | None:
        """What was done, as headers of the answer; called by LiteLLM."""
        said = (data.get("metadata") or {}).get(_NOTE)
        return {f"x-ctxpipe-{name}": str(value) for name, value in said.items()} if isinstance(said, dict) else None

    def _fitted(self, messages: list[dict[str, Any]], tools: Any) -> dict[str, Any] | None:
        """What ``Cutter.fit`` gives; None for messages that fit."""
        listed = tools if isinstance(tools, list) else []
        if self._cutter.estimate(messages, listed) <= self._budget:
            return None
        return self._cutter.fit({"messages": messages, "fixed": 0, "tools": listed, "budget": self._budget})
