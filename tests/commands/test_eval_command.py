from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from ctxpipe.cli import main


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    paths = []
    for name, wrong in (("a", 0), ("b", 12)):
        lines = [{"id": f"q{i}", "cluster": f"c{i}", "score": float(i >= wrong)} for i in range(80)]
        path = tmp_path / f"{name}.jsonl"
        path.write_text("".join(json.dumps(line) + "\n" for line in lines))
        paths.append(str(path))
    return paths


def test_json_is_one_object_with_the_documented_fields(files: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["eval", "compare", *files, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["n"], found["clusters"], found["mean_a"], found["mean_b"]) == (80, 80, 1.0, 0.85)
    assert found["difference"] == pytest.approx(-0.15)
    assert found["ci95"][0] < -0.15 < found["ci95"][1] < 0
    assert found["method"] == "Tango score"
    assert found["discordant"] == {"a_better": 12, "b_better": 0}
    assert found["mcnemar_p"] == 2 / 2**12
    assert (found["verdict"], found["n_needed"]) == ("harmful", None)


def test_the_table_begins_with_the_verdict(files: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["eval", "compare", *files]) == 0
    out = capsys.readouterr().out
    assert out.startswith("harmful: score loses more than the margin of 0.05")
    assert "-0.1500  95% [-0.2" in out
    assert "80 in 80 clusters" in out
    assert main(["eval", "compare", files[0], files[0]]) == 0
    captured = capsys.readouterr()
    assert captured.out.startswith("safe: the loss of score is below 0.0375 with 95% confidence, margin 0.05")
    assert "rule of three" in captured.err
    assert "note" not in captured.out
    assert main(["eval", "compare", *files, "--margin", "0.15"]) == 0
    assert capsys.readouterr().out.startswith("inconclusive: ")


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["--margin", "0"], 2, "error: the margin must be above 0"),
        (["--score", "scare"], 2, "error: unknown score 'scare'; did you mean score?"),
        (["--arm-a", "raw"], 2, "error: unknown arm"),
    ],
)
def test_bad_input_is_one_line(
    files: list[str], capsys: pytest.CaptureFixture[str], arguments: list[str], code: int, said: str
) -> None:
    assert main(["eval", "compare", *files, *arguments]) == code
    captured = capsys.readouterr()
    assert captured.err.startswith(said)
    assert captured.err.count("\n") == 1
    assert captured.out == ""


def test_arms_with_different_items_and_bad_lines_fail(files: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    path = Path(files[1])
    whole = path.read_text().splitlines(keepends=True)
    path.write_text("".join(whole[:70]))
    assert main(["eval", "compare", *files]) == 2
    assert "10 only in A (q70, q71, q72, ...); 0 only in B" in capsys.readouterr().err
    path.write_text("".join(["{}\n", *whole[1:]]))
    assert main(["eval", "compare", *files]) == 1
    assert capsys.readouterr().err == f"error: {path}, line 1: field 'id' is missing\n"


def test_help_has_an_example(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["eval", "compare", "--help"]) == 0
    assert "ctxpipe eval compare raw.jsonl compressed.jsonl" in capsys.readouterr().out


def test_the_package_and_its_help_load_no_heavy_library() -> None:
    code = (
        "import sys, ctxpipe.evals, ctxpipe.commands.eval.command\n"
        "heavy = {'numpy', 'scipy', 'tqdm', 'regex', 'filelock'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
        "assert sorted(ctxpipe.evals.__all__) == dir(ctxpipe.evals)\n"
        "for name in ctxpipe.evals.__all__: getattr(ctxpipe.evals, name)\n"
        "assert callable(ctxpipe.evals.compare)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_an_unknown_name_of_the_package_is_an_attribute_error() -> None:
    import ctxpipe.evals

    with pytest.raises(AttributeError, match="no attribute 'compere'"):
        _ = ctxpipe.evals.compere
