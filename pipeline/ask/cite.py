"""Citations: by the numbers that an answer gives, else by the words that it shares with kept sentences."""

from __future__ import annotations

from collections.abc import Sequence

from ctxpipe.compress.text.sentences import sentences
from ctxpipe.compress.types import CompressedContext
from ctxpipe.pipeline.ask.bearing import bears
from ctxpipe.pipeline.ask.marks import marks, statements
from ctxpipe.pipeline.ask.parts import parts
from ctxpipe.pipeline.ask.refusal import refuses, substance
from ctxpipe.pipeline.ask.support import Sentence, Support
from ctxpipe.pipeline.types import Citation, Unanswered

THRESHOLD = 0.5
"""Least support of a citation by shared words."""
_MOST = 5


def cite(answer: str, context: CompressedContext) -> tuple[Citation, ...]:
    """The sentences that an answer rests on: by its numbers, or if it has none, by shared words."""
    return cite_numbers(answer, context) or cite_words(answer, context)


def cite_numbers(answer: str, context: CompressedContext) -> tuple[Citation, ...]:
    """What the numbers in an answer cite.

    A number names an excerpt. Cited is the sentence of the excerpt that best supports the answer's sentence with the
    number. If the two share no word, it is the one that best supports the whole answer. See ``Support``.

    Returns:
        The citations in the order of the answer, each number and sentence once. A number that names no excerpt is
        dropped.
    """
    numbered = parts(context)
    marked = marks(answer, source_of(context), len(numbered)) if numbered else []
    if not marked:
        return ()
    support = Support(context)
    said = [(substance(text), numbers) for text, numbers in statements(answer, marked)]
    whole = support.words(" ".join(text for text, _ in said))
    best: dict[tuple[int, Sentence], float] = {}
    for text, numbers in said:
        for number in numbers:
            among = support.within(numbered[number - 1])
            held = support.best(support.words(text), among)
            if held is not None and not held[1]:
                held = support.best(whole, among)
            if held is not None:
                key = number, held[0]
                best[key] = max(best.get(key, 0.0), held[1])
    return tuple(_citation(context, sentence, value, number) for (number, sentence), value in best.items())


def cite_words(answer: str, context: CompressedContext) -> tuple[Citation, ...]:
    """The kept sentence that best supports each sentence of an answer, see ``Support``.

    Returns:
        At most five distinct citations with support of at least ``THRESHOLD``, the best ones, in the order of the
        answer.
    """
    support = Support(context)
    supports: dict[Sentence, float] = {}
    for start, end in sentences(answer):
        held = support.best(support.words(substance(answer[start:end])), support.sentences)
        if held is not None and held[1] >= THRESHOLD:
            supports[held[0]] = max(supports.get(held[0], 0.0), held[1])
    best = set(sorted(supports, key=lambda sentence: -supports[sentence])[:_MOST])
    return tuple(_citation(context, one, value, None) for one, value in supports.items() if one in best)


def why_unanswered(answer: str, context: CompressedContext, citations: Sequence[Citation]) -> Unanswered | None:
    """Why the question is unanswered, or None if it is answered; see ``Run.unanswered``.

    Args:
        answer: The answer.
        context: What the model read.
        citations: What the answer rests on. With any citation the question counts as answered.
    """
    numbered = parts(context)
    marked = marks(answer, source_of(context), len(numbered)) if numbered else []
    if refuses(statements(answer, marked)):
        return "said"
    return None if citations or bears(context) else "unrelated"


def source_of(context: CompressedContext) -> str:
    """The kept text without frames: what the documents themselves say."""
    return "\n".join(context.documents[span.document].text[span.start : span.end] for span in context.spans)


def _citation(context: CompressedContext, sentence: Sentence, support: float, number: int | None) -> Citation:
    document = context.documents[sentence.document]
    return Citation(
        source=document.source,
        start=sentence.start,
        end=sentence.end,
        page=document.page(sentence.start),
        text=document.text[sentence.start : sentence.end],
        support=round(support, 4),
        number=number,
    )
