"""What can be compared: files, records and lines, and what is refused of them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from evals_support import arm, table

from ctxpipe.errors import ReadError, UnknownNameError, UsageError
from ctxpipe.evals import compare
from ctxpipe.evals.types import Record


def test_arms_with_different_items_are_refused_with_examples() -> None:
    with pytest.raises(UsageError, match=r"5 only in A \(q5, q6, q7, \.\.\.\); 0 only in B$"):
        compare(arm([1.0] * 10), arm([1.0] * 5))
    with pytest.raises(UsageError, match=r"1 only in A \(q0\); 1 only in B \(z\)$"):
        compare(arm([1.0]), [{"id": "z", "cluster": "c", "survival": 1}])


@pytest.mark.parametrize("field", ["cluster", "stratum"])
def test_arms_that_disagree_on_an_item_are_refused(field: str) -> None:
    a = arm([1.0, 1.0], stratum="s")
    b = arm([1.0, 1.0], stratum="s")
    b[1][field] = "other"
    with pytest.raises(UsageError, match=f"item q1 is in {field} '.*' in A and 'other' in B"):
        compare(a, b)


def test_a_score_is_found_at_the_top_or_nested_and_chosen_when_there_is_one() -> None:
    flat, nested = arm([1.0, 0.0], name="f1"), arm([], name="")
    nested = [{"id": line["id"], "cluster": line["cluster"], "scores": {"f1": line["f1"]}} for line in flat]
    assert compare(flat, nested).score == "f1"
    many = [line | {"survival": 1.0} for line in flat]
    assert compare(many, many).score == "survival"
    assert compare(many, many, score="f1").mean_a == 0.5
    with pytest.raises(UsageError, match="which score to compare"):
        compare([line | {"g": 1} for line in flat], [line | {"g": 1} for line in flat])
    with pytest.raises(UnknownNameError, match="unknown score 'f2'; did you mean f1"):
        compare(flat, nested, score="f2")


def test_records_and_parsed_lines_are_alike() -> None:
    a, b = table(20, 6, 2, 10)
    made = [Record(id=f"q{i}", cluster=f"c{i}", arm="raw", scores={"survival": score}) for i, score in enumerate(a)]
    assert compare(made, arm(b)) == compare(arm(a), arm(b))


def test_a_score_that_does_not_apply_leaves_the_item_out_and_says_so() -> None:
    a = [{"id": str(i), "cluster": str(i), "scores": {"evidence": 1.0} if i < 70 else {}} for i in range(80)]
    found = compare(a, a, score="evidence")
    assert (found.n, found.not_applicable) == (70, 10)
    assert any("10 items have no score 'evidence'" in note for note in found.notes)
    b = [dict(line) for line in a]
    b[3] = {"id": "3", "cluster": "3", "scores": {}}
    with pytest.raises(ReadError, match="B, record 4: score 'evidence' is missing"):
        compare(a, b, score="evidence")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('{"cluster": "c", "survival": 1}', "field 'id' is missing"),
        ('{"id": "q2", "survival": 1}', "field 'cluster' is missing"),
        ('{"id": "q2", "cluster": "c2"}', "score 'survival' is missing"),
        ('{"id": "q2", "cluster": "c2", "survival": NaN}', "score 'survival' is NaN"),
        ('{"id": "q2", "cluster": "c2", "survival": 1e999}', "score 'survival' is infinite"),
        ('{"id": "q2", "cluster": "c2", "survival": "high"}', "score 'survival' is \"high\", which is not a number"),
        ('{"id": "q2", "cluster": "c2", "scores": [1]}', r"field 'scores' is \[1\]: input should be a valid"),
        (
            '{"id": "q2", "cluster": "c2", "survival": 1, "status": "fine"}',
            "field 'status' is \"fine\": ",
        ),
        ('{"id": "q1", "cluster": "c1", "survival": 1}', "id 'q1' was already used in .*line 2"),
        ("7", "not a JSON object"),
        ("{", "not JSON"),
    ],
)
def test_a_bad_line_is_named(tmp_path: Path, line: str, said: str) -> None:
    path = tmp_path / "b.jsonl"
    lines = [json.dumps(one) for one in arm([1.0] * 4)]
    path.write_text("\n".join([*lines[:2], line, lines[3]]) + "\n")
    with pytest.raises(ReadError, match=rf"b\.jsonl, line 3: .*{said}"):
        compare(arm([1.0] * 4), path)


def test_a_last_line_cut_short_is_said(tmp_path: Path) -> None:
    path = tmp_path / "b.jsonl"
    lines = [json.dumps(one) + "\n" for one in arm([1.0] * 4)]
    path.write_text("".join(lines[:3]) + lines[3][:9])
    found = compare(arm([1.0] * 3), path)
    assert f"{path}: the last line, 4, is cut short and was left out" in found.notes
    with pytest.raises(UsageError, match=r"1 only in A \(q3\); 0 only in B \(.*line, 4, is cut short"):
        compare(arm([1.0] * 4), path)


def test_one_file_with_several_arms_needs_their_names(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    both = [*arm([1.0] * 3, arm="raw"), *arm([0.0] * 3, arm="bm25@0.25")]
    path.write_text("".join(json.dumps(line) + "\n" for line in both))
    assert compare(path, path, arm_a="raw", arm_b="bm25@0.25").difference == -1
    with pytest.raises(UsageError, match=r"has several arms \(bm25@0\.25, raw\)"):
        compare(path, path)
    with pytest.raises(UnknownNameError, match=r"unknown arm in .*run\.jsonl 'row'; did you mean raw"):
        compare(path, path, arm_a="row")


def test_an_empty_file_or_margin_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text("\n")
    with pytest.raises(UsageError, match=r"a\.jsonl has no records"):
        compare(tmp_path / "a.jsonl", arm([1.0]))
    with pytest.raises(UsageError, match="must be above 0, not -1"):
        compare(arm([1.0]), arm([1.0]), margin=-1)
    with pytest.raises(ReadError, match="No such file"):
        compare(tmp_path / "none.jsonl", arm([1.0]))
