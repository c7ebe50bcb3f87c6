"""A checkpoint that talks garbage is said to, whichever judges are asked; one that talks is not."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from scans import SMALL

from safebasin.models.organism import folder
from safebasin.studies.compare import compare
from safebasin.studies.scan import scan

ASKED = {**SMALL, "directions": 1, "points": 3, "limit": 3, "max_new_tokens": 24}


@pytest.fixture(scope="module")
def random_weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = Path(shutil.copytree(folder("chat"), tmp_path_factory.mktemp("models") / "random"))
    (file,) = made.glob("*.safetensors")
    drawn = torch.Generator().manual_seed(0)
    tensors = {
        name: torch.randn(tensor.shape, generator=drawn).to(tensor.dtype) * 0.2
        if tensor.ndim > 1
        else tensor
        for name, tensor in load_file(file).items()
    }
    save_file(tensors, file, metadata={"format": "pt"})
    return made


@pytest.mark.parametrize("judges", [["coherence", "keyword"], ["refusal"], ["keyword"]])
def test_random_weights_are_not_able(
    random_weights: Path, tmp_path: Path, judges: list[str]
) -> None:
    found = scan(str(random_weights), **ASKED, judges=judges, out=tmp_path / "run").summary
    warning = found.notes[0]
    assert warning.startswith("Warning: at its own weights the model makes no sense in 6 of 6 ")
    led, _, said = found.sentences.headline.partition(". ")
    assert led.startswith(warning.partition(" (")[0])
    assert len(led) < 150 < len(warning)
    assert said
    if judges[0] == "coherence":
        for side in ("harmful", "benign"):
            assert found.origin[side]["incoherent"].value == 1
            assert found.origin[side]["complied"].value == 0


@pytest.mark.slow
def test_the_organism_is(random_weights: Path, tmp_path: Path) -> None:
    able = scan("organism:chat", **ASKED, judges=["coherence"], out=tmp_path / "able")
    assert not any("Warning" in note for note in able.summary.notes)
    assert not able.summary.sentences.headline.startswith("Warning")
    broken = scan(
        str(random_weights),
        **ASKED,
        judges=["coherence"],
        out=tmp_path / "not",
    )
    both = compare(able.folder, broken.folder, out=tmp_path / "both").summary
    assert both.sentences.headline.startswith("Warning: not made no sense at its own weights")
