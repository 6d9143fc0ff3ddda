"""Registries of rankers, scorers and engines, which other packages can extend.

Wherever a name is accepted, an object that fulfils the protocol is accepted too.
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
    """Factories by name. It has no instances, so two users of a name share nothing.

    Names registered in code have priority; any other name is searched among the installed packages' entry points of
    ``group``, which are read once, and only for a name that is not built in or for the list of all names.

    Args:
        what: The kind of object, for error messages: ``"ranker"``.
        group: Entry-point group of other packages' names: ``"ctxpipe.rankers"``.
        method: The method of every object of this kind: ``"rank"``.
    """

    def __init__(self, what: str, group: str, method: str = "") -> None:
        self.what = what
        self.group = group
        self.method = method
        self._factories: dict[str, Callable[..., T]] = {}
        self._places: dict[str, EntryPoint] = {}
        self._aliases: dict[str, str] = {}

    @overload
    def register(self, name: str) -> Callable[[F], F]: ...
    @overload
    def register(self, name: str, factory: F) -> F: ...
    def register(self, name: str, factory: Callable[..., T] | None = None) -> Any:
        """Add a name; without a factory, return a decorator.

        Raises:
            UsageError: if the name is taken.
        """
        if factory is None:
            return lambda decorated: self.register(name, decorated)
        self._check_free(name)
        self._factories[name] = factory
        return factory

    def register_places(self, **places: str) -> None:
        """Add names whose factories, each as ``"package.module:Name"``, are imported when they are first used.

        Raises:
            UsageError: if a name is taken.
        """
        for name, place in places.items():
            self._check_free(name)
            self._places[name] = EntryPoint(name=name, value=place, group=self.group)

    def _check_free(self, name: str) -> None:
        if name in self._built_in:
            raise UsageError(f"a {self.what} named {name!r} is already registered")

    def alias(self, other: str, name: str) -> None:
        """Take another spelling of a name, which is not among ``names``."""
        self._aliases[other] = name

    def names(self) -> tuple[str, ...]:
        """All names, sorted. Entry points are listed without being imported."""
        return tuple(sorted({*self._built_in, *self._entry_points}))

    def create(self, name: str, **options: Any) -> T:
        """Make the object of a name.

        Args:
            name: A registered name or the name of an entry point.
            **options: Passed to the factory.

        Raises:
            UnknownNameError: if there is no such name.
            UsageError: if the factory does not accept these options.
            CtxpipeError: if the name is an entry point that cannot be imported.
        """
        factory = self._factory(name)
        try:
            inspect.signature(factory).bind(**options)
        except TypeError as exc:
            raise UsageError(f"{self.what} {name!r}: {exc}") from exc
        except ValueError:
            pass  # a factory written in C may have no signature
        return factory(**options)

    def takes(self, name: str, option: str) -> bool:
        """Whether the factory of a name accepts an option.

        Raises:
            UnknownNameError, CtxpipeError: see ``create``.
        """
        try:
            parameters = inspect.signature(self._factory(name)).parameters
        except ValueError:  # written in C
            return False
        return option in parameters or any(one.kind is one.VAR_KEYWORD for one in parameters.values())

    def check(self, given: str | T) -> None:
        """Check that a value is a known name or an object of this kind.

        Raises:
            UnknownNameError: for an unknown name.
            UsageError: for an object without the method, or a class.
        """
        if isinstance(given, str):
            if self.name_of(given) not in self._built_in and given not in self._entry_points:
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

    @property
    def _built_in(self) -> set[str]:
        return {*self._factories, *self._places}

    def _factory(self, name: str) -> Callable[..., T]:
        return self._factories.get(self.name_of(name)) or self._load(name)

    @cached_property
    def _entry_points(self) -> dict[str, EntryPoint]:
        return {point.name: point for point in reversed(tuple(entry_points(group=self.group)))}

    def _load(self, name: str) -> Callable[..., T]:
        point = self._places.get(name) or self._entry_points.get(name)
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
