"""Names to factories: how rankers, scorers and engines are chosen by name and added by other packages.

Wherever a name is taken, an object that does the same is taken too.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import cached_property
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Generic, TypeVar, overload

from ctxpipe.errors import CtxpipeError, UnknownNameError, UsageError

T = TypeVar("T")
F = TypeVar("F", bound=Callable[..., Any])


class Registry(Generic[T]):
    """Factories by name. It holds factories, never instances, so nothing is shared between two users of a name.

    Names registered in code come first; any other name is looked for among the installed packages' entry points of
    ``group``, which are read once, and only when a name is not built in or all names are asked for.

    Args:
        what: What the names stand for, as error messages say it: ``"ranker"``.
        group: Entry-point group through which other packages add names: ``"ctxpipe.rankers"``.
        method: What every object of this kind can be called for: ``"rank"``.
    """

    def __init__(self, what: str, group: str, method: str = "") -> None:
        self.what = what
        self.group = group
        self.method = method
        self._factories: dict[str, Callable[..., T]] = {}
        self._aliases: dict[str, str] = {}

    @overload
    def register(self, name: str) -> Callable[[F], F]: ...
    @overload
    def register(self, name: str, factory: F) -> F: ...
    def register(self, name: str, factory: Callable[..., T] | None = None) -> Any:
        """Add a name; with no factory given, return a decorator that adds what it decorates.

        Raises:
            UsageError: if the name is taken.
        """
        if factory is None:
            return lambda decorated: self.register(name, decorated)
        if name in self._factories:
            raise UsageError(f"a {self.what} named {name!r} is already registered")
        self._factories[name] = factory
        return factory

    def alias(self, other: str, name: str) -> None:
        """Take another spelling of a name, which is not among ``names``."""
        self._aliases[other] = name

    def names(self) -> tuple[str, ...]:
        """All names, sorted. Entry points are listed without being imported."""
        return tuple(sorted({*self._factories, *self._entry_points}))

    def create(self, name: str, **options: Any) -> T:
        """Make what ``name`` stands for.

        Args:
            name: A registered name or an entry point's.
            **options: Passed to the factory.

        Raises:
            UnknownNameError: if there is no such name.
            UsageError: if the factory does not take these options.
            CtxpipeError: if another package offers the name but it cannot be imported.
        """
        factory = self._factory(name)
        try:
            inspect.signature(factory).bind(**options)
        except TypeError as exc:
            raise UsageError(f"{self.what} {name!r}: {exc}") from exc
        except ValueError:
            pass  # a factory written in C may have no signature to check against
        return factory(**options)

    def takes(self, name: str, option: str) -> bool:
        """Whether the factory of a name takes an option.

        Raises:
            UnknownNameError, CtxpipeError: as ``create``.
        """
        try:
            parameters = inspect.signature(self._factory(name)).parameters
        except ValueError:  # written in C
            return False
        return option in parameters or any(one.kind is one.VAR_KEYWORD for one in parameters.values())

    def check(self, given: str | T) -> None:
        """Refuse what is neither a known name nor an object of this kind.

        Raises:
            UnknownNameError: for a name that is not known.
            UsageError: for an object without the method, or a class.
        """
        if isinstance(given, str):
            if self.name_of(given) not in self._factories and given not in self._entry_points:
                raise UnknownNameError(self.what, given, self.names())
        elif isinstance(given, type):
            raise UsageError(f"{given.__name__} is a class; give an object of it: {given.__name__}()")
        elif not callable(getattr(given, self.method, None)):
            raise UsageError(f"{type(given).__name__} is no {self.what}: it has no method {self.method}")

    def name_of(self, given: str | T) -> str:
        """The name that is given or that an alias stands for; of an object its ``name``, else its class's."""
        if isinstance(given, str):
            return self._aliases.get(given, given)
        return str(getattr(given, "name", type(given).__name__))

    def _factory(self, name: str) -> Callable[..., T]:
        return self._factories.get(self.name_of(name)) or self._load(name)

    @cached_property
    def _entry_points(self) -> dict[str, EntryPoint]:
        return {point.name: point for point in reversed(tuple(entry_points(group=self.group)))}

    def _load(self, name: str) -> Callable[..., T]:
        point = self._entry_points.get(name)
        if point is None:
            raise UnknownNameError(self.what, name, self.names())
        package = point.dist.name if point.dist else point.value
        try:
            factory = point.load()
        except Exception as exc:  # another package's import may fail in any way
            raise CtxpipeError(f"{self.what} {name!r} of {package} cannot be loaded: {exc!r}") from exc
        if not callable(factory):
            raise CtxpipeError(f"{self.what} {name!r} of {package} cannot be loaded: {point.value} is not callable")
        made: Callable[..., T] = factory
        return made
