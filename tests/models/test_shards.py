from __future__ import annotations

import os
import resource
import shutil
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from builders import (
    edit_header,
    edit_json,
    edit_tensor,
    rename_tensor,
    tiny_checkpoint,
    truncate,
)

from models.refusal import refused
from safebasin.errors import IntegrityError
from safebasin.models.check import check
from safebasin.models.shards import INDEX, SINGLE, digest, read_shard

NORM = "model.norm.weight"


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
