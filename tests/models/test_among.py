from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from builders import edit_json, tiny_adapter, tiny_checkpoint

from safebasin.errors import InputRejectedError, UsageError
from safebasin.models.adapterfile import read_adapter
from safebasin.models.among import is_adapter, over, together
from safebasin.models.check import CheckedCheckpoint, check
from safebasin.models.lora import CONFIG
from safebasin.records import ModelRef


@pytest.fixture(scope="module")
def original(tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_adapter(tmp_path_factory.mktemp("adapters") / "original", tiny)


@pytest.fixture
def folder(original: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(original, tmp_path / "adapter"))


def put(folder: Path, base: Path) -> CheckedCheckpoint:
    return together(check(base), read_adapter(folder), str(base))


def trained_on(folder: Path, name: str | None) -> Path:
    edit_json(folder / CONFIG, lambda config: config.update(base_model_name_or_path=name))
    return folder


def test_an_adapter_is_told_from_a_model(tiny: Path, original: Path, tmp_path: Path) -> None:
    assert is_adapter(original)
    assert not is_adapter(tiny)
    assert not is_adapter(tmp_path / "nothing")


def test_an_adapter_over_a_base(original: Path) -> None:
    base = ModelRef("owner/name", "v1")
    assert over(base, original) == ModelRef("owner/name", "v1", str(original))
    assert str(over(base, original)) == f"owner/name@v1+{original}"
    with pytest.raises(UsageError, match=r"has an adapter already.*merge_and_unload"):
        over(over(base, original), original)


def test_the_digest_depends_on_base_adapter_and_settings(
    tiny: Path, original: Path, folder: Path, tmp_path: Path
) -> None:
    other = tiny_checkpoint(tmp_path / "other", seed=1)
    base, first = check(tiny), put(original, tiny)
    second = put(trained_on(folder, None), other)
    edit_json(folder / CONFIG, lambda config: config.update(lora_alpha=1))
    third = put(folder, tiny)
    digests = {found.weights_digest for found in (base, first, second, third)}
    assert len(digests) == 4
    assert put(original, tiny) == first
    assert first.shards[:-1] == base.shards
    assert first.shards[-1][0] == "adapter_model.safetensors"


class TestBase:
    def test_the_same_folder_is_no_news(self, tiny: Path, original: Path) -> None:
        assert put(original, tiny).notes == check(tiny).notes == ()

    def test_a_copy_of_the_base_is_the_base(
        self, tiny: Path, original: Path, tmp_path: Path
    ) -> None:
        copy = Path(shutil.copytree(tiny, tmp_path / "copy"))
        assert put(original, copy).notes == ()
        assert put(original, copy).weights_digest == put(original, tiny).weights_digest

    def test_another_base_is_refused(self, tiny: Path, original: Path, tmp_path: Path) -> None:
        other = tiny_checkpoint(tmp_path / "other", seed=1)
        with pytest.raises(InputRejectedError, match="not those of") as caught:
            put(original, other)
        for name in (tiny, other, original):
            assert str(name)[:50] in str(caught.value)

    @pytest.mark.parametrize(
        "name", ["meta-llama/Llama-3.1-8B", "/gone/with/the/machine", "x" * 5000, "a\0\x1b[31m"]
    )
    def test_a_base_that_is_not_here_is_noted(self, tiny: Path, folder: Path, name: str) -> None:
        (note,) = put(trained_on(folder, name), tiny).notes
        assert "names" in note
        assert note.isprintable()
        assert len(note) < 500

    def test_a_folder_that_is_no_model_is_noted(
        self, tiny: Path, folder: Path, tmp_path: Path
    ) -> None:
        (note,) = put(trained_on(folder, str(tmp_path)), tiny).notes
        assert str(tmp_path)[:50] in note

    def test_no_name_and_the_same_name_need_no_note(self, tiny: Path, folder: Path) -> None:
        assert put(trained_on(folder, None), tiny).notes == ()
        same = together(check(tiny), read_adapter(trained_on(folder, "a/b")), "a/b")
        assert same.notes == ()
