"""One file of every language and format that is known goes through the pipeline."""

from __future__ import annotations

from pathlib import Path

import pytest

from ctxpipe import Pipeline
from ctxpipe.compress.text.code import code_units, comment_mark
from ctxpipe.compress.types import Document
from ctxpipe.pipeline.readers import kinds

SAMPLES = Path(__file__).parents[2] / "compress" / "text" / "code" / "samples"
PLAIN = "The ferry sails at 12 knots.\n\nThe tug sails at 9 knots.\n"
CONTENT = {
    "json": '{"ferry": {"speed": 12}, "tug": {"speed": 9}}',
    "csv": "ship,speed\nferry,12\ntug,9\n",
    "html": "<p>The ferry sails at 12 knots.</p><p>The tug sails at 9 knots.</p>",
}
TEXT = {ending: format for ending, format in kinds._BY_EXTENSION.items() if format.reader in ("text", "html")}
NAMES = [f"fleet{ending}" for ending in TEXT] + [name.capitalize() for name in kinds._BY_NAME]


def content(format: kinds.FileFormat) -> str:
    sample = SAMPLES / f"{format.language}.txt"
    if format.language and sample.exists():
        return sample.read_text(encoding="utf-8")
    return CONTENT.get(format.kind, PLAIN)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("fleet")
    for name in NAMES:
        format = kinds.by_name(name)
        assert format is not None
        (folder / name).write_text(content(format), encoding="utf-8")
    return folder


@pytest.mark.parametrize("name", {kinds.by_name(name): name for name in reversed(NAMES)}.values())
def test_every_format_alone(folder: Path, name: str) -> None:
    context = Pipeline(rank="bm25").compress(str(folder / name), question="How fast is the ferry?", budget=40)
    assert 0 < context.kept_tokens <= 40


def test_all_formats_together(folder: Path) -> None:
    paths = [str(folder / name) for name in NAMES]
    context = Pipeline().compress(paths, question="How fast is the ferry?", budget=400)
    assert 0 < context.kept_tokens <= 400
    assert len(context.sources) == len(NAMES)


WITHOUT_COMMENTS = ("bibtex", "diff", "ris", "vobject")


def test_every_language_has_a_comment_and_units() -> None:
    for language in kinds._LANGUAGES:
        assert (comment_mark(language) != "…") == (language not in WITHOUT_COMMENTS), language
        assert code_units(PLAIN, language), language


def test_a_language_that_nothing_knows_ends_no_run() -> None:
    document = Document(text=PLAIN * 40, kind="code", language="unheard-of")
    assert Pipeline(rank="bm25").compress(document, question="How fast is the tug?", budget=40).text
