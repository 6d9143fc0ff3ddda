from __future__ import annotations

import importlib
import logging
import sys
import warnings

import pytest

from ctxpipe.errors import ModelError, UsageError
from ctxpipe.models.hub import hub_fault, loading
from ctxpipe.models.quiet import quiet


def settings() -> tuple[object, ...]:
    from huggingface_hub.utils.tqdm import are_progress_bars_disabled
    from transformers.utils import logging as notes

    levels = [logging.getLogger(name).level for name in ("huggingface_hub", "transformers")]
    bars = are_progress_bars_disabled(), notes.is_progress_bar_enabled()
    return (*levels, *bars, logging.root.manager.disable, list(warnings.filters), sys.stdout, sys.stderr)


def fail_quietly(before: tuple[object, ...], output: bool) -> None:
    with quiet(), quiet(output=output):
        assert settings() != before
        raise ZeroDivisionError


@pytest.mark.parametrize("output", [True, False])
def test_everything_is_put_back(output):
    before = settings()
    with pytest.raises(ZeroDivisionError):
        fail_quietly(before, output)
    assert settings() == before


def test_notes_and_warnings_are_held_back_and_with_them_all_output(capfd):
    import huggingface_hub
    import transformers

    with quiet():
        warnings.warn("a warning", stacklevel=1)
        transformers.logging.get_logger("transformers.models").warning("a note")
        huggingface_hub.logging.get_logger("huggingface_hub.file_download").warning("a note")
        sys.stdout.write("printed\n")
        with quiet(output=False):
            sys.stdout.write("not printed\n")
            logging.getLogger("torch.onnx").error("not logged")
    assert capfd.readouterr() == ("printed\n", "")


def test_errors_of_ours_and_memory_that_ran_out_pass_unchanged():
    out_of_memory = type("OutOfMemoryError", (RuntimeError,), {})
    for error in (UsageError("ours"), MemoryError(), out_of_memory("CUDA")):
        with pytest.raises(type(error)) as caught, loading("m", "model"):
            raise error
        assert caught.value is error


def test_any_other_failure_is_one_line():
    with pytest.raises(ModelError) as caught, loading("m", "tokenizer"):
        raise Exception("first\n\nsecond " + "x" * 500)
    assert str(caught.value).startswith("cannot load the tokenizer of m: first second")
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 300


def response(status):
    from huggingface_hub import errors

    httpx = importlib.import_module(errors.HTTPError.__module__.partition(".")[0])
    return httpx.Response(status, request=httpx.Request("GET", "https://huggingface.co/m"))


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("GatedRepoError", "accept its terms"),
        ("RepositoryNotFoundError", "not on the Hugging Face Hub"),
        ("RevisionNotFoundError", "no such revision"),
        ("HfHubHTTPError", "not delivered by the Hugging Face Hub"),
        ("LocalEntryNotFoundError", "cannot be reached; call us"),
        ("OfflineModeIsEnabled", "cannot be reached; call us"),
        ("HFValidationError", "is not the name of a repository"),
    ],
)
def test_what_the_hub_says_is_found_where_another_library_wrapped_it(name, told):
    from huggingface_hub import errors

    kind = getattr(errors, name)
    http = issubclass(kind, errors.HfHubHTTPError)
    error = kind("it says", response=response(500)) if http else kind("it says")
    assert told in str(hub_fault(error, "call us"))
    wrapped = OSError("transformers says")
    wrapped.__cause__ = error
    if name != "HFValidationError":  # which transformers raises for any folder that is not there
        assert told in str(hub_fault(wrapped, "call us"))


def test_what_is_not_the_hub_s_is_left_to_others():
    assert hub_fault(ValueError("a broken file"), "call us") is None
