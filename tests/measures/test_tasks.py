"""Unknown names, files that ask for too much, and data out of reach: one line, and nothing run."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("lm_eval")

from measures.tasks_on_disk import CHOICE, GENERATE, write
from safebasin.errors import InputRejectedError, ResourceError, UsageError
from safebasin.measures import tasks
from safebasin.measures.harness import Harness


def test_an_unknown_name_lists_near_ones() -> None:
    with pytest.raises(UsageError, match=r"no task 'arc_eazy'; near it: arc_easy"):
        Harness("arc_eazy")
    with pytest.raises(UsageError, match=r"no task 'qqqqqqqq'; `lm-eval ls tasks`"):
        Harness("qqqqqqqq")


def test_a_known_name_without_a_hub_says_what_to_do() -> None:
    with pytest.raises(ResourceError, match=r"data of task 'mmlu_anatomy'.*hub.*task file"):
        Harness("mmlu_anatomy", limit=2)


def test_without_lm_eval_the_command_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(ResourceError, match=r"pip install 'safebasin\[capability\]'"):
        tasks.require_harness()


@pytest.mark.parametrize(("name", "value"), [("limit", 0), ("num_fewshot", -1)])
def test_numbers_out_of_range(name: str, value: int, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="must be at least"):
        Harness(str(write(tmp_path, CHOICE)), **{name: value})


def test_a_metric_that_is_not_there_lists_those_that_are(tmp_path: Path) -> None:
    path = str(write(tmp_path, CHOICE))
    with pytest.raises(UsageError, match=r"no metric 'bleu'.*it has acc, acc_norm"):
        Harness(path, "bleu")
    with pytest.raises(UsageError, match="no filter 'strict'; it has none"):
        Harness(path, "acc,strict")
    over_all = [{"metric": "f1"}]
    with pytest.raises(UsageError, match="told document by document; it has none"):
        Harness(str(write(tmp_path, CHOICE, metric_list=over_all)))


EVIL = "{{ ''.__class__.__mro__[1].__subclasses__() }}"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"doc_to_text": EVIL}, "SecurityError"),
        ({"doc_to_text": "{% if"}, "TemplateSyntaxError"),
        ({"doc_to_text": "{{nothing}}"}, "UndefinedError"),
        ({"test_split": "train"}, "KeyError"),
        ({"metric_list": [{"metric": "someone/metric", "aggregation": "mean"}]}, "metric"),
        ({"dataset_kwargs": {"data_files": {"test": "broken.jsonl"}}}, "cannot be built"),
    ],
)
def test_tasks_that_cannot_be_built(changes: dict[str, Any], reason: str, tmp_path: Path) -> None:
    (tmp_path / "broken.jsonl").write_text('{"a": 1\n{"')
    with pytest.raises(InputRejectedError, match=reason):
        Harness(str(write(tmp_path, CHOICE, **changes)))


def test_no_metric_is_fetched_as_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import evaluate

    def fetched(*_: Any, **__: Any) -> None:
        raise AssertionError("a metric was fetched")

    monkeypatch.setattr(evaluate, "load", fetched)
    metric = [{"metric": "someone/metric", "aggregation": "mean", "higher_is_better": True}]
    with pytest.raises(InputRejectedError, match="would fetch as code"):
        Harness(str(write(tmp_path, GENERATE, metric_list=metric)))


def test_what_a_template_says_at_the_first_document_it_says_at_all(tmp_path: Path) -> None:
    """A template that turns bad later is caught while requests are built, before any model."""
    path = write(tmp_path, CHOICE, doc_to_text="{{ {0: 'a'}[right] }}")
    with pytest.raises(InputRejectedError, match="cannot be built"):
        Harness(str(path))
    rows = [json.loads(row) for row in (tmp_path / "data.jsonl").read_text().splitlines()]
    assert {row["right"] for row in rows} == {0, 1, 2}
