"""The file of a backup: whole and readable by this user alone, or not there; changed by a bit, it is refused."""

from __future__ import annotations

import os
import resource
import stat
import subprocess
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from sophia_cli.errors import SophiaError
from sophia_cli.infra.archive import About, read, writing
from sophia_cli.infra.counts import Counts

COUNTS = Counts(1, 2, {"shop": {"ncloc": "10"}})
ABOUT = About("sophia-shop", "2026-11-27T09:00:00+00:00", "0.1.0", {"servers": []}, {}, COUNTS)


def write(path: Path, about: About = ABOUT) -> Path:
    with writing(path) as writer:
        with writer.part("one.tar") as file:
            file.write(b"1" * 100_000)
        writer.put("two", b"2")
        writer.about(about)
    return path


def test_what_is_written_is_read(tmp_path: Path) -> None:
    path = write(tmp_path / "shop.tar")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    found = read(path)
    assert found.about == ABOUT
    assert found.parts == {"one.tar": 100_000, "two": 1}
    with found.part("two") as file:
        assert file.read() == b"2"
    with found.unpacked("one.tar", tmp_path) as file:
        assert file.read() == b"1" * 100_000
    assert list(tmp_path.iterdir()) == [path]


def test_other_programs_read_it_too(tmp_path: Path) -> None:
    path = write(tmp_path / "shop.tar")
    subprocess.run(["tar", "-xf", path], cwd=tmp_path, check=True)
    done = subprocess.run(
        ["sha256sum", "--check", "SHA256SUMS"],
        cwd=tmp_path, capture_output=True, text=True, check=True, env={**os.environ, "LC_ALL": "C"},
    )  # fmt: skip
    assert done.stdout == "one.tar: OK\ntwo: OK\nbackup.json: OK\n"


def test_every_changed_bit_is_seen(tmp_path: Path) -> None:
    path = write(tmp_path / "shop.tar")
    whole = path.read_bytes()
    with tarfile.open(path) as tar:
        places = [member.offset_data + min(1, member.size - 1) for member in tar]
    assert len(places) == 4
    for place in places:
        broken = bytearray(whole)
        broken[place] ^= 1
        path.write_bytes(broken)
        with pytest.raises(SophiaError, match=r"shop\.tar is damaged, or no backup"):
            read(path)


@pytest.mark.parametrize("kept", [0, 100, 50_000, 102_000])
def test_one_that_was_cut_is_refused(tmp_path: Path, kept: int) -> None:
    path = write(tmp_path / "shop.tar")
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(SophiaError, match="is damaged, or no backup"):
        read(path)


def test_what_is_not_listed_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "shop.tar")
    (tmp_path / "more").write_text("more")
    with tarfile.open(path, "a") as tar:
        tar.add(tmp_path / "more", "more")
    with pytest.raises(SophiaError, match="is damaged"):
        read(path)


@pytest.mark.parametrize(
    ("name", "words"), [("none.tar", "there is no file"), (".", "is damaged, or no backup")]
)
def test_no_file_and_no_archive(tmp_path: Path, name: str, words: str) -> None:
    with pytest.raises(SophiaError, match=words):
        read(tmp_path / name)


@contextmanager
def room_for(size: int) -> Iterator[None]:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_without_room_there_is_no_file_and_the_one_before_stays(tmp_path: Path) -> None:
    path = write(tmp_path / "shop.tar")
    before = path.read_bytes()
    with room_for(50_000), pytest.raises(SophiaError) as caught:
        write(path)
    assert caught.value.message == f"{path} cannot be written: File too large"
    assert caught.value.mend == "free some space, or name a file on another disk"
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_what_fails_while_it_is_written_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), writing(tmp_path / "shop.tar") as writer:
        writer.put("one", b"1")
        raise ZeroDivisionError
    assert list(tmp_path.iterdir()) == []
