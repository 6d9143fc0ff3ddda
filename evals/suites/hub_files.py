"""The files of a set on the Hugging Face Hub: from the cache, from the Hub, or from a local copy."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ctxpipe.errors import ReadError, reason_of
from ctxpipe.models.hub import hub_fault
from ctxpipe.models.quiet import quiet
from ctxpipe.models.reach import within_reach

_SECONDS = 10
"""Deadline for the Hub's first response, in seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """A set at one commit.

    Attributes:
        files: Names of its files, sorted.
        folder: Folder of the local files; None if there are none.
        repository, revision: Source on the Hub; empty for a folder.
        commit: Commit of the repository; empty for a folder.
    """

    files: tuple[str, ...]
    folder: Path | None = None
    repository: str = ""
    revision: str = ""
    commit: str = ""

    def fetch(self, file: str) -> Path:
        """A file of the set, downloaded if it is not local.

        Raises:
            ReadError: if the Hub cannot be reached, the download fails, or the set changed in the meantime.
        """
        if self.folder is not None:
            return self.folder / file
        from huggingface_hub import hf_hub_download

        with _hub(self.repository):
            # By branch and not by commit, because only then does the cache find it again.
            path = hf_hub_download(
                self.repository, file, repo_type="dataset", revision=self.revision or None, etag_timeout=_SECONDS
            )
        if self.commit not in Path(path).parts:
            raise ReadError(self.repository, "the set changed during the download; try again")
        return Path(path)


def copy_in(folder: Path, part: str = "") -> Copy:
    """A local copy of a set; only files that can belong to the part are listed."""
    first = part.split("/")[0]
    near = [path for path in folder.iterdir() if path.is_file() or path.name.startswith(first)]
    deep = (file for path in near if path.is_dir() for file in path.rglob("*") if file.is_file())
    files = (path.relative_to(folder).as_posix() for path in (*(path for path in near if path.is_file()), *deep))
    return Copy(files=tuple(sorted(files)), folder=folder)


def copy_of(repository: str, revision: str, enough: Callable[[Sequence[str]], bool]) -> Copy:
    """A set on the Hub.

    Args:
        repository: ``OWNER/NAME``.
        revision: Branch, tag or commit; empty for the cached one, else the newest.
        enough: Whether the cached files are all that is needed; some could be missing.

    Raises:
        ReadError: if the Hub cannot be reached or has no such set.
    """
    cached = _cached(repository, revision)
    if cached is not None:
        here = copy_in(cached)
        if enough(here.files):
            return Copy(files=here.files, folder=cached, repository=repository, revision=revision, commit=cached.name)
    from huggingface_hub import HfApi

    with _hub(repository):
        info = HfApi().dataset_info(repository, revision=revision or None, timeout=_SECONDS)
    files = tuple(sorted(one.rfilename for one in info.siblings or ()))
    return Copy(files=files, repository=repository, revision=revision, commit=info.sha or "")


def _cached(repository: str, revision: str) -> Path | None:
    """The folder of a revision in the Hub's cache, which can be incomplete; its name is the commit."""
    from huggingface_hub.constants import HF_HUB_CACHE
    from huggingface_hub.file_download import repo_folder_name

    root = Path(HF_HUB_CACHE) / repo_folder_name(repo_id=repository, repo_type="dataset")
    known = root / "refs" / (revision or "main")
    commit = known.read_text(encoding="utf-8").strip() if known.is_file() else revision
    folder = root / "snapshots" / commit
    return folder if commit and folder.is_dir() else None


@contextmanager
def _hub(repository: str) -> Iterator[None]:
    """Turn errors of the Hub into one line."""
    try:
        with quiet(), within_reach(repository):
            yield
    except Exception as exc:  # the Hub's own errors, those of its HTTP client and the system's
        fault = hub_fault(exc, "a copy can be read: hf:./FOLDER") or f"cannot be fetched: {reason_of(exc)}"
        raise ReadError(repository, fault) from exc
