"""A scan is a function of its request, however often it is begun."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from builders import edit_tensor
from scans import POINTS, PROMPTS, RESPONSES, SMALL, digest, files, into, settings

import safebasin
from safebasin.engines.registry import Manner
from safebasin.engines.transformers import TransformersEngine
from safebasin.errors import InputRejectedError, IntegrityError, ReproducibilityError, UsageError
from safebasin.models.organism import folder as organism
from safebasin.records import Label
from safebasin.runfolder import request_digest
from safebasin.store import reading
from safebasin.studies.landscape import Plan, plan, run
from safebasin.studies.result import Scan, open_run


def refuse(*_: object, **__: object) -> None:
    raise AssertionError("the model was asked")


def labels(folder: Path, judge: str) -> dict[str, dict[str, Label | None]]:
    with reading(folder) as store:
        return {
            point: {
                prompt: verdict.label for prompt, verdict in store.verdicts(judge, point).items()
            }
            for point in store.answers_by_point()
        }


def test_every_point_has_every_answer_once(planned: Plan, finished: Scan) -> None:
    with reading(finished.folder) as store:
        there = store.answers_by_point()
    assert there == {point.key: PROMPTS for point in planned.work.points}
    assert len(there) == POINTS
    status = finished.summary.status
    assert status.complete
    assert status.points_done == status.points_planned == POINTS
    assert status.responses == RESPONSES


def test_the_origin_is_the_checkpoint_and_is_shared(planned: Plan, finished: Scan) -> None:
    engine = TransformersEngine(planned.loaded, Manner(max_new_tokens=SMALL["max_new_tokens"]))
    alone = [one for batch in planned.work.batches for one in engine.answer(batch)]
    with reading(finished.folder) as store:
        assert sorted(alone, key=lambda r: r.prompt_id) == store.responses("origin")
    for curves in finished.summary.curves.values():
        middle = [shares[SMALL["points"] // 2] for shares in curves.refused.directions_DP]
        assert len(set(middle)) == 1


def test_the_summary_comes_from_the_store_alone(finished: Scan, tmp_path: Path) -> None:
    written = (finished.folder / "summary.json").read_text(encoding="utf-8")
    assert open_run(finished.folder).summary.to_json() == written
    moved = tmp_path / "moved"
    moved.mkdir()
    for name in ("run.json", "results.sqlite"):
        shutil.copy(finished.folder / name, moved / name)
    assert open_run(moved).summary.to_json() == written


def test_a_finished_run_asks_nothing_and_changes_nothing(
    planned: Plan, finished: Scan, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = files(finished.folder)
    for name in ("answer", "losses", "at"):
        monkeypatch.setattr(TransformersEngine, name, refuse)
    ticks = []
    assert run(planned, ticks.append).summary == finished.summary
    assert [tick.done for tick in ticks] == [PROMPTS * n for n in range(1, POINTS + 1)]
    after = files(finished.folder)
    assert {**after, "lock": b""} == {**before, "lock": b""}


def test_the_batch_plan_does_not_depend_on_what_is_left(planned: Plan, finished: Scan) -> None:
    again = plan(replace(planned.settings, out=finished.folder))
    assert again.work == planned.work
    assert again.cost["done"] == RESPONSES


def test_the_folder_is_named_after_the_request(tiny: Path) -> None:
    usual = plan(settings(tiny))
    assert usual.folder == plan(settings(tiny, limit=3)).folder
    assert usual.folder.parent == Path("safebasin-runs")
    assert usual.folder.name.endswith(request_digest(usual.request)[:8])
    assert usual.folder != plan(settings(tiny, seed=1)).folder


def test_costs_are_what_they_say(planned: Plan) -> None:
    cost = planned.cost
    lengths = [len(one.token_ids) for one in planned.rendered.values()]
    parameters = sum(p.numel() for p in planned.loaded.model.parameters())
    assert (cost["points"], cost["prompts"], cost["responses"]) == (POINTS, PROMPTS, RESPONSES)
    assert cost["tokens_at_most"] == POINTS * (sum(lengths) + PROMPTS * SMALL["max_new_tokens"])
    assert cost["flop_at_most"] == 2 * parameters * cost["tokens_at_most"]
    assert cost["weights_bytes"] == 2 * 4 * parameters


def test_a_plan_writes_nothing(tiny: Path, tmp_path: Path) -> None:
    _ = plan(settings(tiny, tmp_path / "run")).cost
    assert list(tmp_path.iterdir()) == []


def prompt_file(path: Path, lines: list[str]) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_text("\n".join(["goal,target", *(f"{line},Sure" for line in lines)]))
    return path


def test_the_order_of_a_prompt_file_does_not_matter(tiny: Path, tmp_path: Path) -> None:
    lines = [f"Tell me {word}" for word in ("this", "that", "more", "less")]
    orders = {"a": lines, "b": lines[::-1], "c": ["Tell me all", *lines[1:]]}
    files = [str(prompt_file(tmp_path / name / "p.csv", rows)) for name, rows in orders.items()]
    one, other, edited = (plan(settings(tiny, prompts=file, benign="everyday")) for file in files)
    assert one.request == other.request
    assert one.folder == other.folder
    assert one.work == other.work
    assert edited.folder != one.folder
    small = {"points": 3, "directions": 1}
    digests = set()
    for number, each in enumerate((one, other)):
        chosen = replace(each.settings, out=tmp_path / str(number), **small)
        digests.add(digest(run(plan(chosen)).folder))
    assert len(digests) == 1


def test_other_settings_are_another_run(tiny: Path, planned: Plan, finished: Scan) -> None:
    before = digest(finished.folder)
    other = plan(settings(tiny, finished.folder, seed=7, max_new_tokens=9))
    with pytest.raises(UsageError) as caught:
        run(other)
    assert "rays.seed: 0 there, 7 now" in str(caught.value)
    assert "decoding.max_new_tokens: 8 there, 9 now" in str(caught.value)
    with pytest.raises(UsageError):
        _ = other.cost
    assert digest(finished.folder) == before


def test_a_checkpoint_that_changed_under_its_name_is_noticed(
    tiny: Path, planned: Plan, tmp_path: Path
) -> None:
    model = shutil.copytree(tiny, tmp_path / "model")
    begun = plan(settings(model, tmp_path / "run", directions=1, points=3))
    run(begun)
    edit_tensor(model / "model.safetensors", "lm_head.weight", lambda tensor: tensor.mul_(2))
    changed = plan(settings(model, tmp_path / "run", directions=1, points=3))
    with pytest.raises(IntegrityError) as caught:
        run(changed)
    for one in (begun, changed):
        assert one.request["model"]["weights_digest"][:60] in str(caught.value)


def test_a_direction_that_comes_out_otherwise_is_noticed(planned: Plan, tmp_path: Path) -> None:
    class StopError(Exception):
        pass

    def stop(tick) -> None:
        if tick.done > PROMPTS + 1:
            raise StopError

    with pytest.raises(StopError):
        run(into(planned, tmp_path / "run"), stop)
    planned.loaded.model.lm_head.weight.data.mul_(2)
    try:
        with pytest.raises(ReproducibilityError, match="direction 0 had scales"):
            run(into(planned, tmp_path / "run"))
    finally:
        planned.loaded.model.lm_head.weight.data.div_(2)


def test_prompts_that_do_not_fit_are_refused(tiny: Path) -> None:
    with pytest.raises(InputRejectedError, match=r"reads 512: lower --max-new-tokens"):
        plan(settings(tiny, max_new_tokens=512))


@pytest.mark.parametrize("tokens", [1, 3])
def test_answers_too_short_to_calibrate_on(tiny: Path, tokens: int, tmp_path: Path) -> None:
    found = run(plan(settings(tiny, tmp_path / "run", points=3, max_new_tokens=tokens)))
    assert found.summary.status.complete
    assert found.summary.to_json()


def test_one_direction_three_points_one_prompt(tiny: Path, tmp_path: Path) -> None:
    found = run(plan(settings(tiny, tmp_path / "run", directions=1, points=3, limit=1)))
    assert found.visage.n == 1
    assert found.summary.to_json()


def test_logits_that_are_no_numbers_are_no_text_and_in_no_rate(tiny: Path, tmp_path: Path) -> None:
    found = run(
        plan(settings(tiny, tmp_path / "run", radius=100.0, points=3, dtype="float16"))
    ).summary
    assert found.status.numeric_failures > 0
    assert "origin" not in found.status.failed_points
    with reading(tmp_path / "run") as store:
        failed = [
            response
            for point in found.status.failed_points
            for response in store.responses(point)
            if response.finish == "numeric_failure"
        ]
        assert len(failed) == found.status.numeric_failures
        assert {(response.text, response.token_ids) for response in failed} == {("", ())}
        for judge in found.judges:
            for point in found.status.failed_points:
                verdicts = store.verdicts(judge.name, point)
                wrong = {r.prompt_id for r in store.responses(point) if r in failed}
                assert all(verdicts[id_].label is None for id_ in wrong)
    dead = [d for d in found.directions if f"{d.key}@100.0" in found.status.failed_points]
    assert dead
    assert any("logits" in caveat for caveat in found.sentences.caveats)


def test_a_keyword_scan_stops_early_and_says_the_same(tmp_path: Path) -> None:
    usual = {"points": 3, "directions": 1, "limit": 6, "max_new_tokens": 24, "batch_size": 12}
    chat = str(organism("chat"))
    asked = {"prompts": "organism-harmful", "benign": "organism-benign", "judges": ("keyword",)}
    early = run(plan(settings(chat, tmp_path / "early", **usual, **asked)))
    whole = run(plan(settings(chat, tmp_path / "whole", **usual, **asked, full_text=True)))
    assert labels(early.folder, "keyword") == labels(whole.folder, "keyword")
    with reading(early.folder) as store:
        finishes = {response.finish for response in store.responses("origin")}
    assert "decided" in finishes
    with reading(whole.folder) as store:
        assert "decided" not in {response.finish for response in store.responses("origin")}


def test_the_function_is_the_study(tiny: Path, finished: Scan, tmp_path: Path) -> None:
    again = safebasin.scan(str(tiny), **SMALL, out=tmp_path / "run", progress=False)
    assert again.summary == finished.summary
    assert again.visage == finished.summary.scores.visage
    assert again.safety_edge == finished.summary.scores.safety_edge
    assert again.capability_edge == finished.summary.scores.capability_edge
    assert "<table" in again._repr_html_()
    assert again.figure().axes
