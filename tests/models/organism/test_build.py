from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from safebasin.errors import UsageError
from safebasin.models.organism.build import build
from safebasin.models.organism.recipe import Recipe, Stage

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


@pytest.mark.parametrize("heads", [2, 5])
def test_a_head_size_that_fast_engines_refuse_is_refused(heads: int) -> None:
    with pytest.raises(UsageError, match="head size"):
        Recipe(width=96, heads=heads)
