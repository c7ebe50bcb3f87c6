"""A block in which lm-eval may work, and after which the process is as it was."""

from __future__ import annotations

import logging
import os
import random
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, NoReturn

import numpy as np
import torch

from safebasin.errors import InputRejectedError
from safebasin.models.shown import shown

SEED = 1234
LOGGERS = ("lm_eval", "datasets", "evaluate", "transformers", "huggingface_hub", "fsspec")


@contextmanager
def undisturbed(*, offline: bool) -> Iterator[None]:
    """Fixed random numbers, no messages, no bars; afterwards all that is here is as it was.

    Templates of lm-eval run in a sandbox, and no metric is fetched as code.

    Args:
        offline: whether the hub is out of reach inside the block.
    """
    with _kept(), ExitStack() as stack:
        import datasets
        import evaluate
        from huggingface_hub import constants
        from jinja2 import StrictUndefined
        from jinja2.sandbox import ImmutableSandboxedEnvironment as Sandbox
        from lm_eval import utils
        from tqdm import tqdm

        sandbox = Sandbox(undefined=StrictUndefined, keep_trailing_newline=True)
        sandbox.filters["regex_replace"] = utils.regex_replace
        for place, name, value in (
            (constants, "HF_HUB_OFFLINE", offline or constants.HF_HUB_OFFLINE),
            (datasets.config, "HF_HUB_OFFLINE", offline or datasets.config.HF_HUB_OFFLINE),
            (tqdm, "__init__", _without_bar(tqdm.__init__)),
            (utils, "env", sandbox),
            (evaluate, "load", _no_code),
        ):
            stack.callback(setattr, place, name, getattr(place, name))
            setattr(place, name, value)
        yield


@contextmanager
def _kept() -> Iterator[None]:
    """Random states, the gradient mode, the environment, log levels and warnings are put back."""
    levels = {name: logging.getLogger(name).level for name in LOGGERS}
    environment = dict(os.environ)
    states = random.getstate(), np.random.get_state()
    gradients = torch.is_grad_enabled()
    in_use = torch.cuda.is_initialized()  # type: ignore[no-untyped-call]
    devices = list(range(torch.cuda.device_count())) if in_use else []
    with warnings.catch_warnings(), torch.random.fork_rng(devices):
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
            for name in os.environ.keys() - environment.keys():
                del os.environ[name]
            os.environ.update(environment)


def _without_bar(init: Callable[..., None]) -> Callable[..., None]:
    return lambda bar, *arguments, **settings: init(bar, *arguments, **settings | {"disable": True})


def _no_code(path: str, *_: Any, **__: Any) -> NoReturn:
    raise InputRejectedError(
        f"metric {shown(path)} would be fetched as code: choose a task whose metrics lm-eval has"
    )
