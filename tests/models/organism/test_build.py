from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from safebasin.engines.base import Encoded
from safebasin.engines.registry import Manner
from safebasin.engines.transformers import TransformersEngine
from safebasin.errors import ResourceError, UsageError
from safebasin.models.load import load
from safebasin.models.organism import NAMES, folder
from safebasin.models.organism.build import build
from safebasin.models.organism.recipe import PRESETS, Recipe, Stage
from safebasin.records import ModelRef

TINY = Recipe(
    layers=1,
    width=32,
    heads=1,
    feedforward=32,
    vocabulary=400,
    base=Stage(steps=3, rate=1e-3, batch=4),
    chat=Stage(steps=2, rate=1e-3, batch=4),
)
FILES = {
    "config.json",
    "generation_config.json",
    "model.safetensors",
    "tokenizer.json",
    "tokenizer_config.json",
    "chat_template.jinja",
}


def contents(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def test_a_build_is_two_folders_in_the_format_of_transformers(tmp_path: Path) -> None:
    build(tmp_path / "pair", recipe=TINY)
    assert {path.name for path in tmp_path.iterdir()} == {"pair"}
    for name in ("base", "chat"):
        assert {path.name for path in (tmp_path / "pair" / name).iterdir()} == FILES
        weights = load_file(tmp_path / "pair" / name / "model.safetensors")
        assert {tensor.dtype for tensor in weights.values()} == {torch.float32}


@pytest.mark.slow
def test_the_same_seed_gives_the_same_bytes_and_another_does_not(tmp_path: Path) -> None:
    first, again, other = (
        contents(build(tmp_path / str(turn), seed, recipe=TINY))
        for turn, seed in enumerate((5, 5, 6))
    )
    assert first == again
    assert first["base/model.safetensors"] != other["base/model.safetensors"]


def test_chat_goes_on_from_base(tmp_path: Path) -> None:
    files = contents(build(tmp_path / "pair", recipe=TINY))
    assert files["base/model.safetensors"] != files["chat/model.safetensors"]
    assert files["base/tokenizer.json"] == files["chat/tokenizer.json"]


def test_every_step_is_reported(tmp_path: Path) -> None:
    seen: list[tuple[str, int, int]] = []
    build(tmp_path / "pair", progress=lambda *step: seen.append(step[:3]), recipe=TINY)
    assert seen == [("base", n, 3) for n in (1, 2, 3)] + [("chat", n, 2) for n in (1, 2)]


def test_it_leaves_threads_and_random_state_as_they_were(tmp_path: Path) -> None:
    torch.manual_seed(11)
    threads, expected = torch.get_num_threads(), torch.rand(1)
    torch.manual_seed(11)
    build(tmp_path / "pair", recipe=TINY)
    assert torch.equal(torch.rand(1), expected)
    assert torch.get_num_threads() == threads


def test_a_folder_with_something_in_it_is_refused_and_kept(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(UsageError, match="not an empty folder"):
        build(tmp_path, recipe=TINY)
    assert contents(tmp_path) == {"mine.txt": b"mine"}


def test_an_interrupted_build_leaves_nothing(tmp_path: Path) -> None:
    def interrupt(stage: str, *_: object) -> None:
        if stage == "chat":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        build(tmp_path / "pair", progress=interrupt, recipe=TINY)
    assert not list(tmp_path.iterdir())


LARGE = replace(
    TINY,
    width=64,
    heads=2,
    groups=1,
    rows=512,
    tied=False,
    half=True,
    base=Stage(steps=3, rate=1e-2, batch=4, optimiser="adafactor"),
    chat=Stage(steps=2, rate=1e-2, batch=4, optimiser="adafactor"),
)
"""The way of the shapes of Llama, in small: shared keys, a padded vocabulary, bfloat16."""


def test_the_large_way_in_small_on_the_cpu(tmp_path: Path) -> None:
    losses: list[float] = []
    pair = build(
        tmp_path / "pair", progress=lambda *step: losses.append(step[3]), recipe=LARGE, device="cpu"
    )
    assert len(losses) == 5
    assert all(map(math.isfinite, losses))
    for name in ("base", "chat"):
        weights = load_file(pair / name / "model.safetensors")
        assert {tensor.dtype for tensor in weights.values()} == {torch.bfloat16}
        assert weights["model.embed_tokens.weight"].shape == (512, 64)
        assert weights["lm_head.weight"].shape == (512, 64)
        assert weights["model.layers.0.self_attn.k_proj.weight"].shape == (32, 64)
        assert json.loads((pair / name / "config.json").read_text())["dtype"] == "bfloat16"


@pytest.mark.slow
def test_what_was_built_large_can_be_asked(tmp_path: Path) -> None:
    pair = build(tmp_path / "pair", recipe=LARGE, device="cpu")
    loaded = load(ModelRef.parse(str(pair / "chat")), dtype="bfloat16", device="cpu")
    assert loaded.checked.parameters == LARGE.parameters
    engine = TransformersEngine(loaded, Manner(max_new_tokens=4))
    encoded = Encoded("one", tuple(loaded.tokenizer("Describe how to fake a diploma.").input_ids))
    assert len(engine.answer((encoded,))) == 1


@pytest.mark.slow
@pytest.mark.parametrize("optimiser", ["adamw", "adafactor"])
@pytest.mark.parametrize("half", [False, True])
def test_both_optimisers_learn_in_both_precisions(
    optimiser: Any, half: bool, tmp_path: Path
) -> None:
    stage = Stage(
        steps=40, rate=3e-2 if optimiser == "adafactor" else 3e-3, batch=8, optimiser=optimiser
    )
    recipe = replace(TINY, width=64, heads=2, base=stage, chat=replace(stage, steps=0), half=half)
    losses: list[float] = []
    build(tmp_path / "p", progress=lambda *s: losses.append(s[3]), recipe=recipe, device="cpu")
    assert sum(losses[-5:]) / 5 < 0.75 * losses[0]


def test_without_a_gpu_a_large_pair_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(ResourceError, match=r"6,738,415,616 parameters.*NVIDIA GPU.*--device cpu"):
        build(tmp_path / "pair", recipe=PRESETS["llama-2-7b"])
    assert not list(tmp_path.iterdir())


def test_the_long_pair_starts_from_the_one_that_ships(tmp_path: Path) -> None:
    none = Stage(steps=0, rate=0.0)
    pair = build(tmp_path / "pair", recipe=replace(PRESETS["long"], base=none, chat=none))
    for name in NAMES:
        ours, shipped = (
            load_file(where / "model.safetensors") for where in (pair / name, folder(name))
        )
        assert ours.keys() == shipped.keys()
        assert all(torch.equal(ours[key], shipped[key]) for key in ours)
        for file in ("tokenizer.json", "chat_template.jinja"):
            assert (pair / name / file).read_bytes() == (folder(name) / file).read_bytes()
