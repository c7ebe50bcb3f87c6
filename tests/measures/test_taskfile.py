"""A task file is data: whatever could run code or lead elsewhere is refused before lm-eval."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from measures.tasks_on_disk import CHOICE, write
from safebasin.errors import InputRejectedError
from safebasin.measures import taskfile
from safebasin.measures.taskfile import is_local, read


def test_a_plain_file_is_read_and_its_data_found_beside_it(tmp_path: Path) -> None:
    found = read(write(tmp_path, CHOICE))
    data = {"data_files": {"test": str(tmp_path / "data.jsonl")}}
    assert found == {**CHOICE, "dataset_kwargs": data}
    assert is_local(found)
    hub = {"dataset_path": "owner/name", "dataset_kwargs": None}
    assert not is_local(read(write(tmp_path, CHOICE, **hub)))


def test_a_file_may_include_its_neighbours(tmp_path: Path) -> None:
    write(tmp_path, CHOICE)
    (tmp_path / "more.yaml").write_text("include: organism_choice.yaml\ntask: mine\n")
    assert read(tmp_path / "more.yaml")["task"] == "mine"
    assert read(tmp_path / "more.yaml")["doc_to_choice"] == "choices"


def test_code_is_refused_and_not_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "canary.py").write_text("open('sung', 'w')\ndef sing(*_): pass\n")
    for line in (
        "process_docs: !function canary.sing",
        "doc_to_text: !function canary.sing",
        "doc_to_text: !!python/object/apply:os.system ['touch sung']",
        "doc_to_text: !!python/name:os.system",
    ):
        path = write(tmp_path, CHOICE, doc_to_text=None)
        path.write_text(path.read_text() + line + "\n")
        with pytest.raises(InputRejectedError, match="asks for code"):
            read(path)
    assert not (tmp_path / "sung").exists()


def test_an_include_that_leads_out_or_comes_again(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    (tmp_path / "outside.yaml").write_text("task: x\n")
    folder.mkdir()
    (folder / "link.yaml").symlink_to(tmp_path / "outside.yaml")
    for number in range(12):  # 12 ** 12 files, if each were read as often as it is named
        following = f"{number + 1}.yaml" if number < 11 else "end.yaml"
        (folder / f"{number}.yaml").write_text(f"include: [{', '.join([following] * 12)}]\n")
    (folder / "end.yaml").write_text("task: t\n")
    out = ("../outside.yaml", "/etc/hostname", "link.yaml")
    for name in (*out, "organism_choice.yaml", "0.yaml"):
        with pytest.raises(InputRejectedError, match="outside its folder or included already"):
            read(write(folder, CHOICE, include=name))


def test_what_has_no_place(tmp_path: Path) -> None:
    cases: tuple[tuple[dict[str, Any], str], ...] = (
        ({"class": "mine.Task"}, "'class' has no place"),
        ({"unsafe_code": True}, "'unsafe_code' has no place"),
        ({"use_prompt": "promptsource:x"}, "'use_prompt' has no place"),
        ({"group": "many"}, "'group' has no place"),
        ({"custom_dataset": "x"}, "'custom_dataset' has no place"),
        ({"dataset_kwargs": {"trust_remote_code": True}}, "'trust_remote_code' has no place"),
        ({"dataset_kwargs": {"data_files": "http://x.org/a"}}, "does not exist beside it"),
        ({"dataset_kwargs": {"data_files": ["data.jsonl", 3]}}, "does not exist beside it"),
        ({"dataset_kwargs": {"data_files": "none.jsonl"}}, "does not exist beside it"),
        ({"dataset_kwargs": {}}, "no data_files"),
        ({"dataset_kwargs": [1]}, "not a mapping"),
        ({"generation_kwargs": {"custom_generate": "a/b"}}, "'custom_generate' has no place"),
        ({"metric_list": [{"metric": "a/b", "hf_evaluate": True}]}, "fetched as code"),
        ({"metric_list": ["acc"]}, "fetched as code"),
        ({"dataset_path": "pandas"}, "neither one of csv, json, parquet, text nor OWNER/NAME"),
        ({"dataset_path": "./folder"}, "neither one of"),
        ({"dataset_path": "hf://a/b"}, "neither one of"),
        ({"dataset_path": None}, "no 'dataset_path'"),
        ({"task": ["a", "b"]}, "no 'task'"),
    )
    path = write(tmp_path, CHOICE)
    for changes, reason in cases:
        path.write_text(yaml.safe_dump({**CHOICE, **changes}))
        with pytest.raises(InputRejectedError, match=reason):
            read(path)


def test_files_that_are_no_task(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "t.yaml"
    with pytest.raises(InputRejectedError, match="No such file"):
        read(path)
    for content, reason in (
        (b"{", "not YAML"),
        (b"\xff\xfe\xff", "not YAML"),
        (b"[" * 2_000, "not YAML"),
        (b"just words", "not a mapping"),
        (b"", "not a mapping"),
        (b"1: 2", "not a mapping"),
    ):
        path.write_bytes(content)
        with pytest.raises(InputRejectedError, match=reason):
            read(path)
    monkeypatch.setattr(taskfile, "MAX_BYTES", 3)
    for place in (tmp_path, path):
        with pytest.raises(InputRejectedError, match="is not a file of at most"):
            read(place)
