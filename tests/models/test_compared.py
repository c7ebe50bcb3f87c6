"""Loaded parameters are the bytes that were hashed, however a family puts them together."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from builders import edit_tensor, tiny_checkpoint, tiny_tokenizer

from safebasin.errors import IntegrityError
from safebasin.models.check import check
from safebasin.models.compared import require_same_weights
from safebasin.models.load import load
from safebasin.models.tensors import FileRows
from safebasin.records import ModelRef


@pytest.fixture(scope="module")
def mixture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Experts that lie apart in the file, and in one tensor once they are loaded."""
    from transformers import AutoConfig, AutoModelForCausalLM

    config = AutoConfig.for_model(
        "mixtral", vocab_size=300, hidden_size=16, intermediate_size=24, num_hidden_layers=1,
        num_attention_heads=2, num_key_value_heads=2, num_local_experts=3, eos_token_id=1,
        pad_token_id=2, bos_token_id=0,
    )  # fmt: skip
    folder = tmp_path_factory.mktemp("mixture")
    torch.manual_seed(0)
    AutoModelForCausalLM.from_config(config).save_pretrained(folder)
    tiny_tokenizer().save_pretrained(folder)
    return folder


def changed_one(model: Any, name: str) -> None:
    """The smallest change of one value that its type knows."""
    value = model.get_parameter(name).data.view(-1)[-1:]
    value.copy_(torch.nextafter(value, torch.full_like(value, torch.inf)))


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
@pytest.mark.parametrize("part", ["gate_up_proj", "down_proj", "q_proj.weight", "norm.weight"])
def test_one_changed_value_is_noticed(mixture: Path, dtype: str, part: str) -> None:
    loaded = load(ModelRef(str(mixture)), device="cpu", dtype=dtype)
    assert require_same_weights(loaded.model, loaded.checked, "m") == ()
    names = [name for name, _ in loaded.model.named_parameters() if name.endswith(part)]
    changed_one(loaded.model, names[-1])
    with pytest.raises(IntegrityError, match=r"'m' was loaded with other values"):
        require_same_weights(loaded.model, loaded.checked, "m")


def test_what_no_rule_takes_apart_is_told(mixture: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def cannot(*_: Any) -> None:
        raise NotImplementedError

    monkeypatch.setattr("transformers.core_model_loading.revert_weight_conversion", cannot)
    notes = load(ModelRef(str(mixture)), device="cpu").notes
    assert any(
        note.startswith("9 tensors are put together while they are loaded") for note in notes
    )


def test_rows_are_read_from_the_files_that_were_checked(tmp_path: Path) -> None:
    """A way to a checkpoint leads to what was hashed."""
    folder = tiny_checkpoint(tmp_path / "first")
    other = Path(shutil.copytree(folder, tmp_path / "other"))
    model, checked = load(ModelRef(str(folder)), device="cpu").model, check(other)
    FileRows(checked, model)
    edit_tensor(other / "model.safetensors", "model.norm.weight", lambda tensor: tensor.mul_(2))
    with pytest.raises(IntegrityError, match="changed since they were checked"):
        FileRows(checked, model)
