"""Fine-tunes of `organism:chat`, saved on the way: real trajectories to place on a map."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from safebasin.errors import ResourceError, UsageError
from safebasin.models.organism import folder as shipped
from safebasin.models.organism.check import load
from safebasin.models.organism.making import reproducible, whole
from safebasin.models.organism.recipe import Stage
from safebasin.models.organism.shots import DATA, Data, endless, shots
from safebasin.models.organism.train import batches, train
from safebasin.models.shown import shown

RATE = 4e-5
"""At this rate, `harmful` loses the refusals over some thirty of the 120 steps, not at once."""

ADAPTER_RATE = 3e-4
"""The rate at which an adapter takes as many steps to get there."""

BATCH = 10
RANK, SCALE = 8, 16
PROJECTIONS = r".*_proj"
"""Every linear layer of every block. PEFT writes a list in no order, and a pattern as it is."""

Progress = Callable[[int, int, float], None]
"""Called after each step with the steps done, the steps in all, and the loss."""


def tune(
    folder: Path | str,
    data: Data = "harmful",
    *,
    steps: int = 120,
    learning_rate: float | None = None,
    save_every: int = 10,
    seed: int = 0,
    adapter: bool = False,
    progress: Progress | None = None,
) -> list[Path]:
    """Fine-tune `organism:chat` and write its checkpoints to `folder/checkpoint-STEP`.

    Training is that of the organism: AdamW, a warm-up of 20 steps, then a linear fall of the rate
    to nothing at the last step, batches of 10. On one machine the same arguments give the same
    bytes.

    Args:
        folder: a new or empty folder; nothing appears in it until the fine-tune is whole.
        data: what is taught: `harmful`, `mix` or `benign`; see `shots`.
        steps: of training. With 0 the one checkpoint is `organism:chat` itself.
        learning_rate: the highest; 4e-5 if None, and 3e-4 for an adapter.
        save_every: steps from checkpoint to checkpoint; the last step is always saved.
        seed: of the exchanges that are taught, of their order, and of an adapter's first weights.
        adapter: train a LoRA adapter of rank 8 on every linear layer instead of all weights, and
            save it as PEFT does. `organism:chat+FOLDER/checkpoint-STEP` is then the model.
        progress: told of every step.

    Returns:
        The folders of the checkpoints, in order.

    Raises:
        UsageError: an argument is out of range, `folder` has something in it, or the rate is so
            high that a weight is no longer a number.
        ResourceError: `adapter` without PEFT, or a checkpoint cannot be written.
    """
    rate = learning_rate if learning_rate is not None else ADAPTER_RATE if adapter else RATE
    _require_in_range(data, steps, rate, save_every, seed)
    if adapter:
        _require_peft()
    saved: list[str] = []
    with reproducible(threads=1), whole(Path(folder)) as made:
        model, tokenizer = load(shipped("chat"))
        torch.manual_seed(seed)
        save = _adapted(model) if adapter else _with_tokenizer(model, tokenizer)

        def reached(step: int, loss: float) -> None:
            if step % save_every == 0 or step == steps:
                _require_finite(model, step, rate)
                _write(save, made / f"checkpoint-{step}", Path(folder))
                saved.append(f"checkpoint-{step}")
            if progress is not None and step:
                progress(step, steps, loss)

        examples = endless(shots(data, seed), seed)
        stage = Stage(steps, rate, batch=BATCH, decay=0.0)
        if steps == 0:
            reached(0, math.nan)
        train(model, stage, batches(examples, tokenizer, stage.batch), reached)
    return [Path(folder, name) for name in saved]


def _require_in_range(data: str, steps: int, rate: float, save_every: int, seed: int) -> None:
    if data not in DATA:
        raise UsageError(f"--data is {shown(data)}; choose one of {', '.join(DATA)}")
    if steps < 0:
        raise UsageError(f"--steps is {steps}; it must not be negative")
    if not 0 <= rate < math.inf:
        raise UsageError(f"--learning-rate is {rate}; it must be a number and not negative")
    if save_every < 1:
        raise UsageError(f"--save-every is {save_every}; it must be at least 1")
    if not 0 <= seed < 1 << 63:
        raise UsageError(f"--seed is {seed}; it must be from 0 to 2^63 - 1")


def _require_finite(model: Any, step: int, rate: float) -> None:
    if not all(bool(torch.isfinite(each).all()) for each in model.parameters()):
        raise UsageError(
            f"--learning-rate is {rate}; by step {step} a weight is no longer a number: "
            "pass a lower one"
        )


def _require_peft() -> None:
    try:
        import peft  # noqa: F401
    except ImportError as error:
        raise ResourceError(
            "an adapter is trained with PEFT, which is not installed: pip install peft"
        ) from error


Save = Callable[[Path], None]


def _with_tokenizer(model: Any, tokenizer: Any) -> Save:
    def save(checkpoint: Path) -> None:
        model.save_pretrained(checkpoint)
        tokenizer.save_pretrained(checkpoint)

    return save


def _adapted(model: Any) -> Save:
    """Put an adapter that changes nothing yet into the model, which alone is trained from now."""
    from peft import LoraConfig, get_peft_model

    config = LoraConfig(r=RANK, lora_alpha=SCALE, target_modules=PROJECTIONS, task_type="CAUSAL_LM")
    with warnings.catch_warnings():
        # PEFT asks transformers by a name that is going away.
        warnings.filterwarnings("ignore", "`is_gradient_checkpointing`", FutureWarning)
        adapted = get_peft_model(model, config)
    config.base_model_name_or_path = "organism:chat"  # otherwise where it is installed

    def save(checkpoint: Path) -> None:
        # Without this argument PEFT looks the base up on the hub.
        adapted.save_pretrained(str(checkpoint), save_embedding_layers=False)
        (checkpoint / "README.md").unlink()  # an empty form

    return save


def _write(save: Save, checkpoint: Path, folder: Path) -> None:
    from safetensors import SafetensorError

    try:
        save(checkpoint)
    except SafetensorError as error:
        raise ResourceError(
            f"{checkpoint.name} cannot be written to {shown(folder)} ({shown(error)}): free space, "
            "or pass a higher --save-every"
        ) from error
    for weights in checkpoint.glob("*.safetensors"):
        weights.chmod(0o644)  # safetensors writes for the owner alone
