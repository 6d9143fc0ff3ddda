"""``ctxpipe plan`` as a user sees it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from commands_support import Command
from samples import library

from ctxpipe.evals.paired.choice import choose
from ctxpipe.evals.runs.records import RecordFile
from ctxpipe.evals.types import Record
from ctxpipe.models.tokenizer import TargetTokenizer
from ctxpipe.serving import Memory, Parallelism, plan


@pytest.fixture
def document(tmp_path: Path) -> Path:
    path = tmp_path / "prose.txt"
    path.write_text(library()["text"].text, encoding="utf-8")
    return path


def choice(folder: Path) -> Path:
    """A stored choice: nothing lost at half, one answer in forty at a quarter, half of them at a tenth."""
    with RecordFile(folder / "records.jsonl") as file:
        for i in range(400):
            for rate, every in ((None, 0), (0.5, 0), (0.25, 40), (0.1, 2)):
                arm = f"default@{rate:g}" if rate else "raw"
                file.append(
                    Record(
                        id=f"i{i}",
                        cluster=f"c{i}",
                        arm=arm,
                        method="default" if rate else "",
                        rate=rate,
                        scores={"survival": float(not every or i % every > 0)},
                    )
                )
    choose(folder, max_loss=0.08)
    return folder / "choice.json"


def test_the_table_has_a_row_for_each_and_every_constant(run: Command) -> None:
    outcome = run("plan", "--gpus", "1,8", "--kv-dtype", "fp8")
    assert (outcome.code, outcome.err) == (0, "")
    lines = outcome.out.splitlines()
    assert lines[0].startswith("scout: 108.6 billion parameters, 64.9 GB of weights; KV cache of 10,485,760 tokens: ")
    rows = [line.split("  ") for line in lines if line.lstrip().startswith(("1 x", "8 x"))]
    assert [row[0].strip() for row in rows] == ["1 x h100-80gb", "8 x h100-80gb"]
    expected = plan("scout", gpus=(1, 8), kv_dtype="fp8")
    for row, made in zip(rows, expected.rows, strict=True):
        assert f"{made.max_context_tokens:,}" in [cell.strip() for cell in row]
    assert rows[1][-1].strip() == "the model's own limit"
    for one in expected.assumptions:
        assert any(line.startswith(one.name) for line in lines), one.name


def test_json_is_the_plan(run: Command) -> None:
    outcome = run("plan", "--json", "--model", "gemma-3-27b", "--gpu", "l40s", "--gpus", "2", "--full-kv")
    found = json.loads(outcome.out)
    assert found == json.loads(
        json.dumps(plan("gemma-3-27b", gpu="l40s", gpus=2, memory=Memory(hybrid=False)).to_json())
    )
    assert found.keys() >= {"model", "profile", "rows"}
    keys = {"gpus", "gpu", "weights_gib", "kv_gib", "bytes_per_token", "max_context_tokens"}
    assert all(row.keys() >= keys for row in found["rows"])
    assert "document_tokens" not in found


def test_every_option_reaches_the_plan(run: Command) -> None:
    options = "--tp 2 --pp 3 --batch 2 --utilisation 0.8 --overhead 6 --block-size 32 --batched-tokens 1024 --no-async"
    outcome = run(
        "plan", "--json", *options.split(), "--quantization", "w4a16", "--language-only", "--tokens", "9000000"
    )
    expected = plan(
        "scout",
        parallelism=Parallelism(tensor=2, pipeline=3),
        batch=2,
        memory=Memory(utilisation=0.8, overhead_gib=6, block_size=32, batched_tokens=1024, async_scheduling=False),
        quantization="w4a16",
        language_only=True,
        tokens=9_000_000,
    )
    found = json.loads(outcome.out)
    assert found.pop("tokenizer") is None
    assert found == json.loads(json.dumps(expected.to_json()))
    assert found["rows"][0]["rate_needed"] == found["rate_needed"] < 1
    small = json.loads(run("plan", "--json", "--gpus", "1", "--kv-bytes", "100000000", "--context", "70000").out)
    assert small["rows"][0]["fits"] is False


def test_documents_are_counted_and_the_rate_that_makes_them_fit_is_told(run: Command, document: Path) -> None:
    tokens = TargetTokenizer.load("smollm2-135m").count_long(document.read_text())
    window = ["--model", "smollm2-135m", "--gpus", "1", "--tokenizer", "smollm2-135m", "--reserve", "600"]
    found = json.loads(run("plan", document, *window, "--json").out)
    assert found["document_tokens"] == tokens > 30_000
    assert found["tokenizer"] == "smollm2-135m"
    room = 8192 - 600
    assert found["rows"][0]["rate_needed"] == room * 1_000_000 // tokens / 1_000_000
    more = json.loads(run("plan", document, *window, "--tokens", "1000", "--json").out)
    assert more["document_tokens"] == tokens + 1000
    outcome = run("plan", document, *window)
    assert f"documents: {tokens:,} tokens of smollm2-135m, and 600 for question and answer" in outcome.out
    rate = outcome.out.partition("fit at --rate ")[2].split()[0]
    budget = run("compress", document, "--rate", rate, "--rank", "none", "--json", "--quiet")
    assert 0.9 * room < json.loads(budget.out)["kept_tokens"] <= room
    assert "fit as they are" in run("plan", document, "--gpus", "2", "--tokenizer", "smollm2-135m").out


def test_the_models_own_tokenizer_counts_unless_it_cannot_be_had(
    run: Command, document: Path, tmp_path: Path, smollm2_dir: Path
) -> None:
    own = json.loads(run("plan", document, "--model", smollm2_dir, "--gpus", "1", "--json").out)
    assert own["tokenizer"] == str(smollm2_dir)
    config = tmp_path / "alone" / "config.json"
    config.parent.mkdir()
    config.write_bytes((smollm2_dir / "config.json").read_bytes())
    (config.parent / "tokenizer.json").write_text("broken")
    other = run("plan", document, "--model", config, "--gpus", "1", "--json")
    assert json.loads(other.out)["tokenizer"] == "smollm2-135m"
    assert other.err.startswith("note: counted in tokens of smollm2-135m, because the model's tokenizer cannot be ")
    assert other.err.count("\n") == 1


def test_settings_of_a_file_are_used(
    run: Command, document: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    document.write_bytes(b"\xef\xbb\xbfsome text \xff" * 100)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "ctxpipe.toml").write_text('tokenizer = "smollm2-135m"\nerrors = "replace"\n')
    assert json.loads(run("plan", document, "--gpus", "1", "--json").out)["tokenizer"] == "smollm2-135m"
    refused = run("plan", document, "--gpus", "1", "--decode-errors", "strict")
    assert (refused.code, refused.out) == (1, "")


def test_quality_that_was_measured_is_told_at_the_rate_that_is_needed(run: Command, tmp_path: Path) -> None:
    stored = choice(tmp_path)
    held_out = json.loads(stored.read_text())["held_out"]

    def at(tokens: int) -> dict[str, object] | None:
        outcome = run(
            "plan", "--model", "smollm2-135m", "--gpus", "1", "--tokens", tokens, "--choice", stored, "--json"
        )
        return json.loads(outcome.out)["rows"][0]["measured"]

    assert at(7000) is None  # fits as it is
    assert at(12_000)["arm"] == "default@0.5"
    quarter = at(20_000)
    assert (quarter["arm"], quarter["rate"], quarter["verdict"]) == ("default@0.25", 0.25, "safe")
    assert (quarter["kept"], quarter["n"]) == (held_out["mean_b"], held_out["n"])
    assert at(40_000)["verdict"] == "harmful"
    assert at(200_000) is None  # harsher than anything measured
    row = ["plan", "--model", "smollm2-135m", "--gpus", "1", "--choice", stored]
    told = f"survival {held_out['mean_b']:.2f}, raw 1.00, at 0.25: safe"
    assert told in run(*row, "--tokens", 20_000).out
    assert "nothing as harsh was measured" in run(*row, "--tokens", 200_000).out


def test_a_choice_in_the_working_directory_is_found(
    run: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "ctxpipe-choice.json").write_bytes(choice(tmp_path / "run").read_bytes())
    monkeypatch.chdir(tmp_path)
    found = json.loads(run("plan", "--tokens", 200_000, "--gpus", "1", "--json").out)
    assert (found["choice"], found["rows"][0]["measured"]["rate"]) == ("ctxpipe-choice.json", 0.5)


@pytest.mark.parametrize("suffix", ["svg", "png"])
def test_a_plot_is_written(run: Command, tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"plan.{suffix}"
    outcome = run("plan", "--gpus", "1", "--plot", path)
    assert (outcome.code, outcome.err) == (0, "")
    assert path.read_bytes().startswith(b"\x89PNG" if suffix == "png" else b"<?xml")
    lost = run("plan", "--plot", tmp_path / "no" / f"plan.{suffix}")
    assert (lost.code, lost.err.count("\n")) == (1, 1)


def test_what_is_built_in_is_listed(run: Command) -> None:
    out = run("plan", "--list").out
    for name in ("scout", "maverick", "108,641,793,536", "h100-80gb", "rtx-4090", "int4-mixed"):
        assert name in out


@pytest.mark.parametrize(
    ("arguments", "code", "line"),
    [
        (["--model", "scuot"], 2, "error: unknown model 'scuot'; did you mean scout"),
        (["--gpu", "h10"], 2, "error: unknown GPU 'h10'; did you mean"),
        (["--gpus", "0"], 2, "error: 0 is not a valid number of GPUs; give 1 to 4,096"),
        (["--gpus", "two"], 2, "error: --gpus takes numbers, like 1,2,4, not 'two'"),
        (
            ["--tp", "3"],
            2,
            "error: tensor parallelism 3 does not divide the 40 heads and 8 KV heads; these do: 1, 2, 4",
        ),
        (["--context", "20000000"], 2, "error: a context of 20,000,000 tokens is above the 10,485,760 that scout"),
        (["--tokens", "0"], 2, "error: the documents' tokens must be at least 1, not 0"),
        (["--tokenizer", "smollm2-135m"], 2, "error: --tokenizer counts documents; name some"),
        (["--plot", "plan.gif"], 2, "error: a plot must be an .svg or .png file, not 'plan.gif'"),
        (
            ["--choice", "nowhere.json"],
            2,
            "error: no choice of a rate is stored in nowhere.json; make one: ctxpipe eval choose RUN --max-loss LOSS",
        ),
        (["--profile", "refrence"], 2, "error: unknown profile 'refrence'; did you mean reference?"),
        (["--quantization", "w4"], 2, "error: unknown quantisation 'w4'; did you mean w4a16"),
        (["nowhere.txt"], 1, "error: nowhere.txt: "),
        (["--model", "./nowhere"], 1, "error: ./nowhere: no such file or folder"),
    ],
)
def test_bad_input_is_one_line(run: Command, arguments: list[str], code: int, line: str) -> None:
    outcome = run("plan", *arguments)
    assert (outcome.code, outcome.out) == (code, "")
    assert outcome.err.startswith(line)
    assert outcome.err.count("\n") == 1


def test_a_config_that_lacks_a_field_says_which(run: Command, tmp_path: Path) -> None:
    path = tmp_path / "config.json"
    path.write_text('{"model_type": "llama", "num_hidden_layers": 2, "num_attention_heads": 2, "hidden_size": 8}')
    outcome = run("plan", "--model", path)
    assert (outcome.code, outcome.err) == (2, f"error: the config of {path} lacks {_LENGTHS}\n")


_LENGTHS = "max_position_embeddings or n_positions or max_seq_len or seq_length"


def test_a_choice_that_is_none_is_refused(run: Command, tmp_path: Path) -> None:
    path = tmp_path / "choice.json"
    for text in ("[]", "{", '{"arm": 1}', '{"arm": null, "held_out": null, "selection": [{"arm": "default@0.5"}]}'):
        path.write_text(text)
        outcome = run("plan", "--tokens", "5", "--choice", path)
        assert (outcome.code, outcome.err) == (
            1,
            f"error: {path}: holds no choice; make one: ctxpipe eval choose RUN --max-loss LOSS --out {path}\n",
        )
