"""The JSON object and the closing table of ``query``."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from ctxpipe.commands.query.cover import read_line
from ctxpipe.commands.shared.closing import Stopwatch, brief, whole
from ctxpipe.commands.shared.documents import context_json
from ctxpipe.commands.shared.printing import safe_text

if TYPE_CHECKING:
    from ctxpipe.pipeline.types import Run


def run_json(run: Run) -> dict[str, Any]:
    """The object that ``query --json`` prints."""
    context = context_json(run.context)
    del context["text"]
    return {
        "answer": run.answer.text,
        **({"reasoning": run.answer.reasoning} if run.answer.reasoning else {}),
        "target": run.target,
        "model": run.answer.model,
        "prompt_tokens": run.prompt_tokens,
        "completion_tokens": run.answer.completion_tokens,
        "window": run.window,
        "finish_reason": run.answer.finish_reason,
        "context": context,
        "raw": {"tokens": run.raw_tokens, "fits": run.raw_fits},
        "unanswered": run.unanswered,
        "citations": [asdict(citation) for citation in run.citations],
        "timings": {stage: round(seconds, 4) for stage, seconds in run.timings.items()},
        **({"server": asdict(run.server)} if run.server else {}),
        **({"cover": asdict(run.cover)} if run.cover else {}),
    }


def close(run: Run, watch: Stopwatch, *, verbose: bool) -> None:
    """Print the closing table.

    Args:
        run: What was asked and answered.
        watch: Times the command.
        verbose: Everything, not only what matters.
    """
    timings = dict(watch.timings)
    for stage, seconds in run.timings.items():
        timings[stage] = timings.get(stage, 0.0) + seconds
    share = (run.prompt_tokens + run.max_tokens) / run.window
    cut = " (cut off)" if run.answer.finish_reason == "length" else ""
    if not verbose:
        more = {
            "prompt": f"{run.prompt_tokens:,} tokens ({run.raw_tokens:,} uncompressed), "
            f"{share:.1%} of the window with room for the answer",
            "answer": f"{run.answer.completion_tokens:,} tokens{cut} by {run.answer.model}",
            **_more(run),
        }
        brief(run.context, _read(run) | more, timings, watch.seconds, covered=run.cover is not None)
        return
    if run.answer.reasoning:
        click.echo(f"reasoning before the answer:\n{safe_text(run.answer.reasoning)}", err=True)
    raw = "fits" if run.raw_fits else f"{run.raw_tokens + run.max_tokens - run.window:,} too many"
    more = {
        "prompt tokens": f"{run.prompt_tokens:,}",
        "window used": f"{share:.1%} of {run.window:,}, with {run.max_tokens:,} for the answer",
        "raw prompt": f"{run.raw_tokens:,} ({raw})",
        "answer tokens": f"{run.answer.completion_tokens:,}{cut}",
        "model": run.answer.model,
        **_more(run),
        **_read(run),
        **_server(run),
    }
    whole(run.context, more, timings, watch.seconds)


def _read(run: Run) -> dict[str, str]:
    return {} if run.cover is None else {"read": read_line(run.cover, run.context.source_tokens)}


def _more(run: Run) -> dict[str, str]:
    """A line of the closing table: how to send more, if the window has room."""
    if not run.spare:
        return {}
    everything = ", --raw all" if run.raw_fits else ""
    return {"to send more": f"--budget TOKENS{everything}; the window has room for {run.spare:,} more"}


def _server(run: Run) -> dict[str, str]:
    """A line of the closing table: what the server counted."""
    if run.server is None or run.server.first_token_seconds is None:
        return {}
    first = f"first token after {run.server.first_token_seconds:.2f} s"
    others = f", {run.server.requests:,} requests" if run.server.requests > 1 else ""
    hits, tokens = run.server.cache_hits, run.server.prompt_tokens
    return {"server": f"{hits:,} of {tokens:,} prompt tokens cached, {first}{others}"}
