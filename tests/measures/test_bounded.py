"""A task file whose templates or patterns never end is over in seconds, and nothing is changed."""

from __future__ import annotations

import resource
import signal
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("lm_eval")

from measures.tasks_on_disk import CHOICE, GENERATE, write
from safebasin.errors import InputRejectedError
from safebasin.measures import bounded
from safebasin.measures.harness import Harness
from safebasin.models.load import load
from safebasin.records import ModelRef

LOOP = "{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}"
LARGE = "{{ 'x' * 10 ** 11 }}"
SLOW_SPLIT = "{{ '" + "a" * 40 + "!' | regex_replace('(a+)+$', '') }}"


@pytest.fixture(autouse=True)
def _little_time(monkeypatch: pytest.MonkeyPatch) -> None:
    import datasets
    import evaluate
    import lm_eval.tasks

    assert {datasets, evaluate, lm_eval.tasks}  # imported before their time counts
    monkeypatch.setattr(bounded, "SECONDS", 0.5)


def test_templates(tmp_path: Path) -> None:
    before = resource.getrlimit(resource.RLIMIT_AS), signal.getsignal(signal.SIGVTALRM)
    for template, words in ((LARGE, "4,096 MB"), (LOOP, "0.5 seconds"), (SLOW_SPLIT, "0.5 sec")):
        with pytest.raises(InputRejectedError, match=f"more than {words}"):
            Harness(str(write(tmp_path, CHOICE, doc_to_text=template)), limit=2)
        now = resource.getrlimit(resource.RLIMIT_AS), signal.getsignal(signal.SIGVTALRM)
        assert now == before
        assert signal.getitimer(signal.ITIMER_VIRTUAL) == (0, 0)


def test_a_filter_of_answers(tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pattern: dict[str, Any] = {"function": "regex", "regex_pattern": r"(.+)+\uffff"}
    steps = [{"name": "f", "filter": [pattern, {"function": "take_first"}]}]
    task = Harness(str(write(tmp_path, GENERATE, filter_list=steps)), limit=1)

    def answer(lm: Any, tasks: Any) -> None:
        for one in tasks[0].instances:
            one.resps, one.filtered_resps = ["a" * 40], {}

    monkeypatch.setattr("safebasin.measures.harness._ask", answer)
    monkeypatch.setattr("safebasin.measures.harness._wrap", lambda *_: None)
    with pytest.raises(InputRejectedError, match=r"more than 0\.5 seconds"):
        task.measure(load(ModelRef(str(tiny)), device="cpu"))
