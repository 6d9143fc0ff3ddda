"""What a gateway needs to know of a kind of request."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple, Protocol

Message = dict[str, Any]
Body = dict[str, Any]
Kept = Mapping[int, Message]
"""Index of a message to what is left of it; a message without an entry is left out."""


class Counting(NamedTuple):
    """A question of how many tokens a prompt has.

    Attributes:
        place: ``"root"`` for an endpoint beside ``/v1``, ``"base"`` for one below it.
        path: The endpoint.
        body: What is sent.
        answer: Where in the response the number stands.
    """

    place: Literal["root", "base"]
    path: str
    body: Body
    answer: str


class Shape(Protocol):
    """One kind of request.

    Attributes:
        name: For metrics and logs.
    """

    name: str

    def messages(self, body: Body) -> list[Message] | None:
        """The prompt as a chat in OpenAI's form; None if it is not one that can be fitted."""
        ...

    def write(self, body: Body, kept: Kept) -> Body:
        """The request with what is left of its messages; everything else as it was."""
        ...

    def answer_room(self, body: Body) -> int | None:
        """Tokens that the request asks for its answer; None if it names none."""
        ...

    def countings(self, body: Body) -> Sequence[Counting]:
        """How to ask a server for the number of tokens, the most exact way first."""
        ...


def whole_number(body: Body, *names: str) -> int | None:
    """The first of some members that is a number above 0."""
    for name in names:
        value = body.get(name)
        if isinstance(value, int) and not isinstance(value, bool) and value > 0:
            return value
    return None


def tools_of(body: Body) -> list[Any]:
    """The tools of a request; none where the field is no list."""
    listed = body.get("tools")
    return listed if isinstance(listed, list) else []


def given(body: Body, *names: str) -> Body:
    """The members that are there and not null."""
    return {name: body[name] for name in names if body.get(name) is not None}
