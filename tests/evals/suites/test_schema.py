from __future__ import annotations

import gzip
import json
from collections import Counter
from itertools import islice
from pathlib import Path

import pytest

from ctxpipe.errors import ReadError, UnknownNameError, UsageError
from ctxpipe.evals.suites.schema import SUITES, available_suites, load_suite, parse_sample, read_samples
from ctxpipe.evals.types import Evidence, Passage, Twin


def line(i: int, **changes: object) -> dict[str, object]:
    return {
        "id": f"d/{i}",
        "dataset": "d",
        "cluster": f"c{i % 5}",
        "documents": [{"title": "T", "text": "one two three", "gold": True}, {"text": "four five"}],
        "question": "how many?",
        "answers": ["three"],
        "metric": "contains",
    } | changes


def write(path: Path, lines: list[dict[str, object]]) -> Path:
    text = "".join(json.dumps(one) + "\n" for one in lines)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(text.encode()) if path.suffix == ".gz" else text.encode())
    return path


@pytest.mark.parametrize("name", ["a.jsonl", "a.jsonl.gz"])
def test_a_file_gives_its_samples_in_order(tmp_path: Path, name: str) -> None:
    samples = list(read_samples(write(tmp_path / name, [line(i) for i in range(7)])))
    assert [s.id for s in samples] == [f"d/{i}" for i in range(7)]
    assert samples[0].documents == (
        Passage(text="one two three", title="T", gold=True),
        Passage(text="four five", title="", gold=None),
    )
    assert (samples[0].stratum, samples[0].cluster, samples[0].rule) == ("d", "c0", "any")


def test_a_folder_gives_all_its_files_sorted(tmp_path: Path) -> None:
    write(tmp_path / "b.jsonl", [line(2)])
    write(tmp_path / "a" / "x.jsonl.gz", [line(1)])
    (tmp_path / "README.md").write_text("not data")
    assert [s.id for s in read_samples(tmp_path)] == ["d/1", "d/2"]


def test_reading_is_lazy(tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", [line(0), line(1)])
    path.write_text(path.read_text() + "{broken\n" + json.dumps(line(2)) + "\n")
    assert [s.id for s in islice(read_samples(path), 2)] == ["d/0", "d/1"]
    assert [s.id for s in read_samples(path, limit=2)] == ["d/0", "d/1"]
    with pytest.raises(ReadError, match=r"a\.jsonl, line 3: not JSON"):
        list(read_samples(path))


def test_a_seeded_limit_is_random_repeatable_nested_and_spread_over_clusters(tmp_path: Path) -> None:
    lines = [line(i, cluster="big" if i < 60 else f"c{i % 8}") for i in range(100)]
    path = write(tmp_path / "a.jsonl", lines)
    few = [s.id for s in read_samples(path, limit=9, seed=1)]
    assert few == [s.id for s in read_samples(path, limit=9, seed=1)]
    assert few != [s.id for s in read_samples(path, limit=9, seed=2)]
    assert few == sorted(few, key=lambda key: int(key.split("/")[1])), "the order is the file's"
    many = list(read_samples(path, limit=20, seed=1))
    assert set(few) < {s.id for s in many}
    counts = Counter(s.cluster for s in many)
    assert set(counts) == {"big", *(f"c{i}" for i in range(8))}
    assert max(counts.values()) - min(counts.values()) <= 1


def test_files_that_share_clusters_choose_the_same_questions(tmp_path: Path) -> None:
    short = write(tmp_path / "short.jsonl", [line(i, id=f"short/{i}") for i in range(50)])
    long = write(tmp_path / "long.jsonl", [line(i, id=f"long/{i}") for i in reversed(range(50))])
    chosen = [{s.id.split("/")[1] for s in read_samples(path, limit=11, seed=3)} for path in (short, long)]
    assert chosen[0] == chosen[1]
    assert len(chosen[0]) == 11


@pytest.mark.parametrize("field", ["id", "dataset", "cluster", "documents", "question", "answers", "metric"])
def test_a_missing_field_is_named_with_its_line(tmp_path: Path, field: str) -> None:
    broken = line(1)
    del broken[field]
    path = write(tmp_path / "a.jsonl", [line(0), broken])
    with pytest.raises(ReadError, match=rf"a\.jsonl, line 2: field '{field}' is missing"):
        list(read_samples(path))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"answers": []}, r"field 'answers' is \[\]: list should have at least 1 item"),
        ({"answers": "three"}, "field 'answers' is \"three\": input should be a valid list"),
        ({"documents": []}, r"field 'documents' is \[\]: list should have at least 1 item"),
        ({"documents": [{"title": "x"}]}, "field 'documents.0.text' is missing"),
        ({"question": None}, "field 'question' is null: input should be a valid string"),
        ({"evidence": [{"doc": 0, "start": 0, "end": 99}]}, "points outside the documents"),
        ({"evidence": [{"doc": 2, "start": 0, "end": 1}]}, "points outside the documents"),
        ({"evidence": [{"document": 0}]}, "field 'evidence.0.doc' is missing"),
        ({"evidence_turns": [[0, 5]]}, "points outside the documents"),
        ({"answer_rule": "most"}, "input should be 'any' or 'all'"),
        ({"documents": [{"text": "a", "page_starts": ["x"]}]}, "field 'documents.0.page_starts.0' is \"x\""),
        ({"twins": [{"names": ["Faro"]}]}, "field 'twins.0.value' is missing"),
        ({"twins": [{"names": [], "value": "54"}]}, "field 'twins' holds one without name or value"),
        ({"twins": [{"names": ["A"], "value": "5"}, {"names": ["B", "C"], "value": "6"}]}, "more names than another"),
    ],
)
def test_a_wrong_field_is_refused(change: dict[str, object], said: str) -> None:
    with pytest.raises(ReadError, match=f"^line 4: .*{said}"):
        parse_sample(line(0, **change), "line 4")


def test_evidence_is_read_in_its_three_spellings() -> None:
    spans = parse_sample(line(0, evidence=[{"doc": 0, "start": 4, "end": 7}]))
    assert spans.evidence == (Evidence(document=0, start=4, end=7),)
    turns = parse_sample(line(0, evidence_turns=[[0, 1]]))
    assert turns.evidence == (Evidence(document=0, start=0, end=13), Evidence(document=1, start=0, end=9))
    documents = [{"text": "It rains. It pours. It rains.", "support": ["It rains. ", "It rains.", "It snows."]}]
    support = parse_sample(line(0, documents=documents))
    assert support.evidence == (Evidence(document=0, start=0, end=9), Evidence(document=0, start=20, end=29))


def test_twins_and_the_file_that_a_document_is_are_read() -> None:
    documents = [{"text": "Faro 54", "source": "a.pptx", "page_starts": [0, 5]}, {"text": "Porto 47"}]
    twins = [{"names": ["Faro", "Winter"], "value": "54"}, {"names": ["Porto", "Winter"], "value": "47"}]
    sample = parse_sample(line(0, documents=documents, twins=twins))
    assert sample.documents == (Passage(text="Faro 54", source="a.pptx", page_starts=(0, 5)), Passage(text="Porto 47"))
    assert sample.twins == (
        Twin(names=("Faro", "Winter"), value="54"),
        Twin(names=("Porto", "Winter"), value="47"),
    )
    assert parse_sample(line(0)).twins == ()


def test_several_spans_are_all_needed() -> None:
    sample = parse_sample(line(0, answer_type="multi-span", scale="million"))
    assert (sample.rule, sample.scale) == ("all", "million")


def test_an_id_that_occurs_twice_is_refused(tmp_path: Path) -> None:
    write(tmp_path / "a.jsonl", [line(0)])
    write(tmp_path / "b.jsonl", [line(1), line(0)])
    with pytest.raises(ReadError, match=r"b\.jsonl, line 2: id 'd/0' was already used in .*a\.jsonl, line 1"):
        list(read_samples(tmp_path))


def test_what_cannot_be_read_says_why(tmp_path: Path) -> None:
    with pytest.raises(ReadError, match="No such file"):
        list(read_samples(tmp_path / "none.jsonl"))
    with pytest.raises(ReadError, match=r"no \.jsonl"):
        list(read_samples(tmp_path))
    (tmp_path / "a.jsonl.gz").write_bytes(b"plain")
    with pytest.raises(ReadError, match="not a gzip file"):
        list(read_samples(tmp_path / "a.jsonl.gz"))
    whole = gzip.compress(json.dumps(line(0)).encode() * 50)
    (tmp_path / "a.jsonl.gz").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ReadError, match="the gzip file is cut short"):
        list(read_samples(tmp_path / "a.jsonl.gz"))
    with pytest.raises(UsageError, match="the limit must be at least 1, not 0"):
        read_samples(tmp_path, limit=0)


def test_an_unknown_suite_offers_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match="unknown suite 'nq11'; did you mean nq10"):
        load_suite("nq11", tmp_path)
    with pytest.raises(ReadError, match="No such file"):
        list(load_suite("nq10", tmp_path))
    assert available_suites(tmp_path) == []


def test_suites_keep_clusters_of_different_sets_apart_and_nested_lengths_together(tmp_path: Path) -> None:
    for name in ("nq5", "nq10", "tatqa"):
        write(tmp_path / SUITES[name], [line(0, id=f"{name}/0", cluster="0")])
    found = {name: next(iter(load_suite(name, tmp_path))) for name in available_suites(tmp_path)}
    assert list(found) == ["nq5", "nq10", "tatqa"]
    assert found["nq5"].cluster == found["nq10"].cluster == "nq_mdqa/0"
    assert found["tatqa"].cluster == "tatqa/0"
    assert found["nq5"].stratum == "nq5"


@pytest.mark.parametrize(
    ("name", "items", "clusters"),
    [
        ("nq5", 500, 497),
        ("nq10", 500, 497),
        ("nq30", 300, 298),
        ("xquad_en", 1190, 48),
        ("hotpotqa", 100, 100),
        ("musique", 100, 100),
        ("tatqa", 1668, 278),
        ("qmsum", 237, 35),
        ("squality", 125, 25),
        ("kv75", 200, 200),
    ],
)
def test_the_public_sets_are_read_whole(shared_data: Path, name: str, items: int, clusters: int) -> None:
    samples = list(load_suite(name, shared_data))
    assert (len(samples), len({s.cluster for s in samples})) == (items, clusters)
    if name in ("xquad_en", "hotpotqa", "qmsum"):
        assert all(s.evidence for s in samples)
    if name == "xquad_en":
        for s in samples[:50]:
            (span,) = s.evidence
            assert s.documents[span.document].text[span.start : span.end] == s.answers[0]
