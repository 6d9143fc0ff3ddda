"""Files that gzip, bzip2 or xz made smaller."""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctxpipe import Pipeline
from ctxpipe.errors import ReadError
from ctxpipe.pipeline.readers.read import read

LOG = b"2026-05-17 03:12:44 WARN ferry 4 left Faro late\n" * 20
PACK: dict[str, Callable[[bytes], bytes]] = {".gz": gzip.compress, ".bz2": bz2.compress, ".xz": lzma.compress}

packings = pytest.mark.parametrize("ending", PACK)


def why(path: Path) -> str:
    result = read([path])
    assert not result.documents
    return result.failures[0].reason


@packings
def test_the_text_is_that_of_the_plain_file(tmp_path: Path, ending: str) -> None:
    packed = tmp_path / f"ferry.log{ending}"
    packed.write_bytes(PACK[ending](LOG))
    (document,) = read([packed]).documents
    assert (document.text, document.source, document.title) == (LOG.decode(), str(packed), "ferry")


@packings
def test_the_name_inside_decides_the_format(tmp_path: Path, ending: str) -> None:
    packed = tmp_path / f"fees.csv{ending}"
    packed.write_bytes(PACK[ending](b"city,fee\nFaro,54\n"))
    assert read([packed]).documents[0].kind == "csv"


@packings
def test_damage_is_one_line(tmp_path: Path, ending: str) -> None:
    whole = PACK[ending](os.urandom(4000).hex().encode())
    packed = tmp_path / f"cut.txt{ending}"
    packed.write_bytes(whole[: len(whole) // 2])
    assert why(packed).startswith("compressed, and damaged")
    packed.write_bytes(b"no such thing")
    assert why(packed).startswith("compressed, and damaged")


@packings
def test_what_unpacks_to_far_more_than_text_is_refused(tmp_path: Path, ending: str) -> None:
    packed = tmp_path / f"bomb.txt{ending}"
    packed.write_bytes(PACK[ending](b"a" * (40 << 20)))
    assert why(packed) == "unpacks to over 150 times its packed size"


@packings
def test_of_a_directory_only_what_holds_text_is_read(tmp_path: Path, ending: str) -> None:
    (tmp_path / "plain.txt").write_text("A ferry.")
    (tmp_path / f"old.log.1{ending}").write_bytes(PACK[ending](LOG))
    (tmp_path / f"picture.png{ending}").write_bytes(PACK[ending](b"\x89PNG\r\n\x1a\n" + bytes(100)))
    (tmp_path / f"damaged.log{ending}").write_bytes(b"rubbish")
    (tmp_path / f"twice.log.gz{ending}").write_bytes(PACK[ending](gzip.compress(LOG)))
    result = read([tmp_path])
    assert [os.path.basename(document.source) for document in result.documents] == [f"old.log.1{ending}", "plain.txt"]
    assert [os.path.basename(failure.source) for failure in result.failures] == [f"damaged.log{ending}"]
    assert "2 binary" in result.notes[0]


def test_a_secret_is_not_read_from_a_directory_though_it_is_compressed(tmp_path: Path) -> None:
    key = b"-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEA\n-----END RSA PRIVATE KEY-----\n"
    (tmp_path / "backup.txt.gz").write_bytes(gzip.compress(key))
    (tmp_path / "plain.txt").write_text("A ferry.")
    assert [document.source for document in read([tmp_path]).documents] == [str(tmp_path / "plain.txt")]


def test_an_archive_of_files_is_not_opened(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("A ferry.")
    with tarfile.open(tmp_path / "all.tar.gz", "w:gz") as archive:
        archive.add(tmp_path / "a.txt", "a.txt")
    assert "gzip data" in why(tmp_path / "all.tar.gz")


@given(st.binary(max_size=300), st.sampled_from(sorted(PACK)))
def test_nothing_but_an_error_of_ours_comes_of_rubbish(
    tmp_path_factory: pytest.TempPathFactory, data: bytes, ending: str
) -> None:
    path = tmp_path_factory.mktemp("rubbish") / f"a.txt{ending}"
    path.write_bytes(data)
    for failure in read([path]).failures:
        assert isinstance(failure, ReadError)


def test_a_question_is_answered_from_a_compressed_log(tmp_path: Path) -> None:
    packed = tmp_path / "ferry.log.gz"
    lines = [f"2026-05-17 03:12:{n % 60:02} INFO tide {n} cm" for n in range(400)]
    lines[200] = "2026-05-17 04:40:00 ERROR ferry 4 lost its rudder off Faro"
    packed.write_bytes(gzip.compress("\n".join(lines).encode()))
    context = Pipeline().compress(packed, question="What did ferry 4 lose?", budget=200)
    assert lines[200] in context.text
