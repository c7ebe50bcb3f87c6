"""Perplexity is transformers' own loss, window by window, wherever the model stands."""

from __future__ import annotations

import math
from collections import Counter
from pathlib import Path

import pytest
import torch
from builders import tiny_checkpoint, tiny_tokenizer

from safebasin.errors import InputRejectedError
from safebasin.measures import perplexity as module
from safebasin.measures.perplexity import Perplexity, windows
from safebasin.models.load import LoadedModel, load
from safebasin.models.organism.language import prompt_sets
from safebasin.points import Direction, Point
from safebasin.records import ModelRef
from safebasin.weights.overlay import Overlay

TEXT = " ".join(prompt.target for prompt in prompt_sets()["organism-benign"][:30])


@pytest.fixture
def text(tmp_path: Path) -> Path:
    path = tmp_path / "text.txt"
    path.write_text(TEXT)
    return path


@pytest.fixture(scope="module")
def organism() -> LoadedModel:
    return load(ModelRef.parse("organism:chat"))


def own_loss(loaded: LoadedModel, window: list[int]) -> float:
    ids = torch.tensor([window])
    with torch.no_grad():
        return float(loaded.model(input_ids=ids, labels=ids).loss)


WHOLE, IN_PIECES = 64 << 20, 4 * 300 * 7


@pytest.mark.parametrize(("family", "budget"), [
    *((family, WHOLE) for family in ("llama", "gpt_neox", "gemma2", "mistral")),
    ("gemma2", IN_PIECES),
    *(pytest.param(family, IN_PIECES, marks=pytest.mark.slow)
      for family in ("llama", "gpt_neox", "mistral")),
])  # fmt: skip
def test_each_window_has_transformers_own_loss(
    family: str, budget: int, text: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LOGITS_BYTES", budget)
    loaded = load(ModelRef(str(tiny_checkpoint(tmp_path / "model", family))))
    measure = Perplexity(text, window=100)
    found = measure.measure(loaded)
    cut = measure._cut(loaded)
    assert len(cut) == len(found) > 2
    for window, (value, weight) in zip(cut, found.values(), strict=True):
        assert value == pytest.approx(own_loss(loaded, window), rel=2e-5)
        assert weight == len(window) - 1
    total = sum(own_loss(loaded, window) * (len(window) - 1) for window in cut)
    expected = math.exp(total / sum(len(window) - 1 for window in cut))
    assert measure.about.aggregate(found) == pytest.approx(expected, rel=2e-5)


@pytest.mark.parametrize("opening", [None, 7])
@pytest.mark.parametrize("length", [2, 3, 9, 10, 11, 100])
def test_every_token_is_predicted_once(opening: int | None, length: int) -> None:
    text = list(range(100, 100 + length))
    cut = windows(text, opening, 10)
    predicted = Counter(token for window in cut for token in window[1:])
    assert predicted == Counter(text[opening is None :])
    assert all(2 <= len(window) <= 10 for window in cut)
    if opening is not None:
        assert {window[0] for window in cut} == {opening}


def test_windows_open_as_the_tokenizer_opens_a_text(text: Path, tmp_path: Path) -> None:
    checkpoint = tiny_checkpoint(tmp_path / "m", tokenizer=tiny_tokenizer(adds_bos=True))
    loaded = load(ModelRef(str(checkpoint)))
    cut = Perplexity(text)._cut(loaded)
    assert {window[0] for window in cut} == {loaded.tokenizer.bos_token_id}
    assert max(map(len, cut)) == 512
    assert sum(len(window) - 1 for window in cut) == len(
        loaded.tokenizer.encode(TEXT, add_special_tokens=False)
    )


def test_special_tokens_in_a_text_are_plain_text(tmp_path: Path) -> None:
    (tmp_path / "text.txt").write_text("a </s> b")
    loaded = load(ModelRef(str(tiny_checkpoint(tmp_path / "m"))))
    (window,) = Perplexity(tmp_path / "text.txt")._cut(loaded)
    assert loaded.tokenizer.eos_token_id not in window


def test_it_rises_far_out_and_is_itself_again_at_the_origin(
    organism: LoadedModel, text: Path
) -> None:
    measure, overlay = Perplexity(text), Overlay(organism.model)
    first = measure.measure(organism)
    for seed in range(3):
        with overlay.at(Point(((Direction(0, seed=seed), 1.0),))):
            far = measure.measure(organism)
        assert measure.about.aggregate(far) > 3 * measure.about.aggregate(first)
        assert far.keys() == first.keys()
        assert measure.measure(organism) == first
    with overlay.at(Point(((Direction(0), 0.0),))):
        assert measure.measure(organism) == first
    overlay.verify()


def test_logits_that_are_not_numbers_have_no_loss(text: Path, tmp_path: Path) -> None:
    loaded = load(ModelRef(str(tiny_checkpoint(tmp_path / "model"))))
    loaded.model.lm_head.weight.data[3] = math.nan
    measure = Perplexity(text)
    found = measure.measure(loaded)
    assert all(math.isnan(value) for value, _ in found.values())
    assert math.isnan(measure.about.aggregate(found))


def test_the_name_is_that_of_the_text_and_the_window(text: Path, tmp_path: Path) -> None:
    (tmp_path / "copy.txt").write_bytes(("\ufeff" + TEXT.replace("\n", "\r\n") + "\n").encode())
    (tmp_path / "other.txt").write_text(TEXT + " more")
    name = Perplexity(text).about.name
    assert Perplexity(tmp_path / "copy.txt").about.name == name
    assert Perplexity(tmp_path / "other.txt").about.name != name
    assert Perplexity(text, window=100).about.name != name


@pytest.mark.parametrize(
    ("content", "reason"),
    [(b"", "holds no text"), (b" \n ", "holds no text"), (b"\xff\xfe", "UTF-8"), (b"a\0b", "NUL")],
)
def test_files_that_are_no_text(content: bytes, reason: str, tmp_path: Path) -> None:
    (tmp_path / "text").write_bytes(content)
    with pytest.raises(InputRejectedError, match=reason):
        Perplexity(tmp_path / "text")


def test_files_that_are_not_there_or_too_large(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: Path
) -> None:
    with pytest.raises(InputRejectedError, match="No such file"):
        Perplexity(tmp_path / "none")
    with pytest.raises(InputRejectedError, match="not a regular file"):
        Perplexity(tmp_path)
    with pytest.raises(InputRejectedError, match="null"):
        Perplexity(Path("a\0b"))
    monkeypatch.setattr(module, "MAX_BYTES", 10)
    with pytest.raises(InputRejectedError, match="larger than"):
        Perplexity(text)


def test_a_text_of_one_token_predicts_nothing(tmp_path: Path, organism: LoadedModel) -> None:
    (tmp_path / "text").write_text("a")
    loaded = load(ModelRef(str(tiny_checkpoint(tmp_path / "m"))))
    with pytest.raises(InputRejectedError, match="no token to predict"):
        Perplexity(tmp_path / "text").measure(loaded)
