"""What is read together: texts by their characters, rows of tokens by their lengths."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

BATCH_CHARACTERS = 2_000_000
"""Characters encoded at once: enough to keep every core busy, few enough to keep the encodings below 200 MB."""
BATCH_TEXTS = 20_000


def text_batches(texts: Sequence[str], *, characters: int = BATCH_CHARACTERS) -> Iterator[Sequence[str]]:
    """Cut texts into batches of at most so many characters and ``BATCH_TEXTS`` texts; a longer text is one alone."""
    first = held = 0
    for index, text in enumerate(texts):
        if index > first and (held + len(text) > characters or index - first >= BATCH_TEXTS):
            yield texts[first:index]
            first, held = index, 0
        held += len(text)
    if first < len(texts):
        yield texts[first:]


def token_batches(
    lengths: Sequence[int], cap: int, *, order: Sequence[int] | None = None, alike: float = 0.0
) -> Iterator[list[int]]:
    """Put rows of like length together, so that little is padding.

    Args:
        lengths: Tokens of each row.
        cap: Most tokens of a batch, padding included; a longer row makes a batch of its own.
        order: The rows by index, their lengths ascending or descending. Without it the longest come first, so that the
            batch that needs most memory does.
        alike: Least length of a batch's shortest row, as a share of its longest.

    Yields:
        Indices of the rows of each batch.
    """
    batch: list[int] = []
    for index in sorted(range(len(lengths)), key=lambda i: -lengths[i]) if order is None else order:
        shortest, longest = sorted((lengths[batch[0] if batch else index], lengths[index]))
        if batch and ((len(batch) + 1) * longest > cap or shortest < alike * longest):
            yield batch
            batch = []
        batch.append(index)
    if batch:
        yield batch
