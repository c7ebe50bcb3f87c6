"""Ends of a path that are stored in other types, and buffers that travel it."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from builders import tiny_tokenizer
from safetensors.torch import load_file, save_file
from scans import ASKED, moved
from transformers import AutoConfig, AutoModelForCausalLM

from safebasin.engines.registry import make
from safebasin.engines.vllm.engine import VllmEngine
from safebasin.errors import InputRejectedError, UsageError
from safebasin.points import Direction, Displacement
from safebasin.store import reading
from safebasin.studies import landscape, path
from safebasin.studies.checkpoints import of_trajectory
from safebasin.studies.crew import manner
from safebasin.studies.plan import Plan
from safebasin.studies.run import run
from safebasin.studies.settings import ScanSettings

FEW = {"directions": 1, "points": 3}
BIAS = "model.layers.1.mlp.gate.e_score_correction_bias"


def cast(folder: Path, base: Path, dtype: torch.dtype) -> Path:
    """The same checkpoint in another type."""
    path = moved(folder, base, by=0.0)
    tensors = {n: t.to(dtype) for n, t in load_file(path / "model.safetensors").items()}
    save_file(tensors, path / "model.safetensors", metadata={"format": "pt"})
    return path


def leading(first: Path, second: Path, out: Path) -> Plan:
    asked = {"model": str(first), "second": str(second), "x": "0,0.5,1", "out": out}
    return path.plan(path.PathSettings(**asked, **ASKED))


def weights(planned: Plan, x: float) -> dict[str, torch.Tensor]:
    """What the network holds at a point of a path."""
    engine = make("transformers", planned.loaded, manner(planned))
    (point,) = [p for p in planned.work.points if [one for _, one in p.terms] == ([x] if x else [])]
    with engine.at(point):
        return {n: p.detach().clone() for n, p in planned.loaded.model.named_parameters()}


@pytest.mark.parametrize(
    ("one", "other"),
    [(torch.bfloat16, torch.float32), (torch.float16, torch.bfloat16)],
    ids=["bf16 to f32", "f16 to bf16"],
)
def test_each_end_is_its_checkpoint_in_the_type_of_the_run(
    tiny: Path, second: Path, tmp_path: Path, one: torch.dtype, other: torch.dtype
) -> None:
    first, far = cast(tmp_path / "a", tiny, one), cast(tmp_path / "b", second, other)
    planned = leading(first, far, tmp_path / "run")
    assert any("both are computed in float32" in note for note in planned.notes)
    for x, folder in ((0.0, first), (1.0, far)):
        stored = load_file(folder / "model.safetensors")
        found = weights(planned, x)
        assert all(torch.equal(found[name], stored[name].float()) for name in found)
    run(planned)
    asked = {"directions": 1, "points": 3, **ASKED}
    scan = run(landscape.plan(ScanSettings(model=str(far), out=tmp_path / "scan", **asked)))
    with reading(tmp_path / "run") as there, reading(scan.folder) as here:
        key = next(p.key for p in planned.work.points if [x for _, x in p.terms] == [1.0])
        assert there.responses(key) == here.responses("origin")


@pytest.fixture(scope="module")
def routed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A mixture of experts whose router's bias, a buffer, was trained."""
    home = tmp_path_factory.mktemp("routed")
    config = AutoConfig.for_model(
        "deepseek_v3", vocab_size=300, hidden_size=32, intermediate_size=32, num_hidden_layers=2,
        moe_intermediate_size=16, num_attention_heads=2, num_key_value_heads=2, n_routed_experts=4,
        num_experts_per_tok=2, n_group=1, topk_group=1, first_k_dense_replace=1, q_lora_rank=None,
        kv_lora_rank=16, qk_rope_head_dim=8, qk_nope_head_dim=8, v_head_dim=16, n_shared_experts=1,
        max_position_embeddings=512, bos_token_id=0, eos_token_id=1, pad_token_id=2,
        initializer_range=0.2,
    )  # fmt: skip
    torch.manual_seed(0)
    model = AutoModelForCausalLM.from_config(config)
    for name, value in (("base", 0.0), ("tuned", 3.0)):
        dict(model.named_buffers())[BIAS].copy_(torch.tensor([0.0, value, -value, 1.0]))
        model.save_pretrained(home / name)
        tiny_tokenizer().save_pretrained(home / name)
    return home / "base", home / "tuned"


def test_a_buffer_travels_with_the_weights(routed: tuple[Path, Path], tmp_path: Path) -> None:
    planned = leading(*routed, tmp_path / "run")
    assert planned.moving == (BIAS,)
    assert any("buffers that differ move" in note for note in planned.notes)
    there = {x: weights(planned, x)[BIAS] for x in (0.0, 0.5, 1.0)}
    near, far = (load_file(folder / "model.safetensors")[BIAS] for folder in routed)
    assert torch.equal(there[0.0], near)
    assert torch.equal(there[1.0], far)
    assert torch.equal(there[0.5], (near + far) / 2)


def held(planned: Plan, drawn: float, towards: float) -> dict[str, torch.Tensor]:
    """What the network holds at a point of a mixed plane."""
    engine = make("transformers", planned.loaded, manner(planned))
    (point,) = [
        p
        for p in planned.work.points
        if {type(way): x for way, x in p.terms} == {Direction: drawn, Displacement: towards}
    ]
    with engine.at(point):
        return {n: p.detach().clone() for n, p in planned.loaded.model.named_parameters()}


def test_a_random_direction_leaves_it_in_place(routed: tuple[Path, Path], tmp_path: Path) -> None:
    """On a plane of one random axis and one towards a checkpoint, and as a scan draws it."""
    base, tuned = routed
    asked = {"model": str(base), "second": str(tuned), "x": "0,1", "y": "0,0.5"}
    plane = path.plan(path.PathSettings(**asked, out=tmp_path / "plane", **ASKED))
    far = load_file(tuned / "model.safetensors")
    there = held(plane, 0.5, 1.0)
    assert torch.equal(there[BIAS], far[BIAS])
    key = "model.layers.1.self_attn.o_proj.weight"
    assert not torch.equal(there[key], far[key]), "the direction does move the weights"
    scan = landscape.plan(ScanSettings(model=str(base), out=tmp_path / "scan", **FEW, **ASKED))
    overlays = [make("transformers", p.loaded, manner(p)).overlay for p in (plane, scan)]
    (way,) = {w for p in plane.work.points for w, _ in p.terms if isinstance(w, Direction)}
    digests = [overlay.scales_digest(way) for overlay in overlays]
    assert digests[0] == digests[1], "the same direction as in a scan, where it is a buffer"


def test_the_other_engine_does_not_move_it(routed: tuple[Path, Path], tmp_path: Path) -> None:
    planned = leading(*routed, tmp_path / "run")
    with pytest.raises(UsageError, match="does not move buffers"):
        VllmEngine(planned.loaded, manner(planned))


def test_a_checkpoint_without_settings_is_not_left_out(tiny: Path, tmp_path: Path) -> None:
    moved(tmp_path / "checkpoint-10", tiny)
    (tmp_path / "runs").mkdir()
    assert len(of_trajectory(tmp_path)) == 1
    (tmp_path / "checkpoint-20").mkdir()
    (tmp_path / "checkpoint-20" / "model-00001-of-00002.safetensors").write_bytes(b"")
    with pytest.raises(InputRejectedError, match=r"checkpoint-20.* holds weights but no config"):
        of_trajectory(tmp_path)
