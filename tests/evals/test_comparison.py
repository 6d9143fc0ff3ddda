from __future__ import annotations

import json
import random
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctxpipe.errors import ReadError, UnknownNameError, UsageError
from ctxpipe.evals import compare
from ctxpipe.evals.comparison import compare_with_raw
from ctxpipe.evals.rows import row_of
from ctxpipe.evals.statistics.binomial import mcnemar
from ctxpipe.evals.statistics.tango import tango_interval
from ctxpipe.evals.types import Record

Lines = list[dict[str, Any]]


def arm(scores: Sequence[float | None], *, clusters: int = 0, name: str = "survival", **fields: Any) -> Lines:
    """One line an item, each its own cluster unless ``clusters`` says how many there are; None is an error."""
    lines: Lines = []
    for i, score in enumerate(scores):
        line: dict[str, Any] = {"id": f"q{i}", "cluster": f"c{i % clusters if clusters else i}", **fields}
        lines.append(line | ({"status": "error", "error": "x"} if score is None else {name: score}))
    return lines


def table(both: int, a_only: int, b_only: int, neither: int) -> tuple[list[float], list[float]]:
    a = [1.0] * (both + a_only) + [0.0] * (b_only + neither)
    b = [1.0] * both + [0.0] * a_only + [1.0] * b_only + [0.0] * neither
    return a, b


def test_a_published_table_gives_its_published_numbers() -> None:
    """Cavo et al. 2012 in Fagerland, Lydersen & Laake (2014): 59, 16, 6 and 80 of 161."""
    a, b = table(59, 16, 6, 80)
    found = compare(arm(a), arm(b))
    assert (found.n, found.clusters, found.strata) == (161, 161, 1)
    assert (found.mean_a, found.mean_b) == (75 / 161, 65 / 161)
    assert found.difference == pytest.approx(-10 / 161)
    assert found.ci95 == pytest.approx((-0.1240, -0.0054), abs=5e-5)
    assert (found.a_better, found.b_better) == (16, 6)
    assert found.mcnemar_p == pytest.approx(0.052479, abs=1e-6)
    assert found.method == "Tango score"
    assert (found.verdict, found.design_effect) == ("inconclusive", 1)


def test_a_comparison_names_its_fields_in_json() -> None:
    a, b = table(40, 6, 4, 10)
    found = compare(arm(a), arm(b)).to_json()
    wanted = "n clusters mean_a mean_b difference ci95 method discordant mcnemar_p verdict n_needed"
    assert set(wanted.split()) <= set(found)
    assert found["discordant"] == {"a_better": 6, "b_better": 4}
    assert json.loads(json.dumps(found, allow_nan=False)) == found


def test_n_needed_is_the_number_planned_for() -> None:
    a, b = table(60, 6, 6, 28)
    found = compare(arm(a), arm(b), margin=0.05)
    assert (found.verdict, found.n_needed) == ("inconclusive", 297)
    assert compare(arm(a), arm(b), margin=0.02).n_needed == 1855
    assert compare(arm(a), arm(b), margin=0.3).n_needed is None


def test_harmful_and_safe_are_said_when_they_are_shown() -> None:
    harmful = compare(arm([1.0] * 100), arm([0.0] * 40 + [1.0] * 60))
    assert (harmful.verdict, harmful.n_needed) == ("harmful", None)
    safe = compare(arm([1.0] * 400), arm([0.0] + [1.0] * 399), margin=0.02)
    assert safe.verdict == "safe"
    assert 0.0025 < safe.loss_bound < 0.02
    gained = compare(arm([0.0] * 40 + [1.0] * 60), arm([1.0] * 100))
    assert (gained.verdict, gained.difference) == ("safe", 0.4)
    assert gained.loss_bound < 0


def test_the_verdict_rests_on_one_sided_95_percent_bounds() -> None:
    a, b = table(300, 12, 6, 82)
    assert compare(arm(a), arm(b)).loss_bound == pytest.approx(-tango_interval(12, 6, 400, level=0.90)[0])
    draw = np.random.default_rng(4)
    losses = draw.normal(0.02, 0.1, 400)
    found = compare(arm([0.5] * 400, name="f1"), arm((0.5 - losses).tolist(), name="f1"))
    assert found.loss_bound == pytest.approx(losses.mean() + 1.645 * losses.std() / 20, abs=0.0005)


def test_without_any_change_the_loss_has_a_bound_that_is_not_zero() -> None:
    a, _ = table(30, 0, 0, 20)
    found = compare(arm(a), arm(a))
    assert found.difference == 0
    assert found.ci95 == pytest.approx(tango_interval(0, 0, 50))
    assert found.loss_bound == 3 / 50
    assert (found.mcnemar_p, found.a_better, found.b_better) == (1, 0, 0)
    assert (found.verdict, found.n_needed) == ("inconclusive", 61)
    assert any("rule of three" in note for note in found.notes)
    assert compare(arm([1.0] * 61), arm([1.0] * 61)).verdict == "safe"


@pytest.mark.parametrize("name", ["f1", "nll"])
def test_without_any_change_other_scores_have_a_bound_too(name: str) -> None:
    values = np.random.default_rng(0).random(50) * (1 if name == "f1" else 4)
    found = compare(arm(values.tolist(), name=name), arm(values.tolist(), name=name))
    assert found.difference == 0
    scale = 1 if name == "f1" else float(np.ptp(values))
    assert found.loss_bound == pytest.approx(3 / 50 * scale)
    assert found.ci95[0] < -0.05 * scale
    assert found.ci95[1] > 0.05 * scale


def test_a_true_loss_of_2_percent_in_50_items_is_never_safe_at_a_margin_of_2() -> None:
    draw = random.Random(0)
    before = arm([1.0] * 50)
    truth_inside = 0
    for _ in range(400):
        found = compare(before, arm([float(draw.random() >= 0.02) for _ in range(50)]), margin=0.02)
        assert found.verdict != "safe"
        truth_inside += found.ci95[0] <= -0.02 <= found.ci95[1]
    assert truth_inside >= 0.98 * 400


@pytest.mark.parametrize("losses", [0, 1, 4, 30])
@pytest.mark.parametrize("binary", [True, False])
def test_duplicated_clusters_do_not_shrink_the_interval(losses: int, binary: bool) -> None:
    draw = random.Random(losses)
    b = [0.0 if i < losses else 1.0 for i in range(80)]
    if not binary:
        b = [score * 0.9 + 0.05 * draw.random() if i % 3 and losses else score for i, score in enumerate(b)]
    a = [1.0] * 80
    once = compare(arm(a), arm(b))
    twice = compare(arm(a * 2, clusters=80), arm(b * 2, clusters=80))
    assert (twice.n, twice.clusters) == (160, 80)
    assert twice.difference == pytest.approx(once.difference)
    width = [found.ci95[1] - found.ci95[0] for found in (once, twice)]
    assert width[1] > 0.97 * width[0]
    assert twice.loss_bound > 0.97 * once.loss_bound


def test_clusters_that_fail_as_a_whole_widen_the_interval() -> None:
    b = [0.0 if i % 10 == 0 else 1.0 for i in range(200)]
    alone, together = compare(arm([1.0] * 200), arm(b)), compare(arm([1.0] * 200, clusters=10), arm(b, clusters=10))
    assert together.difference == alone.difference
    assert together.ci95[0] < 2 * alone.ci95[0]
    assert together.design_effect is not None
    assert together.design_effect > 10
    assert "10 clusters are few" in " ".join(together.notes)
    assert "design effect" in together.method


def test_one_cluster_decides_nothing() -> None:
    for b in ([0.0] * 30, [1.0] * 30, [0.5] * 30):
        found = compare(arm([1.0] * 30, clusters=1), arm(b, clusters=1))
        assert (found.clusters, found.verdict, found.n_needed) == (1, "inconclusive", None)
        assert found.ci95[1] - found.ci95[0] > 0.9
        assert "one cluster" in " ".join(found.notes)
        json.dumps(found.to_json(), allow_nan=False)


def test_one_item_is_compared_without_a_crash() -> None:
    found = compare(arm([1.0]), arm([0.0]))
    assert (found.n, found.difference, found.verdict) == (1, -1, "inconclusive")


def test_strata_have_one_vote_each() -> None:
    a = [{"id": str(i), "cluster": str(i), "stratum": "big" if i < 90 else "small", "score": 1} for i in range(100)]
    b = [line | {"score": int(line["stratum"] == "big")} for line in a]
    found = compare(a, b)
    assert (found.strata, found.mean_b, found.difference) == (2, 0.5, -0.5)


def test_other_scores_get_the_cluster_bootstrap() -> None:
    draw = np.random.default_rng(2)
    a = draw.random(300)
    b = np.clip(a - 0.03 + draw.normal(0, 0.05, 300), 0, 1)
    found = compare(arm(a.tolist(), name="f1"), arm(b.tolist(), name="f1"))
    half = 1.96 * (b - a).std() / 300**0.5
    assert found.ci95 == pytest.approx(((b - a).mean() - half, (b - a).mean() + half), abs=0.001)
    assert "bootstrap" in found.method
    assert (found.mcnemar_p, found.verdict) == (None, "safe")
    assert found == compare(arm(a.tolist(), name="f1"), arm(b.tolist(), name="f1"))
    assert found.ci95 != compare(arm(a.tolist(), name="f1"), arm(b.tolist(), name="f1"), seed=1).ci95


def test_a_few_differences_in_many_items_are_not_trusted_to_the_bootstrap() -> None:
    a = [0.5] * 50
    found = compare(arm(a, name="f1"), arm([0.0, *a[1:]], name="f1"))
    assert "joined with Tango" in found.method
    assert found.ci95[0] < -0.05, "one of 50 that loses half could be several"
    assert found.ci95[1] > 0


def test_a_likelihood_is_better_when_it_is_lower() -> None:
    draw = np.random.default_rng(3)
    a = 2 + draw.random(200)
    worse = compare(arm(a.tolist(), name="nll"), arm((a + 0.5 + 0.1 * draw.random(200)).tolist(), name="nll"))
    assert worse.lower_is_better
    assert worse.difference > 0.5
    assert worse.ci95[0] > 0.5
    assert (worse.verdict, worse.a_better) == ("harmful", 200)
    better = compare(arm((a + 0.5).tolist(), name="nll"), arm(a.tolist(), name="nll"))
    assert (better.verdict, better.b_better) == ("safe", 200)


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
        ('{"id": "q2", "cluster": "c2", "scores": [1]}', "field 'scores' is not an object"),
        ('{"id": "q2", "cluster": "c2", "survival": 1, "status": "fine"}', "status is 'fine'"),
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
    with pytest.raises(UsageError, match=r"holds several arms \(bm25@0\.25, raw\)"):
        compare(path, path)
    with pytest.raises(UnknownNameError, match=r"unknown arm in .*run\.jsonl 'row'; did you mean raw"):
        compare(path, path, arm_a="row")


def test_an_empty_file_or_margin_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text("\n")
    with pytest.raises(UsageError, match=r"a\.jsonl holds no records"):
        compare(tmp_path / "a.jsonl", arm([1.0]))
    with pytest.raises(UsageError, match="must be above 0, not -1"):
        compare(arm([1.0]), arm([1.0]), margin=-1)
    with pytest.raises(ReadError, match="No such file"):
        compare(tmp_path / "none.jsonl", arm([1.0]))


@given(st.lists(st.tuples(st.booleans(), st.booleans(), st.integers(0, 6)), min_size=2, max_size=60), st.randoms())
def test_any_right_or_wrong_table_gives_a_consistent_comparison(
    items: list[tuple[bool, bool, int]], shuffle: random.Random
) -> None:
    a = [{"id": i, "cluster": c, "score": one} for i, (one, _, c) in enumerate(items)]
    b = [{"id": i, "cluster": c, "score": other} for i, (_, other, c) in enumerate(items)]
    found = compare(a, b)
    assert found.ci95[0] <= found.difference <= found.ci95[1]
    assert found.ci95[0] < found.ci95[1]
    assert found.ci95[0] >= -1
    assert found.ci95[1] <= 1
    assert found.difference == pytest.approx(found.mean_b - found.mean_a)
    assert found.mcnemar_p == mcnemar(found.a_better, found.b_better)
    if found.verdict == "safe":
        assert found.loss_bound < found.margin
    assert (found.n_needed is None) or found.n_needed > found.n
    shuffle.shuffle(a)
    assert compare(a, b) == found
    swapped = compare(b, a)
    assert swapped.ci95 == pytest.approx((-found.ci95[1], -found.ci95[0]), abs=1e-9)
