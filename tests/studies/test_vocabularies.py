"""Maps of checkpoints that have more tokens than each other."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from builders import CHAT_TEMPLATE, tiny_checkpoint, tiny_tokenizer
from scans import ASKED, moved
from transformers import AutoModelForCausalLM

from safebasin.engines import vocabulary
from safebasin.engines.registry import make
from safebasin.engines.vllm.engine import VllmEngine
from safebasin.errors import InputRejectedError, UsageError
from safebasin.store import reading
from safebasin.studies import landscape, path, surface
from safebasin.studies.crew import manner
from safebasin.studies.plan import Plan
from safebasin.studies.run import run
from safebasin.studies.settings import ScanSettings

LONGER: dict[str, Any] = {**ASKED, "max_new_tokens": 24}
START, END = "<|im_start|>", "<|im_end|>"
CHATML = CHAT_TEMPLATE.replace("<|turn|>", START).replace("</s>", END)

Said = list[tuple[str, tuple[int, ...], str, str]]


def enlarged(folder: Path, base: Path, size: int, *, seed: int = 1) -> Path:
    """A fine-tune to ChatML, whose new tokens it reads and says."""
    moved(folder, base, by=0.4, seed=seed)
    model = AutoModelForCausalLM.from_pretrained(folder)
    old = model.config.vocab_size
    model.resize_token_embeddings(size, mean_resizing=False)
    draw = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for module in (model.get_input_embeddings(), model.get_output_embeddings()):
            module.weight[old:] = torch.randn(size - old, 32, generator=draw)
    tokenizer = tiny_tokenizer(chat_template=CHATML)
    tokenizer.add_special_tokens({"additional_special_tokens": [START, END]})
    tokenizer.eos_token = END
    model.generation_config.eos_token_id = tokenizer.eos_token_id
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("vocabularies")


@pytest.fixture(scope="module")
def large(home: Path, tiny: Path) -> Path:
    return enlarged(home / "large", tiny, 320)


@pytest.fixture(scope="module")
def larger(home: Path, tiny: Path) -> Path:
    return enlarged(home / "larger", tiny, 384, seed=2)


def said(planned: Plan, *coefficients: float) -> Said:
    run(planned)
    (key,) = [p.key for p in planned.work.points if tuple(x for _, x in p.terms) == coefficients]
    with reading(planned.folder) as store:
        return [(r.prompt_id, r.token_ids, r.finish, r.text) for r in store.responses(key)]


def alone(model: Path, out: Path) -> Said:
    asked = {"directions": 1, "points": 3, **LONGER}
    return said(landscape.plan(ScanSettings(model=str(model), out=out, **asked)))


def leading(first: Path, second: Path, out: Path, **more: Any) -> Plan:
    asked = {"x": "0,0.5,1", **more, **LONGER}
    return path.plan(path.PathSettings(model=str(first), second=str(second), out=out, **asked))


def new(answers: Said, old: int = 300) -> set[int]:
    return {token for _, ids, _, _ in answers for token in ids if token >= old}


def test_a_path_to_a_larger_vocabulary(tiny: Path, large: Path, tmp_path: Path) -> None:
    planned = leading(tiny, large, tmp_path / "run")
    assert any("320 embeddings" in note and "300" in note for note in planned.notes)
    own = alone(large, tmp_path / "far")
    assert new(own), "it says tokens that the first one lacks"
    assert said(planned, 1.0) == own
    assert said(planned) == alone(tiny, tmp_path / "near")
    assert not new(said(planned, 0.5))


def test_the_first_network_is_left_as_it_was(tiny: Path, large: Path, tmp_path: Path) -> None:
    planned = leading(tiny, large, tmp_path / "run")
    model, before = planned.loaded.model, dict(planned.loaded.model.named_parameters())
    kept = {name: value.detach().clone() for name, value in before.items()}
    engine = make("transformers", planned.loaded, manner(planned))
    sizes = []
    for point in planned.work.points:
        with engine.at(point):
            output = model(input_ids=torch.tensor([[5, 6, 7]]))
            sizes.append(output.logits.shape[-1])
    after = dict(model.named_parameters())
    assert all(after[name] is before[name] for name in before)
    assert all(torch.equal(after[name], kept[name]) for name in kept)
    tokens = len(tiny_tokenizer())
    assert sizes == [300, tokens + 2, 320], "of new tokens, only the end is said between them"


def test_between_them_only_a_new_end_can_be_said(tiny: Path, large: Path, tmp_path: Path) -> None:
    planned = leading(tiny, large, tmp_path / "run")
    engine = make("transformers", planned.loaded, manner(planned))
    tokens = torch.tensor([[5, 6, 7]])
    (half,) = [p for p in planned.work.points if [x for _, x in p.terms] == [0.5]]
    with engine.at(half):
        logits = planned.loaded.model(input_ids=tokens).logits[0, -1]
        hidden = planned.loaded.model.model(input_ids=tokens).last_hidden_state[0, -1]
    theirs = AutoModelForCausalLM.from_pretrained(large).lm_head.weight
    end = len(logits) - 1
    assert torch.allclose(logits[end], theirs[end] @ hidden, atol=1e-5)
    assert (logits[300:end] == torch.finfo(torch.float32).min).all()


def test_a_path_to_a_smaller_vocabulary(tiny: Path, large: Path, tmp_path: Path) -> None:
    planned = leading(large, tiny, tmp_path / "run")
    assert any("300 embeddings" in note for note in planned.notes)
    own = alone(large, tmp_path / "near")
    assert said(planned) == own
    assert said(planned, 1.0) == alone(tiny, tmp_path / "far")


@pytest.mark.parametrize("family", ["qwen2", "phi"])
@pytest.mark.slow
def test_tied_tables_and_a_bias_for_each_token(family: str, tmp_path: Path) -> None:
    base = tiny_checkpoint(tmp_path / "base", family, tied=family == "qwen2")
    far = enlarged(tmp_path / "far", base, 320)
    for first, second, name in ((base, far, "up"), (far, base, "down")):
        planned = leading(first, second, tmp_path / name)
        assert said(planned, 1.0) == alone(second, tmp_path / f"{name}-far")
        assert said(planned) == alone(first, tmp_path / f"{name}-near")


@pytest.mark.slow
def test_three_vocabularies_in_one_plane(
    tiny: Path, large: Path, larger: Path, tmp_path: Path
) -> None:
    planned = leading(tiny, large, tmp_path / "run", third=str(larger), x="0,1", y="0,0.5,1")
    ways = {way for p in planned.work.points for way, _ in p.terms}
    corner = {
        way: said_at(planned, next(p.key for p in planned.work.points if p.terms == ((way, 1.0),)))
        for way in ways
    }
    assert sorted(corner.values()) == sorted(
        [alone(large, tmp_path / "b"), alone(larger, tmp_path / "c")]
    )
    assert said(planned) == alone(tiny, tmp_path / "a")


def said_at(planned: Plan, key: str) -> Said:
    run(planned)
    with reading(planned.folder) as store:
        return [(r.prompt_id, r.token_ids, r.finish, r.text) for r in store.responses(key)]


@pytest.mark.slow
def test_a_map_of_checkpoints_that_are_larger(tiny: Path, large: Path, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    shutil.copytree(large, folder / "checkpoint-1")
    axes = {"x": "0,0.5", "y": "0,0.5"}
    for plane in ("random", "trajectory"):
        planned = surface.plan(
            surface.SurfaceSettings(
                model=str(tiny), checkpoints=folder, plane=plane, out=tmp_path / plane, **axes,
                **LONGER,
            )
        )  # fmt: skip
        assert said(planned, 1.0) == alone(large, tmp_path / f"{plane}-own")
        assert said(planned) == alone(tiny, tmp_path / f"{plane}-near")


def test_it_matters_here(
    tiny: Path, large: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the checkpoint's own rows its answers are others."""
    monkeypatch.setattr(vocabulary, "_entries", lambda _, name: torch.zeros(20, 32))
    planned = leading(tiny, large, tmp_path / "run")
    assert said(planned, 1.0) != alone(large, tmp_path / "far")


def test_vllm_does_not_change_its_tables(tiny: Path, large: Path, tmp_path: Path) -> None:
    planned = leading(tiny, large, tmp_path / "run")
    with pytest.raises(UsageError, match="number of tokens"):
        VllmEngine(planned.loaded, manner(planned))


def test_tables_that_disagree_are_refused(tiny: Path, tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    far = moved(tmp_path / "far", tiny, by=0.1)
    tensors = load_file(far / "model.safetensors")
    tensors["lm_head.weight"] = torch.zeros(320, 32)
    save_file(tensors, far / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(InputRejectedError, match=r"lm_head.weight.* is F32 \[300, 32\]"):
        leading(tiny, far, tmp_path / "run")
