"""Every error that ctxpipe raises on purpose.

::

    CtxpipeError                 exit code 1
    ├── UsageError               exit code 2: the request is invalid
    │   └── UnknownNameError     no such model, ranker, scorer, ...; gives the nearest names
    ├── ReadError                a document cannot be read; names the source
    ├── CorpusError              a corpus file cannot be read or written; names the file
    ├── ChatBudgetError          what must stay of a chat is more than the budget
    ├── ModelError               a model cannot be found, fetched, verified or loaded
    │   └── DownloadError        no source delivered the pinned file
    ├── LaunchError              a vLLM server could not be installed or started, or ended by itself
    ├── MissingExtraError        an optional dependency is not installed; gives the pip command
    ├── RefusedRequest           the gateway answers a client's request with an error status
    ├── CompressionFault         the gateway could not count or compress a prompt, which goes on as it came
    └── EngineError              the target model did not answer
        ├── WindowError          the prompt does not fit the target's window
        ├── UnreachableError     no server at the address, or the connection broke before an answer
        ├── DeadlineError        no answer within the deadline
        ├── RejectedError        the server answered with an error status
        ├── InterruptedAnswer    the stream ended before the answer did; has the text so far
        └── CancelledAnswer      the caller cancelled the request; has the text so far

Exceptions of other libraries are mapped to these once, where they arise, with ``raise ... from exc``.
"""

from __future__ import annotations

import difflib
import textwrap
from collections.abc import Iterable


def reason_of(exc: BaseException) -> str:
    """The message of another library's exception, as one short line."""
    return textwrap.shorten(getattr(exc, "strerror", None) or str(exc), 240, placeholder=" ...") or type(exc).__name__


class CtxpipeError(Exception):
    """Base of every error raised on purpose. ``str(error)`` is one line for the user."""

    exit_code = 1


class UsageError(CtxpipeError):
    """The request is invalid: a negative budget, a rate above 1, two options that exclude each other."""

    exit_code = 2


class UnknownNameError(UsageError):
    """An unknown name.

    Args:
        what: The kind of name, e.g. ``"ranker"``.
        name: The name given.
        known: The names that exist; the nearest are suggested.
    """

    def __init__(self, what: str, name: str, known: Iterable[str]) -> None:
        names = sorted(known)
        near = difflib.get_close_matches(name, names, n=3, cutoff=0.5)
        hint = f"did you mean {' or '.join(near)}?" if near else f"known: {', '.join(names)}"
        super().__init__(f"unknown {what} {name!r}; {hint}")


class ReadError(CtxpipeError):
    """A document cannot be read.

    Args:
        source: Path or name of the document.
        reason: Why, without the source's name.
    """

    def __init__(self, source: str, reason: str) -> None:
        self.source = source
        self.reason = reason
        super().__init__(f"{source}: {reason}")


class CorpusError(CtxpipeError):
    """A corpus file cannot be read or written.

    Args:
        path: The file.
        reason: Why, and what to do, without the file's name.
    """

    def __init__(self, path: str, reason: str) -> None:
        self.path = path
        self.reason = reason
        super().__init__(f"{path}: {reason}")


class ModelError(CtxpipeError):
    """A model cannot be found, fetched, verified or loaded."""


class DownloadError(ModelError):
    """No source delivered the pinned file."""


class LaunchError(CtxpipeError):
    """A vLLM server could not be installed or started, or ended by itself.

    Args:
        message: The line for the user.
        fits: The window in tokens that would fit according to vLLM, if the window did not fit.
    """

    def __init__(self, message: str, *, fits: int | None = None) -> None:
        self.fits = fits
        super().__init__(message)


class MissingExtraError(CtxpipeError):
    """An optional dependency is not installed.

    Args:
        feature: What needs it, e.g. ``"reading .docx files"``.
        extra: The extra that installs it, e.g. ``"office"``.
    """

    def __init__(self, feature: str, extra: str) -> None:
        super().__init__(f'{feature} needs an optional dependency: pip install "ctxpipe[{extra}]"')


class RefusedRequest(CtxpipeError):  # noqa: N818 - a refusal is no fault of the gateway
    """The gateway answers a client's request with an error status.

    Args:
        status: HTTP status code.
        reason: Why, for the client.
    """

    def __init__(self, status: int, reason: str) -> None:
        self.status = status
        super().__init__(reason)


class CompressionFault(CtxpipeError):  # noqa: N818 - it costs no request
    """The gateway could not count or compress a prompt, which goes on as it came."""


class EngineError(CtxpipeError):
    """The target model did not answer."""


class ChatBudgetError(CtxpipeError):
    """What must stay of a chat (instructions, tools, the last user turn) is more than the budget.

    Args:
        tokens: Tokens of what must stay.
        budget: Tokens allowed.
    """

    def __init__(self, tokens: int, budget: int) -> None:
        self.tokens = tokens
        self.budget = budget
        super().__init__(
            f"instructions, tools and the last user turn of the chat have {tokens:,} tokens, more than the budget of "
            f"{budget:,}; raise the budget"
        )


class WindowError(EngineError):
    """The prompt does not fit the target's window.

    Args:
        prompt_tokens: Tokens of the whole prompt.
        room: Tokens of the window without those reserved for the answer.
        hint: What to do.
    """

    def __init__(self, prompt_tokens: int, room: int, hint: str = "") -> None:
        self.prompt_tokens = prompt_tokens
        self.room = room
        over = prompt_tokens - room
        message = f"the prompt has {prompt_tokens:,} tokens, {over:,} more than the {room:,} the window leaves for it"
        super().__init__(f"{message}; {hint}" if hint else message)


class UnreachableError(EngineError):
    """No server at the address, or the connection broke before an answer began."""


class DeadlineError(EngineError):
    """No answer came within the deadline."""


class RejectedError(EngineError):
    """The server answered with an error status.

    Args:
        status: HTTP status code.
        detail: The server's message, shortened.
    """

    def __init__(self, status: int, detail: str) -> None:
        self.status = status
        super().__init__(f"the server answered {status}: {detail}")


class InterruptedAnswer(EngineError):  # noqa: N818 - it contains the interrupted answer
    """The stream ended before the answer did.

    Args:
        partial: The text that had arrived.
    """

    def __init__(self, partial: str) -> None:
        self.partial = partial
        super().__init__(
            f"the server closed the stream after {len(partial):,} characters, before the answer was complete"
        )


class CancelledAnswer(EngineError):  # noqa: N818 - as above
    """The request was cancelled by the caller.

    Args:
        partial: The text that had arrived.
    """

    def __init__(self, partial: str) -> None:
        self.partial = partial
        super().__init__("the request was cancelled")
