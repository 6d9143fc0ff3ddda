from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest

from ctxpipe.compress.rank.embedder import OnnxEmbedder
from ctxpipe.errors import ModelError

SENTENCES = (
    "The cat sat on the mat.",
    "A feline was resting on the rug.",
    "Quarterly revenue rose by 12% to 4.2 million euros.",
    "The company's sales for the quarter increased.",
    "Photosynthesis turns light into chemical energy.",
    "不同语言的文本也可以。",
    "",
    "Short",
    " ".join(["A longer passage repeats itself so that it needs a batch with much padding."] * 6),
)


@pytest.fixture(scope="module")
def embedder(minilm_dir) -> OnnxEmbedder:
    return OnnxEmbedder.load()


@pytest.fixture(scope="module")
def reference(minilm_dir) -> np.ndarray:
    """Mean-pooled unit rows by transformers in float32."""
    return by_torch(str(minilm_dir), SENTENCES)


def by_torch(place: str, texts, *, cls: bool = False) -> np.ndarray:
    import torch
    from transformers import AutoModel, AutoTokenizer

    tokenizer, model = (
        AutoTokenizer.from_pretrained(place),
        AutoModel.from_pretrained(place, dtype=torch.float32).eval(),
    )
    rows = []
    with torch.no_grad():
        for text in texts:
            hidden = model(**tokenizer(text, return_tensors="pt", truncation=True, max_length=256)).last_hidden_state[0]
            rows.append(torch.nn.functional.normalize(hidden[0] if cls else hidden.mean(0), dim=0).numpy())
    return np.stack(rows)


def test_rows_have_unit_length(embedder):
    rows = embedder.encode(SENTENCES)
    assert rows.shape == (len(SENTENCES), embedder.dimension) == (len(SENTENCES), 384)
    assert rows.dtype == np.float32
    assert np.linalg.norm(rows, axis=1) == pytest.approx(1, abs=1e-5)


def test_float32_is_what_transformers_gives(minilm_dir, reference):
    rows = OnnxEmbedder.load(precision="float32").encode(SENTENCES)
    assert np.abs(rows - reference).max() < 1e-5


def test_int8_is_close_to_what_transformers_gives(embedder, reference):
    cosines = (embedder.encode(SENTENCES) * reference).sum(axis=1)
    assert cosines.min() > 0.96
    assert cosines.mean() > 0.98


def test_meaning_outweighs_words(embedder):
    rows = embedder.encode(SENTENCES)
    cosines = rows @ rows.T
    assert cosines[0, 1] > max(cosines[0, 2:])
    assert cosines[2, 3] > max(cosines[2, 4], cosines[2, 0])


def test_the_order_of_texts_changes_nothing(embedder):
    there, back = embedder.encode(SENTENCES), embedder.encode(SENTENCES[::-1])
    assert np.array_equal(there, back[::-1])
    assert np.array_equal(there, embedder.encode(SENTENCES))


def test_repeated_texts_get_one_row(embedder):
    rows = embedder.encode(["a", "b", "a"])
    assert np.array_equal(rows[0], rows[2])
    assert np.array_equal(rows[:2], embedder.encode(["a", "b"]))


def test_with_float32_the_texts_beside_it_change_no_row(minilm_dir):
    embedder = OnnxEmbedder.load(precision="float32")
    together = embedder.encode(SENTENCES)
    alone = np.concatenate([embedder.encode([text]) for text in SENTENCES])
    assert np.abs(together - alone).max() < 1e-5


def test_no_texts_give_no_rows(embedder):
    assert embedder.encode([]).shape == (0, 384)


def test_half_a_surrogate_pair_is_embedded(embedder):
    assert embedder.encode(["half \ud800 a pair"]).shape == (1, 384)


def test_what_lies_beyond_256_tokens_is_not_read(embedder):
    text = "word " * 400
    assert np.array_equal(embedder.encode([text]), embedder.encode([text + "and something else altogether"]))


def test_progress_ends_with_all_tokens(embedder):
    seen = []
    embedder.encode(SENTENCES * 2, on_progress=lambda done, total: seen.append((done, total)))
    assert seen[-1][0] == seen[-1][1] > 0
    assert [done for done, _ in seen] == sorted({done for done, _ in seen})


def test_a_ready_folder_is_loaded_without_torch(minilm_dir):
    code = (
        "import sys; from ctxpipe.compress.rank.embedder import OnnxEmbedder as E; "
        "E.load().encode(['a']); print([m for m in ('torch', 'transformers') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_another_encoder_is_exported_once_with_its_own_pooling(minilm_dir, tmp_path, monkeypatch, capfd):
    import torch
    from transformers import BertConfig, BertModel

    from ctxpipe.models import encoders as onnx_export

    torch.manual_seed(1)
    folder = tmp_path / "other"
    size = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 32}
    BertModel(BertConfig(vocab_size=30_522, **size)).save_pretrained(folder)
    for name in ("tokenizer.json", "tokenizer_config.json"):
        (folder / name).write_bytes((minilm_dir / name).read_bytes())
    (folder / "1_Pooling").mkdir()
    (folder / "1_Pooling" / "config.json").write_text(json.dumps({"pooling_mode_cls_token": True}))
    monkeypatch.setenv("CTXPIPE_CACHE", str(tmp_path / "cache"))

    capfd.readouterr()
    embedder = OnnxEmbedder.load(str(folder), precision="float32")
    assert capfd.readouterr() == ("", "")
    assert embedder.dimension == 16
    expected = by_torch(str(folder), SENTENCES, cls=True)
    assert np.abs(embedder.encode(SENTENCES) - expected).max() < 1e-5

    monkeypatch.setattr(onnx_export, "export_encoder", None)
    assert OnnxEmbedder.load(str(folder)).encode(["a"]).shape == (1, 16)


def test_a_pooling_that_is_not_known_is_told(minilm_dir, tmp_path):
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "1_Pooling").mkdir()
    (tmp_path / "1_Pooling" / "config.json").write_text(json.dumps({"pooling_mode_max_tokens": True}))
    with pytest.raises(ModelError, match="pools by max_tokens"):
        OnnxEmbedder.load(str(tmp_path))


def test_a_hub_id_that_is_not_here_is_one_line():
    with pytest.raises(ModelError, match="nobody/nothing is neither a folder nor in the Hugging Face cache"):
        OnnxEmbedder.load("nobody/nothing")


def test_a_broken_network_is_one_line(minilm_dir, tmp_path):
    for name in ("tokenizer.json", "config.json", "model.onnx"):
        (tmp_path / name).write_bytes((minilm_dir / name).read_bytes())
    (tmp_path / "model_int8.onnx").write_bytes(b"nonsense")
    with pytest.raises(ModelError, match="cannot load the encoder of"):
        OnnxEmbedder.load(str(tmp_path))
