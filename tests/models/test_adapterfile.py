from __future__ import annotations

import json
import os
import pickle
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from builders import Canary, edit_header, edit_json, edit_tensor, tiny_adapter, truncate

from safebasin.errors import InputRejectedError, IntegrityError, SafebasinError
from safebasin.models.adapterfile import WEIGHTS, read_adapter
from safebasin.models.lora import CONFIG

A_TENSOR = "base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight"


@pytest.fixture(scope="module")
def original(tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_adapter(tmp_path_factory.mktemp("adapters") / "original", tiny)


@pytest.fixture
def folder(original: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(original, tmp_path / "adapter"))


def refused(
    folder: Path, *words: str, kind: type[SafebasinError] = InputRejectedError
) -> SafebasinError:
    with pytest.raises(kind) as caught:
        read_adapter(folder)
    assert str(caught.value).isprintable()
    for word in words:
        assert word in str(caught.value)
    return caught.value


def set_in(folder: Path, **settings: Any) -> None:
    edit_json(folder / CONFIG, lambda config: config.update(settings))


def test_what_peft_writes_is_read(original: Path, tiny: Path) -> None:
    found = read_adapter(original)
    assert found.lora.target_modules == ("q_proj", "v_proj")
    assert (found.lora.r, found.lora.lora_alpha) == (4, 8)
    assert found.base == str(tiny)
    assert found.notes == ()
    assert found.tensor(A_TENSOR).shape == (4, 32)
    assert found.tensor(A_TENSOR).dtype == torch.float32


def test_old_settings_without_the_newer_ones_are_read(folder: Path) -> None:
    few = {
        "peft_type": "LORA",
        "r": 4,
        "target_modules": ["q_proj", "v_proj"],
        "rank_pattern": None,
    }
    (folder / CONFIG).write_text(json.dumps(few))
    found = read_adapter(folder)
    assert found.lora.lora_alpha == 8
    assert found.base is None


class TestDigest:
    def test_it_does_not_depend_on_the_path_or_on_what_has_no_effect(
        self, original: Path, folder: Path
    ) -> None:
        set_in(folder, lora_dropout=0.3, target_modules=["v_proj", "q_proj"])
        set_in(folder, base_model_name_or_path="elsewhere")
        assert read_adapter(folder).digest == read_adapter(original).digest

    def test_a_setting_changes_it(self, original: Path, folder: Path) -> None:
        set_in(folder, lora_alpha=9)
        assert read_adapter(folder).digest != read_adapter(original).digest

    def test_a_weight_changes_it(self, original: Path, folder: Path) -> None:
        edit_tensor(folder / WEIGHTS, A_TENSOR, lambda tensor: tensor[0, 0].add_(1))
        assert read_adapter(folder).digest != read_adapter(original).digest


class TestFiles:
    def test_no_folder(self, tmp_path: Path) -> None:
        refused(tmp_path / "no\x1b[31m", "does not exist", r"\x1b")

    @pytest.mark.parametrize("name", [CONFIG, WEIGHTS])
    def test_a_file_is_missing(self, folder: Path, name: str) -> None:
        (folder / name).unlink()
        refused(folder, f"has no {name}", "save_pretrained")

    @pytest.mark.parametrize("name", [CONFIG, WEIGHTS])
    def test_a_link_that_leaves_the_folder(self, folder: Path, tmp_path: Path, name: str) -> None:
        (folder / name).rename(tmp_path / name)
        (folder / name).symlink_to(tmp_path / name)
        refused(folder, name, "outside the checkpoint")

    def test_a_pickle_is_never_opened(self, folder: Path, tmp_path: Path) -> None:
        (folder / "adapter_model.bin").write_bytes(pickle.dumps(Canary(tmp_path / "canary")))
        read_adapter(folder)
        (folder / WEIGHTS).unlink()
        refused(folder, "adapter_model.bin is never opened")
        assert not (tmp_path / "canary").exists()

    def test_a_fifo_does_not_hang(self, folder: Path) -> None:
        (folder / WEIGHTS).unlink()
        os.mkfifo(folder / WEIGHTS)
        refused(folder, "not a regular file")

    def test_a_truncated_file(self, folder: Path) -> None:
        truncate(folder / WEIGHTS, -10)
        refused(folder, WEIGHTS, "truncated")

    def test_a_value_that_is_not_finite(self, folder: Path) -> None:
        edit_tensor(folder / WEIGHTS, A_TENSOR, lambda tensor: tensor[0, 0].fill_(torch.inf))
        refused(folder, A_TENSOR, "not finite", kind=IntegrityError)

    def test_integers_are_no_weights(self, folder: Path) -> None:
        def change(header: dict[str, Any]) -> None:
            header["scores"] = {**header.pop(A_TENSOR), "dtype": "I32"}

        edit_header(folder / WEIGHTS, change)
        refused(folder, "scores", "no floating-point type")

    def test_a_file_that_changes_after_the_check(self, folder: Path) -> None:
        found = read_adapter(folder)
        edit_tensor(folder / WEIGHTS, A_TENSOR, lambda tensor: tensor[0, 0].add_(1))
        with pytest.raises(IntegrityError, match="changed since it was checked"):
            found.tensor(A_TENSOR)


class TestMethods:
    @pytest.mark.parametrize("kind", ["LOHA", "IA3", "PREFIX_TUNING", None, 3, "\x1b[31m"])
    def test_other_types(self, folder: Path, kind: Any) -> None:
        set_in(folder, peft_type=kind)
        refused(folder, "is of the type", "merge_and_unload", "save_pretrained", "pass the folder")

    @pytest.mark.parametrize(
        ("setting", "value", "word"),
        [
            ("use_dora", True, "DoRA"),
            ("use_qalora", True, "QA-LoRA"),
            ("use_bdlora", {"nblocks": 2}, "block-diagonal"),
            ("alora_invocation_tokens", [1], "activated LoRA"),
            ("arrow_config", {"top_k": 1}, "Arrow"),
            ("kasa_config", {"beta": 1}, "KaSA"),
            ("monteclora_config", {"a": 1}, "MonteCLoRA"),
            ("velora_config", {"a": 1}, "VeLoRA"),
            ("megatron_config", {"a": 1}, "Megatron"),
            ("layer_replication", [[0, 2]], "layer_replication"),
            ("ensure_weight_tying", True, "ensure_weight_tying"),
            ("init_lora_weights", "pissa", "'pissa'"),
            ("init_lora_weights", "pissa_niter_4", "changing the base"),
            ("init_lora_weights", "olora", "changing the base"),
            ("init_lora_weights", ["x"], "changing the base"),
        ],
    )
    def test_variants_are_named(self, folder: Path, setting: str, value: Any, word: str) -> None:
        set_in(folder, **{setting: value})
        refused(folder, word, "merge_and_unload", "save_pretrained")

    @pytest.mark.parametrize(
        ("setting", "value"),
        [
            ("r", 0), ("r", "4"), ("r", True), ("r", 10**400), ("lora_alpha", float("nan")),
            ("lora_alpha", float("inf")), ("lora_alpha", 10**400), ("lora_alpha", "8"),
            ("target_modules", None), ("target_modules", []), ("target_modules", [3]),
            ("target_modules", {"a": 1}), ("modules_to_save", [["x"]]), ("rank_pattern", [1]),
            ("layers_to_transform", ["1"]), ("layers_to_transform", {"a": 1}),
        ],
    )  # fmt: skip
    def test_settings_of_the_wrong_type(self, folder: Path, setting: str, value: Any) -> None:
        set_in(folder, **{setting: value})
        refused(folder, f"no valid '{setting}'")

    @pytest.mark.parametrize("table", ["rank_pattern", "alpha_pattern"])
    def test_patterns_of_the_wrong_type(self, folder: Path, table: str) -> None:
        set_in(folder, **{table: {"q_proj": "many"}})
        refused(folder, "no valid 'q_proj'")

    def test_code_is_ignored(self, folder: Path, original: Path, tmp_path: Path) -> None:
        canary = tmp_path / "canary"
        (folder / "evil.py").write_text(f"open({str(canary)!r}, 'w')")
        set_in(folder, auto_mapping={"base_model_class": "Evil", "parent_library": "evil"})
        assert read_adapter(folder).digest == read_adapter(original).digest
        assert not canary.exists()


class TestNotes:
    def test_settings_of_a_later_version(self, folder: Path) -> None:
        set_in(folder, use_something_new=True, not_used=False)
        (note,) = read_adapter(folder).notes
        assert "'use_something_new'" in note
        assert "not_used" not in note

    def test_a_chat_template_of_its_own(self, folder: Path) -> None:
        (folder / "chat_template.jinja").write_text("x")
        (note,) = read_adapter(folder).notes
        assert "--chat-template" in note
