from __future__ import annotations

import json
import random

import numpy as np
import pytest
from evals_support import arm, table
from hypothesis import given
from hypothesis import strategies as st

from ctxpipe.evals import compare
from ctxpipe.evals.statistics.binomial import mcnemar
from ctxpipe.evals.statistics.tango import tango_interval


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
    assert "only 10 clusters: below 30" in " ".join(together.notes)
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
