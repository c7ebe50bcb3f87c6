"""A mistyped argument is told by flag and value, before anything is loaded."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, get_args

import pytest

from safebasin.errors import UsageError
from safebasin.models.load import DTYPES
from safebasin.points import Noise, Norm, Skip
from safebasin.studies import settings
from safebasin.studies.path import PathSettings
from safebasin.studies.settings import ScanSettings
from safebasin.studies.surface import SurfaceSettings

NAN, INF = float("nan"), float("inf")

WRONG: list[tuple[str, Any]] = [
    *(("directions", value) for value in (0, -1)),
    *(("points", value) for value in (0, 1, 2, 20, -3)),
    *(("radius", value) for value in (NAN, INF, -INF, 0.0, -0.5, 1e-9, 101.0)),
    ("seed", -1),
    ("samples", 10**9),
    ("workers", 10**9),
    ("limit", 0),
    ("limit", -5),
    ("batch_size", 0),
    ("max_new_tokens", 0),
    *((name, "guassian") for name in ("noise", "norm", "skip", "engine", "dtype")),
    *((name, "b\udcffad") for name in ("model", "prompts", "benign", "column", "system")),
]


@pytest.mark.parametrize(("name", "value"), WRONG)
def test_what_is_out_of_range_is_named(name: str, value: Any) -> None:
    with pytest.raises(UsageError) as caught:
        ScanSettings(**{name: value})
    message = str(caught.value)
    assert message.startswith(f"--{name.replace('_', '-')} is ")
    assert (ascii(value) if isinstance(value, str) else str(value)) in message
    assert "\n" not in message
    message.encode()


@pytest.mark.parametrize(
    "huge",
    [
        lambda: ScanSettings(directions=10**9),
        lambda: ScanSettings(points=10**9 + 1),
        lambda: ScanSettings(directions=2000, points=101, adaptive=True),
        lambda: SurfaceSettings(x="-1:1:1001", y="-1:1:1001"),
        lambda: PathSettings(second="b", third="c", x="-1:1:1001", y="-1:1:1001"),
    ],
)
def test_more_points_than_anything_could_answer_at_are_refused(huge: Callable[[], Any]) -> None:
    start = time.process_time()
    with pytest.raises(UsageError, match=r"make [\d,]+ points, and a run has at most 100,000"):
        huge()
    assert time.process_time() - start < 1


def test_judges_are_known_and_named_once() -> None:
    with pytest.raises(UsageError, match=r"'keywrd'.*did you mean 'keyword'"):
        ScanSettings(judges=("keywrd",))
    with pytest.raises(UsageError, match="judge"):
        ScanSettings(judges=())
    with pytest.raises(UsageError, match=r"--judge is exact, exact; name each judge once"):
        ScanSettings(judges=("exact", "exact"))


@pytest.mark.parametrize("field", ["noise", "norm", "skip", "dtype"])
def test_every_choice_is_accepted(field: str) -> None:
    choices = {"noise": get_args(Noise), "norm": get_args(Norm), "skip": get_args(Skip)}
    for value in choices.get(field, settings.DTYPES):
        assert getattr(ScanSettings(**{field: value}), field) == value


def test_dtypes_are_those_that_the_loader_knows() -> None:
    assert {*settings.DTYPES} == {"auto", *DTYPES}


@pytest.mark.parametrize(
    ("model", "tokens", "batch"),
    [
        ("organism:chat", settings.ORGANISM_TOKENS, settings.ORGANISM_BATCH),
        ("some/folder", 512, 80),
    ],
)
def test_limits_are_published_but_for_the_organism(model: str, tokens: int, batch: int) -> None:
    assert ScanSettings(model=model).tokens == tokens
    assert ScanSettings(model=model).batch == batch
    asked = ScanSettings(model=model, max_new_tokens=7, batch_size=3)
    assert (asked.tokens, asked.batch) == (7, 3)
