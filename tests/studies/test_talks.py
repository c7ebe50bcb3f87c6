"""A checkpoint of a map says there what it says by itself."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from builders import CHAT_TEMPLATE, EOS, TURN, edit_json, tiny_tokenizer
from scans import ASKED, moved

from safebasin.store import reading
from safebasin.studies import landscape, path, surface
from safebasin.studies.plan import Plan
from safebasin.studies.run import run
from safebasin.studies.settings import ScanSettings

LONGER: dict[str, Any] = {**ASKED, "max_new_tokens": 12}


@pytest.fixture(scope="module")
def ends(tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Fine-tunes that talk otherwise than their base, each in one way."""
    home = tmp_path_factory.mktemp("ends")

    def tuned(name: str, seed: int) -> Path:
        return moved(home / name, tiny, by=0.4, seed=seed)

    many = [1, *range(4, 300, 7)]
    ended = tuned("ended", 1)
    edit_json(ended / "generation_config.json", lambda c: c.update(eos_token_id=many))
    written = tuned("written", 2)
    template = CHAT_TEMPLATE.replace("assistant", "model")
    tiny_tokenizer(chat_template=template).save_pretrained(written)
    asked = tuned("asked", 3)
    edit_json(asked / "generation_config.json", lambda c: c.update(repetition_penalty=1.8))
    closed = tuned("closed", 4)
    template = CHAT_TEMPLATE.replace(EOS, TURN)
    tiny_tokenizer(eos=TURN, chat_template=template).save_pretrained(closed)
    return {"ended": ended, "written": written, "asked": asked, "closed": closed}


def said(planned: Plan, point: str = "origin") -> list[tuple[str, tuple[int, ...], str]]:
    run(planned)
    with reading(planned.folder) as store:
        return [(r.prompt_id, r.token_ids, r.finish) for r in store.responses(point)]


def alone(model: Path, out: Path) -> list[tuple[str, tuple[int, ...], str]]:
    asked = {"directions": 1, "points": 3, **LONGER}
    return said(landscape.plan(ScanSettings(model=str(model), out=out, **asked)))


def at(planned: Plan, x: float) -> str:
    return next(p.key for p in planned.work.points if [one for _, one in p.terms] == [x])


def leading(tiny: Path, to: Path, out: Path) -> Plan:
    return path.plan(
        path.PathSettings(model=str(tiny), second=str(to), x="0,0.5,1", out=out, **LONGER)
    )


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("ended", "different tokens"),
        pytest.param("written", "chat template of", marks=pytest.mark.slow),
        ("asked", "asks for something"),
        pytest.param("closed", "different tokens", marks=pytest.mark.slow),
    ],
)
def test_both_ends_of_a_path_say_what_their_scans_say(
    tiny: Path, ends: dict[str, Path], tmp_path: Path, monkeypatch, name: str, words: str
) -> None:
    planned = leading(tiny, ends[name], tmp_path / "path")
    assert any(words in note for note in planned.notes)
    own = alone(ends[name], tmp_path / "far")
    assert said(planned, at(planned, 1.0)) == own
    assert said(planned) == alone(tiny, tmp_path / "near")
    monkeypatch.setattr("safebasin.engines.talk.at", lambda point, first, others: first)
    plain = leading(tiny, ends[name], tmp_path / "plain")
    assert said(plain, at(plain, 1.0)) != own, "it matters here"


@pytest.mark.parametrize("names", [("ended", "written"), ("asked", "closed")])
@pytest.mark.slow
def test_so_do_the_corners_of_a_plane(
    tiny: Path, ends: dict[str, Path], tmp_path: Path, names: tuple[str, str]
) -> None:
    second, third = (str(ends[name]) for name in names)
    planned = path.plan(
        path.PathSettings(
            model=str(tiny), second=second, third=third, x="0,1", y="0,1", out=tmp_path / "plane",
            **LONGER,
        )
    )  # fmt: skip
    corners = [p.key for p in planned.work.points if [x for _, x in p.terms] == [1.0]]
    found = [said(planned, key) for key in corners]
    own = [alone(Path(one), tmp_path / f"{n}") for n, one in enumerate((second, third))]
    assert sorted(found) == sorted(own)
    assert said(planned) == alone(tiny, tmp_path / "near")
    assert own[0] != own[1]


@pytest.mark.slow
def test_so_do_checkpoints_on_a_map(tiny: Path, ends: dict[str, Path], tmp_path: Path) -> None:
    folder = tmp_path / "run"
    shutil.copytree(ends["ended"], folder / "checkpoint-1")
    planned = surface.plan(
        surface.SurfaceSettings(
            model=str(tiny), checkpoints=folder, x="-0.5,0,0.5", y="-0.5,0,0.5",
            out=tmp_path / "map", **LONGER,
        )
    )  # fmt: skip
    assert said(planned, at(planned, 1.0)) == alone(ends["ended"], tmp_path / "own")


def test_between_them_any_end_token_ends(tiny: Path, ends: dict[str, Path], tmp_path: Path) -> None:
    planned = leading(tiny, ends["ended"], tmp_path / "path")
    assert {finish for _, _, finish in said(planned, at(planned, 0.5))} == {"eos"}
    assert {finish for _, _, finish in said(planned)} != {"eos"}


def test_a_checkpoint_that_talks_alike_changes_nothing(tiny: Path, second: Path) -> None:
    planned = path.plan(path.PathSettings(model=str(tiny), second=str(second), x="0,1", **ASKED))
    assert planned.talks == {}
    assert "talks" not in planned.request


def test_how_they_talk_is_part_of_the_request(
    tiny: Path, ends: dict[str, Path], tmp_path: Path
) -> None:
    copy = shutil.copytree(ends["ended"], tmp_path / "copy")
    before = leading(tiny, copy, tmp_path / "a").request
    edit_json(copy / "generation_config.json", lambda c: c.update(eos_token_id=[1, 5]))
    assert leading(tiny, copy, tmp_path / "a").request["talks"] != before["talks"]


def test_an_argument_that_a_template_lacks_is_named(tiny: Path, tmp_path: Path) -> None:
    near, far = (moved(tmp_path / name, tiny, by=0.1, seed=5) for name in ("near", "far"))
    template = CHAT_TEMPLATE + "{% if enable_thinking %}{% endif %}"
    tiny_tokenizer(chat_template=template).save_pretrained(near)
    asked = {**ASKED, "template_args": ("enable_thinking=false",)}
    notes = path.plan(path.PathSettings(model=str(near), second=str(far), x="0,1", **asked)).notes
    assert any("enable_thinking" in n and "means nothing at" in n for n in notes), notes
