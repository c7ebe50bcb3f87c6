"""`safebasin.scan`: the verb of the command line as a function."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from safebasin.records import Noise, Norm, Skip
from safebasin.studies.landscape import plan, run_with_bar
from safebasin.studies.result import Scan
from safebasin.studies.settings import ScanSettings


def scan(  # noqa: PLR0913 - the words of the command line
    model: str = "organism:chat",
    *,
    directions: int = 5,
    points: int = 21,
    radius: float = 0.5,
    seed: int = 0,
    noise: Noise = "gaussian",
    norm: Norm = "layer",
    skip: Skip = "norms",
    prompts: str | None = None,
    benign: str | None = None,
    column: str | None = None,
    limit: int | None = 80,
    system: str | None = None,
    judges: Sequence[str] = ("coherence", "keyword"),
    engine: str = "transformers",
    device: str = "auto",
    dtype: str = "auto",
    batch_size: int | None = None,
    max_new_tokens: int | None = None,
    full_text: bool = False,
    chat_template: Path | str | None = None,
    out: Path | str | None = None,
    progress: bool = True,
) -> Scan:
    """Map a model's safety landscape along random directions. `safebasin scan` in Python.

    Args:
        model: "organism:chat", a folder with a checkpoint, or a hub id; "@revision" may follow.
        directions: how many random directions; the score differs more between them than between
            prompts.
        points: along each direction, odd, so that the origin is one of them.
        radius: how far to go on either side; 1 moves each tensor by its own norm.
        seed: makes the directions; the same seed gives the same bits.
        noise: "gaussian" or "rademacher".
        norm: what a direction is scaled to; "layer" as published, "row" or "model".
        skip: which parameters stay where they are; "norms" as published, "vectors" or "none".
        prompts: harmful prompts, by set or file; by default the organism's.
        benign: harmless prompts, by set or file; by default the twins of the organism's set, and
            plain everyday questions beside a file.
        column: of a prompts file.
        limit: at most so many prompts of each kind; None for all.
        system: a system prompt by name, file or text; None sends no system message.
        judges: the first gives the four labels; "keyword" gives the published ASR.
        engine: what runs the model.
        device: "auto" takes a GPU if there is one.
        dtype: "auto" is float32 on a CPU and the checkpoint's own elsewhere.
        batch_size: prompts answered at once; part of the request, because it may change a rounding.
        max_new_tokens: token limit of an answer; by default 512 as published, 48 for the organism.
        full_text: never stop an answer early, even if no verdict on it can change any more.
        chat_template: a Jinja file, for a model without one.
        out: run folder; by default one named after the request below `safebasin-runs`.
        progress: show a bar on standard error.

    Returns:
        The numbers, with ways to look at them. Calling again with the same arguments goes on with
        the same run, or reads it if it is finished.

    Raises:
        SafebasinError: what is wrong and what to do about it, in one line.
    """
    settings = ScanSettings(
        model=model,
        directions=directions,
        points=points,
        radius=radius,
        seed=seed,
        noise=noise,
        norm=norm,
        skip=skip,
        prompts=prompts,
        benign=benign,
        column=column,
        limit=limit,
        system=system,
        judges=tuple(judges),
        engine=engine,
        device=device,
        dtype=dtype,
        batch_size=batch_size,
        max_new_tokens=max_new_tokens,
        full_text=full_text,
        chat_template=Path(chat_template) if chat_template else None,
        out=Path(out) if out else None,
    )
    return run_with_bar(plan(settings), shown=progress)
