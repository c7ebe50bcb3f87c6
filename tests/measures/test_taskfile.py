"""A task file is data: whatever could run code or lead elsewhere is refused before lm-eval."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from measures.tasks_on_disk import CHOICE, GENERATE, write
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


@pytest.mark.parametrize("line", [
    "process_docs: !function canary.sing",
    "doc_to_text: !function canary.sing",
    "doc_to_text: !!python/object/apply:os.system ['touch sung']",
    "doc_to_text: !!python/name:os.system",
])  # fmt: skip
def test_code_is_refused_and_not_run(
    line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "canary.py").write_text("open('sung', 'w')\ndef sing(*_): pass\n")
    path = write(tmp_path, CHOICE, doc_to_text=None)
    path.write_text(path.read_text() + line + "\n")
    with pytest.raises(InputRejectedError, match="asks for code"):
        read(path)
    assert not (tmp_path / "sung").exists()


@pytest.mark.parametrize("name", ["../outside.yaml", "/etc/hostname", "organism_choice.yaml"])
def test_an_include_that_leads_out_or_in_circles(name: str, tmp_path: Path) -> None:
    (tmp_path / "outside.yaml").write_text("task: x\n")
    path = write(tmp_path / "in", CHOICE, include=name)
    with pytest.raises(InputRejectedError, match="outside its folder or includes it again"):
        read(path)


def test_a_link_that_leads_out(tmp_path: Path) -> None:
    (tmp_path / "outside.yaml").write_text("task: x\n")
    path = write(tmp_path / "in", CHOICE, include="link.yaml")
    (tmp_path / "in" / "link.yaml").symlink_to(tmp_path / "outside.yaml")
    with pytest.raises(InputRejectedError, match="outside its folder"):
        read(path)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
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
    ],
)
def test_what_has_no_place(changes: dict[str, Any], reason: str, tmp_path: Path) -> None:
    task = GENERATE if "generation_kwargs" in changes else CHOICE
    path = tmp_path / f"{task['task']}.yaml"
    write(tmp_path, task)
    import yaml

    content = {key: value for key, value in {**task, **changes}.items() if value is not None}
    path.write_text(yaml.safe_dump(content))
    with pytest.raises(InputRejectedError, match=reason):
        read(path)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"{", "not YAML"),
        (b"\xff\xfe\xff", "not YAML"),
        (b"[" * 50_000, "not YAML"),
        (b"just words", "not a mapping"),
        (b"", "not a mapping"),
        (b"1: 2", "not a mapping"),
    ],
)
def test_files_that_are_no_task(content: bytes, reason: str, tmp_path: Path) -> None:
    (tmp_path / "t.yaml").write_bytes(content)
    with pytest.raises(InputRejectedError, match=reason):
        read(tmp_path / "t.yaml")


def test_files_that_are_not_there_or_too_large(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(InputRejectedError, match="No such file"):
        read(tmp_path / "t.yaml")
    with pytest.raises(InputRejectedError, match="is not a file of at most"):
        read(tmp_path)
    path = write(tmp_path, CHOICE)
    monkeypatch.setattr(taskfile, "MAX_BYTES", 10)
    with pytest.raises(InputRejectedError, match="is not a file of at most"):
        read(path)
