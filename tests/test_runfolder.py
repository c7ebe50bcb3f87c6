"""A run is one request, frozen; another request is another run."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scans import files

from safebasin.errors import IntegrityError, ReproducibilityError, ResourceError, UsageError
from safebasin.runfolder import (
    Request,
    freeze,
    on_its_device,
    prepare,
    read_request,
    request_digest,
    require_same,
    write_whole,
)

REQUEST = {
    "model": {"name": "mine", "weights_digest": "aaa", "settings_digest": "sss"},
    "judges": ["keyword"],
    "system": None,
}


def frozen(folder: Path, request: Request = REQUEST) -> Path:
    prepare(folder)
    freeze(folder, request)
    return folder


@given(st.dictionaries(st.text(), st.integers() | st.text() | st.none()))
def test_the_digest_of_a_request_ignores_the_order_of_its_keys(request: dict) -> None:
    assert request_digest(request) == request_digest(dict(reversed(request.items())))


def test_a_request_is_read_back(tmp_path: Path) -> None:
    assert read_request(frozen(tmp_path / "run")) == REQUEST


def test_the_same_request_changes_nothing(tmp_path: Path) -> None:
    before = files(frozen(tmp_path / "run"))
    assert files(frozen(tmp_path / "run")) == before


def test_every_key_that_differs_is_listed(tmp_path: Path) -> None:
    other = {**REQUEST, "judges": ["exact"], "system": "be nice", "new": 1}
    with pytest.raises(UsageError) as caught:
        require_same(frozen(tmp_path / "run"), other)
    message = str(caught.value)
    assert "judges: ['keyword'] there, ['exact'] now" in message
    assert "system: None there, be nice now" in message
    assert "new: None there, 1 now" in message
    assert "model" not in message
    assert "--out" in message


def test_a_long_value_does_not_make_a_long_message(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        require_same(frozen(tmp_path / "run"), {**REQUEST, "system": "x" * 10_000})
    assert len(str(caught.value)) < 600


@pytest.mark.parametrize("key", ["weights_digest", "settings_digest"])
def test_other_files_under_the_same_name_are_no_setting(key: str, tmp_path: Path) -> None:
    other = {**REQUEST, "model": {**REQUEST["model"], key: "bbb"}}
    with pytest.raises(IntegrityError) as caught:
        require_same(frozen(tmp_path / "run"), other)
    assert f"{REQUEST['model'][key]} there, bbb now" in str(caught.value)
    both = {**other, "system": "be nice"}
    with pytest.raises(UsageError):
        require_same(tmp_path / "run", both)


def test_another_kind_of_device_is_a_matter_of_bits(tmp_path: Path) -> None:
    here = {**REQUEST, "model": {**REQUEST["model"], "device": "NVIDIA A100"}}
    there = {**REQUEST, "model": {**REQUEST["model"], "device": "NVIDIA H200"}}
    folder = frozen(tmp_path / "run", here)
    require_same(folder, here)
    with pytest.raises(ReproducibilityError, match=r"begun on NVIDIA A100, .* H200.*--out"):
        require_same(folder, there)
    with pytest.raises(UsageError, match="system"):
        require_same(folder, {**there, "system": "another"})


def test_a_run_can_go_on_as_if_on_the_device_that_it_was_begun_on(tmp_path: Path) -> None:
    here = {**REQUEST, "model": {**REQUEST["model"], "device": "NVIDIA A100"}}
    there = {**REQUEST, "model": {**REQUEST["model"], "device": "NVIDIA H200"}}
    assert on_its_device(tmp_path / "new", there) == there
    folder = frozen(tmp_path / "run", here)
    assert on_its_device(folder, there) == here
    other = {**there, "system": "another"}
    assert on_its_device(folder, other) == other


def test_a_folder_that_is_no_run(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="not a run"):
        read_request(tmp_path)


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "null", "3", '{"schema_version": 1}', "\udcff", '{"request": {}}'],
)
def test_a_damaged_request_is_refused(text: str, tmp_path: Path) -> None:
    (frozen(tmp_path / "run") / "run.json").write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(IntegrityError, match=r"run\.json"):
        read_request(tmp_path / "run")


def test_an_edited_request_is_refused(tmp_path: Path) -> None:
    path = frozen(tmp_path / "run") / "run.json"
    path.write_text(path.read_text().replace("keyword", "exact"))
    with pytest.raises(IntegrityError, match="edited"):
        read_request(tmp_path / "run")


def test_a_request_of_a_newer_schema_is_refused(tmp_path: Path) -> None:
    path = frozen(tmp_path / "run") / "run.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "schema_version": 9}))
    with pytest.raises(IntegrityError, match="schema 9; this safebasin reads 1"):
        read_request(tmp_path / "run")


def test_prepare_makes_folders_and_takes_what_a_killed_run_left(tmp_path: Path) -> None:
    prepare(tmp_path / "deep" / "er")
    assert (tmp_path / "deep" / "er").is_dir()
    for name in ("lock", "run.json.part"):
        (tmp_path / "deep" / "er" / name).touch()
    prepare(tmp_path / "deep" / "er")


def test_prepare_leaves_files_and_foreign_folders_alone(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(UsageError, match=r"--out .*file is a file"):
        prepare(tmp_path / "file")
    with pytest.raises(UsageError, match="holds other files"):
        prepare(tmp_path)
    assert files(tmp_path) == {"file": b"mine"}


def test_prepare_says_where_nothing_can_be_written(tmp_path: Path) -> None:
    place = Path("/proc/safebasin")
    if os.geteuid() != 0:
        tmp_path.chmod(0o500)
        place = tmp_path / "run"
    with pytest.raises(ResourceError, match=r"--out .* cannot be written"):
        prepare(place)


def test_a_file_is_replaced_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "summary.json"
    write_whole(path, "old")
    write_whole(path, "new ±\n")
    assert files(tmp_path) == {"summary.json": "new ±\n".encode()}
    (tmp_path / "folder.part").mkdir()
    with pytest.raises(ResourceError, match=r"folder cannot be written .*run the same"):
        write_whole(tmp_path / "folder", "text")


def test_what_cannot_be_written_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    write_whole(tmp_path / "page", "old")
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ResourceError, match=r"page cannot be written \(No space.* 3 bytes"):
        write_whole(tmp_path / "page", "new")
    assert files(tmp_path) == {"page": b"old"}
