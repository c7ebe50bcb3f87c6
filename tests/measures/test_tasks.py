"""Unknown names, files that ask for too much, and data out of reach: one line, and nothing run."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import pytest

lm_eval = pytest.importorskip("lm_eval")

from measures.tasks_on_disk import CHOICE, GENERATE, write  # noqa: E402
from safebasin.errors import InputRejectedError, ResourceError, UsageError  # noqa: E402
from safebasin.measures import tasks  # noqa: E402
from safebasin.measures.harness import Harness  # noqa: E402

EVIL = "{{ ''.__class__.__mro__[1].__subclasses__() }}"
METRIC = {"metric": "someone/metric", "aggregation": "mean", "higher_is_better": True}


@pytest.fixture(params=["arc", pytest.param(None, marks=pytest.mark.slow)])
def index(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """One folder of lm-eval's tasks, as reading all of them takes long."""
    from lm_eval.tasks import TaskManager

    if request.param:
        folder = Path(lm_eval.tasks.__file__).parent / request.param
        some = TaskManager(include_defaults=False, include_path=str(folder))
        monkeypatch.setattr(tasks, "_index", lambda: some)


@pytest.mark.usefixtures("index")
def test_an_unknown_name_lists_near_ones_and_a_known_one_needs_its_data() -> None:
    with pytest.raises(UsageError, match=r"no task 'arc_eazy'; near it: arc_easy"):
        Harness("arc_eazy")
    with pytest.raises(UsageError, match=r"no task 'qqqqqqqq'; `lm-eval ls tasks`"):
        Harness("qqqqqqqq")
    with pytest.raises(ResourceError, match=r"data of task 'arc_easy'.*hub.*task file"):
        Harness("arc_easy", limit=2)


def test_without_lm_eval_the_command_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(ResourceError, match=r"pip install 'safebasin\[capability\]'"):
        Harness("arc_easy")


def test_numbers_out_of_range(tmp_path: Path) -> None:
    for name, value in (("limit", 0), ("num_fewshot", -1)):
        with pytest.raises(UsageError, match="must be at least"):
            Harness(str(write(tmp_path, CHOICE)), **{name: value})


def test_a_metric_that_is_not_there_lists_those_that_are(tmp_path: Path) -> None:
    path = str(write(tmp_path, CHOICE))
    with pytest.raises(UsageError, match=r"no metric 'bleu'.*it has acc, acc_norm"):
        Harness(path, "bleu")
    with pytest.raises(UsageError, match="no filter 'strict'; it has none"):
        Harness(path, "acc,strict")
    with pytest.raises(UsageError, match="told document by document; it has none"):
        Harness(str(write(tmp_path, CHOICE, metric_list=[{"metric": "f1"}])))


def test_tasks_that_cannot_be_built(tmp_path: Path) -> None:
    (tmp_path / "broken.jsonl").write_text('{"a": 1\n{"')
    for changes, reason in (
        ({"doc_to_text": EVIL}, "SecurityError"),
        ({"doc_to_text": "{% if"}, "TemplateSyntaxError"),
        ({"doc_to_text": "{{nothing}}"}, "UndefinedError"),
        ({"doc_to_text": "{{ {0: 'a'}[right] }}"}, "cannot be built"),  # bad from the second on
        ({"test_split": "train"}, "KeyError"),
        ({"metric_list": [METRIC]}, "metric"),
        ({"dataset_kwargs": {"data_files": {"test": "broken.jsonl"}}}, "cannot be built"),
    ):
        with pytest.raises(InputRejectedError, match=reason):
            Harness(str(write(tmp_path, CHOICE, **changes)))


def test_no_metric_is_fetched_as_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import evaluate

    fetched: list[Any] = []
    monkeypatch.setattr(evaluate, "load", fetched.append)
    with pytest.raises(InputRejectedError, match="would fetch as code"):
        Harness(str(write(tmp_path, GENERATE, metric_list=[METRIC])))
    assert not fetched


def test_tasks_that_run_code_or_ask_of_images(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from lm_eval.api.task import ConfigurableTask

    for name, reason in (("UNSAFE_CODE", "runs code"), ("MULTIMODAL", "images")):
        with monkeypatch.context() as patch:
            patch.setattr(ConfigurableTask, name, True, raising=False)
            with pytest.raises(InputRejectedError, match=reason):
                Harness(str(write(tmp_path, CHOICE)))
