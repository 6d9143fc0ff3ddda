"""JSON to data classes and back, by pydantic: a value that does not fit is one line that names the field."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError
from pydantic_core import to_jsonable_python

from ctxpipe.errors import ReadError, UsageError

T = TypeVar("T")


def parsed(kind: type[T], value: object, where: str) -> T:
    """An object of a class, made of parsed JSON. Fields that the class does not have are passed over.

    Args:
        kind: A data class, or any other type that pydantic knows.
        value: What JSON has.
        where: File and line, for the error.

    Raises:
        ReadError: if a field is missing or holds something else than it should; it names ``where`` and the field.
    """
    try:
        made: T = _adapter(kind).validate_python(value)
    except ValidationError as exc:
        wrong = exc.errors()[0]
        field = f"field {'.'.join(map(str, wrong['loc']))!r}"
        told = f"{field} is {shown(wrong['input'])}: {wrong['msg'][0].lower()}{wrong['msg'][1:]}"
        raise ReadError(where, f"{field} is missing" if wrong["type"] == "missing" else told) from exc
    except UsageError as exc:  # what the class itself refuses
        raise ReadError(where, str(exc)) from exc
    return made


class JsonForm:
    """A data class with a form in JSON."""

    __slots__ = ()

    def to_json(self) -> dict[str, Any]:
        """The fields as JSON has them."""
        form: dict[str, Any] = form_of(self)
        return form


def form_of(value: object, **options: Any) -> Any:
    """What JSON has for a data class.

    Args:
        value: The object.
        options: As ``TypeAdapter.dump_python`` takes them.
    """
    return to_jsonable_python(_adapter(type(value)).dump_python(value, **options))


def shown(value: object) -> str:
    """A value in an error: as JSON, cut to 60 characters."""
    text = json.dumps(value, ensure_ascii=False, default=repr)
    return text if len(text) <= 60 else f"{text[:57]}..."


_adapter: Callable[[Any], TypeAdapter[Any]] = cache(TypeAdapter)
"""Made once for each class, which takes longer than reading many lines."""
