"""Sets on the Hugging Face Hub: ``hf:OWNER/NAME[@REVISION][/PART]``, or a local copy: ``hf:./FOLDER[/PART]``.

The part is a file of the repository, a file in an archive of it (``data.zip/data/hotpotqa.jsonl``), the beginning of
the names of several files (``qa_1_4k`` for ``qa_1_4k/validation-00000-of-00001.parquet``), or, where the repository has
a ``data.zip`` as LongBench has, a file of its ``data`` folder without the ending (``hotpotqa``). Files are found only
by their names: no code of a repository is run. Without a part, ``data.json`` is read, as in LongBench v2, or all files.
Rows are in a format of ``formats`` or in the schema of ``schema``.
"""

from __future__ import annotations

import glob
import re
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from ctxpipe.errors import ReadError, UnknownNameError, UsageError
from ctxpipe.evals.suites.hub_files import Copy, copy_in, copy_of
from ctxpipe.evals.suites.hub_rows import BUILDERS, ending_of, rows_of
from ctxpipe.evals.suites.schema import Rows, read_rows
from ctxpipe.evals.types import Sample
from ctxpipe.extras import require

PREFIX = "hf:"
SYNTAX = "hf:OWNER/NAME[@REVISION][/PART], or hf:./FOLDER[/PART] for a copy"

_REPOSITORY = re.compile(r"(?P<name>[\w.-]+/[\w.-]+)(?:@(?P<revision>[\w.-]+))?(?:/(?P<part>.+))?")
_ARCHIVE = "data.zip"
_MAIN = ("data.jsonl", "data.json")
_SHARD = re.compile(r"-\d{5}-of-\d{5}")
_NO_ROWS = re.compile(r"(?:.*/)?(?:dataset_infos?|config|state|.*\.metadata)\.json|(?:.*/)?\..*")


@dataclass(frozen=True, slots=True, kw_only=True)
class HubName:
    """The parts of a suite's name.

    Attributes:
        name: The whole name.
        repository: ``OWNER/NAME``; empty for a copy.
        revision: Branch, tag or commit; empty for the cached or else the newest one.
        folder: Folder of a local copy; None for a repository.
        part: Selects files; empty for all.
    """

    name: str
    repository: str = ""
    revision: str = ""
    folder: Path | None = None
    part: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A file of a repository, and its member if it is an archive."""

    file: str
    member: str = ""


def parse_hub_name(name: str) -> HubName:
    """Parse a suite's name.

    Raises:
        UsageError: if it is not such a name, or its folder does not exist.
        MissingExtraError: if ``datasets`` is not installed.
    """
    rest = name.removeprefix(PREFIX)
    require("datasets", "reading sets from the Hub", "datasets")
    if rest[:1] in (".", "/", "~"):
        path = Path(rest).expanduser()
        folder = next((one for one in (path, *path.parents) if one.is_dir()), Path("/"))
        part = "" if folder == path else path.relative_to(folder).as_posix()
        if part and not ((folder / _ARCHIVE).exists() or any(folder.glob(f"{glob.escape(part.split('/')[0])}*"))):
            raise UsageError(f"{name}: no such folder")
        return HubName(name=name, folder=folder, part=part)
    match = _REPOSITORY.fullmatch(rest.strip("/"))
    if not match:
        raise UsageError(f"{name!r} is not a set on the Hub; write {SYNTAX}")
    return HubName(
        name=name, repository=match["name"], revision=match["revision"] or "", part=(match["part"] or "").strip("/")
    )


def hub_samples(name: str, *, limit: int | None = None, seed: int | None = None) -> Iterator[Sample]:
    """Yield the samples of a set on the Hub or of a local copy.

    A set is downloaded once and then read from the Hub's cache, so that a run can be resumed. Its commit is in the
    samples' ``dataset`` and so in the run's folder.

    Licences: LongBench is MIT and its second version Apache-2.0, RULER's generator is Apache-2.0; their texts have
    licences of their own. For any other set, see its page.

    Args:
        name: The suite's name.
        limit: Most samples of each file (the shards of one file count together).
        seed: Seed of the choice; see ``schema.read_samples``.

    Raises:
        UsageError: if it is not such a name, or the limit is below 1.
        UnknownNameError: if the set has no such part, with the nearest names.
        MissingExtraError: if ``datasets`` is not installed.
        ReadError: if the Hub cannot be reached, has no such set, or the rows are damaged or in an unknown format.
    """
    asked = parse_hub_name(name)
    if asked.folder is not None:
        copy = copy_in(asked.folder, asked.part)
    else:
        copy = copy_of(asked.repository, asked.revision, lambda files: bool(_exact(files, asked.part)))
    files = tuple(file for file in copy.files if not _NO_ROWS.fullmatch(file))
    parts = _exact(files, asked.part) or _beginning(files, asked)
    samples = read_rows(_all_rows(asked, copy, parts), limit=limit, seed=seed)
    if not copy.commit:
        return samples
    pinned = f"{PREFIX}{asked.repository}@{copy.commit}{'/' if asked.part else ''}{asked.part}"
    return (replace(sample, dataset=pinned) for sample in samples)


def _exact(files: Sequence[str], part: str) -> tuple[Found, ...]:
    """The one file that is named; None if the other files' names are needed to decide."""
    for file in (part,) if part else _MAIN:
        if file in files and ending_of(file) in BUILDERS:
            return (Found(file=file),)
    for file in files:
        if file.endswith(".zip") and part.startswith(f"{file}/"):
            return (Found(file=file, member=part.removeprefix(f"{file}/")),)
    if part and _ARCHIVE in files and not any(_begins(file, part) for file in files):
        return (Found(file=_ARCHIVE, member=f"data/{part}.jsonl"),)
    return ()


def _beginning(files: Sequence[str], asked: HubName) -> tuple[Found, ...]:
    readable = [file for file in files if ending_of(file) in BUILDERS]
    beginning = [file for file in readable if _begins(file, asked.part)]
    if not beginning:
        if _ARCHIVE in files and not asked.part:
            raise UsageError(f"{asked.name} has several tasks; name one, for example {asked.name}/hotpotqa")
        if not readable:
            raise ReadError(asked.name, f"has no readable file ({', '.join(BUILDERS)})")
        parts = [file.removesuffix(ending_of(file)) for file in readable]
        raise UnknownNameError(f"part of {asked.name.removesuffix(asked.part).rstrip('/')}", asked.part, parts)
    endings = {BUILDERS[ending_of(file)] for file in beginning}
    if len(endings) > 1:
        raise UsageError(f"{asked.name} has rows in several formats; name a file, for example {beginning[0]}")
    return tuple(Found(file=file) for file in beginning)


def _begins(file: str, part: str) -> bool:
    """Whether a part is a file's whole name, its folder, or its beginning up to a hyphen or a dot."""
    return not part or (file.startswith(part) and file[len(part) :][:1] in ("", "/", "-", "."))


def _all_rows(asked: HubName, copy: Copy, files: Sequence[Found]) -> list[Rows]:
    """The rows of each file, with its shards joined."""
    together: dict[str, list[Found]] = {}
    for one in files:
        together.setdefault(_SHARD.sub("", one.member or one.file), []).append(one)
    place = asked.name if asked.folder is None else str(asked.folder)
    all_rows = []
    for file, parts in together.items():
        name = f"{place}: {file}" if asked.folder is None else f"{place}/{file}"
        sources = [(copy.fetch(part.file), _member(copy.fetch(part.file), part.member, asked)) for part in parts]
        all_rows.append(
            Rows(
                path=Path(asked.folder or asked.repository, file),
                name=name,
                unit="row",
                read=partial(rows_of, sources, name),
            )
        )
    return all_rows


def _member(archive: Path, member: str, asked: HubName) -> str:
    """The member, which must exist."""
    if not member:
        return ""
    try:
        with zipfile.ZipFile(archive) as opened:
            names = [name for name in opened.namelist() if ending_of(name) in BUILDERS]
    except (OSError, zipfile.BadZipFile) as exc:
        raise ReadError(str(archive), f"not a zip file ({exc})") from exc
    if member not in names:
        tasks = [Path(name).stem for name in names] if member == f"data/{asked.part}.jsonl" else names
        wanted = asked.part if member == f"data/{asked.part}.jsonl" else member
        raise UnknownNameError(f"part of {archive.name}", wanted, tasks)
    return member
