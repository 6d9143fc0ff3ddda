"""A missing extra is one line with its pip line, wherever it is missed."""

from __future__ import annotations

import sys
from types import ModuleType

import pytest

from ctxpipe.errors import CtxpipeError, MissingExtraError
from ctxpipe.extras import installed, require


def test_what_is_missing_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    require("plot", "drawing", "json", "matplotlib")
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(MissingExtraError) as caught:
        require("plot", "drawing", "json", "matplotlib")
    assert str(caught.value) == 'drawing needs an optional dependency: pip install "ctxpipe[plot]"'
    assert isinstance(caught.value, CtxpipeError)


def test_asking_imports_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "this", raising=False)
    assert installed("this")
    assert "this" not in sys.modules


def test_a_module_that_has_no_spec_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "made_by_hand", ModuleType("made_by_hand"))
    assert installed("made_by_hand")
    assert not installed("no_such_module_anywhere")


def test_a_module_that_an_import_hook_refuses_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    class Refusing:
        def find_spec(self, name: str, *_: object) -> None:
            if name == "colorsys":
                raise ModuleNotFoundError(name)

    monkeypatch.delitem(sys.modules, "colorsys", raising=False)
    monkeypatch.setattr(sys, "meta_path", [Refusing(), *sys.meta_path])
    assert not installed("colorsys")
