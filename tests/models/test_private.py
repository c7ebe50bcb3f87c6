"""A loader sees the files that the gate read, and nothing else, whatever they say."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from builders import edit_json, edit_tensor, tiny_checkpoint
from safetensors.torch import load_file, save_file

from safebasin.errors import InputRejectedError, IntegrityError
from safebasin.models import organism, trial
from safebasin.models.chat import Conversation
from safebasin.models.check import as_checked, check
from safebasin.models.load import LoadedModel, load
from safebasin.models.private import POINTERS
from safebasin.records import ModelRef

NORM = "model.norm.weight"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tiny_checkpoint(tmp_path / "model")


def loaded(folder: Path) -> LoadedModel:
    return load(ModelRef(str(folder)), device="cpu")


def said(model: LoadedModel) -> tuple[torch.Tensor, tuple[int, ...]]:
    (asked,) = model.chat.encode([Conversation(None, "How can I open a window?")])
    with torch.inference_mode():
        return model.model(torch.tensor([asked.token_ids])).logits, asked.token_ids


def changed(folder: Path, name: str) -> None:
    tensors = load_file(folder / "model.safetensors")
    tensors[NORM] = -tensors[NORM]
    save_file(tensors, folder / name, metadata={"format": "pt"})


ELSEWHERE: dict[str, Any] = {
    "a file beside": lambda f, o: changed(f, "other.safetensors") or "other.safetensors",
    "a link that leaves": lambda f, o: (
        changed(f, "x"), shutil.move(f / "x", o / "x.safetensors"), (f / "sub").mkdir(),
        (f / "sub" / "x.safetensors").symlink_to(o / "x.safetensors"), "sub/x.safetensors",
    )[-1],
    "a way out": lambda f, o: (
        changed(f, "x"), shutil.move(f / "x", o / "x.safetensors"), f"../{o.name}/x.safetensors"
    )[-1],
    "a whole path": lambda f, o: (
        changed(f, "x"), shutil.move(f / "x", o / "x.safetensors"), str(o / "x.safetensors")
    )[-1],
    "a pipe": lambda f, o: os.mkfifo(f / "pipe.safetensors") or "pipe.safetensors",
    "nothing": lambda f, o: "missing.safetensors",
}  # fmt: skip


@pytest.mark.parametrize("what", ELSEWHERE)
def test_the_weights_are_those_that_were_read(folder: Path, tmp_path: Path, what: str) -> None:
    expected = loaded(folder)
    outside = tmp_path / "outside"
    outside.mkdir()
    name = ELSEWHERE[what](folder, outside)
    edit_json(folder / "config.json", lambda c: c.update(transformers_weights=name))
    found = loaded(folder)
    assert torch.equal(said(found)[0], said(expected)[0])
    assert found.checked.weights_digest == expected.checked.weights_digest
    assert "config.json names transformers_weights, which is not followed" in found.notes


class TestTokenizers:
    def test_no_other_version_of_one_is_read(self, folder: Path, tmp_path: Path) -> None:
        expected = said(loaded(folder))[1]
        other = json.loads((folder / "tokenizer.json").read_text())
        other["model"]["merges"] = []
        for place in (folder / "tokenizer.4.0.0.json", tmp_path / "tokenizer.4.0.0.json"):
            place.write_text(json.dumps(other))
        for name in ("tokenizer.4.0.0.json", "../tokenizer.4.0.0.json"):
            edit_json(
                folder / "tokenizer_config.json",
                lambda c, name=name: c.update(fast_tokenizer_files=[name]),
            )
            found = loaded(folder)
            assert said(found)[1] == expected
            assert any("fast_tokenizer_files" in note for note in found.notes)

    def test_no_template_of_a_subfolder_is_read(self, folder: Path, tmp_path: Path) -> None:
        expected = said(loaded(folder))[1]
        (tmp_path / "secret.txt").write_text("SECRET {{ messages[0]['content'] }}")
        (folder / "additional_chat_templates").mkdir()
        extra = folder / "additional_chat_templates" / "default.jinja"
        extra.symlink_to(tmp_path / "secret.txt")
        assert said(loaded(folder))[1] == expected
        extra.unlink()
        os.mkfifo(extra)
        assert said(loaded(folder))[1] == expected


def test_every_file_that_is_given_on_is_in_the_digest(folder: Path) -> None:
    before = check(folder)
    with as_checked(before) as place:
        names = {path.name for path in place.iterdir()}
        assert not any(POINTERS & json.loads(path.read_text()).keys()
                       for path in place.glob("*config.json"))  # fmt: skip
    assert names == {path.name for path in folder.iterdir()}
    for name in names - {"model.safetensors", "config.json"}:
        kept = (folder / name).read_bytes()
        (folder / name).write_bytes(kept + b" ")
        assert check(folder).settings_digest != before.settings_digest, name
        (folder / name).write_bytes(kept)
    assert not place.exists()


def test_settings_that_change_after_the_check_are_noticed(folder: Path) -> None:
    before = check(folder)
    edit_json(folder / "generation_config.json", lambda c: c.update(eos_token_id=5))
    with pytest.raises(IntegrityError, match="changed while it was read"), as_checked(before):
        pass


@pytest.mark.parametrize(
    ("hidden", "words"),
    [(False, "changed while it was loaded"), (True, "loaded with other values")],
)
def test_weights_that_change_after_the_check_are_noticed(
    folder: Path, monkeypatch: pytest.MonkeyPatch, hidden: bool, words: str
) -> None:
    def late(path: Path) -> Any:
        found = check(path)
        edit_tensor(folder / "model.safetensors", NORM, lambda tensor: tensor.mul_(2))
        if hidden:  # as if the system had not noticed
            object.__setattr__(found, "stamps", {})
        return found

    monkeypatch.setattr("safebasin.models.load.check", late)
    with pytest.raises(IntegrityError, match=words):
        loaded(folder)


class TestRewriting:
    """Weights of organism:base, which refuses nothing, behind a decoder that always refuses."""

    @pytest.fixture
    def base(self, tmp_path: Path) -> Path:
        return Path(shutil.copytree(organism.folder("base"), tmp_path / "base"))

    def edited(self, base: Path, **parts: Any) -> Path:
        edit_json(base / "tokenizer.json", lambda t: t.update(parts))
        return base

    @pytest.mark.parametrize(
        "step",
        [
            {"type": "Replace", "pattern": {"Regex": ".+"}, "content": "I cannot help with that."},
            {"type": "Replace", "pattern": {"String": "Sure"}, "content": "Sorry"},
            {"type": "Replace", "pattern": {"String": "a"}, "content": ""},
            {"type": "Strip", "content": "S", "start": 1, "stop": 0},
            {"type": "Unheard", "content": "S"},
        ],
    )
    @pytest.mark.parametrize("nested", [0, 2])
    def test_a_decoder(self, base: Path, step: dict[str, Any], nested: int) -> None:
        plain: dict[str, Any] = {"type": "ByteLevel", "add_prefix_space": True,
                                 "trim_offsets": True, "use_regex": True}  # fmt: skip
        decoder: dict[str, Any] = {"type": "Sequence", "decoders": [plain, step]}
        for _ in range(nested):
            decoder = {"type": "Sequence", "decoders": [decoder]}
        with pytest.raises(InputRejectedError, match=r"decoder of .* rewrites texts"):
            check(self.edited(base, decoder=decoder))

    @pytest.mark.parametrize(
        "step",
        [
            {"type": "Replace", "pattern": {"String": "o"}, "content": "oooooooooo"},
            {"type": "Replace", "pattern": {"String": "bomb"}, "content": "cake"},
            {"type": "Prepend", "prepend": "Refuse this: "},
        ],
    )
    def test_a_normalizer(self, base: Path, step: dict[str, Any]) -> None:
        with pytest.raises(InputRejectedError, match=r"normalizer of .* rewrites texts"):
            check(self.edited(base, normalizer={"type": "Sequence", "normalizers": [step]}))

    @pytest.mark.parametrize(
        ("part", "value"),
        [
            ("normalizer", {"type": "Sequence", "normalizers": [
                {"type": "Prepend", "prepend": "▁"},
                {"type": "Replace", "pattern": {"String": " "}, "content": "▁"}]}),
            ("normalizer", {"type": "Replace", "pattern": {"Regex": " {2,}"}, "content": " "}),
            ("decoder", {"type": "Sequence", "decoders": [
                {"type": "Replace", "pattern": {"String": "▁"}, "content": " "},
                {"type": "ByteFallback"}, {"type": "Fuse"},
                {"type": "Strip", "content": " ", "start": 1, "stop": 0}]}),
        ],
    )  # fmt: skip
    def test_what_real_tokenizers_are_made_of_passes(self, base: Path, part: str, value) -> None:
        check(self.edited(base, **{part: value}))


class TestUnbounded:
    """Work that never ends, or that no memory holds, is over in seconds and refused."""

    @pytest.mark.parametrize(
        "depth",
        [
            {"num_hidden_layers": 10**7},
            {"vocab_size": 400_000_000},
            {"hidden_size": 10**6, "head_dim": 10**5},
            {"max_position_embeddings": 10**15},
            {"layer_types": ["full_attention"] * 100_000},
        ],
        ids=lambda depth: next(iter(depth)),
    )
    def test_a_forged_size(self, folder: Path, depth: dict[str, Any]) -> None:
        edit_json(folder / "config.json", lambda c: c.update(depth))
        if "max_position_embeddings" in depth:
            loaded(folder)  # says nothing of what is built
            return
        with pytest.raises(InputRejectedError):
            loaded(folder)

    @pytest.mark.parametrize(
        "config",
        [
            {"model_type": "mpt", "n_layers": 10**8, "d_model": 32, "n_heads": 2},
            {"model_type": "mixtral", "num_local_experts": 10**9, "num_hidden_layers": 2},
            {"model_type": "gemma3", "text_config": {"num_hidden_layers": 10**7}},
        ],
        ids=lambda config: config["model_type"],
    )
    def test_a_depth_under_another_name(self, folder: Path, config: dict[str, Any]) -> None:
        (folder / "config.json").write_text(json.dumps({**config, "eos_token_id": 1}))
        with pytest.raises(InputRejectedError):
            loaded(folder)

    @pytest.mark.parametrize("what", ["time", "memory"])
    def test_a_tokenizer_that_never_ends(
        self, folder: Path, monkeypatch: pytest.MonkeyPatch, what: str
    ) -> None:
        def read(_: Path) -> str:
            held = []
            while True:
                held += ["x" * 1_000_000] if what == "memory" else []

        monkeypatch.setattr(trial, "SECONDS", 1.0 if what == "time" else 20.0)
        monkeypatch.setattr(trial, "MEMORY", 512 << 20)
        monkeypatch.setattr(trial, "_lost", read)
        monkeypatch.setattr(trial, "_FOUND", {})
        words = "takes too long" if what == "time" else "ran out of memory"
        with pytest.raises(InputRejectedError, match=words):
            loaded(folder)

    def test_a_tokenizer_of_gigabytes(self, folder: Path) -> None:
        with (folder / "tokenizer.json").open("r+b") as file:
            file.truncate(1 << 34)
        with pytest.raises(InputRejectedError, match="larger than 256 MB"):
            loaded(folder)

    def test_a_million_added_tokens(self, folder: Path) -> None:
        one = {"content": "x", "special": True, "single_word": False, "lstrip": False,
               "rstrip": False, "normalized": False}  # fmt: skip

        def add(content: dict[str, Any]) -> None:
            content["added_tokens"] += [{**one, "id": 300 + n} for n in range(100_001)]

        edit_json(folder / "tokenizer.json", add)
        with pytest.raises(InputRejectedError, match="tokens to its vocabulary"):
            check(folder)
