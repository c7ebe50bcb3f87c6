"""Adapters of fused experts: what PEFT makes of them, and what can be reckoned by hand."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from builders import edit_json, merged_by_peft, quiet_peft, tiny_adapter, tiny_tokenizer
from peft import LoraConfig
from safetensors.torch import load_file, save_file
from scans import ASKED
from transformers import AutoConfig, AutoModelForCausalLM

from safebasin.errors import InputRejectedError, ResourceError
from safebasin.models.adapterfile import WEIGHTS
from safebasin.models.load import load
from safebasin.models.lora import CONFIG
from safebasin.records import ModelRef
from safebasin.store import reading
from safebasin.studies import checkpoints, landscape, path
from safebasin.studies.plan import Plan
from safebasin.studies.run import run
from safebasin.studies.settings import ScanSettings

NAMES = {
    "mixtral": ("block_sparse_moe", {"gate": "w1", "up": "w3", "down": "w2"}),
    "qwen3_moe": ("mlp", {"gate": "gate_proj", "up": "up_proj", "down": "down_proj"}),
}
WIDTH, INNER, EXPERTS, RANK, SCALE = 32, 48, 3, 4, 2.0


@pytest.fixture(scope="module", params=NAMES)
def family(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def base(family: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("mixtures") / family
    config = AutoConfig.for_model(
        family, vocab_size=300, hidden_size=WIDTH, intermediate_size=INNER, num_hidden_layers=2,
        moe_intermediate_size=INNER, num_attention_heads=2, num_key_value_heads=1, head_dim=16,
        num_local_experts=EXPERTS, num_experts=EXPERTS, num_experts_per_tok=2,
        max_position_embeddings=512, initializer_range=0.2, bos_token_id=0, eos_token_id=1,
        pad_token_id=2, tie_word_embeddings=False,
    )  # fmt: skip
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        AutoModelForCausalLM.from_config(config).save_pretrained(folder)
    tiny_tokenizer().save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def separate(family: str, base: Path) -> Path:
    """An adapter as transformers 4 saved it: two matrices for each projection of an expert."""
    folder = base.parent / f"{family}-adapter"
    where, names = NAMES[family]
    draw = torch.Generator().manual_seed(0)
    tensors = {}
    for layer in range(2):
        for expert in range(EXPERTS):
            for kind, name in names.items():
                key = f"base_model.model.model.layers.{layer}.{where}.experts.{expert}.{name}"
                out, into = (WIDTH, INNER) if kind == "down" else (INNER, WIDTH)
                tensors[f"{key}.lora_A.weight"] = torch.randn(RANK, into, generator=draw) / 5
                tensors[f"{key}.lora_B.weight"] = torch.randn(out, RANK, generator=draw) / 5
    LoraConfig(
        r=RANK, lora_alpha=int(SCALE * RANK), target_modules=[*names.values()],
        task_type="CAUSAL_LM", base_model_name_or_path=str(base),
    ).save_pretrained(folder)  # fmt: skip
    save_file(tensors, folder / WEIGHTS, metadata={"format": "pt"})
    return folder


def ours(base: Path, adapter: Path) -> dict[str, torch.Tensor]:
    return dict(load(ModelRef.parse(f"{base}+{adapter}")).model.named_parameters())


def test_experts_of_transformers_4(family: str, base: Path, separate: Path) -> None:
    where, names = NAMES[family]
    found = ours(base, separate)
    before = dict(AutoModelForCausalLM.from_pretrained(base).named_parameters())
    low = load_file(separate / WEIGHTS)

    def change(layer: int, expert: int, kind: str) -> torch.Tensor:
        key = f"base_model.model.model.layers.{layer}.{where}.experts.{expert}.{names[kind]}"
        return SCALE * low[f"{key}.lora_B.weight"] @ low[f"{key}.lora_A.weight"]

    fused = [name for name in found if "experts" in name]
    assert len(fused) == 4
    for name in fused:
        layer = int(name.split(".")[2])
        for expert in range(EXPERTS):
            if "gate_up" in name:
                expected = torch.cat([change(layer, expert, kind) for kind in ("gate", "up")])
            else:
                expected = change(layer, expert, "down")
            assert expected.abs().max() > 0.01
            moved = found[name][expert] - before[name][expert]
            assert torch.allclose(moved, expected, atol=1e-5), name
    rest = before.keys() - set(fused)
    assert all(torch.equal(found[name], before[name]) for name in rest)


def same(base: Path, adapter: Path) -> bool:
    theirs = dict(merged_by_peft(base, adapter).named_parameters())
    found = ours(base, adapter)
    assert found.keys() == theirs.keys()
    return all(torch.equal(found[name], theirs[name]) for name in found)


def test_they_are_what_peft_makes_of_them(base: Path, separate: Path) -> None:
    assert same(base, separate)


@pytest.mark.parametrize(
    "options",
    [
        {"target_modules": "all-linear"},
        {"target_modules": ["q_proj"], "target_parameters": ["experts.gate_up_proj"]},
        {"target_modules": [], "target_parameters": ["experts.down_proj"]},
    ],
    ids=["all-linear", "one and a module", "one alone"],
)
def test_target_parameters(base: Path, tmp_path: Path, options: dict[str, Any]) -> None:
    adapter = tiny_adapter(tmp_path / "adapter", base, **options)
    assert same(base, adapter)


def said(planned: Plan, *x: float) -> list[tuple[str, tuple[int, ...], str]]:
    run(planned)
    (key,) = [p.key for p in planned.work.points if tuple(c for _, c in p.terms) == x]
    with reading(planned.folder) as store:
        return [(r.prompt_id, r.token_ids, r.finish) for r in store.responses(key)]


@pytest.mark.slow
def test_a_path_leads_to_one(base: Path, separate: Path, tmp_path: Path) -> None:
    planned = path.plan(
        path.PathSettings(
            model=str(base), second=str(separate), x="0,1", out=tmp_path / "run", **ASKED
        )
    )
    few = {"directions": 1, "points": 3}
    scan = landscape.plan(
        ScanSettings(model=f"{base}+{separate}", out=tmp_path / "scan", **few, **ASKED)
    )
    assert said(planned, 1.0) == said(scan)
    assert said(planned) != said(scan)


def test_one_expert_is_missing(base: Path, separate: Path, tmp_path: Path) -> None:
    with quiet_peft():
        adapter = tiny_adapter(
            tmp_path / "adapter", base, target_modules=["q_proj"],
            target_parameters=["experts.gate_up_proj"],
        )  # fmt: skip
    tensors = load_file(adapter / WEIGHTS)
    tensors.pop(next(name for name in tensors if "experts" in name))
    save_file(tensors, adapter / WEIGHTS, metadata={"format": "pt"})
    with pytest.raises(InputRejectedError, match="PEFT misses a tensor"):
        ours(base, adapter)


def test_a_pattern_is_refused(base: Path, separate: Path, tmp_path: Path) -> None:
    adapter = tiny_adapter(tmp_path / "adapter", base, target_modules="all-linear")
    edit_json(adapter / CONFIG, lambda c: c.update(target_modules="(a+)+b"))
    with pytest.raises(InputRejectedError, match="regular expression"):
        ours(base, adapter)


def test_without_peft_it_is_named(
    base: Path, separate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "peft", None)
    with pytest.raises(InputRejectedError, match="pip install peft"):
        ours(base, separate)


def test_tokens_trained_alone_are_refused_by_name(base: Path, tmp_path: Path) -> None:
    adapter = tiny_adapter(
        tmp_path / "adapter", base, target_modules=["q_proj"],
        target_parameters=["experts.gate_up_proj"], trainable_token_indices=[5],
    )  # fmt: skip
    with pytest.raises(InputRejectedError, match=r"trainable_token_indices.*merge_and_unload"):
        ours(base, adapter)


def test_tables_of_another_length_are_refused_by_name(
    base: Path, separate: Path, tmp_path: Path
) -> None:
    adapter = Path(shutil.copytree(separate, tmp_path / "adapter"))
    tensors = load_file(adapter / WEIGHTS)
    tensors["base_model.model.lm_head.weight"] = torch.zeros(320, WIDTH)
    save_file(tensors, adapter / WEIGHTS, metadata={"format": "pt"})
    with pytest.raises(InputRejectedError, match=r"320 tokens in 'lm_head.weight'.*base has 300"):
        ours(base, adapter)


def test_memory_that_runs_out_is_not_the_adapters_fault(
    base: Path, separate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr("peft.get_peft_model", full)
    with pytest.raises(ResourceError, match="does not fit into memory"):
        ours(base, separate)


def test_a_network_is_loaded_once(
    base: Path, separate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def counted(ref: ModelRef, **named: Any) -> Any:
        asked.append(str(ref))
        return load(ref, **named)

    monkeypatch.setattr(checkpoints, "load", counted)
    checkpoints.open_beside(load(ModelRef(str(base))), [str(separate)])
    assert asked == [f"{base}+{separate}"]
