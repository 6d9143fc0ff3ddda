"""A made run, and a reader of its report's page."""

from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path

from ctxpipe.evals.runs.folder import RunFolder, RunSettings
from ctxpipe.evals.runs.records import RecordFile
from ctxpipe.evals.types import Passage, Record, Sample

HOSTILE = "<script>alert('x')</script><img src=http://evil.example/x onerror=a>\"'&\x07\x1b[31m"
ARMS = {"raw": 0.2, "raw2": 0.2, "closed": 4.2, "default@0.5": 0.2, "default@0.25": 0.25, "random@0.5": 2.2}
VOID = {"meta", "path", "line", "br"}


class Parsed(HTMLParser):
    """Checks that tags nest, and collects tags, attributes and text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def sample(i: int, text: str = "") -> Sample:
    passages = (
        Passage(text=f"Kept words {i}. Dropped words.", title=text or "Title", gold=True),
        Passage(text="More."),
    )
    return Sample(
        id=f"s{i}{text}",
        dataset="d",
        cluster=f"c{i // 2}",
        documents=passages,
        question=f"Question {i}? {text}",
        answers=(f"answer {text}",),
        stratum="one" if i % 2 else "two",
    )


def record(one: Sample, i: int, arm: str, nll: float) -> Record:
    method, _, rate = arm.partition("@")
    share = 1.0 if arm.startswith("raw") else float(rate or 0)
    spread = 0.01 * (i % 7) * (arm != "raw" and arm != "raw2")
    return Record(
        id=one.id,
        cluster=one.cluster,
        stratum=one.stratum,
        arm=arm,
        scores={"nll": nll + spread, "survival": float(nll + spread < 2), "evidence": share},
        source_tokens=100,
        kept_tokens=round(100 * share),
        rate=float(rate) if rate else None,
        method=method if rate else "",
        timings={"rank": 0.25, "target": 0.5},
        spans=((0, 0, 14),),
    )


def made(path: Path, *, items: int = 80, text: str = "", **changes: float) -> Path:
    folder = RunFolder(path)
    with RecordFile(folder.records) as file:
        folder.start(RunSettings(seed=0, layers=(1, 2), tokenizer="t", target="m r"))
        samples = folder.keep([sample(i, text) for i in range(items)])
        for i, one in enumerate(samples):
            for arm, nll in {**ARMS, **changes}.items():
                file.append(record(one, i, arm, nll))
    return path
