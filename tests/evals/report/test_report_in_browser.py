"""A report opened and used in a real browser, when one is installed."""

from __future__ import annotations

from pathlib import Path

from browser import Page

from ctxpipe.evals.report.report import html_report
from ctxpipe.evals.runs.folder import RunFolder, RunSettings
from ctxpipe.evals.runs.records import RecordFile
from ctxpipe.evals.summary.summary import summarise
from ctxpipe.evals.types import Passage, Record, Sample

HOSTILE = "<script>alert(1)</script><img src=http://127.0.0.1:9/x>"


def made(path: Path) -> Path:
    folder = RunFolder(path)
    with RecordFile(folder.records) as file:
        folder.start(RunSettings(seed=0, layers=(1,), tokenizer="t", target="none"))
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


def test_a_report_opens_and_is_used(browser_page: Page, tmp_path: Path) -> None:
    file = tmp_path / "report.html"
    file.write_text(html_report(summarise(made(tmp_path / "run"))), encoding="utf-8")
    browser_page.call("Emulation.setDeviceMetricsOverride", width=390, height=800, deviceScaleFactor=1, mobile=True)
    browser_page.open(file.as_uri())
    assert browser_page.value("document.querySelector('.verdict strong').innerText").endswith("default@0.5")
    assert browser_page.value("document.querySelector('svg.plot').getBoundingClientRect().width") > 200
    assert browser_page.value("document.documentElement.scrollWidth") <= 390
    inside = "document.querySelector('details .inside').checkVisibility({contentVisibilityAuto: true})"
    assert browser_page.value("document.querySelector('details').open") is False
    assert browser_page.value(inside) is False
    browser_page.click("details summary")
    assert browser_page.value("document.querySelector('details').open") is True
    assert browser_page.value(inside) is True
    assert "Dropped words." in browser_page.value("document.querySelector('details pre .dropped').innerText")
    asked = [e["params"]["request"]["url"] for e in browser_page.events if e["method"] == "Network.requestWillBeSent"]
    assert asked == [file.as_uri()]
    wrong = ("Runtime.exceptionThrown", "Runtime.consoleAPICalled", "Log.entryAdded", "Page.javascriptDialogOpening")
    assert [event for event in browser_page.events if event["method"] in wrong] == []


def test_a_dark_screen_prints_on_white_paper(browser_page: Page, tmp_path: Path) -> None:
    file = tmp_path / "report.html"
    file.write_text(html_report(summarise(made(tmp_path / "run"))), encoding="utf-8")
    browser_page.call("Emulation.setDeviceMetricsOverride", width=1200, height=800, deviceScaleFactor=1, mobile=False)
    colours = "['color', 'backgroundColor'].map(name => getComputedStyle(document.body)[name])"
    dark = [{"name": "prefers-color-scheme", "value": "dark"}]
    browser_page.call("Emulation.setEmulatedMedia", media="screen", features=dark)
    browser_page.open(file.as_uri())
    assert browser_page.value(colours) == ["rgb(236, 238, 240)", "rgb(21, 23, 26)"]
    browser_page.call("Emulation.setEmulatedMedia", media="print", features=dark)
    assert browser_page.value(colours) == ["rgb(22, 24, 27)", "rgb(255, 255, 255)"]
    assert browser_page.value("getComputedStyle(document.querySelector('.wide')).overflowX") == "visible"
    browser_page.call("Emulation.setEmulatedMedia", media="screen", features=[])
    assert browser_page.value("document.documentElement.scrollWidth") <= 1200
