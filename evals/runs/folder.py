"""The folder of a run: its settings, its items, its records and what the target said."""

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
from ctxpipe.evals.runs.records import Loaded, load_records
from ctxpipe.evals.suites.schema import read_samples
from ctxpipe.evals.types import Passage, Sample


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What every record of a run has in common; a run is gone on with only under the same.

    Attributes:
        seed, layers, tokenizer, target, answer_tokens: As the run was asked for.
        default: Ranker and pruner that the default method is made of, which other versions change.
    """

    seed: int
    layers: tuple[int, ...]
    tokenizer: str
    target: str
    answer_tokens: int | None = None
    default: str = ""


class RunFolder:
    """Where a run keeps what it needs to go on and what its report needs: nothing else is read for either.

    Args:
        path: The folder.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.records = path / "records.jsonl"
        self.samples = path / "samples.jsonl.gz"
        self.settings = path / "run.json"
        self.cache = path / "results.sqlite"

    def start(self, settings: Settings) -> None:
        """Note the settings, or see that they are those noted before.

        Raises:
            UsageError: if the folder holds a run with other settings; it names them.
            ReadError: if the folder cannot be written or its settings are damaged.
        """
        asked = to_jsonable_python(settings)
        if self.settings.exists():
            noted = self.read_settings()
            for name, value in asked.items():
                if noted.get(name) != value and not (name == "default" and name not in noted):
                    raise UsageError(
                        f"{self.path} holds a run with {name} {noted.get(name)!r}, not {value!r}; choose another folder"
                    )
            return
        _write(self.settings, json.dumps(asked, indent=1).encode() + b"\n")

    def read_settings(self) -> dict[str, Any]:
        """The settings noted.

        Raises:
            ReadError: if there are none, or they are damaged.
        """
        try:
            return TypeAdapter(dict[str, Any]).validate_json(self.settings.read_bytes())
        except OSError as exc:
            raise ReadError(str(self.path), "no run is in this folder") from exc
        except ValidationError as exc:
            raise ReadError(str(self.settings), "damaged") from exc

    def keep(self, samples: Iterable[Sample]) -> list[Sample]:
        """Write the items beside those of earlier calls, and return those given.

        Raises:
            UsageError: if an id stands for another item than before.
            ReadError: if they cannot be read or written.
        """
        given = list(samples)
        if not given:
            raise UsageError("the suites hold no items")
        known = self.read_samples()
        for sample in given:
            if known.setdefault(sample.id, sample) != sample:
                raise UsageError(
                    f"{self.path} holds another item {sample.id!r}; the data changed, choose another folder"
                )
        lines = "".join(_line(sample) for sample in known.values()).encode(errors="surrogatepass")
        _write(self.samples, gzip.compress(lines, mtime=0))
        return given

    def read_samples(self) -> dict[str, Sample]:
        """The items by id; none when there is no file."""
        if not self.samples.exists():
            return {}
        return {sample.id: sample for sample in read_samples(self.samples)}

    def write(self, name: str, text: str) -> None:
        """Write a file of the folder whole or not at all.

        Raises:
            ReadError: if it cannot be written.
        """
        _write(self.path / name, text.encode(errors="surrogatepass"))

    def read_records(self) -> Loaded:
        """The records.

        Raises:
            ReadError: if there are none, or the file is damaged.
        """
        if not self.records.is_file():
            raise ReadError(str(self.path), "no run is in this folder")
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
        if found := getattr(passage, name):
            value[name] = found
    return value


def _write(path: Path, data: bytes) -> None:
    """Write a file whole or not at all."""
    scratch = path.with_name(f"{path.name}.part")
    try:
        scratch.write_bytes(data)
        os.replace(scratch, path)
    except OSError as exc:
        raise ReadError(str(path), exc.strerror or str(exc)) from exc
