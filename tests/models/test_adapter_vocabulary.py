"""Adapters that were trained with other tokens or another tokenizer than their base has."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from builders import (
    CHAT_TEMPLATE,
    EOS,
    TURN,
    edit_json,
    quiet_peft,
    tiny_checkpoint,
    tiny_tokenizer,
)
from peft import LoraConfig, PeftModel, get_peft_model
from safetensors.torch import load_file, save_file
from scans import ASKED, moved
from transformers import AutoModelForCausalLM

from safebasin.errors import InputRejectedError
from safebasin.models.adapterfile import WEIGHTS
from safebasin.models.load import load
from safebasin.models.lora import CONFIG
from safebasin.records import ModelRef
from safebasin.store import reading
from safebasin.studies import landscape, path
from safebasin.studies.plan import Plan
from safebasin.studies.run import run
from safebasin.studies.settings import ScanSettings

SAVED = {"modules_to_save": ["embed_tokens", "lm_head"]}
OPTIONS: dict[str, dict[str, Any]] = {
    "nothing": {},
    "saved": SAVED,
    "low rank": {"target_modules": ["embed_tokens", "lm_head", "q_proj"]},
    "tokens": {"trainable_token_indices": [5, 299]},
}
LONGER: dict[str, Any] = {**ASKED, "max_new_tokens": 24}

Said = list[tuple[str, tuple[int, ...], str, str]]


def resized(base: Path, size: int) -> Any:
    model = AutoModelForCausalLM.from_pretrained(base)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        model.resize_token_embeddings(size, mean_resizing=False)
        for module in (model.get_input_embeddings(), model.get_output_embeddings()):
            module.weight.data[300:] = torch.randn_like(module.weight.data[300:])
    return model


def trained(folder: Path, base: Path, size: int, seed: int = 0, **options: Any) -> Path:
    """An adapter over a base that was resized before it was trained."""
    settings = {"r": 4, "target_modules": ["q_proj"], "task_type": "CAUSAL_LM", **options}
    with quiet_peft(), torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        adapted = get_peft_model(resized(base, size), LoraConfig(**settings))
        for parameter in adapted.parameters():
            if parameter.requires_grad and len(parameter) < 300:
                parameter.data.copy_(0.3 * torch.randn(parameter.shape))
            elif parameter.requires_grad:
                parameter.data.add_(0.3 * torch.randn(parameter.shape))
        adapted.save_pretrained(folder)
    return folder


def by_peft(base: Path, adapter: Path, size: int) -> dict[str, torch.Tensor]:
    """What PEFT makes of the resized base and the adapter."""
    with quiet_peft():
        merged = PeftModel.from_pretrained(resized(base, size), adapter).merge_and_unload()
    return dict(merged.named_parameters())


@pytest.mark.parametrize("tied", [False, True])
@pytest.mark.parametrize(("before", "size"), [(300, 320), (320, 304)])
@pytest.mark.parametrize("options", OPTIONS)
def test_it_is_what_peft_makes_of_the_resized_base(
    tmp_path: Path, options: str, before: int, size: int, tied: bool
) -> None:
    base = tiny_checkpoint(tmp_path / "base", tied=tied)
    resized(base, before).save_pretrained(base)
    adapter = trained(tmp_path / "adapter", base, size, **OPTIONS[options])
    theirs = by_peft(base, adapter, size)
    ours = dict(load(ModelRef.parse(f"{base}+{adapter}")).model.named_parameters())
    assert ours.keys() == theirs.keys()
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)
    assert len(ours["model.embed_tokens.weight"]) == size


def test_an_adapter_without_a_head_for_its_tokens_is_refused(tmp_path: Path) -> None:
    base = tiny_checkpoint(tmp_path / "base")
    adapter = trained(tmp_path / "adapter", base, 320)
    tensors = load_file(adapter / WEIGHTS)
    del tensors["base_model.model.lm_head.weight"]
    save_file(tensors, adapter / WEIGHTS, metadata={"format": "pt"})
    with pytest.raises(InputRejectedError, match=r"320 tokens.*300.*brings no 'lm_head.weight'"):
        load(ModelRef.parse(f"{base}+{adapter}"))


def test_tokens_that_its_base_lacks_are_refused(tmp_path: Path) -> None:
    base = tiny_checkpoint(tmp_path / "base")
    adapter = trained(tmp_path / "adapter", base, 300, trainable_token_indices=[5])
    edit_json(adapter / CONFIG, lambda c: c.update(trainable_token_indices=[305]))
    with pytest.raises(InputRejectedError, match=r"token 305.*merge_and_unload"):
        load(ModelRef.parse(f"{base}+{adapter}"))


def spoken(adapter: Path, *, tokens: bool) -> Path:
    """With a tokenizer and template of its own, as a trainer leaves them."""
    tokenizer = tiny_tokenizer(eos=TURN, chat_template=CHAT_TEMPLATE.replace(EOS, TURN))
    if tokens:
        tokenizer.add_special_tokens({"additional_special_tokens": ["<|im_start|>"]})
        tokenizer.chat_template = CHAT_TEMPLATE.replace("<|turn|>", "<|im_start|>")
    tokenizer.save_pretrained(adapter)
    return adapter


def said(planned: Plan, way: int | None = None) -> Said:
    """The answers at the origin, or where one way alone is gone to its end."""
    run(planned)
    names = [p.key for p in planned.work.points if not p.terms or [x for _, x in p.terms] == [1.0]]
    with reading(planned.folder) as store:
        key = names[0 if way is None else 1 + way]
        return [(r.prompt_id, r.token_ids, r.finish, r.text) for r in store.responses(key)]


def alone(model: str, out: Path) -> Said:
    asked = {"directions": 1, "points": 3, **LONGER}
    return said(landscape.plan(ScanSettings(model=model, out=out, **asked)))


@pytest.fixture(scope="module")
def adapters(tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    home = tmp_path_factory.mktemp("adapters")
    return {
        "large": spoken(trained(home / "large", tiny, 320, **SAVED), tokens=True),
        "same": spoken(trained(home / "same", tiny, 300, seed=2), tokens=False),
    }


def test_an_adapter_is_asked_with_its_own_tokenizer(
    tiny: Path, adapters: dict[str, Path], tmp_path: Path
) -> None:
    """As a whole model, merged and saved with that tokenizer, is."""
    for name, adapter in adapters.items():
        loaded = load(ModelRef.parse(f"{tiny}+{adapter}"))
        assert any("in the adapter's folder are used" in note for note in loaded.notes)
        whole = moved(tmp_path / name, tiny, by=0.0)
        loaded.model.save_pretrained(whole)
        loaded.tokenizer.save_pretrained(whole)
        assert alone(f"{tiny}+{adapter}", tmp_path / f"{name}-a") == alone(
            str(whole), tmp_path / f"{name}-b"
        )
        assert alone(str(tiny), tmp_path / f"{name}-c") != alone(
            f"{tiny}+{adapter}", tmp_path / f"{name}-a"
        )


@pytest.mark.slow
def test_every_corner_of_a_plane_of_adapters_says_what_its_scan_says(
    tiny: Path, adapters: dict[str, Path], tmp_path: Path
) -> None:
    corners = [str(adapters["large"]), str(adapters["same"])]
    planned = path.plan(
        path.PathSettings(
            model=str(tiny), second=corners[0], third=corners[1], x="0,1", y="0,1",
            out=tmp_path / "plane", **LONGER,
        )
    )  # fmt: skip
    own = [alone(f"{tiny}+{corner}", tmp_path / str(n)) for n, corner in enumerate(corners)]
    assert sorted([said(planned, 0), said(planned, 1)]) == sorted(own)
    assert said(planned) == alone(str(tiny), tmp_path / "first")


@pytest.mark.slow
def test_a_path_between_adapters_begins_with_the_first_ones_tokens(
    tiny: Path, adapters: dict[str, Path], tmp_path: Path
) -> None:
    first, second = (f"{tiny}+{adapters[name]}" for name in ("large", "same"))
    planned = path.plan(
        path.PathSettings(model=first, second=second, x="0,1", out=tmp_path / "run", **LONGER)
    )
    assert said(planned) == alone(first, tmp_path / "near")
    assert said(planned, 0) == alone(second, tmp_path / "far")


def test_another_tokenizer_is_another_request(
    tiny: Path, adapters: dict[str, Path], tmp_path: Path
) -> None:
    before = load(ModelRef.parse(f"{tiny}+{adapters['same']}")).checked
    adapter = trained(tmp_path / "bare", tiny, 300, seed=2)
    bare = load(ModelRef.parse(f"{tiny}+{adapter}")).checked
    assert bare.weights_digest == before.weights_digest
    assert bare.settings_digest != before.settings_digest
    tiny_tokenizer().save_pretrained(adapter)
    again = load(ModelRef.parse(f"{tiny}+{adapter}"))
    assert not any("adapter's folder" in note for note in again.notes) or again.checked.speaks
