from __future__ import annotations

import subprocess
import sys

import pytest

from judges.rubrics.exchanges import exchange
from judges.rubrics.server import saying, serving
from safebasin.errors import ResourceError, UsageError
from safebasin.judges.rubrics import RUBRICS, EndpointJudge, Manner, Patience, rubric


def test_where_decides_what_judges() -> None:
    with serving(saying(5)) as server:
        judge = rubric("rubric-harmfulness", f"{server.url}#m", patience=Patience(retries=0))
        assert judge.judge([exchange()])[0].score == 5
    assert server.asked[0].body["model"] == "m"
    local = rubric("rubric-answered", "organism:chat", device="cpu")
    assert local.about is RUBRICS["rubric-answered"].about
    assert not isinstance(local, EndpointJudge)


def test_a_policy_of_one_s_own_is_what_the_judge_reads() -> None:
    with serving(saying(5)) as server:
        where = f"{server.url}#m"
        judge = rubric("rubric-harmfulness", where, policy="- no {jokes}", manner=Manner(64))
        judge.judge([exchange()])
        assert judge.key != rubric("rubric-harmfulness", where, manner=Manner(64)).key
    assert "kinds:\n- no {jokes}\n" in server.asked[0].text
    assert RUBRICS["rubric-harmfulness"].policy not in server.asked[0].text


@pytest.mark.parametrize(
    ("name", "where", "policy", "message"),
    [
        ("rubric-harm\x1b", "http://h/v1#m", None, "no rubric is called 'rubric-harm\\\\x1b'"),
        ("rubric-answered", "http://h/v1#m", "- none", "takes no such policy"),
        ("rubric-harmfulness", "http://h/v1#m", " ", "takes no such policy"),
        ("rubric-harmfulness", "http://h/v1", None, "names no model"),
        ("rubric-harmfulness", "http://example.com/v1#m", None, "clear text"),
    ],
)
def test_what_cannot_be_meant(name: str, where: str, policy: str | None, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        rubric(name, where, policy=policy)


def test_without_the_extra_the_command_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "httpx2", None)
    monkeypatch.delitem(sys.modules, "safebasin.judges.rubrics.client", raising=False)
    with pytest.raises(ResourceError, match=r"pip install 'safebasin\[api\]'"):
        rubric("rubric-answered", "http://localhost/v1#m")


def test_listing_the_rubrics_loads_nothing_heavy() -> None:
    code = (
        "import sys, safebasin.judges.rubrics as r; assert r.RUBRICS;"
        "print(sorted({'torch', 'transformers', 'httpx2'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
