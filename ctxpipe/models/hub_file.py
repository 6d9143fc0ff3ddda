"""A file on the Hugging Face Hub as the source of an embedded model."""

from __future__ import annotations

import errno
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ctxpipe.errors import DownloadError, reason_of
from ctxpipe.models.hub import hub_fault
from ctxpipe.models.pinned import PinnedFile
from ctxpipe.models.quiet import quiet
from ctxpipe.models.reach import reachable
from ctxpipe.models.sources import DownloadFolders
from ctxpipe.models.wheel import POLL_SECONDS, PullProgress, largest


@dataclass(frozen=True, slots=True, kw_only=True)
class HubFile:
    """One file of a repository.

    Attributes:
        repository: ``owner/name``.
        path: The file there.
        file: What it must be.
    """

    repository: str
    path: str
    file: PinnedFile

    @property
    def label(self) -> str:
        """Repository and path."""
        return f"hf:{self.repository}/{self.path}"

    @property
    def size(self) -> int:
        """Bytes of the file."""
        return self.file.size

    @property
    def beside(self) -> int:
        """Nothing."""
        return 0

    def fetch(self, place: DownloadFolders, on_progress: PullProgress) -> None:
        """See ``Source``. A file that is not the pinned one is refused before its download."""
        on_progress("connecting", 0, None)
        if not reachable():
            raise DownloadError("the Hugging Face Hub cannot be reached")
        with tempfile.TemporaryDirectory(dir=place.scratch) as scratch:
            try:
                with quiet(), _watched(Path(scratch), self.size, on_progress):
                    path = self._download(scratch)
            except DownloadError:
                raise
            except Exception as exc:  # of the HTTP client, of the Hub's library and of the system
                if isinstance(exc, OSError) and exc.errno in (errno.ENOSPC, errno.EDQUOT):
                    raise
                fault = hub_fault(exc, "try again later") or f"was not delivered by the Hub ({reason_of(exc)})"
                raise DownloadError(f"{self.repository} {fault}") from exc
            self.file.check(path, self.label)
            path.rename(place.folder / self.file.name)

    def _download(self, folder: str) -> Path:
        from huggingface_hub import get_hf_file_metadata, hf_hub_download, hf_hub_url

        about = get_hf_file_metadata(hf_hub_url(self.repository, self.path))
        if (about.size, about.etag) != (self.file.size, self.file.sha256):
            raise DownloadError(f"{self.label} is not the pinned file (sha256 {str(about.etag)[:12]}...)")
        revision = about.commit_hash
        return Path(hf_hub_download(self.repository, self.path, revision=revision, local_dir=folder))


@contextmanager
def _watched(folder: Path, size: int, on_progress: PullProgress) -> Iterator[None]:
    """Report the growth of a download, without the Hub's own progress bars."""
    from huggingface_hub.utils.tqdm import are_progress_bars_disabled, disable_progress_bars, enable_progress_bars

    done = threading.Event()

    def report() -> None:
        while not done.wait(POLL_SECONDS):
            on_progress("downloading", min(largest(folder), size), size)

    shown = not are_progress_bars_disabled()
    disable_progress_bars()
    watcher = threading.Thread(target=report, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        done.set()
        watcher.join()
        if shown:
            enable_progress_bars()
