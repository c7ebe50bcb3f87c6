from __future__ import annotations

import os
import pickle
import resource
import shutil
import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from builders import (
    Canary,
    edit_header,
    edit_json,
    edit_tensor,
    rename_tensor,
    tiny_checkpoint,
    truncate,
)

from safebasin.errors import InputRejectedError, IntegrityError, SafebasinError
from safebasin.models.check import check
from safebasin.models.shards import INDEX, SINGLE, digest, read_shard

NORM = "model.norm.weight"


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_checkpoint(tmp_path_factory.mktemp("whole"))


@pytest.fixture(scope="module")
def split(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_checkpoint(tmp_path_factory.mktemp("split"), shards=True)


@pytest.fixture
def folder(whole: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(whole, tmp_path / "model"))


@pytest.fixture
def sharded(split: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(split, tmp_path / "sharded"))


def refused(folder: Path, *words: str, kind: type[SafebasinError] = InputRejectedError) -> str:
    """The message of the refusal, which is one printable line and holds the words."""
    with pytest.raises(kind) as caught:
        check(folder)
    message = str(caught.value)
    assert message.isprintable()
    for word in words:
        assert word in message
    return message


def test_a_sound_checkpoint_is_described(whole: Path) -> None:
    found = check(whole)
    assert found.architecture == "LlamaForCausalLM"
    assert found.model_type == "llama"
    assert found.dtypes == (("F32", found.parameters),)
    assert [(name, size) for name, _, size in found.shards] == [
        (SINGLE, (whole / SINGLE).stat().st_size)
    ]
    assert found.notes == ()


class TestDigest:
    def test_it_does_not_depend_on_the_path(self, whole: Path, folder: Path) -> None:
        assert check(folder).weights_digest == check(whole).weights_digest
        assert check(folder).settings_digest == check(whole).settings_digest

    def test_it_does_not_depend_on_the_sharding(self, whole: Path, split: Path) -> None:
        assert len(check(split).shards) > 1
        assert check(split).weights_digest == check(whole).weights_digest
        assert check(split).settings_digest == check(whole).settings_digest

    def test_one_changed_bit_changes_it(self, whole: Path, folder: Path) -> None:
        file = folder / SINGLE
        raw = bytearray(file.read_bytes())
        raw[-4] ^= 1
        file.write_bytes(raw)
        assert check(folder).weights_digest != check(whole).weights_digest

    def test_two_tensors_that_change_places_change_it(self, whole: Path, folder: Path) -> None:
        def exchange(header: dict[str, Any]) -> None:
            a = "model.layers.0.mlp.up_proj.weight"
            b = "model.layers.1.mlp.up_proj.weight"
            header[a], header[b] = header[b], header[a]

        edit_header(folder / SINGLE, exchange)
        assert check(folder).weights_digest != check(whole).weights_digest

    def test_settings_have_a_digest_of_their_own(self, whole: Path, folder: Path) -> None:
        edit_json(folder / "config.json", lambda config: config.update(rms_norm_eps=0.1))
        assert check(folder).weights_digest == check(whole).weights_digest
        assert check(folder).settings_digest != check(whole).settings_digest

    def test_shards_are_hashed_as_files(self, whole: Path) -> None:
        import hashlib

        ((_, digest, _),) = check(whole).shards
        assert digest == hashlib.sha256((whole / SINGLE).read_bytes()).hexdigest()


class TestCode:
    @pytest.mark.parametrize(
        "file", ["config.json", "tokenizer_config.json", "generation_config.json"]
    )
    @pytest.mark.parametrize("nested", [False, True])
    def test_auto_map_is_refused_and_nothing_runs(
        self, folder: Path, tmp_path: Path, file: str, nested: bool
    ) -> None:
        canary = tmp_path / "canary"
        (folder / "evil.py").write_text(f"open({str(canary)!r}, 'w').write('ran')")
        pointer = {"auto_map": {"AutoConfig": "evil.X", "AutoModelForCausalLM": "evil.Y"}}
        edit_json(
            folder / file,
            lambda content: content.update({"deep": [pointer]} if nested else pointer),
        )
        refused(folder, file, "auto_map", "part of transformers")
        assert not canary.exists()

    def test_the_guards_hold_without_asserts(self, folder: Path) -> None:
        edit_json(
            folder / "config.json", lambda config: config.update(auto_map={"AutoConfig": "x.X"})
        )
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
        refused(folder, "adapter_config.json", "merge")


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

    def test_both_layouts_at_once(self, sharded: Path, folder: Path) -> None:
        shutil.copy(sharded / INDEX, folder)
        refused(folder, SINGLE, INDEX, "remove")

    def test_weights_that_are_not_the_model_are_noted(self, folder: Path) -> None:
        (folder / "consolidated.safetensors").write_bytes(b"whatever")
        assert check(folder).notes == (
            "not part of the model and not read: 'consolidated.safetensors'",
        )


class TestIndex:
    def first(self, sharded: Path) -> Path:
        return sorted(sharded.glob("*.safetensors"))[0]

    @pytest.mark.parametrize("absolute", [False, True])
    def test_a_path_is_never_opened(self, sharded: Path, tmp_path: Path, absolute: bool) -> None:
        # A FIFO would make whoever opens it wait for ever.
        os.mkfifo(tmp_path / "foreign.safetensors")
        name = str(tmp_path / "foreign.safetensors") if absolute else "../foreign.safetensors"
        edit_json(sharded / INDEX, lambda index: index["weight_map"].update({NORM: name}))
        refused(sharded, INDEX, "foreign.safetensors", "not a plain")

    @pytest.mark.parametrize("name", ["a\\b.safetensors", "x.bin", 7, None, "a\0.safetensors"])
    def test_other_strange_names(self, sharded: Path, name: object) -> None:
        edit_json(sharded / INDEX, lambda index: index["weight_map"].update({NORM: name}))
        refused(sharded, INDEX, "not a plain")

    def test_a_link_that_leaves_the_folder(self, sharded: Path, tmp_path: Path) -> None:
        shard = self.first(sharded)
        shard.rename(tmp_path / "elsewhere.safetensors")
        shard.symlink_to(tmp_path / "elsewhere.safetensors")
        refused(sharded, shard.name, "outside the checkpoint", "copy")

    def test_a_settings_file_that_leaves_the_folder(self, sharded: Path, tmp_path: Path) -> None:
        (sharded / "tokenizer.json").rename(tmp_path / "tokenizer.json")
        (sharded / "tokenizer.json").symlink_to(tmp_path / "tokenizer.json")
        refused(sharded, "tokenizer.json", "outside the checkpoint")

    def test_a_missing_shard(self, sharded: Path) -> None:
        self.first(sharded).unlink()
        refused(sharded, "model-00001", "missing", "download")

    def test_an_empty_shard(self, sharded: Path) -> None:
        self.first(sharded).write_bytes(b"")
        refused(sharded, "model-00001", "download")

    def test_an_extra_shard(self, sharded: Path) -> None:
        shutil.copy(self.first(sharded), sharded / "model-00009-of-00009.safetensors")
        refused(sharded, "model-00009-of-00009", "remove")

    def test_a_tensor_that_the_index_lacks(self, sharded: Path) -> None:
        edit_json(sharded / INDEX, lambda index: index["weight_map"].pop(NORM))
        refused(sharded, NORM, INDEX)

    def test_a_tensor_that_the_shards_lack(self, sharded: Path) -> None:
        edit_json(
            sharded / INDEX,
            lambda index: index["weight_map"].update(ghost=self.first(sharded).name),
        )
        refused(sharded, "ghost", "no shard")

    def test_a_tensor_in_another_shard_than_said(self, sharded: Path) -> None:
        for shard in sorted(sharded.glob("*.safetensors")):
            name = read_shard(shard).entries[0].name
            rename_tensor(shard, name, "twice")
        edit_json(
            sharded / INDEX,
            lambda index: index["weight_map"].update(twice=self.first(sharded).name),
        )
        refused(sharded)

    @pytest.mark.parametrize("content", ["{}", '{"weight_map": {}}', '{"weight_map": [1]}'])
    def test_no_weight_map(self, sharded: Path, content: str) -> None:
        (sharded / INDEX).write_text(content)
        refused(sharded, INDEX, "weight_map")


class TestHubCache:
    def make(self, whole: Path, cache: Path) -> Path:
        """The layout of the hub's cache: `snapshots/COMMIT` links into `blobs`."""
        repository = cache / "models--owner--name"
        snapshot = repository / "snapshots" / ("a" * 40)
        snapshot.mkdir(parents=True)
        (repository / "blobs").mkdir()
        for number, file in enumerate(sorted(whole.iterdir())):
            blob = repository / "blobs" / f"{number:040x}"
            shutil.copy(file, blob)
            (snapshot / file.name).symlink_to(Path("../../blobs") / blob.name)
        return snapshot

    def test_links_into_its_own_blobs_are_followed(self, whole: Path, tmp_path: Path) -> None:
        snapshot = self.make(whole, tmp_path)
        assert check(snapshot).weights_digest == check(whole).weights_digest

    def test_links_elsewhere_are_not(self, whole: Path, tmp_path: Path) -> None:
        snapshot = self.make(whole, tmp_path)
        (snapshot / SINGLE).unlink()
        (snapshot / SINGLE).symlink_to(whole / SINGLE)
        refused(snapshot, SINGLE, "outside the checkpoint")

    def test_a_blob_that_is_gone_is_missing(self, whole: Path, tmp_path: Path) -> None:
        snapshot = self.make(whole, tmp_path)
        (snapshot / SINGLE).resolve().unlink()
        refused(snapshot, SINGLE, "missing", "download")


def _header(change: Callable[[dict[str, Any]], Any]) -> Callable[[Path], None]:
    return lambda path: edit_header(path, change)


def _shift(header: dict[str, Any], by: int) -> None:
    header[NORM]["data_offsets"] = [at + by for at in header[NORM]["data_offsets"]]


HEADER_FAULTS: dict[str, tuple[Callable[[Path], None], str]] = {
    "truncated": (lambda path: truncate(path, -5), "truncated"),
    "cut in the header": (lambda path: truncate(path, 100), "header length"),
    "cut in the length": (lambda path: truncate(path, 5), "header length"),
    "bytes behind": (lambda path: path.write_bytes(path.read_bytes() + b"x"), "no tensor names"),
    "not JSON": (lambda path: path.write_bytes(struct.pack("<Q", 8) + b"not json" * 9), "JSON"),
    "a list": (lambda path: path.write_bytes(struct.pack("<Q", 2) + b"[]"), "object"),
    "no tensors": (lambda path: path.write_bytes(struct.pack("<Q", 2) + b"{}"), "empty"),
    "twice the same": (
        lambda path: path.write_bytes(struct.pack("<Q", 13) + b'{"a":1,"a":1}'),
        "twice",
    ),
    "deep": (
        lambda path: path.write_bytes(struct.pack("<Q", 200_000) + b"[" * 200_000),
        "JSON",
    ),
    "overlap": (_header(lambda header: _shift(header, -4)), "overlap"),
    "beyond the end": (_header(lambda header: _shift(header, 1 << 50)), "truncated"),
    "negative offset": (_header(lambda header: _shift(header, -(1 << 50))), NORM),
    "negative shape": (_header(lambda header: header[NORM].update(shape=[-32])), NORM),
    "wrong shape": (
        _header(lambda header: header[NORM].update(shape=[33])),
        "do not fit its shape",
    ),
    "huge shape": (_header(lambda header: header[NORM].update(shape=[1 << 62] * 9)), NORM),
    "true for one": (_header(lambda header: header[NORM].update(shape=[True, 32])), NORM),
    "unknown dtype": (_header(lambda header: header[NORM].update(dtype="F99")), "F99"),
    "dtype is a list": (_header(lambda header: header[NORM].update(dtype=[])), NORM),
    "no fields": (_header(lambda header: header.update({NORM: 3})), NORM),
    "gap": (_header(lambda header: header.pop(NORM)), "o"),
}


class TestHeader:
    @pytest.mark.parametrize("fault", HEADER_FAULTS)
    def test_each_fault_is_named(self, folder: Path, fault: str) -> None:
        damage, word = HEADER_FAULTS[fault]
        damage(folder / SINGLE)
        refused(folder, SINGLE, word, "download or save the model again")

    @pytest.mark.parametrize("length", [1 << 60, (1 << 64) - 1, 1 << 31])
    def test_a_forged_length_allocates_nothing(self, folder: Path, length: int) -> None:
        file = folder / SINGLE
        file.write_bytes(struct.pack("<Q", length) + file.read_bytes()[8:])
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        refused(folder, SINGLE, str(length))
        assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000

    def test_fp8_is_a_quantised_type(self, folder: Path) -> None:
        edit_header(folder / SINGLE, lambda header: header[NORM].update(dtype="F8_E4M3"))
        refused(folder, NORM, "F8_E4M3", "quantised", "bfloat16")

    def test_control_characters_in_names_are_escaped(self, folder: Path) -> None:
        edit_header(folder / SINGLE, lambda header: header.update({"\x1b]0;owned\x07": 3}))
        refused(folder, r"\x1b]0;owned\x07")

    def test_a_name_with_a_lone_surrogate_is_only_a_name(self, folder: Path) -> None:
        rename_tensor(folder / SINGLE, NORM, "\ud800")
        assert check(folder).weights_digest


class TestFinite:
    @pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
    @pytest.mark.parametrize("dtype", ["float32", "bfloat16", "float16"])
    def test_values_that_are_not_finite_are_counted(
        self, tmp_path: Path, dtype: str, value: float
    ) -> None:
        folder = tiny_checkpoint(tmp_path / "model", dtype=dtype)
        edit_tensor(folder / SINGLE, NORM, lambda tensor: tensor[3:6].fill_(value))
        message = refused(folder, NORM, "3 of 32 values", "not finite", kind=IntegrityError)
        assert "download or train it again" in message
        assert IntegrityError.exit_code == 4

    @pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16, torch.float16])
    def test_every_finite_value_passes(self, tmp_path: Path, dtype: torch.dtype) -> None:
        from safetensors.torch import save_file

        info = torch.finfo(dtype)
        extreme = torch.tensor([info.max, info.min, info.tiny, 0.0, -0.0], dtype=dtype)
        save_file({"x": extreme, "i": torch.full((4,), -1)}, tmp_path / SINGLE)
        assert set(digest(read_shard(tmp_path / SINGLE))[1]) == {"x", "i"}

    def test_a_value_behind_the_first_chunk_is_found(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("safebasin.models.shards.CHUNK_BYTES", 64)
        folder = tiny_checkpoint(tmp_path / "model")
        whole = check(folder)
        monkeypatch.undo()
        assert check(folder).weights_digest == whole.weights_digest
        edit_tensor(folder / SINGLE, "lm_head.weight", lambda x: x[-1, -1].fill_(float("nan")))
        monkeypatch.setattr("safebasin.models.shards.CHUNK_BYTES", 64)
        refused(folder, "lm_head.weight", "1 of 9600 values", kind=IntegrityError)


def test_bad_input_is_refused_without_loading_torch(folder: Path) -> None:
    truncate(folder / SINGLE, -5)
    program = (
        "import sys; from pathlib import Path; from safebasin.models.check import check\n"
        f"try: check(Path({str(folder)!r}))\n"
        "except ValueError: print('torch' in sys.modules, 'transformers' in sys.modules)"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, env=environment, check=True
    )
    assert done.stdout.split() == ["False", "False"]
