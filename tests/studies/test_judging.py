"""Judging again changes nothing but what judges say, may be stopped, and asks nobody twice."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from scans import RESPONSES, SMALL

from safebasin import seals
from safebasin.errors import IntegrityError, LockedError, ResourceError, UsageError
from safebasin.records import Label
from safebasin.store import reading, writing
from safebasin.studies.judging import Judging, judge
from safebasin.studies.result import Scan, open_run
from safebasin.studies.scan import scan
from studies.judging import Paid, offered


@pytest.fixture
def run(finished: Scan, tmp_path: Path) -> Path:
    return shutil.copytree(finished.folder, tmp_path / "run")


@pytest.fixture(scope="module")
def organism(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of the organism, which says something."""
    folder = tmp_path_factory.mktemp("runs") / "organism"
    asked = {**SMALL, "limit": 6, "max_new_tokens": 24, "radius": 0.4}
    return scan(**asked, out=folder).folder


def responses(folder: Path) -> list[object]:
    with reading(folder) as store:
        return [store.responses(point) for point in sorted(store.answers_by_point())]


def test_a_judge_asked_later_says_what_it_would_have_said_then(
    organism: Path, tmp_path: Path
) -> None:
    later = shutil.copytree(organism, tmp_path / "later")
    found = judge(later, judges=["exact"])
    asked = {**SMALL, "limit": 6, "max_new_tokens": 24, "radius": 0.4}
    then = scan(**asked, judges=["coherence", "keyword", "exact"], out=tmp_path / "then")
    assert found.summary.rates == then.summary.rates
    assert found.summary.agreement == then.summary.agreement
    with reading(later) as one, reading(then.folder) as other:
        for point in one.answers_by_point():
            assert one.verdicts("exact", point) == other.verdicts("exact", point)


def test_nothing_else_changes(run: Path) -> None:
    before, said = open_run(run).summary, responses(run)
    found = judge(run, judges=["exact"]).summary
    assert responses(run) == said
    changed = {"rates", "agreement", "judges", "provenance", "status"}
    assert before.model_dump(exclude=changed) == found.model_dump(exclude=changed)
    assert found.judges[: len(before.judges)] == before.judges
    assert found.rates[: len(before.rates)] == before.rates
    again = judge(run, judges=["exact"]).summary
    assert again == found, "judging what is judged does nothing"


def test_verdicts_given_once_are_not_asked_for_again(
    run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paid = offered(monkeypatch, Paid())
    (due,) = Judging(run=run, judges=("paid",)).due()
    assert due.responses == RESPONSES
    assert paid.asked == [], "a plan asks nobody"
    judge(run, judges=["paid"])
    assert len(paid.asked) == len(set(paid.asked)) == due.different <= RESPONSES
    assert due.cost is not None
    assert due.cost.requests == due.different
    judge(run, judges=["paid"])
    assert len(paid.asked) == due.different
    (nothing,) = Judging(run=run, judges=("paid",)).due()
    assert (nothing.responses, nothing.different) == (0, 0)


def test_stopped_and_called_again_it_pays_for_nothing_twice(
    run: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    whole = shutil.copytree(run, tmp_path / "whole")
    unbroken = offered(monkeypatch, Paid())
    expected = judge(whole, judges=["paid"]).summary
    kept = 0
    for dies_after in (7, 11, None):
        paid = offered(monkeypatch, Paid(dies_after=dies_after))
        if dies_after is None:
            found = judge(run, judges=["paid"]).summary
            kept += len(paid.asked)
        else:
            with pytest.raises(KeyboardInterrupt):
                judge(run, judges=["paid"])
            with reading(run) as store:
                there = sum(len(store.verdicts(paid.key, p)) for p in store.answers_by_point())
            assert there < RESPONSES
    assert found == expected
    assert len(unbroken.asked) >= kept, "what was stored before is not asked again"


def test_where_a_judge_failed_its_rates_are_withheld_until_it_is_asked_again(
    organism: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    run = shutil.copytree(organism, tmp_path / "run")
    with reading(run) as store:
        victim = store.responses("origin")[0]
        kind = store.prompts()[victim.prompt_id][0].kind
    side = "harmful" if kind == "harmful" else "benign"
    offered(monkeypatch, Paid(fails=lambda one: one.response == victim))
    found = judge(run, judges=["paid"]).summary
    failures = found.status.judge_failures
    assert failures >= 1, "the same words fail wherever they are said"
    assert (
        f"paid.12345678 gave no verdict on {failures:,} responses, not counted in any rate of its "
        f"own: off the menu ({failures:,})" in found.notes
    )
    rates = next(r for r in found.rates if r.judge == "paid.12345678" and r.prompts == side)
    assert rates.failed == failures
    assert rates.origin["complied"].value is None, (
        "5 of 6 are no sample of 6: some answers fail more"
    )
    offered(monkeypatch, Paid())
    assert judge(run, judges=["paid"], retry=False).summary.status.judge_failures == failures
    healed = judge(run, judges=["paid"]).summary
    assert healed.status.judge_failures == 0
    assert not any("gave no verdict" in note for note in healed.notes)
    rates = next(r for r in healed.rates if r.judge == "paid.12345678" and r.prompts == side)
    assert rates.failed == 0
    assert rates.origin["complied"].value is not None


def test_a_run_is_seen_through_another_judge(organism: Path, tmp_path: Path) -> None:
    run = shutil.copytree(organism, tmp_path / "run")
    own = open_run(run).summary
    judge(run, judges=["exact"])
    seen = open_run(run, judge="exact").summary
    assert [seen.judges[0].name, own.judges[0].family] == ["exact", "coherence"]
    rates = next(r for r in seen.rates if r.judge == "exact" and r.prompts == "harmful")
    assert seen.origin["harmful"]["refused"] == rates.origin["refused"]
    assert seen.curves["harmful"].complied == rates.curves["complied"]
    assert open_run(run).summary.scores == own.scores, "only for this look"
    with pytest.raises(UsageError, match="was not judged by 'refusal'; it has: "):
        open_run(run, judge="refusal")


def test_an_adaptive_scan_is_not_seen_through_another_judge(tmp_path: Path) -> None:
    found = scan(
        adaptive=True, directions=1, points=5, limit=4, max_new_tokens=8, out=tmp_path / "r"
    )
    judge(found.folder, judges=["exact"])
    with pytest.raises(UsageError, match="adaptive scan"):
        open_run(found.folder, judge="exact")


@pytest.mark.slow
def test_coherence_is_judged_again_by_the_model_of_the_run(organism: Path, tmp_path: Path) -> None:
    asked = {**SMALL, "limit": 6, "max_new_tokens": 24, "radius": 0.4}
    plain = scan(**asked, judges=["keyword", "exact"], out=tmp_path / "plain")
    found = judge(plain.folder, judges=["coherence"]).summary
    key = next(one.name for one in found.judges if one.family == "coherence")
    with reading(organism) as one, reading(plain.folder) as other:
        for point in one.answers_by_point():
            mine = {k: v.label for k, v in one.verdicts(key, point).items()}
            assert mine == {k: v.label for k, v in other.verdicts(key, point).items()}


def test_coherence_needs_the_same_model(tiny: Path, tmp_path: Path) -> None:
    from scans import moved

    model = shutil.copytree(tiny, tmp_path / "model")
    found = scan(str(model), **SMALL, judges=["keyword", "exact"], out=tmp_path / "run")
    shutil.rmtree(model)
    with pytest.raises(ResourceError, match=r"cannot be loaded.*coherence-text"):
        judge(found.folder, judges=["coherence"])
    moved(model, tiny)
    with pytest.raises(IntegrityError, match=r"are not those.*coherence-text"):
        judge(found.folder, judges=["coherence"])


def test_bad_requests(run: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no judge is called 'exakt'; did you mean 'exact'"):
        judge(run, judges=["exakt"])
    with pytest.raises(UsageError, match="no judge was asked for"):
        judge(run, judges=[])
    with pytest.raises(UsageError, match="is not a run"):
        judge(tmp_path, judges=["exact"])
    with pytest.raises(UsageError, match="takes neither weights nor options"):
        judge(run, judges=["keyword=./x"])
    with reading(run) as store:
        request = store.request
    with writing(run, request), pytest.raises(LockedError):
        judge(run, judges=["exact"])


@pytest.mark.parametrize(
    ("text", "label"),
    [("", Label.OTHER), ("!" * 400, None), ("I cannot help with that.", Label.REFUSED)],
    ids=["all empty", "all garbage", "all refusals"],
)
def test_uniform_answers_are_never_compliance(text: str, label: Label | None, run: Path) -> None:
    """Torture row 38: nothing, one character, one refusal, everywhere."""
    import sqlite3
    from contextlib import closing

    with closing(sqlite3.connect(run / "results.sqlite")) as connection, connection:
        connection.execute("update response set text = ?", (text,))
        connection.execute("delete from verdict")
        seals.seal(connection)
    found = judge(run, judges=["coherence-text", "refusal"]).summary
    for rates in found.rates:
        share = rates.origin["complied"].value
        if rates.judge.startswith("coherence-text"):
            assert share == 0
        if label is not None and rates.judge.startswith(("coherence-text", "refusal")):
            assert rates.origin[label.value].value == 1
            assert rates.origin[label.value].low < 1


def test_one_prompt_and_one_direction_are_wide_and_do_not_crash(tmp_path: Path) -> None:
    """Torture row 39."""
    asked = {"directions": 1, "points": 3, "limit": 1, "max_new_tokens": 8}
    run = scan(**asked, out=tmp_path / "run").folder
    summary = judge(run, judges=["exact", "refusal"]).summary
    for rates in summary.rates:
        for share in rates.origin.values():
            assert share.n == 1
            assert share.high - share.low >= 0.9
    assert all(pair.kappa.value is None for pair in summary.agreement), "one prompt tells nothing"
    open_run(run).report()


@pytest.mark.slow
def test_answers_that_were_cut_for_one_judge_are_told_to_be_cut(tmp_path: Path) -> None:
    asked = {"directions": 1, "points": 3, "limit": 6, "max_new_tokens": 24}
    run = scan(**asked, judges=["keyword"], out=tmp_path / "run").folder
    assert open_run(run).summary.notes == []
    notes = judge(run, judges=["refusal"]).summary.notes
    assert any("read their beginnings only" in note for note in notes)
    whole = scan(**asked, judges=["keyword"], full_text=True, out=tmp_path / "whole").folder
    assert judge(whole, judges=["refusal"]).summary.notes == []
