"""Fields of a model's config.json; errors name the field that is missing or invalid."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ctxpipe.errors import UsageError

_TEXT = ("text_config", "llm_config", "language_config")
_BYTES = {"float32": 4, "bfloat16": 2, "float16": 2, "float8_e4m3fn": 1}


@dataclass(frozen=True, slots=True, kw_only=True)
class Fields:
    """A config, or a part of one.

    Attributes:
        name: The model's name as given, for messages.
        values: The fields.
    """

    name: str
    values: Mapping[str, Any]

    def need(self, *names: str) -> int:
        """A whole number above 0, under the first of these names that exists.

        Raises:
            UsageError: if no field exists or its value is not such a number.
        """
        for name in names:
            if (value := self.values.get(name)) is not None:
                return self._positive(name, value)
        raise UsageError(f"the config of {self.name} lacks {' or '.join(names)}")

    def number(self, name: str, default: int) -> int:
        """A whole number above 0, or a default if the field is missing or null."""
        value = self.values.get(name)
        return default if value is None else self._positive(name, value)

    def flag(self, name: str, default: bool = False) -> bool:
        """A boolean, or a default if the field is missing or null."""
        value = self.values.get(name)
        return default if value is None else bool(value)

    def has(self, name: str) -> bool:
        """Whether a field exists and is not null."""
        return self.values.get(name) is not None

    def listed(self, name: str, length: int) -> list[Any] | None:
        """A list with one entry per layer; None if the field is missing, null or empty.

        Raises:
            UsageError: if it is not a list of that length.
        """
        value = self.values.get(name)
        if not value:
            return None
        if not isinstance(value, list) or len(value) != length:
            raise UsageError(f"the config of {self.name} has a {name} that does not list its {length} layers")
        return value

    def _positive(self, name: str, value: Any) -> int:
        if type(value) is not int or value < 1:
            raise UsageError(f"the config of {self.name} has a {name} of {value!r}, not a whole number above 0")
        return value


def text_fields(config: Fields) -> Fields:
    """The part of a config that describes the language model: the whole, or a nested config."""
    for key in _TEXT:
        inner = config.values.get(key)
        if isinstance(inner, dict):
            return Fields(name=config.name, values=inner)
    return config


def model_type(config: Fields) -> str:
    """The kind of model.

    Raises:
        UsageError: if the config does not have it.
    """
    value = config.values.get("model_type")
    if not isinstance(value, str) or not value:
        raise UsageError(f"the config of {config.name} lacks model_type")
    return value


def dtype(config: Fields, text: Fields) -> tuple[str, int]:
    """Name and bytes of the type of weights that are not quantised; bfloat16 by default.

    Raises:
        UsageError: for an unknown type.
    """
    for part in (text, config):
        for key in ("dtype", "torch_dtype"):
            if (value := part.values.get(key)) is not None:
                name = str(value).removeprefix("torch.")
                if name not in _BYTES:
                    raise UsageError(f"the config of {config.name} has a {key} of {value!r}, which is not supported")
                # vLLM loads float32 checkpoints in bfloat16 (its --dtype auto).
                return ("bfloat16", 2) if name == "float32" else (name, _BYTES[name])
    return "bfloat16", 2
