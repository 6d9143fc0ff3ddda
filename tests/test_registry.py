from __future__ import annotations

import sys
from pathlib import Path

import pytest

from ctxpipe.errors import CtxpipeError, UnknownNameError, UsageError
from ctxpipe.registry import Registry

GROUP = "ctxpipe.tests.shapes"


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A really installed package that offers one good name, three broken ones and one that is built in already."""
    (tmp_path / "shapes_plugin.py").write_text("def square(side=1):\n    return ('square', side)\nnothing = 3\n")
    (tmp_path / "shapes_broken.py").write_text("raise RuntimeError('no licence')\n")
    info = tmp_path / "shapes_pack-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: shapes-pack\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        f"[{GROUP}]\nsquare = shapes_plugin:square\nbroken = shapes_broken:x\nabsent = no_such_module:x\n"
        "number = shapes_plugin:nothing\ncircle = shapes_broken:x\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    for module in ("shapes_plugin", "shapes_broken"):
        monkeypatch.delitem(sys.modules, module, raising=False)
    return tmp_path


@pytest.fixture
def shapes() -> Registry[tuple[str, int]]:
    registry: Registry[tuple[str, int]] = Registry("shape", GROUP)

    @registry.register("circle")
    def circle(radius: int = 1) -> tuple[str, int]:
        return ("circle", radius)

    registry.register("line", lambda length: ("line", length))
    return registry


def test_creates_what_was_registered_and_never_shares_it(shapes: Registry[tuple[str, int]]) -> None:
    boxes: Registry[list[int]] = Registry("box", GROUP)
    boxes.register("list", list)
    assert shapes.create("circle", radius=4) == ("circle", 4)
    assert shapes.create("line", length=2) == ("line", 2)
    assert boxes.create("list") is not boxes.create("list")


@pytest.mark.usefixtures("installed")
def test_a_place_is_imported_when_its_name_is_used_and_comes_before_other_packages() -> None:
    registry: Registry[tuple[str, int]] = Registry("shape", GROUP)
    registry.register_places(square="shapes_plugin:square", broken="shapes_plugin:square", lost="no_such_module:x")
    assert "shapes_plugin" not in sys.modules
    assert {"square", "broken", "lost"} < set(registry.names())
    assert registry.create("broken", side=3) == ("square", 3)
    assert "shapes_plugin" in sys.modules
    with pytest.raises(UsageError, match="height"):
        registry.create("square", height=1)
    with pytest.raises(CtxpipeError, match="cannot be loaded"):
        registry.create("lost")


def test_a_decorated_factory_stays_what_it_was() -> None:
    registry: Registry[int] = Registry("number", GROUP)

    @registry.register("one")
    def one() -> int:
        return 1

    assert one() == 1


def test_an_unknown_name_offers_the_nearest(shapes: Registry[tuple[str, int]]) -> None:
    with pytest.raises(UnknownNameError, match="unknown shape 'circel'; did you mean circle"):
        shapes.create("circel")


def test_a_name_is_registered_once(shapes: Registry[tuple[str, int]]) -> None:
    with pytest.raises(UsageError, match="shape named 'line' is already registered"):
        shapes.register("line", lambda: ("line", 0))


def test_an_alias_stands_for_its_name_and_is_not_listed(shapes: Registry[tuple[str, int]]) -> None:
    shapes.alias("ring", "circle")
    assert shapes.create("ring") == shapes.create("circle")
    assert shapes.name_of("ring") == "circle"
    assert "ring" not in shapes.names()
    shapes.check("ring")


@pytest.mark.parametrize("options", [{}, {"length": 1, "width": 2}])
def test_options_that_do_not_fit_are_a_usage_error(shapes: Registry[tuple[str, int]], options: dict[str, int]) -> None:
    with pytest.raises(UsageError, match="shape 'line': "):
        shapes.create("line", **options)


def test_a_type_error_inside_a_factory_is_not_hidden() -> None:
    registry: Registry[int] = Registry("number", GROUP)

    @registry.register("odd")
    def odd() -> int:
        raise TypeError("from within")

    with pytest.raises(TypeError, match="from within"):
        registry.create("odd")


@pytest.mark.usefixtures("installed")
def test_other_packages_add_names(shapes: Registry[tuple[str, int]]) -> None:
    assert shapes.names() == ("absent", "broken", "circle", "line", "number", "square")
    assert shapes.create("square", side=5) == ("square", 5)


@pytest.mark.usefixtures("installed")
def test_a_built_in_name_wins_and_loads_nothing(shapes: Registry[tuple[str, int]]) -> None:
    assert shapes.create("circle") == ("circle", 1)
    assert "shapes_broken" not in sys.modules


@pytest.mark.usefixtures("installed")
def test_listing_names_imports_nothing(shapes: Registry[tuple[str, int]]) -> None:
    shapes.names()
    assert "shapes_plugin" not in sys.modules


def test_built_in_names_do_not_read_the_installed_packages(
    shapes: Registry[tuple[str, int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ctxpipe.registry.entry_points", lambda **_: pytest.fail("entry points were read"))
    assert shapes.create("circle") == ("circle", 1)


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize(
    ("name", "why"), [("broken", "no licence"), ("absent", "no_such_module"), ("number", "is not callable")]
)
def test_a_broken_entry_point_hurts_only_when_used(shapes: Registry[tuple[str, int]], name: str, why: str) -> None:
    assert shapes.create("square") == ("square", 1)
    with pytest.raises(CtxpipeError, match=rf"shape '{name}' of shapes-pack cannot be loaded: .*{why}") as caught:
        shapes.create(name)
    assert "\n" not in str(caught.value)
