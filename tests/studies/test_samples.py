"""Several answers to a prompt: a run asks for them, and they never count as several prompts."""

from __future__ import annotations

from pathlib import Path

import pytest

from safebasin.errors import UsageError
from safebasin.records import Label
from safebasin.store import reading
from safebasin.studies.compare import compare
from safebasin.studies.path import path
from safebasin.studies.scan import scan
from safebasin.studies.settings import ScanSettings

SMALL = {"directions": 1, "points": 3, "radius": 0.4, "limit": 6, "max_new_tokens": 16}


def test_samples_are_averaged_within_a_prompt(tmp_path: Path) -> None:
    found = scan(**SMALL, samples=4, temperature=1.5, out=tmp_path / "run")
    summary = found.summary
    assert summary.status.complete
    assert summary.status.responses == 3 * 12 * 4
    origin = summary.origin["harmful"]
    assert origin["refused"].n == 6, "prompts, not samples"
    with reading(tmp_path / "run") as store:
        harmful = {p.id for p, _ in store.prompts().values() if p.kind == "harmful"}
        labels = [
            label
            for point, prompt, _, label in store.labels(summary.judges[0].name)
            if point == "origin" and prompt in harmful
        ]
    assert len(labels) == 24
    share = sum(label is Label.REFUSED for label in labels) / 24
    assert origin["refused"].value == pytest.approx(share)
    total = sum(origin[label.value].value for label in Label)
    assert total == pytest.approx(1)
    again = scan(**SMALL, samples=4, temperature=1.5, out=tmp_path / "again")
    assert again.summary.provenance == summary.provenance, "the same draws"
    found.report()


@pytest.mark.slow
def test_what_samples_say_is_told_apart_from_what_prompts_say(tmp_path: Path) -> None:
    asked = {**SMALL, "limit": 12, "judges": ["exact", "keyword"], "max_new_tokens": 48}
    found = scan("organism:base", **asked, samples=4, temperature=1.5, out=tmp_path / "run").summary
    harmful, benign = found.sampled
    assert (harmful.label, benign.label) == ("complied", "refused")
    assert harmful.rate.value == pytest.approx(found.origin["harmful"]["complied"].value)
    assert harmful.rate.n == harmful.any.n == 12
    assert harmful.any.value >= harmful.rate.value
    assert 0 < harmful.within < 0.3, "hot answers to one prompt differ"
    assert sum("asked 4 times each" in note for note in found.notes) == 2
    once = scan("organism:base", **asked, out=tmp_path / "once").summary
    assert once.sampled == []


@pytest.mark.slow
def test_samples_are_compared_by_prompt(tmp_path: Path) -> None:
    one, other = (
        scan(**SMALL, samples=3, temperature=1.5, system=system, out=tmp_path / str(system))
        for system in (None, "persona")
    )
    (found,) = compare(one.folder, other.folder).summary.differences
    for side in ("harmful", "benign"):
        origin = found.origin[side]
        assert origin is not None
        assert origin.n == 6, "prompts, not samples"
        assert origin.p_value is not None


def test_samples_on_a_line(tiny: Path, tmp_path: Path) -> None:
    from scans import moved

    second = moved(tmp_path / "second", tiny)
    found = path(
        str(tiny), str(second), x="0,0.5,1", limit=3, max_new_tokens=4, samples=2, temperature=1.0,
        out=tmp_path / "run",
    )  # fmt: skip
    assert found.summary.difference["harmful"].n == 3
    assert found.summary.status.complete


def test_one_cold_sample_is_the_greedy_answer(tmp_path: Path) -> None:
    cold = scan(**SMALL, temperature=1e-4, out=tmp_path / "cold")
    greedy = scan(**SMALL, out=tmp_path / "greedy")
    with reading(cold.folder) as one, reading(greedy.folder) as other:
        assert one.responses("origin") == other.responses("origin")


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"samples": 2}, "raise the temperature"),
        ({"samples": 0}, "--samples is 0"),
        ({"temperature": -1.0}, "--temperature is -1.0"),
        ({"temperature": float("nan")}, "--temperature is nan"),
        ({"samples": 2, "temperature": 1.0, "adaptive": True}, "leave --samples out"),
    ],
)
def test_what_makes_no_sense_is_refused(asked: dict[str, float], told: str) -> None:
    with pytest.raises(UsageError, match=told):
        ScanSettings(**asked)  # type: ignore[arg-type]
