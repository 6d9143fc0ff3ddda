"""One engine shared by threads and tasks: bounded, and cancelled from outside."""

from __future__ import annotations

import asyncio
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from openai_support import HELLO, Serve, ask, connect, failing, good, sequence

from ctxpipe.errors import CancelledAnswer, DeadlineError, EngineError, RejectedError, UsageError
from ctxpipe.remote.cancel import Cancellation, in_thread, in_threads
from ctxpipe.serving.types import Message


class Gate:
    """Chats that wait until they are let go, and how many there were at once."""

    def __init__(self) -> None:
        self.lock, self.open = threading.Lock(), threading.Event()
        self.now = self.most = 0

    def __call__(self, x: Any) -> None:
        with self.lock:
            self.now += 1
            self.most = max(self.most, self.now)
        self.open.wait(120)
        with self.lock:
            self.now -= 1
        good(x)

    def wait_for(self, count: int) -> None:
        end = time.monotonic() + 120
        while self.now < count:
            assert time.monotonic() < end, f"only {self.now} requests came"
            time.sleep(0.01)


@pytest.mark.parametrize("limit", [1, 3])
def test_never_more_requests_than_allowed(serve: Serve, limit: int) -> None:
    gate = Gate()
    engine = connect(serve(chat=gate).url, concurrency=limit)
    engine.count(HELLO)
    with ThreadPoolExecutor(6) as pool:
        answers = [pool.submit(ask, engine) for _ in range(6)]
        gate.wait_for(limit)
        time.sleep(0.2)
        assert gate.now == limit
        gate.open.set()
        assert [answer.result().text for answer in answers] == ["fine"] * 6
    assert gate.most == limit


def test_waiting_for_a_turn_counts_against_the_deadline(serve: Serve) -> None:
    gate = Gate()
    engine = connect(serve(chat=gate).url, concurrency=1)
    engine.count(HELLO)
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(ask, engine)
        gate.wait_for(1)
        with pytest.raises(DeadlineError, match=r"1 other requests to http\S+ were under way for 0.3 s"):
            engine._transport.get("/models", seconds=0.3)
        gate.open.set()
        assert first.result().text == "fine"


def test_a_failed_request_gives_its_turn_back(serve: Serve) -> None:
    engine = connect(serve(chat=sequence(failing(400), good)).url, concurrency=1)
    with pytest.raises(RejectedError):
        ask(engine)
    assert ask(engine).text == "fine"


def test_a_limit_below_one_is_refused(serve: Serve) -> None:
    with pytest.raises(UsageError, match="at least 1 request"):
        connect(serve().url, concurrency=0)


# Cancelling


class Stream:
    """A stream without an end, which notices that its reader is gone."""

    def __init__(self) -> None:
        self.begun, self.gone = threading.Event(), threading.Event()

    def __call__(self, x: Any) -> None:
        x.open_stream()
        try:
            while not x.over.wait(0.02):
                x.piece("la ")
                self.begun.set()
        except OSError:
            self.gone.set()


class Silent:
    """An answer that never comes, from a server that notices that nobody waits for it any more."""

    def __init__(self) -> None:
        self.begun, self.gone = threading.Event(), threading.Event()

    def __call__(self, x: Any) -> None:
        self.begun.set()
        x.handler.connection.settimeout(120)
        if x.handler.connection.recv(1) == b"":
            self.gone.set()


@pytest.mark.parametrize("kind", [Stream, Silent])
def test_cancelling_from_another_thread_closes_the_connection(serve: Serve, kind: Any) -> None:
    chat, stop = kind(), Cancellation()
    engine = connect(serve(chat=chat).url, timeout=100)
    heard = threading.Event()

    def work() -> None:
        with stop:
            engine.answer(HELLO, max_tokens=5, on_text=(lambda _: heard.set()) if kind is Stream else None)

    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(work)
        assert (heard if kind is Stream else chat.begun).wait(60)
        stop.cancel()
        with pytest.raises(CancelledAnswer, match=r"^the request was cancelled$") as caught:
            asked.result(60)
    assert chat.gone.wait(60), "the server never noticed"
    assert set(caught.value.partial.split()) == ({"la"} if kind is Stream else set())


def test_nothing_begins_where_it_was_cancelled_before(serve: Serve) -> None:
    server = serve()
    engine, stop = connect(server.url), Cancellation()
    seen = len(server.seen)
    stop.cancel()
    with stop, pytest.raises(CancelledAnswer):
        ask(engine)
    with stop, Cancellation(), pytest.raises(CancelledAnswer):
        engine.metrics()
    assert len(server.seen) == seen
    assert ask(engine).text == "hello brown fox", "outside of the block nothing is cancelled"


def test_cancelling_ends_the_wait_for_a_turn_and_for_a_retry(serve: Serve) -> None:
    gate, stop = Gate(), Cancellation()
    engine = connect(serve(chat=gate).url, concurrency=1, timeout=100)
    engine.count(HELLO)
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(ask, engine)
        gate.wait_for(1)
        waiting = pool.submit(lambda: stop.__enter__() and ask(engine))
        time.sleep(0.2)
        stop.cancel()
        with pytest.raises(CancelledAnswer):
            waiting.result(60)
        gate.open.set()
        assert first.result(60).text == "fine"
    retried, later = connect(serve(chat=failing(503)).url, backoff=100, timeout=200), Cancellation()
    timer = threading.Timer(0.3, later.cancel)
    timer.start()
    with later, pytest.raises(CancelledAnswer):
        ask(retried)
    timer.join()


def test_a_cancelled_task_closes_the_connection(serve: Serve) -> None:
    chat = Stream()
    engine = connect(serve(chat=chat).url, timeout=100)

    async def main() -> None:
        task = asyncio.create_task(engine.aanswer(HELLO, max_tokens=5, on_text=lambda _: None))
        while not chat.begun.is_set():
            await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await asyncio.to_thread(chat.gone.wait, 60), "the server never noticed"

    asyncio.run(main())


def test_tasks_share_an_engine(serve: Serve) -> None:
    engine = connect(serve().url, concurrency=2)

    async def main() -> list[str]:
        chats = [[Message(role="user", content=f"fox {n}")] for n in range(6)]
        return [a.text for a in await asyncio.gather(*(engine.aanswer(c, max_tokens=9) for c in chats))]

    assert asyncio.run(main()) == [f"fox {n}" for n in range(6)]


def test_a_pipeline_s_task_cancels_its_request(serve: Serve) -> None:
    from ctxpipe import Document, Pipeline

    chat = Silent()
    server = serve(chat=chat)
    engine = connect(server.url, timeout=100)
    pipeline = Pipeline(target=engine, rank="none", max_tokens=5)

    async def main() -> None:
        task = asyncio.create_task(pipeline.aquery(Document(text="A fox."), question="What?"))
        while not chat.begun.is_set():
            await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await asyncio.to_thread(chat.gone.wait, 60), "the server never noticed"

    asyncio.run(main())


def test_one_failure_cancels_the_others(serve: Serve) -> None:
    silent = Silent()

    def chat(x: Any) -> None:
        if x.body["messages"][0]["content"] == "wait":
            silent(x)
        else:
            silent.begun.wait(60)
            x.error(400, "no")

    engine = connect(serve(chat=chat).url, timeout=100)

    def one(text: str) -> str:
        return engine.answer([Message(role="user", content=text)], max_tokens=5).text

    with pytest.raises(EngineError, match="400: no"):
        in_threads(one, ["fail", "wait"], threads=2)
    assert silent.gone.wait(60)
    assert in_threads(str.upper, ["a", "b"], threads=2) == ["A", "B"]


def test_a_thread_s_result_and_error_reach_the_task() -> None:
    def fail() -> None:
        raise KeyError("mine")

    assert asyncio.run(in_thread(lambda: 5)) == 5
    with pytest.raises(KeyError, match="mine"):
        asyncio.run(in_thread(fail))
