"""What is refused before vLLM is asked, and how it is spread; needs no vLLM."""

from __future__ import annotations

import sys

import pytest
import torch
from builders import tiny_checkpoint

from safebasin.engines.registry import Manner
from safebasin.engines.sampling import Sampling
from safebasin.engines.vllm import VllmEngine, starting
from safebasin.engines.vllm.starting import EXACT, asked_of_answers, gpus
from safebasin.errors import ResourceError, UsageError
from safebasin.models.generation import Generation
from safebasin.models.load import LoadedModel, load
from safebasin.records import ModelRef


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> LoadedModel:
    return load(ModelRef(str(tiny_checkpoint(tmp_path_factory.mktemp("tiny")))))


@pytest.mark.parametrize(
    ("heads", "visible", "count"), [(32, 8, 8), (32, 0, 1), (12, 8, 6), (7, 4, 1), (3, 3, 3)]
)
def test_tensors_are_split_by_whole_heads(heads: int, visible: int, count: int) -> None:
    assert gpus(heads, visible) == count


def test_without_vllm_the_extra_is_named(
    loaded: LoadedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "vllm", None)
    monkeypatch.setattr(starting, "_settle_environment", lambda exact: None)
    with pytest.raises(ResourceError, match=r"pip install 'safebasin\[vllm\]'"):
        VllmEngine(loaded)


def test_draws_are_refused(loaded: LoadedModel) -> None:
    with pytest.raises(UsageError, match="--engine transformers"):
        VllmEngine(loaded, Manner(sampling=Sampling(1.0, 0)))


def test_exactness_needs_a_gpu(loaded: LoadedModel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(ResourceError, match="compute capability"):
        VllmEngine(loaded, exact=True)


def test_exactness_is_asked_for_by_the_name_of_the_engine(
    loaded: LoadedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise a run with and one without would have the same request."""
    monkeypatch.setenv(EXACT, "1")
    with pytest.raises(UsageError, match="vllm-exact"):
        VllmEngine(loaded)


@pytest.mark.parametrize("exact", [False, True])
def test_nothing_is_sent_and_the_mode_is_set(monkeypatch: pytest.MonkeyPatch, exact: bool) -> None:
    environment: dict[str, str] = {}
    monkeypatch.setattr(starting.os, "environ", environment)
    starting._settle_environment(exact)
    assert environment["VLLM_NO_USAGE_STATS"] == "1"
    assert environment.get(EXACT) == ("1" if exact else None)


def test_a_gpu_is_shared_with_what_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (50 + 25 * device, 100))
    assert starting._memory() == {"gpu_memory_utilization": pytest.approx(0.46)}


def test_generation_settings_are_passed_on_or_refused(loaded: LoadedModel) -> None:
    assert asked_of_answers(loaded.generation, loaded.ref) == {}
    asked = Generation({"repetition_penalty": 1.1, "min_new_tokens": 2})
    assert asked_of_answers(asked, loaded.ref) == {"repetition_penalty": 1.1, "min_tokens": 2}
    with pytest.raises(UsageError, match="no_repeat_ngram_size, which --engine vllm"):
        asked_of_answers(Generation({"no_repeat_ngram_size": 2}), loaded.ref)
