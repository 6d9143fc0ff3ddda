"""What a gateway is told when it starts."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ctxpipe.compress.rankers import NO_RANK, RANKERS
from ctxpipe.errors import UsageError
from ctxpipe.pipeline.gateway.corpora.names import check_name
from ctxpipe.pipeline.gateway.worker import work
from ctxpipe.remote.address import parse_address

MEGABYTE = 2**20


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Options of a gateway.

    Attributes:
        target: URL of the server behind it; every request goes there and nowhere else.
        host, port: Where it listens; port 0 takes any free one.
        budget: Most tokens of a prompt; None for what the window leaves beside the answer.
        window: The target's window in tokens; None to ask the target.
        assumed_window: The window that ``/v1/models`` tells applications; None for the target's.
        deadline: Seconds that counting and compressing may take together.
        rank: Ranker for what is cut, or ``"auto"``: by the size of the prompt.
        tokenizer: Model whose tokens budgets are estimated in; None for the target's, where it can be had.
        audit: Measure and change nothing.
        annotate: Add what was done to the JSON bodies of answers.
        log: File for one JSON line per request; None for none.
        key: Key that clients must send; None lets everyone in.
        workers: Processes that compress.
        concurrency: Most requests at the target at a time.
        queue: Most requests that wait for their turn.
        most_body: Most bytes of a body that is read.
        most_held: Most bytes of all bodies held at a time.
        body_seconds: Seconds that a client may stall within a request, and a third of what the whole may take.
        send_seconds: Seconds that a client may stall while it is sent its answer.
        send_rate: Bytes a second that it must take of the answer while the gateway waits for it.
        target_seconds: Seconds without a byte from the target after which it is given up.
        grace: Seconds that running answers have to end when the gateway is stopped.
        corpora: Corpus files by the names that follow a model's: ``scout@handbook``.
        corpus_budget: Most tokens of what is found in a corpus.
        corpus_seconds: Seconds that a search, and counting for it, may take.
        remembered: Bytes of decisions on earlier turns that are remembered.
        work: What runs in the worker processes: bytes of a job to bytes of a result.

    Raises:
        UsageError: for a value that makes no sense.
        UnknownNameError: for an unknown ranker.
    """

    target: str
    host: str = "127.0.0.1"
    port: int = 8080
    budget: int | None = None
    window: int | None = None
    assumed_window: int | None = None
    deadline: float = 5.0
    rank: str = "auto"
    tokenizer: str | None = None
    audit: bool = False
    annotate: bool = False
    log: Path | None = None
    key: str | None = field(default=None, repr=False)
    workers: int = 1
    concurrency: int = 64
    queue: int = 256
    most_body: int = 32 * MEGABYTE
    most_held: int = 256 * MEGABYTE
    body_seconds: float = 20.0
    send_seconds: float = 60.0
    send_rate: float = 16 * 1024
    target_seconds: float = 600.0
    grace: float = 30.0
    corpora: Mapping[str, Path] = field(default_factory=dict)
    corpus_budget: int = 4000
    corpus_seconds: float = 120.0
    remembered: int = 32 * MEGABYTE
    work: Callable[[bytes], bytes] = work

    def __post_init__(self) -> None:
        parse_address(self.target)
        if self.rank != "auto" and self.rank != NO_RANK:
            RANKERS.check(self.rank)
        if not self.deadline > 0:
            raise UsageError("--deadline must be above 0")
        for name in ("budget", "window", "assumed_window", "workers", "concurrency", "most_body", "corpus_budget"):
            value = getattr(self, name)
            if value is not None and value < 1:
                option = "max-body" if name == "most_body" else name.replace("_", "-")
                raise UsageError(f"--{option} must be at least 1, not {value}")
        for name in self.corpora:
            check_name(name)
        if self.corpora and self.audit:
            raise UsageError("--audit changes nothing, so it excludes --corpus")
        if self.queue < 0:
            raise UsageError(f"--queue must be at least 0, not {self.queue}")
        if not 0 <= self.port < 65536:
            raise UsageError(f"--port must be between 0 and 65535, not {self.port}")

    @property
    def is_local(self) -> bool:
        """Whether it listens on the loopback interface alone."""
        return is_loopback(self.host)


def is_loopback(host: str) -> bool:
    """Whether a host name or address is this machine's own."""
    name = host.strip("[]").lower()
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return name == "localhost" or name.endswith(".localhost")
