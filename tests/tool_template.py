"""A chat template with tools, for models that have none."""

from __future__ import annotations

TEMPLATE = """{%- macro fail(words) -%}{{ raise_exception(words) }}{%- endmacro -%}
{%- set ns = namespace(open=[]) -%}
{%- if tools -%}<|im_start|>system
You may call: {{ tools | tojson }}<|im_end|>
{% endif -%}
{%- for message in messages -%}
{%- if message.role != "tool" and ns.open -%}{{ fail("a call has no result") }}{%- endif -%}
{%- if message.role == "tool" -%}
{%- if message.tool_call_id not in ns.open -%}{{ fail("a result has no call") }}{%- endif -%}
{%- set ns.open = ns.open | reject("equalto", message.tool_call_id) | list -%}
{%- elif message.tool_calls -%}
{%- set ns.open = message.tool_calls | map(attribute="id") | list -%}
{%- elif not message.content -%}{{ fail("an empty message") }}{%- endif -%}
<|im_start|>{{ message.role }}
{{ message.content or "" }}{% for call in message.tool_calls or [] %}
<tool_call>{{ {"name": call.function.name, "arguments": call.function.arguments} | tojson }}</tool_call>
{%- endfor %}<|im_end|>
{% endfor -%}
{%- if ns.open -%}{{ fail("the last call has no result") }}{%- endif -%}
{%- if add_generation_prompt -%}<|im_start|>assistant
{% endif -%}
"""
"""A template in the manner of those that call tools; it refuses a chat whose calls and results do not match."""
