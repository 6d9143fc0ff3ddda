"""One clear line for what goes wrong between us and the Hugging Face Hub."""

from __future__ import annotations

from collections.abc import Iterator

from ctxpipe.errors import ModelError


def load_error(name: str, what: str, exc: BaseException) -> ModelError:
    """The error to raise when a model's ``what`` (tokenizer, weights, ...) could not be loaded.

    Args:
        name: The model as the user named it.
        what: What was to be loaded.
        exc: What huggingface_hub, transformers or tokenizers raised.
    """
    from huggingface_hub import errors

    for cause in _causes(exc):
        if isinstance(cause, errors.GatedRepoError):
            return ModelError(f"{name} asks you to accept its terms on huggingface.co; then run 'hf auth login'")
        if isinstance(cause, errors.RepositoryNotFoundError):
            return ModelError(f"the Hugging Face Hub has no model {name!r}, or it is private ('hf auth login')")
        if isinstance(cause, errors.LocalEntryNotFoundError | errors.OfflineModeIsEnabled | ConnectionError):
            return ModelError(
                f"{name} is no folder and not in the Hugging Face cache, and the Hub cannot be reached; "
                "name a local folder, or an embedded model ('ctxpipe models list')"
            )
    first = next((line.strip() for line in str(exc).splitlines() if line.strip()), type(exc).__name__)
    return ModelError(f"cannot load the {what} of {name}: {first}")


def _causes(exc: BaseException | None) -> Iterator[BaseException]:
    while exc is not None:
        yield exc
        exc = exc.__cause__ or exc.__context__
