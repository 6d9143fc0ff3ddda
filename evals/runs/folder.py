"""The folder of a run: settings, items, records and the target's results."""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError
from pydantic_core import to_jsonable_python

from ctxpipe.errors import ReadError, UsageError
from ctxpipe.evals.runs.records import LoadedRecords, load_records
from ctxpipe.evals.suites.schema import read_samples
from ctxpipe.evals.types import Passage, Sample


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSettings:
    """Settings common to all records of a run; it can be resumed only with the same settings.

    Attributes:
        seed, layers, tokenizer, target, answer_tokens: The arguments of the run.
        default: Ranker and scorer of the default method, which can differ between versions.
        pool: Folder or file of the pool; None without one.
    """

    seed: int
    layers: tuple[int, ...]
    tokenizer: str
    target: str
    answer_tokens: int | None = None
    default: str = ""
    pool: str | None = None


class RunFolder:
    """The files of a run, sufficient to resume it and to report on it.

    Args:
        path: The folder.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.records = path / "records.jsonl"
        self.samples = path / "samples.jsonl.gz"
        self.settings = path / "run.json"
        self.cache = path / "results.sqlite"

    def start(self, settings: RunSettings) -> None:
        """Store the settings, or check them against the stored ones.

        Raises:
            UsageError: if the folder has a run with other settings; it names them.
            ReadError: if the folder cannot be written or its settings are damaged.
        """
        asked = to_jsonable_python(settings)
        if self.settings.exists():
            noted = self.read_settings()
            for name, value in asked.items():
                if noted.get(name) != value and not (name == "default" and name not in noted):
                    raise UsageError(
                        f"{self.path} has a run with {name} {noted.get(name)!r}, not {value!r}; choose another folder"
                    )
            return
        _write(self.settings, json.dumps(asked, indent=1).encode() + b"\n")

    def read_settings(self) -> dict[str, Any]:
        """The stored settings.

        Raises:
            ReadError: if there are none, or they are damaged.
        """
        try:
            return TypeAdapter(dict[str, Any]).validate_json(self.settings.read_bytes())
        except OSError as exc:
            raise ReadError(str(self.path), "there is no run in this folder") from exc
        except ValidationError as exc:
            raise ReadError(str(self.settings), "damaged") from exc

    def keep(self, samples: Iterable[Sample]) -> list[Sample]:
        """Store the items in addition to those of earlier calls, and return them.

        Raises:
            UsageError: if an id now belongs to another item.
            ReadError: if they cannot be read or written.
        """
        given = list(samples)
        if not given:
            raise UsageError("the suites have no items")
        known = self.read_samples()
        for sample in given:
            if known.setdefault(sample.id, sample) != sample:
                raise UsageError(
                    f"{self.path} has another item {sample.id!r}: the data has changed; choose another folder"
                )
        lines = "".join(_line(sample) for sample in known.values()).encode(errors="surrogatepass")
        _write(self.samples, gzip.compress(lines, mtime=0))
        return given

    def read_samples(self) -> dict[str, Sample]:
        """The items by id; empty if there is no file."""
        if not self.samples.exists():
            return {}
        return {sample.id: sample for sample in read_samples(self.samples)}

    def write(self, name: str, text: str) -> None:
        """Write a file of the folder atomically.

        Raises:
            ReadError: if it cannot be written.
        """
        _write(self.path / name, text.encode(errors="surrogatepass"))

    def read_records(self) -> LoadedRecords:
        """The records.

        Raises:
            ReadError: if there are none, or the file is damaged.
        """
        if not self.records.is_file():
            raise ReadError(str(self.path), "there is no run in this folder")
        return load_records(self.records)


def _line(sample: Sample) -> str:
    value: dict[str, Any] = {
        "id": sample.id,
        "dataset": sample.dataset,
        "cluster": sample.cluster,
        "stratum": sample.stratum,
        "documents": [_document(document) for document in sample.documents],
        "question": sample.question,
        "answers": sample.answers,
        "metric": sample.metric,
        "evidence": [{"doc": e.document, "start": e.start, "end": e.end} for e in sample.evidence],
        "answer_rule": sample.rule,
        "scale": sample.scale,
    }
    if sample.twins:
        value["twins"] = [{"names": twin.names, "value": twin.value} for twin in sample.twins]
    return json.dumps(value, ensure_ascii=False) + "\n"


def _document(passage: Passage) -> dict[str, Any]:
    value: dict[str, Any] = {"title": passage.title, "text": passage.text, "gold": passage.gold}
    for name in ("source", "page_starts"):
        if given := getattr(passage, name):
            value[name] = given
    return value


def _write(path: Path, data: bytes) -> None:
    """Write a file atomically."""
    scratch = path.with_name(f"{path.name}.part")
    try:
        scratch.write_bytes(data)
        os.replace(scratch, path)
    except OSError as exc:
        raise ReadError(str(path), exc.strerror or str(exc)) from exc
