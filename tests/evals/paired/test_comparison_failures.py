"""Items without a score: errors, truncations, and what raw cannot do."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from evals_support import arm

from ctxpipe.errors import ReadError, UsageError
from ctxpipe.evals import compare
from ctxpipe.evals.paired.comparison import compare_with_raw
from ctxpipe.evals.summary.rows import row_of
from ctxpipe.evals.types import Record


def test_errors_are_counted_and_never_dropped() -> None:
    a, b = [1.0] * 100, [1.0] * 80 + [None] * 20
    found = compare(arm(a), arm(b))
    assert (found.n, found.errors_a, found.errors_b) == (100, 0, 20)
    assert (found.mean_b, found.difference, found.verdict) == (0.8, -0.2, "harmful")
    assert any(note.startswith("20 of 100 items have no score") for note in found.notes)


def test_errors_of_the_arm_compared_with_cannot_make_a_loss_look_safe() -> None:
    a, b = [1.0] * 370 + [None] * 30, [1.0] * 370 + [0.0] * 30
    found = compare(arm(a), arm(b))
    assert (found.n, found.errors_a, found.difference) == (400, 30, 0)
    assert found.verdict == "inconclusive"
    assert any("could hide a loss" in note for note in found.notes)
    assert compare(arm([1.0] * 370 + [0.0] * 30), arm(b)).verdict == "safe"


def test_what_raw_cannot_do_is_left_out_and_said() -> None:
    draw = np.random.default_rng(7)
    scores = (2 + draw.random(80)).tolist()
    a = arm([*scores, *[None] * 20], name="nll", arm="raw")
    b = arm([*scores[:-3], None, None, None, *[9.0] * 20], name="nll", arm="default@0.5")
    found = compare(a, b)
    assert (found.n, found.left_out, found.errors_a, found.errors_b) == (80, 20, 0, 3)
    assert found.mean_a == pytest.approx(np.mean(scores))
    assert found.mean_b == pytest.approx(np.mean([*scores[:-3], *[max(scores)] * 3])), "what the arm lacks is its worst"
    assert "20 of 100 items have no score 'nll' in raw (error or truncated) and were left out" in found.notes
    assert not any("could hide" in note for note in found.notes)


def test_only_raw_may_leave_out_what_it_cannot_do() -> None:
    """Else the arm that fails on the hard items would look the better one."""
    a, b = arm([1.0] * 370 + [None] * 30, arm="bm25@0.5"), arm([1.0] * 370 + [0.0] * 30, arm="default@0.5")
    found = compare(a, b)
    assert (found.n, found.left_out, found.verdict) == (400, 0, "inconclusive")
    raw = [line | {"arm": "raw"} for line in a]
    found = compare(raw, b)
    assert (found.n, found.left_out, found.verdict) == (370, 30, "safe")


def test_a_run_a_pair_of_files_and_a_report_agree_on_what_raw_lacks() -> None:
    def record(i: int, name: str, score: float | None) -> Record:
        scores = {} if score is None else {"survival": score}
        return Record(
            id=f"q{i}", cluster=f"c{i}", arm=name, scores=scores, status="truncated" if score is None else "ok"
        )

    raw = {f"q{i}": record(i, "raw", None if i % 10 == 0 else 1.0) for i in range(200)}
    own = {f"q{i}": record(i, "default@0.5", None if i % 70 == 1 else float(i % 30 != 2)) for i in range(200)}
    found = compare_with_raw(raw, own, score="survival", margin=0.05)
    assert found is not None
    assert found == compare(raw.values(), own.values(), score="survival", margin=0.05)
    assert (found.n, found.left_out, found.truncated_a, found.truncated_b) == (180, 20, 0, 3)
    row = row_of("all", "default@0.5", own, {"raw": raw}, score="survival", margin=0.05, seed=0)
    assert row.survival_vs_raw == found
    assert compare_with_raw(raw, own, score="nll", margin=0.05) is None


def test_an_arm_of_a_run_that_lacks_a_score_without_having_failed_is_named() -> None:
    raw = {f"q{i}": Record(id=f"q{i}", cluster="c", arm="raw", scores={"survival": 1.0}) for i in range(2)}
    own = {key: replace(one, arm="x") for key, one in raw.items()}
    with pytest.raises(ReadError, match="item q1, arm x: score 'survival' is missing"):
        compare_with_raw(raw, own | {"q1": replace(own["q1"], scores={})}, score="survival", margin=0.1)
    with pytest.raises(UsageError, match="item q1 is in another cluster or stratum in the arm than in raw"):
        compare_with_raw(raw, own | {"q1": replace(own["q1"], cluster="d")}, score="survival", margin=0.1)
    with pytest.raises(UsageError, match="must be above 0"):
        compare_with_raw(raw, own, score="survival", margin=0)


def test_truncated_items_are_told_from_errors_and_keep_the_score_they_have() -> None:
    a = arm([1.0] * 70)
    b = arm([1.0] * 70)
    b[0] |= {"status": "truncated"}
    b[1] = {"id": "q1", "cluster": "c1", "status": "truncated"}
    found = compare(a, b)
    assert (found.truncated_b, found.errors_b, found.mean_b) == (2, 0, 69 / 70)


def test_an_error_that_was_tried_again_counts_once() -> None:
    b = arm([None, 1.0])
    found = compare(arm([1.0, 1.0]), [*b, arm([1.0])[0]])
    assert (found.n, found.errors_b, found.mean_b) == (2, 0, 1)


def test_all_errors_in_both_arms_are_refused() -> None:
    with pytest.raises(UsageError, match="which score"):
        compare(arm([None, None]), arm([None, None]))
