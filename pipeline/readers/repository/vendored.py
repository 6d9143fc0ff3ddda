"""Folders that hold what others wrote, or what a build made."""

from __future__ import annotations

import os

VERSION_CONTROL = frozenset((".git", ".hg", ".svn", ".bzr", ".jj", "CVS"))
"""Folders of version control, which are read only when they are named."""
_ALWAYS = frozenset(
    "node_modules bower_components jspm_packages __pycache__ __pypackages__ site-packages dist-packages".split()
)
_OTHERS_CODE = frozenset("vendor third_party third-party thirdparty 3rdparty Pods Carthage".split())
_BUILT = frozenset("build dist target _build DerivedData htmlcov".split())
_ENDINGS = (".egg-info", ".dist-info")
_MANIFESTS = (
    "package.json composer.json go.mod Cargo.toml Gemfile pyproject.toml setup.py setup.cfg requirements.txt Makefile "
    "CMakeLists.txt pom.xml build.gradle build.gradle.kts build.sbt mix.exs Podfile Package.swift meson.build"
).split()
_MARKERS = ("pyvenv.cfg", "CACHEDIR.TAG")
_SOURCE = ("__init__.py", "mod.rs")


def is_vendored(parent: str, name: str, *, in_repository: bool) -> bool:
    """Whether a folder holds installed, vendored or built files.

    Names that a folder of documents may have too (``vendor``, ``build``) count only in a repository or beside a file
    that describes a project; a folder of build output that is a package of source code itself is none.

    Args:
        parent: The folder that it is in.
        name: Its name.
        in_repository: Whether it is in a Git repository.
    """
    folder = os.path.join(parent, name)
    if name in _ALWAYS or name.endswith(_ENDINGS) or _has(folder, _MARKERS):
        return True
    if name not in _OTHERS_CODE and name not in _BUILT:
        return False
    if not in_repository and not _has(parent, _MANIFESTS):
        return False
    return name in _OTHERS_CODE or not _has(folder, _SOURCE)


def _has(folder: str, names: tuple[str, ...] | list[str]) -> bool:
    return any(os.path.lexists(os.path.join(folder, name)) for name in names)
