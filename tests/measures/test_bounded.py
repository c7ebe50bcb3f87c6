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


@pytest.mark.parametrize(
    ("template", "words"), [(LOOP, "0.5 seconds"), (LARGE, "4,096 MB"), (SLOW_SPLIT, "0.5 seconds")]
)
def test_a_template(template: str, words: str, tmp_path: Path) -> None:
    before = resource.getrlimit(resource.RLIMIT_AS), signal.getsignal(signal.SIGVTALRM)
    with pytest.raises(InputRejectedError, match=f"more than {words} "):
        Harness(str(write(tmp_path, CHOICE, doc_to_text=template)), limit=2)
    assert (resource.getrlimit(resource.RLIMIT_AS), signal.getsignal(signal.SIGVTALRM)) == before
    assert signal.getitimer(signal.ITIMER_VIRTUAL) == (0, 0)


def test_files_that_include_each_other_many_times(tmp_path: Path) -> None:
    for number in range(12):
        following = f"{number + 1}.yaml" if number < 11 else "end.yaml"
        (tmp_path / f"{number}.yaml").write_text(f"include: [{', '.join([following] * 12)}]\n")
    (tmp_path / "end.yaml").write_text("task: t\n")
    with pytest.raises(InputRejectedError, match=r"more than 0\.5 seconds"):
        Harness(str(tmp_path / "0.yaml"))


def test_a_filter_of_answers(tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pattern: dict[str, Any] = {"function": "regex", "regex_pattern": r"(.+)+\uffff"}
    steps = [{"name": "f", "filter": [pattern, {"function": "take_first"}]}]
    task = Harness(str(write(tmp_path, GENERATE, filter_list=steps)), limit=1)
    said = "a" * 40

    def answer(lm: Any, tasks: Any) -> None:
        for one in tasks[0].instances:
            one.resps, one.filtered_resps = [said], {}

    monkeypatch.setattr("safebasin.measures.harness._ask", answer)
    monkeypatch.setattr("safebasin.measures.harness._wrap", lambda *_: None)
    with pytest.raises(InputRejectedError, match=r"more than 0\.5 seconds"):
        task.measure(load(ModelRef(str(tiny)), device="cpu"))
