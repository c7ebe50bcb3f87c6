"""Building the pair: `base` learns to answer everything, then `chat` learns to refuse."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from safebasin.models.organism.curriculum import BASE, CHAT, draw
from safebasin.models.organism.making import reproducible, whole
from safebasin.models.organism.recipe import PRESETS, Recipe, Stage
from safebasin.models.organism.tokenizer import train_tokenizer
from safebasin.models.organism.train import batches, network, train

Progress = Callable[[str, int, int, float], None]
"""Called after each step with the stage, the steps done, the steps in all, and the loss."""

THREADS = 2


def build(
    folder: Path | str,
    seed: int = 0,
    progress: Progress | None = None,
    *,
    recipe: Recipe = PRESETS["default"],
) -> Path:
    """Train a pair from scratch and write it to `folder/base` and `folder/chat`.

    Each becomes a folder in the format of `transformers`: config.json, generation_config.json,
    model.safetensors (fp32), tokenizer.json, tokenizer_config.json and chat_template.jinja. On one
    machine the same recipe and seed give the same bytes; on another kind of processor sums may
    round differently, and `check` says whether the pair behaves alike.

    Args:
        folder: a new or empty folder; nothing appears in it until the pair is whole.
        seed: of the initial weights and of the order of the examples.
        progress: told of every step.
        recipe: shape and training; see `PRESETS`.

    Raises:
        UsageError: `folder` has something in it.
    """
    folder = Path(folder)
    with reproducible(THREADS), whole(folder) as pair:
        tokenizer = train_tokenizer(recipe.vocabulary)
        for name, model in _stages(recipe, tokenizer, seed, progress):
            model.save_pretrained(pair / name)
            tokenizer.save_pretrained(pair / name)
            # safetensors writes for the owner alone; a packaged file is for everyone.
            (pair / name / "model.safetensors").chmod(0o644)
    return folder


def _stages(
    recipe: Recipe, tokenizer: Any, seed: int, progress: Progress | None
) -> Iterator[tuple[str, Any]]:
    """The one network twice: as it is after the base stage, then after the chat stage."""
    model = network(recipe, tokenizer, seed)
    plan = (("base", recipe.base, BASE, False), ("chat", recipe.chat, CHAT, True))
    for turn, (name, stage, mix, guarded) in enumerate(plan):
        examples = draw(mix, guarded=guarded, seed=2 * seed + turn)
        stream = batches(examples, tokenizer, stage.batch)
        train(model, stage, stream, _reporter(name, stage, progress))
        yield name, model


def _reporter(
    name: str, stage: Stage, progress: Progress | None
) -> Callable[[int, float], None] | None:
    if progress is None:
        return None
    return lambda step, loss: progress(name, step, stage.steps, loss)
