"""A context without the documents of which nothing was kept, which is quick to hand from process to process."""

from __future__ import annotations

import dataclasses

from ctxpipe.compress.types import CompressedContext


def slim(context: CompressedContext) -> CompressedContext:
    """The same context with the documents that it holds something of; the counts stay those of all."""
    used = sorted({span.document for span in context.spans} | {e.document for e in context.excerpts})
    place = {old: new for new, old in enumerate(used)}
    return dataclasses.replace(
        context,
        documents=tuple(context.documents[old] for old in used),
        sources=tuple(context.sources[old] for old in used),
        spans=tuple(dataclasses.replace(span, document=place[span.document]) for span in context.spans),
        protected=tuple(
            dataclasses.replace(span, document=place[span.document])
            for span in context.protected
            if span.document in place
        ),
        excerpts=tuple(dataclasses.replace(e, document=place[e.document]) for e in context.excerpts),
    )
