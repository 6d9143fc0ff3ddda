"""Turns errors of model loading and of the Hugging Face Hub into one line."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

from ctxpipe.errors import CtxpipeError, ModelError, reason_of
from ctxpipe.models.quiet import quiet
from ctxpipe.models.reach import within_reach

_INSTEAD = "name a local folder, or an embedded model ('ctxpipe models list')"


@contextmanager
def loading(name: str, what: str, *, place: str = "", instead: str = _INSTEAD) -> Iterator[None]:
    """Load a model or a part of one, without output, and with every failure as one line.

    Args:
        name: The model's name as given.
        what: What is loaded (tokenizer, weights, ...).
        place: Folder or Hugging Face id that it is loaded from; empty if that is certainly a folder.
        instead: What to do if the Hub cannot be reached.

    Raises:
        ModelError: for anything that huggingface_hub, transformers, tokenizers, ONNX Runtime or a model's code raises.
    """
    try:
        with quiet(), within_reach(place) if place else nullcontext():
            yield
    except (CtxpipeError, MemoryError):
        raise
    except Exception as exc:  # some of these libraries raise Exception itself
        if type(exc).__name__ == "OutOfMemoryError":  # torch's
            raise
        fault = hub_fault(exc, instead)
        told = f"{name} {fault}" if fault else f"cannot load the {what} of {name}: {reason_of(exc)}"
        raise ModelError(told) from exc


def hub_fault(exc: BaseException, instead: str) -> str | None:
    """The Hub's fault in an exception, as a phrase that follows a name; None if it has none.

    Args:
        exc: An exception of huggingface_hub, or one that another library raised for it.
        instead: What to do if the Hub cannot be reached.
    """
    from huggingface_hub import errors

    if isinstance(exc, errors.HFValidationError):
        return f"is not the name of a repository ({reason_of(exc)})"
    for cause in _causes(exc):
        if isinstance(cause, errors.GatedRepoError):
            return "asks you to accept its terms on huggingface.co; then run 'hf auth login'"
        if isinstance(cause, errors.RepositoryNotFoundError):
            return "is not on the Hugging Face Hub, or is private ('hf auth login')"
        if isinstance(cause, errors.RevisionNotFoundError):
            return "has no such revision"
        if isinstance(cause, errors.LocalEntryNotFoundError | ConnectionError):
            return f"is neither a folder nor in the Hugging Face cache, and the Hub cannot be reached; {instead}"
        if isinstance(cause, errors.HfHubHTTPError) and not isinstance(cause, errors.EntryNotFoundError):
            return f"was not delivered by the Hugging Face Hub ({reason_of(cause)})"
    return None


def _causes(exc: BaseException | None) -> Iterator[BaseException]:
    while exc is not None:
        yield exc
        exc = exc.__cause__ or exc.__context__
