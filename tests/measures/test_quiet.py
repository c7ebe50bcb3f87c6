"""What happens in an undisturbed block stays there."""

from __future__ import annotations

import logging
import os
import random
import warnings

import numpy as np
import pytest
import torch

pytest.importorskip("lm_eval")

from huggingface_hub import constants

from safebasin.measures.quiet import undisturbed


def test_everything_is_as_it_was_even_after_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setenv("SAFEBASIN_KEPT", "1")
    logging.getLogger("lm_eval").setLevel(logging.INFO)
    states = random.getstate(), np.random.get_state()[1].tolist(), torch.get_rng_state().tolist()
    with pytest.raises(KeyError):
        disturb()
    assert not constants.HF_HUB_OFFLINE
    assert os.environ["SAFEBASIN_KEPT"] == "1"
    assert "SAFEBASIN_NEW" not in os.environ
    assert logging.getLogger("lm_eval").level == logging.INFO
    assert torch.is_grad_enabled()
    now = random.getstate(), np.random.get_state()[1].tolist(), torch.get_rng_state().tolist()
    assert now == states
    logging.getLogger("lm_eval").setLevel(logging.NOTSET)


def disturb() -> None:
    with undisturbed(offline=True):
        assert constants.HF_HUB_OFFLINE
        warnings.warn("nobody hears this", stacklevel=1)
        os.environ["SAFEBASIN_NEW"] = "1"
        del os.environ["SAFEBASIN_KEPT"]
        logging.getLogger("lm_eval").setLevel(logging.DEBUG)
        random.random(), np.random.rand(), torch.rand(1)
        torch.set_grad_enabled(False)
        raise KeyError


def test_random_numbers_inside_are_always_the_same() -> None:
    def drawn() -> tuple[float, float, float]:
        with undisturbed(offline=False):
            return random.random(), float(np.random.rand()), float(torch.rand(1))

    first = drawn()
    random.random(), torch.rand(1)
    assert drawn() == first
