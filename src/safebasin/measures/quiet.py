"""A block in which another library may work, and after which the process is as it was."""

from __future__ import annotations

import logging
import os
import random
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch

SEED = 1234
LOGGERS = ("lm_eval", "datasets", "evaluate", "transformers", "huggingface_hub", "fsspec")


@contextmanager
def undisturbed(*, offline: bool) -> Iterator[None]:
    """Fixed random numbers, no messages; afterwards all of what follows is as it was.

    Random states, the gradient mode, the environment, log levels, warnings, and whether libraries
    draw bars and reach for a hub.

    Args:
        offline: whether the hub is out of reach inside the block.
    """
    levels = {name: logging.getLogger(name).level for name in LOGGERS}
    environment = dict(os.environ)
    states = random.getstate(), np.random.get_state()
    gradients = torch.is_grad_enabled()
    in_use = torch.cuda.is_initialized()  # type: ignore[no-untyped-call]
    devices = list(range(torch.cuda.device_count())) if in_use else []
    with warnings.catch_warnings(), torch.random.fork_rng(devices), _hub(offline):
        warnings.simplefilter("ignore")
        for name in LOGGERS:
            logging.getLogger(name).setLevel(logging.CRITICAL)
        random.seed(SEED)
        np.random.seed(SEED)
        torch.manual_seed(SEED)
        try:
            yield
        finally:
            torch.set_grad_enabled(gradients)
            random.setstate(states[0])
            np.random.set_state(states[1])
            for name, level in levels.items():
                logging.getLogger(name).setLevel(level)
            _restore(environment)


@contextmanager
def _hub(offline: bool) -> Iterator[None]:
    """No bars; and no hub, if so wished."""
    import datasets
    from huggingface_hub import constants

    switches: list[tuple[Any, str]] = [
        (constants, "HF_HUB_OFFLINE"),
        (datasets.config, "HF_HUB_OFFLINE"),
    ]
    before = [getattr(place, name) for place, name in switches]
    bars = datasets.utils.are_progress_bars_disabled()
    datasets.utils.disable_progress_bars()
    for place, name in switches:
        setattr(place, name, offline or getattr(place, name))
    try:
        yield
    finally:
        for (place, name), value in zip(switches, before, strict=True):
            setattr(place, name, value)
        if not bars:
            datasets.utils.enable_progress_bars()


def _restore(environment: dict[str, str]) -> None:
    for name in os.environ.keys() - environment.keys():
        del os.environ[name]
    for name, value in environment.items():
        if os.environ.get(name) != value:
            os.environ[name] = value
