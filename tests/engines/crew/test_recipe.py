"""A worker made elsewhere is the worker that would be made here, or none."""

from __future__ import annotations

import pickle
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from scans import moved

from safebasin.engines.base import Encoded
from safebasin.engines.crew.recipe import Recipe, anywhere
from safebasin.engines.registry import Manner
from safebasin.errors import IntegrityError, ReproducibilityError
from safebasin.models.load import load
from safebasin.points import Direction, Point
from safebasin.records import ModelRef
from safebasin.studies.checkpoints import open_beside

FAR = Point(((Direction(0), 0.5),))
BATCH = (Encoded("a", (5, 6, 7)), Encoded("b", (8, 9)))


@pytest.fixture(scope="module")
def recipe(tiny: Path) -> Recipe:
    loaded = load(ModelRef(str(tiny)))
    return Recipe(
        ref=loaded.ref, device="cpu", machine="cpu", dtype="float32", chat_template=None,
        template_args={}, thoughts=None,
        weights_digest=loaded.checked.weights_digest,
        settings_digest=loaded.checked.settings_digest, engine="transformers",
        manner=Manner(max_new_tokens=4), settled=None, measures={}, threads=1,
    )  # fmt: skip


def test_a_worker_that_travelled_answers_the_same(recipe: Recipe) -> None:
    here, there = recipe.make(), pickle.loads(pickle.dumps(recipe)).make()
    assert here.answer(FAR, BATCH, {}) == there.answer(FAR, BATCH, {})
    assert torch.get_num_threads() == 1


def test_other_weights_and_other_machines_are_refused(recipe: Recipe) -> None:
    with pytest.raises(IntegrityError, match=r"other weights under .*give every machine the same"):
        replace(recipe, weights_digest="0" * 64).make()
    with pytest.raises(IntegrityError, match=r"another configuration, tokenizer or chat template"):
        replace(recipe, settings_digest="0" * 64).make()
    with pytest.raises(ReproducibilityError, match="computes on cpu and the run on NVIDIA L4"):
        replace(recipe, machine="NVIDIA L4").make()


def test_a_name_that_depends_on_the_folder_is_made_absolute(tiny: Path, monkeypatch) -> None:
    monkeypatch.chdir(tiny.parent)
    assert anywhere(ModelRef(tiny.name)) == ModelRef(str(tiny.resolve()))
    for ref in (ModelRef("organism:chat"), ModelRef("owner/name", "main"), ModelRef("a" * 5000)):
        assert anywhere(ref) == ref
    assert anywhere(ModelRef("owner/name", None, tiny.name)).adapter == str(tiny.resolve())


def test_the_way_to_another_checkpoint_travels(recipe: Recipe, tiny: Path, tmp_path: Path) -> None:
    other = moved(tmp_path / "other", tiny)
    (beside,), _ = open_beside(load(ModelRef(str(tiny))), [str(other)])
    with_way = replace(recipe, manner=replace(recipe.manner, given={beside.way: beside.towards}))
    packed = pickle.dumps(with_way)
    assert len(packed) < 100_000, "files are mapped there, not sent"
    worker = pickle.loads(packed).make()
    at_the_end = worker.answer(Point(((beside.way, 1.0),)), BATCH, {})
    own = replace(recipe, ref=ModelRef(str(other)),
                  weights_digest=load(ModelRef(str(other))).checked.weights_digest)  # fmt: skip
    assert at_the_end == own.make().answer(Point(), BATCH, {})

    file = other / "model.safetensors"
    file.write_bytes(file.read_bytes()[:-4] + b"\0\0\0\0")
    with pytest.raises(IntegrityError, match="is another file in this process"):
        pickle.loads(packed)
