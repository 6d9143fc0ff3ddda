"""Converts JSON to data classes and back, with pydantic; an invalid value gives one line that names the field."""

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
    """Make an object of a class from parsed JSON. Unknown fields are ignored.

    Args:
        kind: A data class or another type that pydantic supports.
        value: The parsed JSON.
        where: File and line, for the error.

    Raises:
        ReadError: if a field is missing or has an invalid value; it names ``where`` and the field.
    """
    try:
        made: T = _adapter(kind).validate_python(value)
    except ValidationError as exc:
        wrong = exc.errors()[0]
        field = f"field {'.'.join(map(str, wrong['loc']))!r}"
        told = f"{field} is {shown(wrong['input'])}: {wrong['msg'][0].lower()}{wrong['msg'][1:]}"
        raise ReadError(where, f"{field} is missing" if wrong["type"] == "missing" else told) from exc
    except UsageError as exc:  # the class itself refuses it
        raise ReadError(where, str(exc)) from exc
    return made


class JsonForm:
    """A data class with a form in JSON."""

    __slots__ = ()

    def to_json(self) -> dict[str, Any]:
        """The fields for JSON."""
        form: dict[str, Any] = form_of(self)
        return form


def form_of(value: object, **options: Any) -> Any:
    """The JSON form of an object.

    Args:
        value: The object.
        options: Options of ``TypeAdapter.dump_python``.
    """
    return to_jsonable_python(_adapter(type(value)).dump_python(value, **options))


def shown(value: object) -> str:
    """A value in an error: as JSON, cut to 60 characters."""
    text = json.dumps(value, ensure_ascii=False, default=repr)
    return text if len(text) <= 60 else f"{text[:57]}..."


_adapter: Callable[[Any], TypeAdapter[Any]] = cache(TypeAdapter)
"""Made once per class, because making one takes longer than reading many lines."""
