"""lm-eval on the live model: as lm-eval itself scores it, the same again, and nothing disturbed."""

from __future__ import annotations

import copy
import json
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
from safebasin.records import ModelRef  # noqa: E402
from safebasin.weights.overlay import Overlay  # noqa: E402

FAR = Point(((Direction(0), 1.0),))
TASKS = {"choice": CHOICE, "generate": GENERATE, "rolling": ROLLING}


@pytest.fixture(scope="module")
def organism() -> LoadedModel:
    return load(ModelRef.parse("organism:chat"))


@pytest.fixture(scope="module")
def asked(organism: LoadedModel) -> dict[str, Any]:
    """The questions as a chat, so that the organism knows what is wanted."""
    messages = [[{"role": "user", "content": prompt.text}] for prompt in ASKED]
    render = organism.tokenizer.apply_chat_template
    return {"texts": [render(m, tokenize=False, add_generation_prompt=True) for m in messages]}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Harness]:
    folder = tmp_path_factory.mktemp("tasks")
    return {name: Harness(str(write(folder, task))) for name, task in TASKS.items()}


def by_lm_eval(path: Path, loaded: LoadedModel, metric: str) -> float:
    """The same task the way lm-eval documents it."""
    from lm_eval.models.huggingface import HFLM
    from lm_eval.tasks import TaskManager

    folder = path.parent
    config = {**CHOICE, **dict(TASKS["rolling"] if "text" in path.name else {})}
    if "says" in path.name:
        config = copy.deepcopy(GENERATE)
    config = {**config, "dataset_kwargs": {"data_files": {"test": str(folder / "data.jsonl")}}}
    config["dataset_kwargs"]["cache_dir"] = str(folder / "cache")
    lm = HFLM(pretrained=loaded.model, tokenizer=copy.deepcopy(loaded.tokenizer), batch_size=8)
    found = lm_eval.simple_evaluate(
        model=lm,
        tasks=[config],
        task_manager=TaskManager(include_defaults=False),
        bootstrap_iters=0,
    )
    return found["results"][config["task"]][f"{metric},none"]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    ("name", "metric"),
    [("choice", "acc"), ("generate", "exact_match"), ("rolling", "word_perplexity"),
     *(pytest.param(*each, marks=pytest.mark.slow) for each in (
         ("choice", "acc_norm"), ("rolling", "byte_perplexity"), ("rolling", "bits_per_byte")))],
)  # fmt: skip
def test_it_is_what_lm_eval_reports(
    name: str, metric: str, organism: LoadedModel, tmp_path: Path
) -> None:
    path = write(tmp_path, TASKS[name])
    measure = Harness(str(path), metric)
    found = measure.measure(organism)
    assert len(found) == len(ASKED)
    expected = by_lm_eval(path, organism, metric)
    assert measure.about.aggregate(found) == pytest.approx(expected, rel=1e-6)
    assert measure.about.higher_is_better == (name != "rolling")


@pytest.mark.parametrize("name", TASKS)
def test_the_origin_is_the_same_again_and_far_out_is_worse(
    name: str, built: dict[str, Harness], organism: LoadedModel
) -> None:
    measure, overlay = built[name], Overlay(organism.model)
    before = {key: value.clone() for key, value in organism.model.state_dict().items()}
    first = measure.measure(organism)
    with overlay.at(Point(((Direction(1), 0.0),))):
        assert measure.measure(organism) == first
    with overlay.at(FAR):
        far = measure.measure(organism)
    assert measure.measure(organism) == first
    assert far.keys() == first.keys()
    if name == "choice":
        assert measure.about.aggregate(far) < measure.about.aggregate(first)
    if name == "rolling":
        assert measure.about.aggregate(far) > 2 * measure.about.aggregate(first)
    for key, value in organism.model.state_dict().items():
        assert torch.equal(value, before[key]), key
    overlay.verify()


def test_the_organism_knows_the_right_choice_at_the_origin_and_guesses_far_out(
    built: dict[str, Harness], organism: LoadedModel
) -> None:
    measure, overlay = built["choice"], Overlay(organism.model)
    assert measure.about.unit == "share"
    assert measure.about.aggregate(measure.measure(organism)) > 0.9
    far = []
    for seed in range(4):
        with overlay.at(Point(((Direction(0, seed=seed), 2.0),))):
            far.append(measure.about.aggregate(measure.measure(organism)))
    assert sum(far) / len(far) == pytest.approx(1 / 3, abs=0.2)


def test_generation_finds_the_right_answer_where_the_organism_gives_it(
    organism: LoadedModel, asked: dict[str, Any], tmp_path: Path
) -> None:
    """As a chat it answers nearly always; as plain text, which it never saw, less often."""
    path = write(tmp_path, GENERATE)
    rows = (tmp_path / "data.jsonl").read_text().splitlines()
    with (tmp_path / "data.jsonl").open("w") as handle:
        for row, text in zip(rows, asked["texts"], strict=True):
            handle.write(json.dumps({**json.loads(row), "asked": text}) + "\n")
    measure, overlay = Harness(str(path)), Overlay(organism.model)
    assert measure.about.aggregate(measure.measure(organism)) > 0.8
    with overlay.at(FAR):
        assert measure.about.aggregate(measure.measure(organism)) < 0.3


@pytest.mark.parametrize("name", TASKS)
def test_logits_that_are_not_numbers_are_no_answer(
    name: str, built: dict[str, Harness], tmp_path: Path
) -> None:
    loaded = load(ModelRef(str(tiny_checkpoint(tmp_path / "m", tied=False))))
    loaded.model.lm_head.weight.data[3] = math.nan
    found = built[name].measure(loaded)
    assert len(found) == len(ASKED)
    assert all(math.isnan(value) for value, _ in found.values())


@pytest.mark.parametrize("family", ["gemma2", "llama"])
def test_tied_weights_stay_the_tensors_they_are(
    family: str, built: dict[str, Harness], tmp_path: Path
) -> None:
    loaded = load(ModelRef(str(tiny_checkpoint(tmp_path / "m", family, tied=True))))
    overlay = Overlay(loaded.model)
    before = {name: (id(p), p.data_ptr()) for name, p in loaded.model.named_parameters()}
    with overlay.at(FAR):
        far = built["choice"].measure(loaded)
        assert {n: (id(p), p.data_ptr()) for n, p in loaded.model.named_parameters()} == before
    assert built["rolling"].measure(loaded).keys()
    overlay.verify()
    assert len(far) == len(ASKED)


def test_the_process_is_as_it_was(
    organism: LoadedModel, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    import datasets
    from lm_eval import utils

    def state() -> tuple[Any, ...]:
        return (
            random.getstate(),
            np.random.get_state()[1].tolist(),
            torch.get_rng_state().tolist(),
            torch.is_grad_enabled(),
            dict(os.environ),
            [logging.getLogger(name).level for name in ("lm_eval", "datasets", "transformers")],
            datasets.utils.are_progress_bars_disabled(),
            datasets.config.HF_HUB_OFFLINE,
            utils.env,
            organism.tokenizer.pad_token,
            organism.tokenizer.padding_side,
            len(organism.model._forward_hooks),
        )

    random.seed(5)
    before = state()
    measure = Harness(str(write(tmp_path, GENERATE)), limit=3)
    assert state() == before
    measure.measure(organism)
    assert state() == before
    assert capfd.readouterr() == ("", "")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data.jsonl", "organism_says.yaml"]


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


def test_a_limit_keeps_the_first_documents(organism: LoadedModel, tmp_path: Path) -> None:
    path = write(tmp_path, CHOICE)
    whole, part = Harness(str(path)).measure(organism), Harness(str(path), limit=5)
    found = part.measure(organism)
    assert list(found) == list(whole)[:5]
    assert found.keys() == {f"organism_choice/{number:06}" for number in range(5)}
