from __future__ import annotations

import pytest

from ctxpipe.errors import ModelError, UsageError
from ctxpipe.models.causal import load_causal_lm


def test_an_encoder_is_refused(minilm_dir):
    with pytest.raises(ModelError, match="is not a causal language model but a BertModel"):
        load_causal_lm(str(minilm_dir))


def test_a_folder_without_a_model_is_one_line(tmp_path):
    with pytest.raises(ModelError) as caught:
        load_causal_lm(str(tmp_path))
    assert str(tmp_path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_broken_weights_are_one_line(smollm2_dir, tmp_path):
    for name in ("config.json", "tokenizer.json", "tokenizer_config.json"):
        (tmp_path / name).write_bytes((smollm2_dir / name).read_bytes())
    (tmp_path / "model.safetensors").write_bytes(b"\x08\0\0\0\0\0\0\0nonsense")
    with pytest.raises(ModelError, match="cannot load the model of"):
        load_causal_lm(str(tmp_path))


def test_a_hub_id_that_is_not_here_is_one_line():
    with pytest.raises(ModelError, match="nobody/nothing is neither a folder nor in the Hugging Face cache"):
        load_causal_lm("nobody/nothing")


@pytest.mark.parametrize("device", ["cuda:64", "abacus"])
def test_a_device_that_is_not_here_is_refused(smollm2_dir, device):
    with pytest.raises(UsageError, match=device):
        load_causal_lm("smollm2-135m", device=device)


def test_an_unknown_dtype_is_refused(smollm2_dir):
    with pytest.raises(UsageError, match="int3"):
        load_causal_lm("smollm2-135m", dtype="int3")


def test_dtype_can_be_chosen(smollm2_dir):
    import torch

    assert load_causal_lm("smollm2-135m", device="cpu", dtype="float32")[0].dtype is torch.float32
