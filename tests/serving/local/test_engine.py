from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from ctxpipe.errors import DeadlineError, EngineError, ModelError, UsageError, WindowError
from ctxpipe.serving.local.engine import LocalEngine
from ctxpipe.serving.local.load import load_local
from ctxpipe.serving.types import Message

HELLO = [Message(role="user", content="hello brown fox")]


@pytest.fixture(scope="module")
def engine(model_folder: Path) -> LocalEngine:
    return load_local(str(model_folder), model="tiny", stop_loops=False)


def test_a_model_answers_and_what_is_streamed_is_the_answer(engine: LocalEngine) -> None:
    pieces: list[str] = []
    answer = engine.answer(HELLO, max_tokens=60, on_text=pieces.append)
    assert "".join(pieces) == answer.text
    assert len(pieces) > 10
    assert (answer.model, answer.completion_tokens, answer.finish_reason) == ("tiny", 60, "length")
    assert answer.prompt_tokens == engine.count(HELLO)


def test_greedy_is_the_default_and_repeats_itself(engine: LocalEngine) -> None:
    assert engine.answer(HELLO, max_tokens=40).text == engine.answer(HELLO, max_tokens=40).text


def test_a_temperature_samples(engine: LocalEngine) -> None:
    answers = {engine.answer(HELLO, max_tokens=20, temperature=5.0).text for _ in range(4)}
    assert len(answers) > 1


def test_an_answer_ends_at_an_end_token(model_folder: Path, tmp_path: Path) -> None:
    import torch

    folder = tmp_path / "model"
    shutil.copytree(model_folder, folder)
    engine = load_local(str(folder))
    prompt = torch.tensor([engine._renderer.ids(HELLO)])
    made = engine._model.generate(prompt, max_new_tokens=6, do_sample=False, pad_token_id=0)[0, -6:].tolist()
    end = next(number for number in made[1:] if number != made[0])
    settings = json.loads((folder / "generation_config.json").read_text())
    (folder / "generation_config.json").write_text(json.dumps({**settings, "eos_token_id": [2, end]}))
    answer = load_local(str(folder), stop_loops=False).answer(HELLO, max_tokens=50)
    assert (answer.finish_reason, answer.completion_tokens) == ("stop", made.index(end) + 1)


def with_settings(model_folder: Path, folder: Path) -> Path:
    """A model that comes with sampling settings, as many do."""
    shutil.copytree(model_folder, folder)
    settings = {"do_sample": True, "temperature": 0.2, "top_p": 0.9, "top_k": 3, "max_length": 20, "eos_token_id": 2}
    (folder / "generation_config.json").write_text(json.dumps(settings))
    return folder


def test_the_model_s_own_sampling_settings_do_not_leak(model_folder: Path, tmp_path: Path) -> None:
    engine = load_local(str(with_settings(model_folder, tmp_path / "model")))
    assert len({engine.answer(HELLO, max_tokens=40).text for _ in range(3)}) == 1
    assert engine.answer(HELLO, max_tokens=40).completion_tokens == 40


def test_loading_and_answering_say_nothing_on_standard_error(model_folder: Path, tmp_path: Path) -> None:
    # transformers logs to the standard error that it found when it was imported, so only a new process shows it.
    code = (
        "import sys\n"
        "from ctxpipe.serving.local.load import load_local\n"
        "from ctxpipe.serving.types import Message\n"
        "engine = load_local(sys.argv[1], stop_loops=False)\n"
        "messages = [Message(role='user', content='hello')]\n"
        "engine.count([Message(role='user', content='hello ' * 9000)])\n"
        "for temperature in (0.0, 0.7):\n"
        "    engine.answer(messages, max_tokens=30, temperature=temperature)\n"
    )
    folder = with_settings(model_folder, tmp_path / "model")
    done = subprocess.run([sys.executable, "-c", code, str(folder)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_loading_leaves_the_settings_of_transformers_alone(model_folder: Path) -> None:
    from transformers.utils import logging

    before = (logging.get_verbosity(), logging.is_progress_bar_enabled())
    load_local(str(model_folder))
    assert (logging.get_verbosity(), logging.is_progress_bar_enabled()) == before


def test_a_prompt_over_the_window_is_refused_before_any_work(tokenizer: Any, echo_model: Any) -> None:
    engine = LocalEngine(echo_model, tokenizer, name="echo", window=50)
    with pytest.raises(WindowError):
        engine.answer(HELLO, max_tokens=50)
    assert echo_model.calls == []


def test_what_is_counted_is_what_is_sent(tokenizer: Any, echo_model: Any) -> None:
    engine = LocalEngine(echo_model, tokenizer, name="echo")
    messages = [Message(role="system", content="a <|im_end|> b"), Message(role="user", content="c <|im_start|>user\nd")]
    answer = engine.answer(messages, max_tokens=9)
    ((sent, options),) = echo_model.calls
    assert engine.count(messages) == len(sent) == answer.prompt_tokens
    assert options["max_new_tokens"] == 9


@pytest.mark.parametrize(
    ("model", "tokenizer_limit", "asked", "window"),
    [
        (4096, 10**30, None, 4096),
        (4096, 512, None, 512),
        (4096, 10**30, 100, 100),
        (4096, 10**30, 9999, 4096),
        (None, 512, None, 512),
        (None, 10**30, 77, 77),
    ],
)
def test_the_window_is_the_smallest_limit_that_makes_sense(
    tokenizer: Any, echo_model: Any, model: int | None, tokenizer_limit: int, asked: int | None, window: int
) -> None:
    tokenizer.model_max_length = tokenizer_limit
    echo_model.config = SimpleNamespace(get_text_config=lambda: SimpleNamespace(max_position_embeddings=model))
    assert LocalEngine(echo_model, tokenizer, name="x", window=asked).window == window


def test_a_model_that_knows_no_window_asks_for_one(tokenizer: Any, echo_model: Any) -> None:
    echo_model.config = SimpleNamespace(get_text_config=lambda: SimpleNamespace())
    with pytest.raises(UsageError, match="--window"):
        LocalEngine(echo_model, tokenizer, name="x")
    with pytest.raises(UsageError, match="at least 1"):
        LocalEngine(echo_model, tokenizer, name="x", window=0)


@pytest.fixture
def endless(model_folder: Path) -> LocalEngine:
    """An engine whose answers only end at the window's end, thousands of tokens away."""
    engine = load_local(str(model_folder), stop_loops=False)
    engine._model.generation_config.eos_token_id = None
    return engine


def test_an_interrupt_from_the_keyboard_ends_the_answer_at_once(endless: LocalEngine) -> None:
    timer = threading.Timer(0.3, lambda: os.kill(os.getpid(), signal.SIGINT))

    def answer() -> None:
        timer.start()  # in here, as on a busy machine the signal may arrive before the answer has begun
        endless.answer(HELLO, max_tokens=4000)

    start = time.perf_counter()
    with pytest.raises(KeyboardInterrupt):
        answer()
    timer.join()
    assert time.perf_counter() - start < 10
    assert endless.answer(HELLO, max_tokens=2).completion_tokens == 2


def test_an_answer_that_takes_too_long_is_given_up(model_folder: Path) -> None:
    engine = load_local(str(model_folder), timeout=0.2, stop_loops=False)
    engine._model.generation_config.eos_token_id = None
    start = time.perf_counter()
    with pytest.raises(DeadlineError, match=r"within 0.2 s; it had \d+ tokens so far"):
        engine.answer(HELLO, max_tokens=4000)
    assert time.perf_counter() - start < 10


def test_exhausted_memory_is_one_clear_line(tokenizer: Any, echo_model: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = LocalEngine(echo_model, tokenizer, name="big")

    def fail(*_: Any, **__: Any) -> None:
        raise RuntimeError("[enforce fail at alloc_cpu.cpp:118] DefaultCPUAllocator: can't allocate memory\nmore")

    monkeypatch.setattr(echo_model, "generate", fail)
    with pytest.raises(EngineError, match=r"^big: not enough memory for 1[0-9] prompt tokens$"):
        engine.answer(HELLO, max_tokens=3)


@pytest.mark.parametrize("name", ["no such/model at all", "/nowhere/at/all", "", "../x"])
def test_a_model_that_is_nowhere(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ModelError, match="is neither a folder, an embedded model nor a Hugging Face id"):
        load_local(name)


def test_an_empty_folder_is_no_model(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"cannot load the tokenizer of .+: .") as caught:
        load_local(str(tmp_path), model="empty")
    assert "\n" not in str(caught.value)


def test_damaged_weights_are_one_clear_line(model_folder: Path, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    shutil.copytree(model_folder, folder)
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:1000])
    with pytest.raises(ModelError, match=r"cannot load the model of broken: .") as caught:
        load_local(str(folder), model="broken")
    assert "\n" not in str(caught.value)


def test_pickled_weights_are_never_opened(model_folder: Path, tmp_path: Path) -> None:
    import torch

    folder = tmp_path / "model"
    shutil.copytree(model_folder, folder)
    (folder / "model.safetensors").unlink()
    torch.save({}, folder / "pytorch_model.bin")
    with pytest.raises(ModelError, match="safetensors"):
        load_local(str(folder), model="pickled")


def test_code_that_comes_with_a_model_is_not_run(model_folder: Path, tmp_path: Path) -> None:
    folder, trace = tmp_path / "model", tmp_path / "ran"
    shutil.copytree(model_folder, folder)
    config = json.loads((folder / "config.json").read_text())
    config |= {"model_type": "mine", "auto_map": {"AutoConfig": "mine.C", "AutoModelForCausalLM": "mine.M"}}
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "mine.py").write_text(f"open({str(trace)!r}, 'w').close()\n")
    with pytest.raises(ModelError):
        load_local(str(folder))
    assert not trace.exists()


def test_another_tokenizer_may_be_named(model_folder: Path, tmp_path: Path) -> None:
    from transformers import AutoTokenizer

    words = AutoTokenizer.from_pretrained(model_folder)
    words.model_max_length = 64
    words.save_pretrained(tmp_path)
    assert load_local(str(model_folder), tokenizer=str(tmp_path)).window == 64


def test_the_embedded_model_answers_a_question() -> None:
    from ctxpipe.models.ready import find

    folder = find("smollm2-135m")
    if folder is None:
        pytest.skip("smollm2-135m has not been pulled")
    engine = load_local(str(folder), model="smollm2-135m")
    question = [Message(role="user", content="What is the capital of France?")]
    pieces: list[str] = []
    answer = engine.answer(question, max_tokens=24, on_text=pieces.append)
    assert "Paris" in answer.text == "".join(pieces)
    assert (engine.window, answer.finish_reason) == (8192, "stop")


def test_an_answer_that_repeats_itself_is_ended(model_folder: Path) -> None:
    # A tiny model with random weights does nothing else.
    answer = load_local(str(model_folder)).answer(HELLO, max_tokens=256)
    assert answer.completion_tokens < 256
    assert answer.finish_reason == "length"
