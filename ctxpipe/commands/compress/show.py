"""``compress --show``: the context as it is sent, and the whole text with what was kept and dropped of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ctxpipe.commands.shared.printing import safe_line, safe_text

if TYPE_CHECKING:
    from rich.console import Console

    from ctxpipe.compress.types import CompressedContext

LONGEST = 400
"""Characters of a dropped stretch up to which it is shown whole; of a longer one, both ends are."""

_FRAME = "cyan"
_STYLES = {"kept": "bold", "protected": "bold underline", "dropped": "dim strike", "elided": "dim italic"}
_MARKS = {"kept": "+ ", "protected": "+ ", "dropped": "- ", "elided": "  "}


def show_context(context: CompressedContext, *, err: bool) -> None:
    """Print the context as it is sent, then all documents.

    What was kept and dropped shows in a terminal by bold and struck-out text, elsewhere by a mark before each line.

    Args:
        context: What was kept.
        err: Whether to print to standard error.
    """
    from rich.console import Console

    console = Console(stderr=err, highlight=False, soft_wrap=True, markup=False)
    if console.is_terminal and not console.is_dumb_terminal:
        _styled(context, console)
    else:
        _marked(context, console)


def _styled(context: CompressedContext, console: Console) -> None:
    from rich.text import Text

    from ctxpipe.pipeline.view.pieces import pieces, sent

    console.print(Text("The context as it is sent", style="bold reverse"))
    console.print(Text.assemble(*((safe_text(text), _FRAME if frame else "") for text, frame in sent(context))))
    console.print()
    legend = [Text(fate, style=_STYLES[fate]) for fate in ("kept", "protected", "dropped")]
    console.print(Text(" ").join(legend), end="")
    current = -1
    for piece in pieces(context.documents, context.spans, context.protected, longest=LONGEST):
        if piece.document != current:
            current = piece.document
            console.print(Text(f"\n\n== {safe_line(context.documents[current].source)}", style="bold reverse"))
        console.print(Text(safe_text(piece.text), style=_STYLES[piece.fate]), end="")
    console.print()


def _marked(context: CompressedContext, console: Console) -> None:
    """Kept and dropped stretches on lines of their own; where one begins in mid-sentence, so does its line."""
    from ctxpipe.pipeline.view.pieces import pieces

    console.print("== The context as it is sent")
    console.print(safe_text(context.text))
    console.print("== The documents: + kept, - dropped")
    current, mark, pending = -1, "", ""
    for piece in pieces(context.documents, context.spans, context.protected, longest=LONGEST):
        following = _MARKS[piece.fate]
        if (piece.document, following) != (current, mark):
            _lines(mark, pending, console)
            pending, mark = "", following
        if piece.document != current:
            current = piece.document
            console.print(f"== {safe_line(context.documents[current].source)}")
        pending += piece.text
    _lines(mark, pending, console)


def _lines(mark: str, text: str, console: Console) -> None:
    for line in safe_text(text).split("\n"):
        if line.strip():
            console.print(f"{mark}{line.strip()}")
