"""The application: the gateway's own pages, and the relay for everything else."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable, Sequence

import anyio
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Mount, Route

from ctxpipe.pipeline.corpus.corpus import Corpus
from ctxpipe.pipeline.gateway.count import PromptCounter
from ctxpipe.pipeline.gateway.decide import Decision, FittingPlanner, Planner
from ctxpipe.pipeline.gateway.fit import Fitter
from ctxpipe.pipeline.gateway.guard import Guard
from ctxpipe.pipeline.gateway.headers import Header
from ctxpipe.pipeline.gateway.log import Log
from ctxpipe.pipeline.gateway.memory import ConversationMemory
from ctxpipe.pipeline.gateway.metrics import Metrics
from ctxpipe.pipeline.gateway.relay import Relay
from ctxpipe.pipeline.gateway.searching import CorpusPlanner
from ctxpipe.pipeline.gateway.settings import Settings
from ctxpipe.pipeline.gateway.shapes.shape import Body, Shape
from ctxpipe.pipeline.gateway.target import TargetClient
from ctxpipe.pipeline.gateway.workers import Workers


def make_app(settings: Settings, *, on_note: Callable[[str], None] = lambda line: None) -> Starlette:
    """Make the application of a gateway.

    Args:
        settings: Options.
        on_note: Called with a line for the operator.

    Raises:
        UsageError: if the log cannot be opened.
        CorpusError: if a corpus cannot be opened.
    """
    workers = Workers(
        settings.work,
        count=settings.workers,
        tokenizer=settings.tokenizer,
        rank=settings.rank,
        deadline=settings.deadline,
    )
    # A prompt is counted while its place is taken, so there may be two connections for each.
    target = TargetClient(settings.target, seconds=settings.target_seconds, connections=2 * settings.concurrency)
    counter = PromptCounter(target, workers, window=settings.window)
    fitter = Fitter(counter, workers, ConversationMemory(settings.remembered))
    fitting = FittingPlanner(settings, counter, fitter)
    searching = _searching(settings)
    used = (workers, searching) if settings.corpora else (workers,)
    planner = _Warming(CorpusPlanner(settings, counter, fitter, searching, fitting, on_note), used)
    metrics = Metrics()
    log = Log(settings.log, on_note)

    @contextlib.asynccontextmanager
    async def running(_: Starlette) -> AsyncIterator[None]:
        try:
            async with anyio.create_task_group() as group:
                if searching in used:
                    group.start_soon(searching.warm)
                problem = await workers.warm()
                if problem:
                    on_note(f"nothing can be compressed now, so requests are passed on unchanged: {problem}")
                planner.group = group
                yield
                group.cancel_scope.cancel()
        finally:
            with anyio.CancelScope(shield=True):
                for each in used:
                    await each.close()
        await target.close()
        log.close()

    async def alive(_: Request) -> Response:
        return PlainTextResponse("ok\n")

    async def measured(_: Request) -> Response:
        return Response(metrics.text(), media_type="text/plain; version=0.0.4")

    return Starlette(
        routes=[
            Route("/healthz", alive),
            Route("/metrics", measured),
            Mount("/", app=Relay(settings, target, planner, metrics, log)),
        ],
        middleware=[Middleware(Guard, settings=settings)],
        lifespan=running,
    )


def _searching(settings: Settings) -> Workers:
    """What searches corpora: a process beside those that cut, which no search may hold up.

    Raises:
        CorpusError: for a corpus that cannot be opened.
    """
    for path in settings.corpora.values():
        Corpus.open(path).close()
    return Workers(
        settings.work,
        count=1,
        tokenizer=settings.tokenizer,
        rank=settings.rank,
        deadline=settings.corpus_seconds,
    )


class _Warming:
    """A planner after whose faults lost worker processes are started again, before the next prompt needs them."""

    def __init__(self, planner: Planner, used: Sequence[Workers]) -> None:
        self._planner = planner
        self._used = used
        self.group: anyio.abc.TaskGroup | None = None

    async def decide(self, shape: Shape, body: Body, size: int, headers: Sequence[Header]) -> Decision:
        """See ``Planner``."""
        try:
            return await self._planner.decide(shape, body, size, headers)
        finally:
            if self.group is not None:
                for lost in filter(lambda workers: workers.cold, self._used):
                    self.group.start_soon(lost.warm)
