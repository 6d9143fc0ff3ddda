"""Scores under the embedded model, held to a plain forward pass."""

from __future__ import annotations

import itertools
import runpy
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctxpipe.compress.cache.score_cache import ScoreCache
from ctxpipe.compress.prune.cached import RememberingScorer
from ctxpipe.compress.prune.causal_scoring import local, windows
from ctxpipe.compress.prune.causal_scoring.local import LocalLosses
from ctxpipe.compress.prune.causal_scoring.sharing import groups
from ctxpipe.compress.prune.llmlingua import LLMLinguaScorer, LongLLMLinguaScorer
from ctxpipe.compress.scorers import SCORERS
from ctxpipe.compress.text.words import words
from ctxpipe.compress.types import CacheableScorer, ScoringText, TokenScorer
from ctxpipe.errors import UsageError
from ctxpipe.models.causal import load_causal_lm

support = SimpleNamespace(**runpy.run_path(str(Path(__file__).parents[2] / "llmlingua_support.py")))

TEXT = "The capital of France is Paris. The capital of Spain is Madrid. Zebras quietly invoice 48151 umbrellas."
ODD = "Tea 🎉 costs £3.\n\n    日本語のテキスト。\n<b>x < y</b>\tThe last sentence stays."


def scoring(text: str, headings: tuple[str, ...] = ()) -> ScoringText:
    found = words(text, 0, len(text))
    start = np.array([w.start for w in found], dtype=np.int64)
    return ScoringText(text=text, headings=headings, start=start, end=np.array([w.end for w in found], dtype=np.int64))


def plain(text: str) -> np.ndarray:
    """Mean loss of the tokens of each unit, one sequence, float32 log-softmax over everything."""
    import torch

    model, tokenizer = load_causal_lm("smollm2-135m")
    encoded = tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)
    ids = torch.tensor([[tokenizer.bos_token_id, *encoded["input_ids"]]])
    with torch.inference_mode():
        logs = torch.log_softmax(model(input_ids=ids).logits.float(), -1)
    losses = -logs[0, :-1].gather(1, ids[0, 1:, None])[:, 0].numpy()
    units = scoring(text)
    means = []
    for start, end in zip(units.start, units.end, strict=True):
        inside = [losses[i] for i, (_, stop) in enumerate(encoded["offset_mapping"]) if start < stop <= end]
        means.append(np.mean(inside))
    return np.array(means)


@pytest.fixture(scope="module")
def scorer(smollm2_dir: Path) -> LLMLinguaScorer:
    return LLMLinguaScorer()


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return support.llama(tmp_path_factory.mktemp("llama"), [TEXT * 3])


@pytest.fixture(scope="module")
def random_model(tiny: Path) -> LocalLosses:
    return LocalLosses(load_causal_lm(str(tiny), dtype="float32", device="cpu")[0])


def one_by_one(model: LocalLosses, rows: list[list[int]], contexts: list[int]) -> list[np.ndarray]:
    """The model's own losses, each row alone."""
    import torch

    found = []
    for row, context in zip(rows, contexts, strict=True):
        with torch.inference_mode():
            logs = torch.log_softmax(model.model(input_ids=torch.tensor([row])).logits[0].float(), -1)
        found.append(-logs[:-1].gather(1, torch.tensor(row)[1:, None])[context - 1 :, 0].numpy())
    return found


def test_surprisal_is_the_loss_of_a_plain_forward_pass(scorer: LLMLinguaScorer) -> None:
    (found,) = scorer.score([scoring(TEXT)], None)
    np.testing.assert_allclose(found, plain(TEXT), atol=0.15, rtol=0.05)


def test_what_can_be_foreseen_scores_below_what_cannot(scorer: LLMLinguaScorer) -> None:
    text = scoring(TEXT)
    (found,) = scorer.score([text], None)
    value = {TEXT[a:b]: v for a, b, v in zip(text.start, text.end, found, strict=True)}
    assert value["Madrid."] < value["quietly"]


def test_texts_do_not_depend_on_their_batch(scorer: LLMLinguaScorer) -> None:
    texts = [scoring(TEXT), scoring("Short."), scoring(TEXT * 3, ("A heading",))]
    together = scorer.score(texts, None)
    for text, found in zip(texts, together, strict=True):
        np.testing.assert_allclose(found, scorer.score([text], None)[0], atol=0.2, rtol=0.05)


def test_windows_slide_over_long_texts(scorer: LLMLinguaScorer, monkeypatch: pytest.MonkeyPatch) -> None:
    text = scoring(TEXT * 2)
    (whole,) = scorer.score([text], None)
    monkeypatch.setattr(windows, "WINDOW", 40)
    monkeypatch.setattr(windows, "OVERLAP", 10)
    (slid,) = scorer.score([text], None)
    assert len(slid) == len(whole)
    assert np.corrcoef(slid, whole)[0, 1] > 0.6


@given(
    lengths=st.lists(st.integers(0, 60), max_size=6),
    prefix=st.integers(1, 5),
    size=st.integers(12, 40),
    overlap=st.integers(0, 6),
)
def test_windows_hold_every_token_once_after_what_stands_before(
    lengths: list[int], prefix: int, size: int, overlap: int
) -> None:
    texts = [list(range(100 * i, 100 * i + n)) for i, n in enumerate(lengths)]
    before = [[-1 - i] * prefix for i in range(len(texts))]
    found = windows.windows(texts, before, size, overlap)
    assert all(len(row.ids) <= size and row.ids[:prefix] == before[row.text] for row in found)
    read = {i: [] for i in range(len(texts))}
    for row in found:
        assert row.first == len(read[row.text])
        again = row.ids[prefix : row.context]
        assert again == read[row.text][max(0, row.first - overlap) :]
        read[row.text] += row.ids[row.context :]
    assert list(read.values()) == texts


@given(
    st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2), st.integers(1, 4)), max_size=30),
    st.integers(1, 90), st.integers(0, 90),
)  # fmt: skip
def test_groups_hold_every_row_once_and_share_what_is_the_same(
    rows: list[tuple[int, int, int]], first: int, second: int
) -> None:
    ids = [[1] + [10 + a] * first + [20 + b] * second + [index] * n for index, (a, b, n) in enumerate(rows)]
    contexts = [1 + first + second] * len(rows)
    found = groups(ids, contexts)
    assert sorted(i for group in found for i in group.rows) == list(range(len(rows)))
    assert sum(not group.shared for group in found) <= 1
    for group in found:
        assert group.shared < 1 + first + second
        assert len({tuple(ids[i][: group.shared]) for i in group.rows}) == 1


def test_rows_that_share_a_prefix_have_the_losses_of_rows_alone(
    random_model: LocalLosses, monkeypatch: pytest.MonkeyPatch
) -> None:
    draw = np.random.default_rng(0)
    question, others = draw.integers(0, 250, 70).tolist(), [draw.integers(0, 250, 60).tolist() for _ in range(2)]
    rows, contexts = [], []
    for index in range(14):
        context = [0, *(question if index else []), *others[index % 2]]
        rows.append([*context, *draw.integers(0, 250, int(draw.integers(1, 40))).tolist()])
        contexts.append(len(context))
    shared = [group.shared for group in groups(rows, contexts)]
    assert max(shared) > 100
    monkeypatch.setattr(local, "BATCH_TOKENS", 150)
    monkeypatch.setattr(local, "_LOGIT_ROWS", 7)
    for found, alone in zip(random_model.losses(rows, contexts), one_by_one(random_model, rows, contexts), strict=True):
        np.testing.assert_allclose(found, alone, atol=2e-5)


def test_no_logits_of_a_whole_batch_are_held(random_model: LocalLosses, monkeypatch: pytest.MonkeyPatch) -> None:
    """With 49,152 entries in a vocabulary a full batch's logits in float32 would be 800 MB."""
    head = random_model.model.get_output_embeddings()
    sizes: list[int] = []
    hook = head.register_forward_hook(lambda module, given, made: sizes.append(len(made)))
    rows = [[i % 250 for i in range(695)] for _ in range(3)]
    random_model.losses(rows, [600, 650, 1])
    hook.remove()
    assert max(sizes) <= local._LOGIT_ROWS
    assert sum(sizes) == 95 + 45 + 694


@pytest.mark.parametrize(
    ("kind", "setting"),
    [("gemma2", "final_logit_softcapping"), ("granite", "logits_scaling"), ("cohere", "logit_scale")],
)
def test_models_that_scale_their_logits_are_read_as_they_do(kind: str, setting: str) -> None:
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM

    torch.manual_seed(0)
    config = AutoConfig.for_model(
        kind, vocab_size=50, hidden_size=32, intermediate_size=32, num_hidden_layers=1, num_attention_heads=2,
        num_key_value_heads=2, head_dim=16, pad_token_id=0, bos_token_id=1, eos_token_id=2, **{setting: 0.3},
    )  # fmt: skip
    model = LocalLosses(AutoModelForCausalLM.from_config(config).eval())
    rows = [[1, 7, 8, 9, 10, 11], [1, 12, 13]]
    for found, alone in zip(model.losses(rows, [1, 2]), one_by_one(model, rows, [1, 2]), strict=True):
        np.testing.assert_allclose(found, alone, atol=1e-5)


def test_losses_may_come_from_elsewhere(tiny: Path) -> None:
    class Lengths:
        window = 64
        rows: list[list[int]]

        def losses(self, rows, contexts, on_progress=None):
            self.rows = [list(row) for row in rows]
            return [np.arange(context, len(row), dtype=np.float32) for row, context in zip(rows, contexts, strict=True)]

    source = Lengths()
    scorer = LLMLinguaScorer(model=str(tiny), losses=source)
    text = scoring(TEXT * 4, ("Capitals",))
    (tokens,) = scorer.score_tokens([text], None)
    assert all(len(row) <= 64 for row in source.rows)
    # The first token of the text is the first after the token that begins a sequence and its heading.
    assert tokens.values[0] == min(tokens.values) > 1
    assert len(scorer.score([text], None)[0]) == len(text.start)
    assert scorer.identity() is None
    with pytest.raises(UsageError, match="walk"):
        LLMLinguaScorer(losses=source, walk=True)


def test_the_question_raises_what_it_helps_to_foresee(smollm2_dir: Path) -> None:
    text = scoring(TEXT)
    (found,) = LongLLMLinguaScorer().score([text], "Which animals invoice umbrellas? Zebras invoice umbrellas.")
    value = {TEXT[a:b]: v for a, b, v in zip(text.start, text.end, found, strict=True)}
    assert value["Zebras"] > value["Madrid."]


def test_contrast_without_a_question_is_refused() -> None:
    for name in ("longllmlingua", "longllmlingua-walk"):
        with pytest.raises(UsageError, match="needs a question"):
            SCORERS.create(name).score([scoring(TEXT)], None)


def test_no_texts_and_texts_without_units(scorer: LLMLinguaScorer) -> None:
    assert scorer.score([], None) == []
    (found,) = scorer.score([scoring("   ")], None)
    assert len(found) == 0


@pytest.mark.parametrize("walk", [False, True])
def test_every_script_gets_scores_of_its_own(tiny: Path, walk: bool) -> None:
    texts = [scoring(ODD), scoring(""), scoring("\n \n"), scoring("🎉"), scoring("語")]
    found = LLMLinguaScorer(model=str(tiny), walk=walk).score(texts, None)
    assert [len(f) for f in found] == [len(t.start) for t in texts]
    values = found[0]
    assert np.isfinite(values).all()
    assert len(np.unique(values)) > 0.8 * len(values)


def test_scores_are_deterministic_and_leave_the_seed_alone(tiny: Path) -> None:
    import torch

    torch.manual_seed(5)
    before = torch.get_rng_state()
    first, second = (LLMLinguaScorer(model=str(tiny)).score([scoring(TEXT)], None)[0] for _ in range(2))
    np.testing.assert_array_equal(first, second)
    assert torch.equal(before, torch.get_rng_state())


def test_progress_ends_at_its_total(tiny: Path) -> None:
    for scorer in (LLMLinguaScorer(model=str(tiny)), LongLLMLinguaScorer(model=str(tiny))):
        seen: list[tuple[int, int]] = []
        scorer.score([scoring(TEXT), scoring(ODD)], "Why?", lambda done, total, seen=seen: seen.append((done, total)))
        assert all(a[0] <= b[0] for a, b in itertools.pairwise(seen))
        assert seen[-1][0] == seen[-1][1] > 0


def test_scores_are_kept_but_not_those_of_a_walk(tiny: Path, tmp_path: Path) -> None:
    scorer = LLMLinguaScorer(model=str(tiny))
    assert isinstance(scorer, TokenScorer)
    identity = scorer.identity()
    assert identity is not None
    assert identity.dtype == "auto"
    named = LLMLinguaScorer(model=str(tiny), dtype="fp32").identity()
    assert named is not None
    assert named.dtype == "float32"
    assert "torch" not in str(vars(scorer))
    asked = LongLLMLinguaScorer(model=str(tiny)).identity()
    assert asked is not None
    assert asked.asks
    walker = LLMLinguaScorer(model=str(tiny), walk=True)
    assert isinstance(walker, CacheableScorer)
    assert walker.identity() is None
    cache = ScoreCache(tmp_path / "scores")
    text = scoring(TEXT)
    (first,) = RememberingScorer(scorer, cache).score([text], None)
    fresh = LLMLinguaScorer(model=str(tiny))
    (second,) = RememberingScorer(fresh, cache).score([text], None)
    np.testing.assert_array_equal(first, second)
    assert "_local" not in vars(fresh)


@pytest.mark.parametrize("rate", [0, -0.1, 1.01])
def test_a_rate_that_makes_no_sense_is_refused(rate: float) -> None:
    with pytest.raises(UsageError, match="above 0 and at most 1"):
        LLMLinguaScorer(walk=True, rate=rate)
