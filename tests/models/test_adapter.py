from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from builders import edit_json, edit_tensor, merged_by_peft, tiny_adapter, tiny_checkpoint
from scans import RESPONSES, SMALL, answers, digest
from transformers import AutoModelForCausalLM

from safebasin.errors import InputRejectedError, IntegrityError
from safebasin.models.adapter import AdapterRows, apply, fit
from safebasin.models.adapterfile import WEIGHTS, read_adapter
from safebasin.models.lora import CONFIG
from safebasin.weights.given import Held
from safebasin.weights.parameters import rows

PROJECTIONS = {
    "llama": ["q_proj", "down_proj"],
    "qwen2": ["k_proj", "up_proj"],
    "gemma2": ["o_proj", "gate_proj"],
    "gpt_neox": ["query_key_value", "dense_h_to_4h"],
    "phi3": ["qkv_proj", "gate_up_proj"],
    "gpt2": ["c_attn", "c_proj"],
}
OPTIONS: dict[str, dict[str, Any]] = {
    "rank and alpha": {"r": 3, "lora_alpha": 5},
    "rank-stabilised": {"r": 3, "lora_alpha": 5, "use_rslora": True},
    "patterns": {
        "rank_pattern": {"q_proj": 2, r"layers\.1\.mlp\.down_proj": 6},
        "alpha_pattern": {r"^model.layers.1.self_attn.q_proj": 3, ".*up_proj": 11},
        "target_modules": ["q_proj", "down_proj", "up_proj"],
        "use_rslora": True,
    },
    "wrong orientation": {"fan_in_fan_out": True},
    "all linear": {"target_modules": "all-linear"},
    "regular expression": {"target_modules": r".*\.(1)\..*(q|k)_proj", "exclude_modules": ".*k_.*"},
    "one layer": {"layers_to_transform": [1], "layers_pattern": "layers"},
    "another layer": {"layers_to_transform": 0, "exclude_modules": ["v_proj"]},
    "embedding": {"target_modules": ["embed_tokens", "q_proj"]},
    "head": {"target_modules": ["lm_head"]},
    "embedding and head": {"target_modules": ["embed_tokens", "lm_head"]},
    "saved head": {"modules_to_save": ["lm_head"]},
    "saved embedding": {"modules_to_save": ["embed_tokens", "input_layernorm"]},
    "saved both": {"modules_to_save": ["embed_tokens", "lm_head"]},
    "saved block": {"modules_to_save": ["mlp"]},
    "some tokens": {"trainable_token_indices": [5, 9]},
    "tokens of both": {"trainable_token_indices": {"embed_tokens": [5, 9], "lm_head": [3]}},
    "orthogonal start": {"init_lora_weights": "orthogonal"},
}

SLOW_FLOAT32, SLOW_FLOAT16 = (
    pytest.param(dtype, marks=pytest.mark.slow) for dtype in ("float32", "float16")
)


def based(folder: Path, dtype: str = "float32") -> Any:
    return AutoModelForCausalLM.from_pretrained(folder, dtype=getattr(torch, dtype))


def tensors(model: Any) -> dict[str, torch.Tensor]:
    return {name: value.detach() for name, value in model.named_parameters()}


def same(ours: dict[str, torch.Tensor], theirs: dict[str, torch.Tensor]) -> bool:
    assert ours.keys() == theirs.keys()
    return all(
        ours[name].dtype == theirs[name].dtype and torch.equal(ours[name], theirs[name])
        for name in ours
    )


def agrees(base: Path, adapter: Path, dtype: str = "float32") -> None:
    """Ours is PEFT's, in place and tensor by tensor, and neither is the base."""
    theirs, model = tensors(merged_by_peft(base, adapter, dtype=dtype)), based(base, dtype)
    found = read_adapter(adapter)
    fitted, origin = fit(found, model), {k: v.clone() for k, v in tensors(model).items()}
    if not fitted.untied:
        streamed = AdapterRows(Held(origin), fitted)
        for name, tensor in theirs.items():
            count = len(rows(tensor))
            parts = [
                streamed.rows(name, slice(at, min(at + 7, count))) for at in range(0, count, 7)
            ]
            assert torch.equal(torch.cat(parts), rows(tensor))
    apply(found, model)
    assert same(tensors(model), theirs)
    assert any(not torch.equal(origin[name], theirs[name]) for name in origin)
    ids = torch.arange(20).reshape(1, 20)
    assert torch.isfinite(model(ids).logits).all()


class TestBitsOfPeft:
    @pytest.mark.parametrize("dtype", ["bfloat16", SLOW_FLOAT32, SLOW_FLOAT16])
    @pytest.mark.parametrize("family", PROJECTIONS)
    def test_every_family(self, tmp_path: Path, family: str, dtype: str) -> None:
        base = tiny_checkpoint(tmp_path / "base", family)
        adapter = tiny_adapter(tmp_path / "adapter", base, target_modules=PROJECTIONS[family])
        agrees(base, adapter, dtype)

    @pytest.mark.parametrize("tied", [False, pytest.param(True, marks=pytest.mark.slow)])
    @pytest.mark.parametrize("option", OPTIONS)
    def test_every_option(self, tmp_path: Path, option: str, tied: bool) -> None:
        base = tiny_checkpoint(tmp_path / "base", tied=tied)
        adapter = tiny_adapter(tmp_path / "adapter", base, **OPTIONS[option])
        for dtype in ("float32", "bfloat16") if tied else ("bfloat16",):
            agrees(base, adapter, dtype)

    @pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
    @pytest.mark.parametrize("stored", ["float16", "bfloat16"])
    def test_every_type_it_is_stored_in(self, tmp_path: Path, stored: str, dtype: str) -> None:
        base = tiny_checkpoint(tmp_path / "base")
        options = {"target_modules": ["embed_tokens", "q_proj"], "modules_to_save": ["norm"]}
        agrees(base, tiny_adapter(tmp_path / "adapter", base, dtype=stored, **options), dtype)

    @pytest.mark.parametrize("dtype", ["bfloat16", SLOW_FLOAT32])
    @pytest.mark.parametrize("bias", ["all", "lora_only"])
    @pytest.mark.parametrize("family", ["qwen2", "gpt_neox", "gpt2"])
    def test_trained_biases(self, tmp_path: Path, family: str, bias: str, dtype: str) -> None:
        base = tiny_checkpoint(tmp_path / "base", family)
        options = {"target_modules": PROJECTIONS[family], "bias": bias}
        agrees(base, tiny_adapter(tmp_path / "adapter", base, **options), dtype)
        saved = {"modules_to_save": ["dense_4h_to_h" if family == "gpt_neox" else "mlp"]}
        if family != "gpt2":
            options["target_modules"] = PROJECTIONS[family][:1]
            agrees(base, tiny_adapter(tmp_path / "saved", base, **options, **saved), dtype)

    @pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
    @pytest.mark.parametrize("family", ["qwen2", "gpt2"])
    def test_bias_of_the_product(self, tmp_path: Path, family: str, dtype: str) -> None:
        base = tiny_checkpoint(tmp_path / "base", family)
        target = {"qwen2": "q_proj", "gpt2": "c_attn"}[family]
        adapter = tiny_adapter(
            tmp_path / "adapter", base, target_modules=[target], lora_bias=True, lora_alpha=3
        )
        agrees(base, adapter, dtype)

    def test_a_zero_adapter_is_the_base(self, tiny: Path, tmp_path: Path) -> None:
        model = based(tiny)
        apply(read_adapter(tiny_adapter(tmp_path / "adapter", tiny, zero=True)), model)
        assert same(tensors(model), tensors(based(tiny)))


class TestStreaming:
    @pytest.fixture
    def adapter(self, tiny: Path, tmp_path: Path) -> Path:
        return tiny_adapter(tmp_path / "adapter", tiny, target_modules=["q_proj", "k_proj"])

    def test_a_tensor_is_merged_once_and_only_one_is_kept(self, tiny: Path, adapter: Path) -> None:
        model, found = based(tiny), read_adapter(adapter)
        fitted = fit(found, model)
        streamed = AdapterRows(Held(tensors(model)), fitted)
        first, second = list(fitted.changes)[:2]
        whole = streamed.rows(first, slice(0, 32))
        shutil.rmtree(adapter)  # what is kept needs no file
        assert torch.equal(streamed.rows(first, slice(3, 5)), whole[3:5])
        with pytest.raises(OSError, match=WEIGHTS):
            streamed.rows(second, slice(0, 1))
        with pytest.raises(OSError, match=WEIGHTS):
            streamed.rows(first, slice(0, 1))

    def test_the_base_is_left_alone(self, tiny: Path, adapter: Path) -> None:
        model = based(tiny)
        before = {name: tensor.clone() for name, tensor in tensors(model).items()}
        fitted = fit(read_adapter(adapter), model)
        streamed = AdapterRows(Held(tensors(model)), fitted)
        for name in fitted.changes:
            streamed.rows(name, slice(0, 4))
        assert same(tensors(model), before)

    def test_a_result_of_other_parameters_is_refused(self, tmp_path: Path) -> None:
        base = tiny_checkpoint(tmp_path / "base", tied=True)
        adapter = tiny_adapter(tmp_path / "adapter", base, modules_to_save=["lm_head"])
        model = based(base)
        with pytest.raises(InputRejectedError, match=r"lm_head\.weight.*not tied"):
            AdapterRows(Held(tensors(model)), fit(read_adapter(adapter), model))


def test_an_untied_head_stays_untied(tmp_path: Path) -> None:
    base = tiny_checkpoint(tmp_path / "base", tied=True)
    model = based(base)
    apply(read_adapter(tiny_adapter(tmp_path / "a", base, modules_to_save=["lm_head"])), model)
    model.tie_weights()
    assert model.lm_head.weight is not model.model.embed_tokens.weight
    assert torch.equal(model.model.embed_tokens.weight, based(base).model.embed_tokens.weight)


def test_a_result_that_is_not_finite(tiny: Path, tmp_path: Path) -> None:
    adapter = tiny_adapter(tmp_path / "adapter", tiny)
    name = "base_model.model.model.layers.0.self_attn.q_proj.lora_B.weight"
    edit_tensor(adapter / WEIGHTS, name, lambda tensor: tensor.fill_(1e6))
    apply(read_adapter(adapter), based(tiny, "bfloat16"))
    with pytest.raises(IntegrityError, match=r"q_proj.*not finite in float16.*--dtype float32"):
        apply(read_adapter(adapter), based(tiny, "float16"))


def test_the_settings_of_the_base_name_no_code(tiny: Path, tmp_path: Path) -> None:
    adapter = tiny_adapter(tmp_path / "adapter", tiny, task_type=None)
    edit_json(adapter / CONFIG, lambda config: config["auto_mapping"].update(parent_library="evil"))
    apply(read_adapter(adapter), based(tiny))


class TestScan:
    def scanned(self, model: str, out: Path) -> Any:
        import safebasin

        return safebasin.scan(model, out=out, **SMALL)

    def test_an_adapter_changes_what_is_answered(
        self, tiny: Path, finished: Any, tmp_path: Path
    ) -> None:
        adapter = tiny_adapter(tmp_path / "adapter", tiny, seed=1)
        self.scanned(f"{tiny}+{adapter}", tmp_path / "run")
        assert answers(tmp_path / "run") == RESPONSES
        assert digest(tmp_path / "run") != digest(finished.folder)

    def test_a_zero_adapter_changes_nothing(
        self, tiny: Path, finished: Any, tmp_path: Path
    ) -> None:
        adapter = tiny_adapter(tmp_path / "adapter", tiny, zero=True)
        self.scanned(f"{tiny}+{adapter}", tmp_path / "run")
        assert digest(tmp_path / "run") == digest(finished.folder)


def test_copies_that_peft_does_not_read(tiny: Path, tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    adapter = tiny_adapter(tmp_path / "adapter", tiny, modules_to_save=["lm_head"])
    tensors = load_file(adapter / WEIGHTS)
    head = "base_model.model.lm_head"
    for copy in ("original_module", "modules_to_save"):
        tensors[f"{head}.{copy}.weight"] = torch.ones_like(tensors[f"{head}.weight"])
    save_file(tensors, adapter / WEIGHTS)
    agrees(tiny, adapter)


def test_the_adapter_by_name_in_every_key(tiny: Path, tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    adapter = tiny_adapter(tmp_path / "adapter", tiny)
    tensors = load_file(adapter / WEIGHTS)
    named = {name.replace(".weight", ".default.weight"): each for name, each in tensors.items()}
    save_file(named, adapter / WEIGHTS)
    agrees(tiny, adapter)
