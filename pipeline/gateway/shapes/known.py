"""Which paths carry prompts."""

from __future__ import annotations

from collections.abc import Mapping

from ctxpipe.pipeline.gateway.shapes.anthropic import Anthropic
from ctxpipe.pipeline.gateway.shapes.chat import Chat
from ctxpipe.pipeline.gateway.shapes.completion import Completion
from ctxpipe.pipeline.gateway.shapes.responses import Responses
from ctxpipe.pipeline.gateway.shapes.shape import Shape

SHAPES: Mapping[bytes, Shape] = {
    b"/v1/chat/completions": Chat(),
    b"/v1/completions": Completion(),
    b"/v1/responses": Responses(),
    b"/v1/messages": Anthropic(),
}
