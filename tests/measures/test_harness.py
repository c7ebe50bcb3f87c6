"""lm-eval on the live model: as lm-eval itself scores it, the same again, and nothing disturbed."""

from __future__ import annotations

import copy
import logging
import math
import os
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from builders import tiny_checkpoint

lm_eval = pytest.importorskip("lm_eval")

from measures.tasks_on_disk import ASKED, CHOICE, GENERATE, ROLLING, write  # noqa: E402
from safebasin.measures.harness import Harness  # noqa: E402
from safebasin.models.load import LoadedModel, load  # noqa: E402
from safebasin.points import Direction, Point  # noqa: E402
from safebasin.records import Items, ModelRef  # noqa: E402
from safebasin.weights.overlay import Overlay  # noqa: E402

FAR = Point(((Direction(0), 1.0),))
TASKS = {"choice": CHOICE, "generate": GENERATE, "rolling": ROLLING}


@pytest.fixture(scope="module")
def organism() -> LoadedModel:
    return load(ModelRef.parse("organism:chat"))


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Harness]:
    folder = tmp_path_factory.mktemp("tasks")
    return {name: Harness(str(write(folder, task))) for name, task in TASKS.items()}


@pytest.fixture(scope="module")
def origin(built: dict[str, Harness], organism: LoadedModel) -> dict[str, Items]:
    return {name: measure.measure(organism) for name, measure in built.items()}


@pytest.mark.filterwarnings("ignore")
def test_it_is_what_lm_eval_reports(
    built: dict[str, Harness], origin: dict[str, Items], organism: LoadedModel, tmp_path: Path
) -> None:
    from lm_eval.models.huggingface import HFLM

    more = [("choice", "acc_norm"), ("rolling", "byte_perplexity"), ("rolling", "bits_per_byte")]
    ours = [(name, measure, origin[name]) for name, measure in built.items()]
    for name, metric in more:
        measure = Harness(str(write(tmp_path, TASKS[name])), metric)
        ours.append((name, measure, measure.measure(organism)))
    data = {"data_files": {"test": str(tmp_path / "data.jsonl")}, "cache_dir": str(tmp_path / "c")}
    theirs = lm_eval.simple_evaluate(
        model=HFLM(organism.model, tokenizer=copy.deepcopy(organism.tokenizer), batch_size=8),
        tasks=[{**copy.deepcopy(task), "dataset_kwargs": dict(data)} for task in TASKS.values()],
        task_manager=lm_eval.tasks.TaskManager(include_defaults=False),
        bootstrap_iters=0,
    )["results"]
    for name, measure, found in ours:
        expected = theirs[TASKS[name]["task"]][f"{measure.about.title.split(': ')[1]},none"]
        assert len(found) == len(ASKED)
        assert measure.about.aggregate(found) == pytest.approx(expected, rel=1e-6), measure.about
        assert measure.about.higher_is_better == (name != "rolling")


def test_the_origin_is_the_same_again_and_far_out_is_worse(
    built: dict[str, Harness], origin: dict[str, Items], organism: LoadedModel
) -> None:
    overlay = Overlay(organism.model)
    before = {key: value.clone() for key, value in organism.model.state_dict().items()}
    with overlay.at(Point(((Direction(1), 0.0),))):
        assert {name: measure.measure(organism) for name, measure in built.items()} == origin
    with overlay.at(FAR):
        far = {name: measure.measure(organism) for name, measure in built.items()}
    assert built["choice"].measure(organism) == origin["choice"]
    at_0, away = (
        {name: built[name].about.aggregate(items) for name, items in found.items()}
        for found in (origin, far)
    )
    assert {name: items.keys() for name, items in far.items()} == {
        name: items.keys() for name, items in origin.items()
    }
    assert at_0["choice"] > 0.9 > away["choice"]
    assert at_0["generate"] > 0.8
    assert away["generate"] < 0.3
    assert away["rolling"] > 2 * at_0["rolling"]
    for key, value in organism.model.state_dict().items():
        assert torch.equal(value, before[key]), key
    overlay.verify()


def test_logits_that_are_not_numbers_are_no_answer(
    built: dict[str, Harness], tmp_path: Path
) -> None:
    loaded = load(ModelRef(str(tiny_checkpoint(tmp_path / "m", tied=False))))
    loaded.model.lm_head.weight.data[3] = math.nan
    for measure in built.values():
        found = measure.measure(loaded)
        assert len(found) == len(ASKED)
        assert all(math.isnan(value) for value, _ in found.values())


def test_tied_weights_stay_the_tensors_they_are(built: dict[str, Harness], tmp_path: Path) -> None:
    for family in ("gemma2", "llama"):
        loaded = load(ModelRef(str(tiny_checkpoint(tmp_path / family, family, tied=True))))
        overlay = Overlay(loaded.model)
        before = {name: (id(p), p.data_ptr()) for name, p in loaded.model.named_parameters()}
        with overlay.at(FAR):
            assert len(built["choice"].measure(loaded)) == len(ASKED)
            after = {name: (id(p), p.data_ptr()) for name, p in loaded.model.named_parameters()}
        assert after == before
        assert built["rolling"].measure(loaded).keys()
        overlay.verify()


def test_the_process_is_as_it_was(
    organism: LoadedModel, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    import datasets
    import evaluate
    from lm_eval import utils
    from tqdm import tqdm

    def state() -> tuple[Any, ...]:
        return (
            random.getstate(),
            np.random.get_state()[1].tolist(),
            torch.get_rng_state().tolist(),
            torch.get_num_threads(),
            torch.is_grad_enabled(),
            dict(os.environ),
            [logging.getLogger(name).level for name in ("lm_eval", "datasets", "transformers")],
            datasets.config.HF_HUB_OFFLINE,
            (utils.env, evaluate.load, tqdm.__init__),
            (organism.tokenizer.pad_token, organism.tokenizer.padding_side),
            len(organism.model._forward_hooks),
        )

    random.seed(5)
    before = state()
    for task in (GENERATE, ROLLING):
        measure = Harness(str(write(tmp_path, task)), limit=3)
        assert state() == before
        measure.measure(organism)
        assert state() == before
    assert capfd.readouterr() == ("", "")
    assert sorted(path.suffix for path in tmp_path.iterdir()) == [".jsonl", ".yaml", ".yaml"]


def test_names_tell_apart_what_could_differ(tmp_path: Path) -> None:
    path = write(tmp_path / "one", CHOICE)
    name = Harness(str(path)).about.name
    assert Harness(str(write(tmp_path / "copy", CHOICE))).about.name == name
    others = [
        Harness(str(path), limit=5),
        Harness(str(path), num_fewshot=2),
        Harness(str(path), batch_size=3),
        Harness(str(path), "acc_norm"),
        Harness(str(write(tmp_path / "other", CHOICE, doc_to_text="Say: {{question}}"))),
    ]
    assert len({name, *(other.about.name for other in others)}) == 6
    data = tmp_path / "one" / "data.jsonl"
    data.write_text(data.read_text() + data.read_text().splitlines()[0] + "\n")
    assert Harness(str(path)).about.name != name


def test_a_limit_keeps_the_first_documents_and_a_file_its_own_number_of_examples(
    organism: LoadedModel, tmp_path: Path
) -> None:
    found = Harness(str(write(tmp_path, CHOICE)), limit=5).measure(organism)
    assert list(found) == [f"organism_choice/{number:06}" for number in range(5)]
    for fixed, asked, expected in ((0, 2, 0), (3, None, 3), (3, 0, 0), (None, None, 0)):
        path = write(tmp_path, CHOICE, num_fewshot=fixed, fewshot_split="test")
        (task,) = Harness(str(path), limit=1, num_fewshot=asked)._tasks
        shots = task.instances[0].arguments[0].count(task.config.fewshot_delimiter)
        assert (task.config.num_fewshot, shots) == (expected, expected)
