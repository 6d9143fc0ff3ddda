"""Settings: a file, then ``CTXPIPE_*`` in the environment, then flags; the last one wins.

The file is ``ctxpipe.toml``, or ``[tool.ctxpipe]`` in ``pyproject.toml``, in the working directory only. Secrets are
not
settings: an API key is read from the environment by the engine that sends it, is refused in a file, and is never stored
here.
"""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal, get_args, get_origin, get_type_hints

from ctxpipe.errors import UnknownNameError, UsageError
from ctxpipe.old_names import note_old_name

FILE = "ctxpipe.toml"
PROJECT_FILE = "pyproject.toml"
PREFIX = "CTXPIPE_"
DEFAULT = "default"
OTHER_VARIABLES = frozenset(
    {
        "CTXPIPE_API_KEY",
        "CTXPIPE_CACHE",
        "CTXPIPE_MODELS",
        "CTXPIPE_PRUNE_API_KEY",
        "CTXPIPE_DOCUMENTS",
        "CTXPIPE_SCORES",
        "CTXPIPE_SCORER_API_KEY",
    }
)
"""Variables that are not settings and are read elsewhere: secrets and folders."""

_EXCLUSIVE = frozenset({"budget", "rate"})
_SECRET = re.compile(r"api.?key|secret|password|passwd|credential|bearer|(?:^|_)(?:key|token|auth)$", re.IGNORECASE)
_NAMES = {str: "text", int: "a whole number", float: "a number", bool: "true or false"}
_BOOLEANS = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """Every setting and its origin. None leaves the choice to the command.

    Attributes:
        tokenizer: Model whose tokens budgets count; None for the target's.
        rank: How chunks are ranked for a question.
        effort: How much the learned ranking reads: ``"fast"``, ``"default"``, ``"high"``.
        prune: How units are pruned.
        prune_model: Model that the pruner scores with.
        prune_url: Server that runs the pruner's model; None for this machine.
        keep: Patterns of text to protect: an array in a file, a line each in the environment.
        force_tokens: Strings that stay wherever anything else of their sentence does, with commas between them.
        format: How kept text is written.
        tree: Whether a tree of what was read stands before the kept text.
        score_cache: Megabytes of scores and embeddings kept between calls; 0 keeps none.
        budget: Most tokens to keep. Excludes ``rate``: whichever was set last unsets the other.
        rate: Share of the source's tokens to keep, 0 to 1.
        target: The target: ``"local"`` or a server's URL.
        model: The target's model.
        max_tokens: Most tokens of an answer.
        timeout: Deadline of an answer in seconds.
        endpoint: How a server is asked: ``"chat"``, ``"completion"``, or ``"auto"``.
        decode_errors: For undecodable bytes: ``"strict"`` refuses the file, ``"replace"`` replaces them by U+FFFD.
        all_files: Whether directories and patterns give what is passed over otherwise.
        window: The target's window in tokens; None to ask the target.
        origins: Setting to origin: ``"default"``, a file's name, an environment variable or a flag.
    """

    tokenizer: str | None = None
    rank: str | None = None
    effort: Literal["fast", "default", "high"] = "default"
    prune: str | None = None
    prune_model: str | None = None
    prune_url: str | None = None
    keep: tuple[str, ...] | None = None
    force_tokens: str | None = None
    format: str | None = None
    tree: bool = False
    score_cache: int | None = None
    budget: int | None = None
    rate: float | None = None
    target: str = "local"
    model: str | None = None
    max_tokens: int | None = None
    timeout: float | None = None
    endpoint: Literal["auto", "chat", "completion"] = "auto"
    decode_errors: Literal["strict", "replace"] = "strict"
    all_files: bool = False
    window: int | None = None
    origins: Mapping[str, str] = field(default_factory=dict)


SETTINGS: tuple[str, ...] = tuple(f.name for f in fields(Config) if f.name != "origins")
"""Names of all settings, in display order."""
OLD_SETTINGS: Mapping[str, str] = {"scorer": "prune_model", "scorer_url": "prune_url", "errors": "decode_errors"}
"""Old name to new. If both are given, the new one counts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Setting:
    """A value of one layer: its origin, and the place that an error names."""

    key: str
    value: Any
    origin: str
    place: str


def load(
    flags: Mapping[str, object] | None = None,
    *,
    directory: Path | None = None,
    environ: Mapping[str, str] | None = None,
) -> Config:
    """Merge all layers.

    Args:
        flags: Setting to value from the command line, of the right type; None for a flag that was not given. Other keys
            are ignored, so a command can pass all its parameters.
        directory: Folder of the settings file; None for the working directory.
        environ: Environment; None for the process's.

    Raises:
        UsageError: for a file that is not TOML, an unknown key, a value of the wrong type, a secret in a file, or both
            budget and rate in one layer. It names the file or variable and the key.
    """
    merged: dict[str, _Setting] = {}
    for layer in (
        _from_files(Path() if directory is None else directory),
        _from_environment(os.environ if environ is None else environ),
        _from_flags(flags or {}),
    ):
        new = {setting.key: setting for setting in layer}
        if new.keys() >= _EXCLUSIVE:
            raise UsageError(f"{new['budget'].place} and {new['rate'].place} exclude each other; give one of them")
        if new.keys() & _EXCLUSIVE:
            merged = {key: setting for key, setting in merged.items() if key not in _EXCLUSIVE}
        merged |= new
    origins = {key: merged[key].origin if key in merged else DEFAULT for key in SETTINGS}
    return Config(**{key: s.value for key, s in merged.items()}, origins=MappingProxyType(origins))


def _from_flags(flags: Mapping[str, object]) -> Iterator[_Setting]:
    for name in (*OLD_SETTINGS, *SETTINGS):
        if (value := flags.get(name)) not in (None, ()):
            flag = _flag(name)
            yield _Setting(key=_current(name, _flag), value=value, origin=flag, place=flag)


def _flag(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def _variable(name: str) -> str:
    return f"{PREFIX}{name.upper()}"


def _current(name: str, shown: Callable[[str], str] = str) -> str:
    """The setting of a name; an old name causes a note."""
    key = OLD_SETTINGS.get(name, name)
    if key != name:
        note_old_name(shown(name), shown(key), stacklevel=3)
    return key


def _from_environment(environ: Mapping[str, str]) -> Iterator[_Setting]:
    """Read variables. An empty one counts as unset; a name close to a setting's is reported as a typing error.

    Other variables are ignored: container platforms make variables such as CTXPIPE_SERVICE_HOST from services' names.
    """
    ours = {_variable(name): name for name in (*OLD_SETTINGS, *SETTINGS)}
    for name, text in sorted(environ.items(), key=lambda item: ours.get(item[0]) not in OLD_SETTINGS):
        if not name.startswith(PREFIX) or not text or name in OTHER_VARIABLES:
            continue
        if name in ours:
            key = _current(ours[name], _variable)
            yield _Setting(key=key, value=_parsed(key, text, name), origin=name, place=name)
        elif difflib.get_close_matches(name.removeprefix(PREFIX).lower(), SETTINGS, n=1, cutoff=0.75):
            raise UnknownNameError("environment variable", name, map(_variable, SETTINGS))


def _from_files(directory: Path) -> Iterator[_Setting]:
    own = _table(directory / FILE)
    project = _table(directory / PROJECT_FILE)
    tool = (project or {}).get("tool", {})
    section = tool.get("ctxpipe") if isinstance(tool, dict) else None
    if own is not None and section is not None:
        raise UsageError(f"{FILE} and [tool.ctxpipe] in {PROJECT_FILE} both hold settings; keep one of them")
    if own is not None:
        yield from _from_table(own, FILE)
    elif isinstance(section, dict):
        yield from _from_table(section, PROJECT_FILE)
    elif section is not None:
        raise UsageError(f"{PROJECT_FILE}: tool.ctxpipe must be a table")


def _from_table(table: Mapping[str, object], origin: str) -> Iterator[_Setting]:
    for name, value in sorted(table.items(), key=lambda item: item[0] not in OLD_SETTINGS):
        place = f"{origin}: {name}"
        if name in SETTINGS or name in OLD_SETTINGS:
            key = _current(name)
            yield _Setting(key=key, value=_checked(key, value, place), origin=origin, place=place)
        elif _SECRET.search(name):
            raise UsageError(f"{place} looks like a secret, which must not be in a file; set CTXPIPE_API_KEY instead")
        else:
            raise UnknownNameError(f"setting in {origin},", name, SETTINGS)


def _table(path: Path) -> dict[str, Any] | None:
    import tomllib

    try:
        return tomllib.loads(path.read_bytes().decode("utf-8"))
    except FileNotFoundError:
        return None
    except OSError as exc:
        raise UsageError(f"{path.name} cannot be read: {exc.strerror}") from exc
    except UnicodeDecodeError as exc:
        raise UsageError(f"{path.name} is not UTF-8: byte {exc.start} cannot be decoded") from exc
    except (ValueError, RecursionError) as exc:  # besides TOMLDecodeError: a number too long, arrays too deep
        raise UsageError(f"{path.name} is not TOML: {exc}") from exc


def _type(key: str) -> Any:
    """The setting's type without None: str, bool, int, float, a tuple of texts or a Literal."""
    hint = get_type_hints(Config)[key]
    if get_origin(hint) is Literal:
        return hint
    return next((kind for kind in get_args(hint) if kind is not type(None)), hint)


def _checked(key: str, value: object, place: str) -> object:
    """Check a value from a TOML file; integers become floats for float settings."""
    kind = _type(key)
    if get_origin(kind) is Literal:
        return _choice(get_args(kind), value, place)
    if get_origin(kind) is tuple:
        if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
            raise UsageError(f"{place} must be an array of strings")
        return tuple(value)
    if kind is float and type(value) is int:
        return _parsed(key, str(value), place)
    if type(value) is not kind:
        raise UsageError(f"{place} must be {_NAMES[kind]}, not {type(value).__name__}")
    return value


def _parsed(key: str, text: str, place: str) -> object:
    kind = _type(key)
    if get_origin(kind) is Literal:
        return _choice(get_args(kind), text, place)
    if get_origin(kind) is tuple:
        return tuple(text.splitlines())
    try:
        if kind is bool:
            return _BOOLEANS[text.lower()]
        return kind(text)  # a number too large for a float becomes infinite, which commands refuse
    except (KeyError, ValueError) as exc:
        raise UsageError(f"{place} must be {_NAMES[kind]}, not {text!r}") from exc


def _choice(choices: tuple[str, ...], value: object, place: str) -> object:
    if value not in choices:
        raise UsageError(f"{place} must be {' or '.join(choices)}, not {value!r}")
    return value
