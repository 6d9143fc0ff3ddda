from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest
from http_support import count_words, echo, list_models, servers

from ctxpipe.cli import main
from ctxpipe.errors import UsageError
from ctxpipe.evals.report.report import html_report
from ctxpipe.evals.runs.folder import RunFolder, RunSettings
from ctxpipe.evals.runs.records import RecordFile
from ctxpipe.evals.statistics.effective_length import Censored, EffectiveLength, LengthGain
from ctxpipe.evals.summary.capacity import Capacity, planned, works
from ctxpipe.evals.summary.effective import ArmLengths, Lengths
from ctxpipe.evals.summary.summary import summarise
from ctxpipe.evals.types import Passage, Record, Sample


def gain(raw: float, compressed: float, censored: Censored = "") -> LengthGain:
    return LengthGain(
        threshold=0.5,
        raw=EffectiveLength(length=raw),
        compressed=EffectiveLength(length=compressed, censored=censored),
        raw_interval=(raw / 2, raw * 2),
        compressed_interval=(compressed / 2, compressed * 2),
        raw_lower=(),
        compressed_lower=(),
        gain=compressed / raw,
        censored="",
        interval=None,
        censored_share=0.0,
    )


def lengths(*arms: ArmLengths) -> Lengths:
    raw = ArmLengths(arm="raw", scores=(), gain=None)
    return Lengths(suite="needle", tokens=(500, 8000), items=20, closed=0.1, arms=(raw, *arms))


def arm(name: str, found: LengthGain) -> ArmLengths:
    return ArmLengths(arm=name, scores=(), gain=found)


def test_memory_or_quality_holds_back_whichever_is_less() -> None:
    suite = lengths(arm("default@0.25", gain(1000, 6000)))
    small, large = (Capacity(name=str(tokens), tokens=tokens) for tokens in (800, 5000))
    raw_small, arm_small, raw_large, arm_large = works([suite], [small, large])
    assert (raw_small.arm, raw_small.tokens, raw_small.limit) == ("raw", 800, "memory")
    assert (arm_small.fits, arm_small.tokens, arm_small.limit) == (3200, 3200, "memory")
    assert (raw_large.tokens, raw_large.limit, raw_large.interval) == (1000, "quality", (500, 2000))
    assert (arm_large.fits, arm_large.tokens, arm_large.interval) == (20_000, 6000, (3000, 12_000))


def test_a_budget_takes_any_source_into_a_window_that_holds_it() -> None:
    suite = lengths(arm("default@2000", gain(1000, 8000, "at least")))
    (raw, budget) = works([suite], [Capacity(name="w", tokens=4000)])
    assert (raw.arm, budget.fits, budget.tokens, budget.limit) == ("raw", None, 8000, "measured")
    assert [one.arm for one in works([suite], [Capacity(name="w", tokens=1500)])] == ["raw"]


def test_what_never_worked_is_not_claimed() -> None:
    suite = lengths(arm("random@0.25", gain(1000, 500, "below")))
    assert [one.arm for one in works([suite], [Capacity(name="w", tokens=4000)])] == ["raw"]
    with pytest.raises(UsageError, match="several --lengths"):
        works([lengths()], [Capacity(name="w", tokens=4000)])


def test_capacities_are_the_plans() -> None:
    one, eight = planned("scout", [1, 8], "h100-80gb")
    assert one.name == "scout on 1 x h100-80gb"
    assert 30_000 < one.tokens < eight.tokens


@pytest.fixture
def run_folder(tmp_path: Path) -> Path:
    """A run over three lengths: raw fails at the longest, the method does not."""
    folder = RunFolder(tmp_path / "run")
    folder.path.mkdir()
    folder.start(RunSettings(seed=0, layers=(2,), tokenizer="t", target="model 1"))
    samples, records = [], []
    nll = {"raw": (0.1, 0.12, 2.0), "closed": (4.0, 4.0, 4.0), "default@1000": (0.1, 0.11, 0.12)}
    for i in range(30):
        for place, size in enumerate((1000, 2000, 4000)):
            sample = Sample(
                id=f"needle/{i}@{size}",
                dataset="needle",
                cluster=f"c{i}",
                documents=(Passage(text="x"),),
                question="?",
                answers=("a",),
                stratum=f"needle@{size}",
            )
            samples.append(sample)
            for name, values in nll.items():
                method = name.partition("@")[0] if "@" in name else ""
                base = Record(id=sample.id, cluster=sample.cluster, stratum=sample.stratum, arm=name, method=method)
                scores = {"nll": values[place] + 0.001 * (i % 5)}
                records.append(replace(base, scores=scores, source_tokens=size, kept_tokens=min(size, 1000)))
    folder.keep(samples)
    with RecordFile(folder.records) as file:
        for record in records:
            file.append(record)
    return folder.path


def test_plots_are_written_as_files_that_stand_alone(run_folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "figures"
    assert main(["eval", "report", str(run_folder), "--figures", str(out)]) == 0
    names = {path.name for path in out.iterdir()}
    assert names >= {"pareto.svg", "gain-all.svg", "lengths-needle.svg", "cost.svg"}
    assert "latency.svg" not in names, "nothing was timed"
    for path in out.iterdir():
        root = ElementTree.fromstring(path.read_text(encoding="utf-8"))
        assert root.tag == "{http://www.w3.org/2000/svg}svg"
    texts = "".join(ElementTree.parse(out / "lengths-needle.svg").getroot().itertext())
    assert "default" in texts
    assert "raw" in texts


def test_a_folder_for_plots_that_cannot_be_made(run_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    taken = run_folder / "run.json"
    assert main(["eval", "report", str(run_folder), "--figures", str(taken / "x")]) == 1
    assert capsys.readouterr().err.startswith(f"error: {taken}")


def test_the_report_says_what_works_where(run_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    summary = summarise(run_folder, capacities=[Capacity(name="here <b>", tokens=3000)])
    by_arm = {one.arm: one for one in summary.works}
    assert by_arm["raw"].limit == "quality"
    assert 2000 < by_arm["raw"].tokens < 3000
    assert (by_arm["default@1000"].tokens, by_arm["default@1000"].limit) == (4000, "measured")
    page = html_report(summary)
    assert "Usable source length" in page
    assert "here &lt;b&gt;" in page
    assert main(["eval", "report", str(run_folder), "--plan", "scout", "--gpus", "1,2"]) == 0
    said = capsys.readouterr().out
    assert "scout on 1 x h100-80gb, needle, default@1000: a source of at least 4,000 tokens works" in said
    assert main(["eval", "report", str(run_folder), "--plan", "scout", "--gpus", "one"]) == 2


def test_the_report_goes_by_the_window_of_a_running_server(
    run_folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("CTXPIPE_API_KEY", "OPENAI_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    said = {}
    for window in (1500, 3000):
        models = list_models({"id": "m", "object": "model", "max_model_len": window})
        with servers(models=models, tokenize=count_words, chat=echo) as start:
            url = start().url
            assert main(["eval", "report", str(run_folder), "--server", url]) == 0
        lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith("m at ")]
        said[window] = " ".join(line.replace(url, "URL") for line in lines)
    assert "m at URL, needle, raw: a source of 1,500 tokens works" in said[1500]
    assert "m at URL, needle, raw: a source of 2," in said[3000]
    assert "default@1000: a source of at least 4,000 tokens works" in said[3000]
