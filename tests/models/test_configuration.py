from __future__ import annotations

import json
import os
import pickle
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from builders import (
    Canary,
    edit_json,
)

from models.refusal import refused
from safebasin.models.check import as_checked, check
from safebasin.models.load import load
from safebasin.models.shards import INDEX, SINGLE
from safebasin.records import ModelRef


class TestCode:
    @pytest.mark.parametrize(
        "file", ["config.json", "tokenizer_config.json", "generation_config.json"]
    )
    @pytest.mark.parametrize("nested", [False, True])
    def test_auto_map_beside_a_known_type_is_not_followed(
        self, folder: Path, tmp_path: Path, file: str, nested: bool
    ) -> None:
        plain = load(ModelRef(str(folder)))
        canary = tmp_path / "canary"
        (folder / "evil.py").write_text(f"open({str(canary)!r}, 'w').write('ran')")
        pointer = {"auto_map": {"AutoConfig": "evil.X", "AutoModelForCausalLM": "evil.Y"}}
        edit_json(
            folder / file,
            lambda content: content.update({"deep": {"er": pointer}} if nested else pointer),
        )
        found = load(ModelRef(str(folder)))
        assert f"{file} names auto_map, which is not followed" in found.notes
        assert type(found.model) is type(plain.model)
        assert not canary.exists()

    def test_auto_map_of_an_unknown_type_is_refused(self, folder: Path) -> None:
        edit_json(
            folder / "config.json",
            lambda config: config.update(model_type="evil", auto_map={"AutoConfig": "evil.X"}),
        )
        refused(folder, "evil", "does not know")

    def test_the_guards_hold_without_asserts(self, folder: Path) -> None:
        edit_json(folder / "config.json", lambda config: config.update(trust_remote_code=True))
        program = (
            "from pathlib import Path; from safebasin.models.check import check;"
            f"check(Path({str(folder)!r}))"
        )
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
        done = subprocess.run(
            [sys.executable, "-O", "-c", program], capture_output=True, env=environment, check=False
        )
        assert b"InputRejectedError" in done.stderr

    def test_a_nested_request_for_trust_is_refused(self, folder: Path) -> None:
        edit_json(
            folder / "config.json",
            lambda config: config.update(keypoint={"trust_remote_code": True}),
        )
        refused(folder, "trust_remote_code")

    def test_a_kernel_from_the_hub_is_refused(self, folder: Path) -> None:
        edit_json(
            folder / "config.json", lambda config: config.update(attn_implementation="a/kernel")
        )
        refused(folder, "a/kernel", "attn_implementation", "remove")

    @pytest.mark.parametrize("name", ["pytorch_model.bin", "model.pt", "last.ckpt", "weights.PKL"])
    def test_a_pickle_is_refused_and_never_opened(
        self, folder: Path, tmp_path: Path, name: str
    ) -> None:
        canary = tmp_path / "canary"
        (folder / SINGLE).unlink()
        (folder / name).write_bytes(pickle.dumps(Canary(canary)))
        refused(folder, name, "pickle", "save_pretrained")
        assert not canary.exists()

    def test_a_pickle_beside_safetensors_is_ignored(self, folder: Path, tmp_path: Path) -> None:
        (folder / "pytorch_model.bin").write_bytes(pickle.dumps(Canary(tmp_path / "canary")))
        check(folder)
        assert not (tmp_path / "canary").exists()

    def test_an_embedded_adapter_is_refused(self, folder: Path) -> None:
        (folder / "adapter_config.json").write_text("{}")
        refused(folder, "adapter_config.json", "BASE+FOLDER", "remove that file")

    def test_an_adapter_alone_asks_for_its_base(self, tmp_path: Path) -> None:
        (tmp_path / "adapter_config.json").write_text("{}")
        refused(tmp_path, "not a whole model", "BASE+FOLDER", "trained on")


class TestSettings:
    def test_a_missing_folder(self, tmp_path: Path) -> None:
        refused(tmp_path / "no\x1b[31m", "does not exist", r"\x1b")

    def test_a_folder_without_config(self, tmp_path: Path) -> None:
        refused(tmp_path, "no config.json", "save_pretrained")

    @pytest.mark.parametrize(
        "content", [b"", b"{", b"[1]", b"\xff\xfe", b"[" * 200_000, b'{"a":' * 100_000]
    )
    def test_a_config_that_is_not_an_object(self, folder: Path, content: bytes) -> None:
        (folder / "config.json").write_bytes(content)
        refused(folder, "config.json", "download or save the model again")

    def test_a_huge_config_is_not_read(self, folder: Path) -> None:
        with (folder / "config.json").open("r+b") as file:
            file.truncate(1 << 40)
        refused(folder, "config.json", "larger than 16 MB")

    def test_a_fifo_does_not_hang(self, folder: Path) -> None:
        (folder / "config.json").unlink()
        os.mkfifo(folder / "config.json")
        refused(folder, "config.json", "not a regular file")

    def test_quantised_weights(self, folder: Path) -> None:
        edit_json(
            folder / "config.json",
            lambda config: config.update(text={"quantization_config": {"quant_method": "gptq"}}),
        )
        refused(folder, "quantised", "gptq", "bfloat16")

    def test_an_unknown_architecture_lists_near_ones(self, folder: Path) -> None:
        edit_json(folder / "config.json", lambda config: config.update(model_type="lama"))
        refused(folder, "'lama'", "llama")

    def test_no_architecture(self, folder: Path) -> None:
        edit_json(folder / "config.json", lambda config: config.pop("model_type"))
        refused(folder, "model_type", "save_pretrained")

    def test_a_classifier_is_no_chat_model(self, folder: Path) -> None:
        edit_json(
            folder / "config.json",
            lambda config: config.update(architectures=["LlamaForSequenceClassification"]),
        )
        refused(folder, "LlamaForSequenceClassification", "LlamaForCausalLM")

    def test_a_forged_depth(self, folder: Path) -> None:
        edit_json(folder / "config.json", lambda config: config.update(num_hidden_layers=10**9))
        refused(folder, "num_hidden_layers", "1000000000")

    def test_gguf(self, folder: Path) -> None:
        (folder / SINGLE).rename(folder / "model.gguf")
        refused(folder, "GGUF", "safetensors")

    def test_no_weights(self, folder: Path) -> None:
        (folder / SINGLE).unlink()
        refused(folder, SINGLE, "download")

    def test_one_whole_file_goes_before_an_index_of_others(
        self, sharded: Path, folder: Path
    ) -> None:
        whole = check(folder)
        for path in sharded.glob("model*"):
            shutil.copy(path, folder)
        found = check(folder)
        assert found.shards == whole.shards
        assert found.settings_digest == whole.settings_digest
        assert INDEX in found.notes[-1]
        assert "as transformers does" in found.notes[-1]
        with as_checked(found) as place:
            assert not (place / INDEX).exists()
            assert [path.name for path in place.glob("*.safetensors")] == [SINGLE]

    def test_an_index_of_that_one_file_is_fine(self, folder: Path) -> None:
        names = {name: SINGLE for name, *_ in check(folder).tensors}
        (folder / INDEX).write_text(json.dumps({"weight_map": names}))
        assert check(folder).notes == ()

    def test_weights_that_are_not_the_model_are_noted(self, folder: Path) -> None:
        (folder / "consolidated.safetensors").write_bytes(b"whatever")
        assert check(folder).notes == (
            "not part of the model and not read: 'consolidated.safetensors'",
        )
