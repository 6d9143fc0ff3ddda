"""A report opened and used in a real browser, when one is installed."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from websockets.sync.client import ClientConnection, connect

from ctxpipe.evals.report.report import html_report
from ctxpipe.evals.runs.folder import RunFolder, Settings
from ctxpipe.evals.runs.records import RecordFile
from ctxpipe.evals.summary.summary import summarise
from ctxpipe.evals.types import Passage, Record, Sample

PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "chrome")
HOSTILE = "<script>alert(1)</script><img src=http://127.0.0.1:9/x>"


class Page:
    """A tab of the browser, spoken to by the DevTools protocol."""

    def __init__(self, socket: ClientConnection) -> None:
        self.events: list[dict[str, Any]] = []
        self._socket = socket
        self._calls = 0
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = ""
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **params: object) -> dict[str, Any]:
        self._calls += 1
        session = {"sessionId": self._session} if getattr(self, "_session", "") else {}
        self._socket.send(json.dumps({"id": self._calls, "method": method, "params": params, **session}))
        while True:
            message: dict[str, Any] = json.loads(self._socket.recv(timeout=20))
            if message.get("id") == self._calls:
                assert "error" not in message, message
                return message["result"]
            self.events.append(message)

    def open(self, url: str) -> None:
        self.call("Page.navigate", url=url)
        while not any(event["method"] == "Page.loadEventFired" for event in self.events):
            self.events.append(json.loads(self._socket.recv(timeout=20)))

    def value(self, expression: str) -> Any:
        return self.call("Runtime.evaluate", expression=expression, returnByValue=True)["result"].get("value")

    def click(self, selector: str) -> None:
        place = f"document.querySelector({selector!r})"
        self.value(f"{place}.scrollIntoView({{block: 'center'}})")
        x, y = self.value(f"(r => [r.x + 20, r.y + r.height / 2])({place}.getBoundingClientRect())")
        for kind in ("mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)


@pytest.fixture
def page(tmp_path: Path) -> Iterator[Page]:
    program = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if program is None:
        pytest.skip(f"no browser is installed ({', '.join(PROGRAMS)})")
    profile = tmp_path / "profile"
    flags = [
        "--headless=new",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--remote-debugging-port=0",
        "--no-first-run",
    ]
    if os.geteuid() == 0:
        flags.append("--no-sandbox")  # the browser refuses to start for root with one
    command = [program, *flags, f"--user-data-dir={profile}", "about:blank"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        noted = profile / "DevToolsActivePort"
        until = time.monotonic() + 20
        while not (noted.exists() and len(noted.read_text().split()) == 2):
            assert process.poll() is None, "the browser ended"
            assert time.monotonic() < until, "the browser did not start"
            time.sleep(0.05)
        port, path = noted.read_text().split()
        with connect(f"ws://127.0.0.1:{port}{path}", max_size=None, proxy=None) as socket:
            yield Page(socket)
    finally:
        process.terminate()
        process.wait(20)


def made(path: Path) -> Path:
    folder = RunFolder(path)
    with RecordFile(folder.records) as file:
        folder.start(Settings(seed=0, layers=(1,), tokenizer="t", target="none"))
        for i in range(12):
            one = Sample(
                id=f"s{i}",
                dataset="d",
                cluster=f"c{i}",
                documents=(Passage(text=f"Kept words {i}. Dropped words.", title=HOSTILE),),
                question=f"Question {i}? {HOSTILE}",
                answers=("words",),
                stratum="d",
            )
            folder.keep([one])
            for arm, score in (("raw", 1.0), ("default@0.5", float(i % 2))):
                share = 1.0 if arm == "raw" else 0.5
                method = "" if arm == "raw" else "default"
                file.append(
                    Record(
                        id=one.id,
                        cluster=one.cluster,
                        stratum="d",
                        arm=arm,
                        method=method,
                        rate=share if method else None,
                        scores={"survival": score},
                        source_tokens=20,
                        kept_tokens=round(20 * share),
                        spans=((0, 0, 13),),
                    )
                )
    return path


def test_a_report_opens_and_is_used(page: Page, tmp_path: Path) -> None:
    file = tmp_path / "report.html"
    file.write_text(html_report(summarise(made(tmp_path / "run"))), encoding="utf-8")
    page.call("Emulation.setDeviceMetricsOverride", width=390, height=800, deviceScaleFactor=1, mobile=True)
    page.open(file.as_uri())
    assert page.value("document.querySelector('.verdict strong').innerText").endswith("default@0.5")
    assert page.value("document.querySelector('svg.plot').getBoundingClientRect().width") > 200
    assert page.value("document.documentElement.scrollWidth") <= 390
    inside = "document.querySelector('details .inside').checkVisibility({contentVisibilityAuto: true})"
    assert page.value("document.querySelector('details').open") is False
    assert page.value(inside) is False
    page.click("details summary")
    assert page.value("document.querySelector('details').open") is True
    assert page.value(inside) is True
    assert "Dropped words." in page.value("document.querySelector('details pre .dropped').innerText")
    asked = [e["params"]["request"]["url"] for e in page.events if e["method"] == "Network.requestWillBeSent"]
    assert asked == [file.as_uri()]
    wrong = ("Runtime.exceptionThrown", "Runtime.consoleAPICalled", "Log.entryAdded", "Page.javascriptDialogOpening")
    assert [event for event in page.events if event["method"] in wrong] == []


def test_a_dark_screen_prints_on_white_paper(page: Page, tmp_path: Path) -> None:
    file = tmp_path / "report.html"
    file.write_text(html_report(summarise(made(tmp_path / "run"))), encoding="utf-8")
    page.call("Emulation.setDeviceMetricsOverride", width=1200, height=800, deviceScaleFactor=1, mobile=False)
    colours = "['color', 'backgroundColor'].map(name => getComputedStyle(document.body)[name])"
    dark = [{"name": "prefers-color-scheme", "value": "dark"}]
    page.call("Emulation.setEmulatedMedia", media="screen", features=dark)
    page.open(file.as_uri())
    assert page.value(colours) == ["rgb(236, 238, 240)", "rgb(21, 23, 26)"]
    page.call("Emulation.setEmulatedMedia", media="print", features=dark)
    assert page.value(colours) == ["rgb(22, 24, 27)", "rgb(255, 255, 255)"]
    assert page.value("getComputedStyle(document.querySelector('.wide')).overflowX") == "visible"
    page.call("Emulation.setEmulatedMedia", media="screen", features=[])
    assert page.value("document.documentElement.scrollWidth") <= 1200
