from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from builders import (
    FAMILIES,
    edit_json,
    edit_tensor,
    rename_tensor,
    tiny_checkpoint,
    tiny_tokenizer,
)
from safetensors.torch import load_file, save_file

from safebasin.errors import InputRejectedError
from safebasin.models.check import check
from safebasin.models.load import LoadedModel, load
from safebasin.models.pair import require_alike
from safebasin.models.shards import SINGLE
from safebasin.records import ModelRef


def loaded(folder: Path, **how: Any) -> LoadedModel:
    return load(ModelRef(str(folder)), device="cpu", **how)


@pytest.fixture(scope="module")
def first(whole: Path) -> LoadedModel:
    return loaded(whole)


@pytest.fixture
def second(whole: Path, tmp_path: Path) -> Path:
    """A fine-tune: every tensor is the first one's plus a little."""
    folder = Path(shutil.copytree(whole, tmp_path / "second"))
    tensors = {name: tensor + 0.01 for name, tensor in load_file(folder / SINGLE).items()}
    save_file(tensors, folder / SINGLE, metadata={"format": "pt"})
    return folder


def refusal(first: LoadedModel, folder: Path) -> str:
    """The message, which is the same whether the other one is loaded or only checked."""
    with pytest.raises(InputRejectedError) as caught:
        require_alike(first, [check(folder)])
    assert caught.value.exit_code == 3
    with pytest.raises(InputRejectedError) as again:
        require_alike(first, [loaded(folder)])
    assert str(again.value) == str(caught.value)
    return str(caught.value)


class TestAlike:
    def test_a_fine_tune(self, first: LoadedModel, second: Path) -> None:
        assert require_alike(first, [check(second)]) == ()
        assert require_alike(first, [loaded(second)]) == ()

    def test_more_tokens(self, first: LoadedModel, second: Path) -> None:
        tensors = load_file(second / SINGLE)
        for name in ("lm_head.weight", "model.embed_tokens.weight"):
            tensors[name] = torch.cat([tensors[name], torch.zeros(4, 32)])
        save_file(tensors, second / SINGLE, metadata={"format": "pt"})
        edit_json(second / "config.json", lambda c: c.update(vocab_size=304))
        assert require_alike(first, [check(second)]) == ()
        assert require_alike(first, [loaded(second)]) == ()

    def test_nothing_else(self, first: LoadedModel) -> None:
        assert require_alike(first, []) == ()

    @pytest.mark.parametrize("family", FAMILIES)
    def test_shards_and_tied_tensors_stored_twice(self, family: str, tmp_path: Path) -> None:
        one = tiny_checkpoint(tmp_path / "one", family, tied=True)
        other = tiny_checkpoint(tmp_path / "other", family, tied=True, seed=1)
        tensors = load_file(other / SINGLE)
        owner = next(name for name in tensors if "embed" in name)
        twice = "embed_out.weight" if family == "gpt_neox" else "lm_head.weight"
        save_file(
            {**tensors, twice: tensors[owner].clone()}, other / SINGLE, metadata={"format": "pt"}
        )
        split = tiny_checkpoint(tmp_path / "split", family, tied=True, seed=2, shards=True)
        assert require_alike(loaded(one), [check(other), loaded(split)]) == ()

    def test_what_older_versions_stored_does_not_matter(
        self, first: LoadedModel, second: Path
    ) -> None:
        tensors = load_file(second / SINGLE)
        tensors["model.layers.0.self_attn.rotary_emb.inv_freq"] = torch.ones(8)
        save_file(tensors, second / SINGLE, metadata={"format": "pt"})
        assert require_alike(first, [check(second)]) == ()


class TestNotes:
    def test_identical_endpoints(self, first: LoadedModel, second: Path, tmp_path: Path) -> None:
        copy = Path(shutil.copytree(second, tmp_path / "copy"))
        (note,) = require_alike(first, [check(second), check(copy)])
        assert "second" in note
        assert "copy" in note
        assert "same weights" in note
        (note,) = require_alike(first, [first])
        assert "same weights" in note

    def test_how_they_talk_is_not_the_network(self, first: LoadedModel, second: Path) -> None:
        template = second / "chat_template.jinja"
        template.write_text(template.read_text() + "{# other #}")
        edit_json(second / "generation_config.json", lambda c: c.update(eos_token_id=[1, 2]))
        edit_json(second / "config.json", lambda c: c.update(eos_token_id=2))
        assert require_alike(first, [check(second)]) == ()

    def test_other_settings(self, first: LoadedModel, second: Path) -> None:
        edit_json(second / "config.json", lambda c: c.update(rms_norm_eps=0.1, use_cache=False))
        (one,) = require_alike(first, [check(second)])
        assert "'rms_norm_eps'" in one
        assert "use_cache" not in one

    def test_other_types_are_cast(self, first: LoadedModel, tmp_path: Path) -> None:
        folder = tiny_checkpoint(tmp_path / "half", dtype="bfloat16", seed=1)
        (note,) = require_alike(first, [check(folder)])
        assert "stored as F32 and" in note
        assert "BF16: both are computed in float32" in note

    def test_spare_tokens_may_be_named(self, first: LoadedModel, second: Path) -> None:
        tokenizer = tiny_tokenizer()
        tokenizer.add_tokens(["<new>"])
        tokenizer.save_pretrained(second)
        assert require_alike(first, [check(second)]) == ()

    def test_no_tokenizer(self, first: LoadedModel, second: Path) -> None:
        for name in ("tokenizer.json", "tokenizer_config.json", "chat_template.jinja"):
            (second / name).unlink()
        (note,) = require_alike(first, [check(second)])
        assert "has no tokenizer" in note


class TestRefused:
    def test_another_name(self, first: LoadedModel, second: Path) -> None:
        rename_tensor(second / SINGLE, "model.norm.weight", "model.other.weight")
        with pytest.raises(InputRejectedError) as caught:
            require_alike(first, [check(second)])
        assert "only the first has 'model.norm.weight'" in str(caught.value)
        assert "only the second has 'model.other.weight'" in str(caught.value)

    def test_another_depth(self, first: LoadedModel, tmp_path: Path) -> None:
        folder = Path(shutil.copytree(first.folder, tmp_path / "deep"))
        tensors = load_file(folder / SINGLE)
        extra = {
            name.replace("layers.1", "layers.2"): tensor.clone()
            for name, tensor in tensors.items()
            if "layers.1" in name
        }
        save_file({**tensors, **extra}, folder / SINGLE, metadata={"format": "pt"})
        edit_json(folder / "config.json", lambda c: c.update(num_hidden_layers=3))
        assert "only the second has 'model.layers.2" in refusal(first, folder)

    def test_another_architecture(self, first: LoadedModel, tmp_path: Path) -> None:
        message = refusal(first, tiny_checkpoint(tmp_path / "mistral", "mistral"))
        assert "architecture LlamaForCausalLM and 'MistralForCausalLM'" in message
        assert "model_type llama and 'mistral'" in message

    def test_tied_and_not(self, first: LoadedModel, tmp_path: Path) -> None:
        message = refusal(first, tiny_checkpoint(tmp_path / "tied", tied=True))
        assert "only the first has 'lm_head.weight'" in message

    def test_tokens_with_other_ids(self, first: LoadedModel, second: Path) -> None:
        def swap(content: dict[str, Any]) -> None:
            vocabulary = content["model"]["vocab"]
            vocabulary["a"], vocabulary["b"] = vocabulary["b"], vocabulary["a"]

        ids = first.tokenizer.get_vocab()
        edit_json(second / "tokenizer.json", swap)
        message = refusal(first, second)
        assert f"token 'a' has the ids {ids['a']} and {ids['b']}" in message

    def test_another_tokenizer(self, first: LoadedModel, second: Path) -> None:
        def rename(content: dict[str, Any]) -> None:
            model = content["model"]
            model["merges"] = []
            model["vocab"] = {
                token if token.isascii() or "Ġ" in token else f"{token}~": index
                for token, index in model["vocab"].items()
            }

        edit_json(second / "tokenizer.json", rename)
        assert "ids are of other tokens" in refusal(first, second)

    def test_a_tokenizer_that_does_not_load(self, first: LoadedModel, second: Path) -> None:
        (second / "tokenizer.json").write_text("{}")
        with pytest.raises(InputRejectedError, match=r"tokenizer of .*second.* does not load"):
            require_alike(first, [check(second)])

    def test_a_buffer_of_other_whole_numbers(self, tmp_path: Path) -> None:
        """No family here stores one, so the network gets one by hand."""
        folders = [tiny_checkpoint(tmp_path / name, seed=s) for s, name in enumerate("abc")]
        for folder, steps in zip(folders, (1, 1, 2), strict=True):
            tensors = load_file(folder / SINGLE)
            tensors["model.steps"] = torch.full((3,), steps)
            save_file(tensors, folder / SINGLE, metadata={"format": "pt"})
        first = loaded(folders[0])
        first.model.model.register_buffer("steps", torch.ones(3, dtype=torch.int64))
        assert require_alike(first, [check(folders[1])]) == ()
        with pytest.raises(InputRejectedError, match=r"buffer 'model.steps' has other values"):
            require_alike(first, [check(folders[2])])

    def test_networks_in_different_types(self, first: LoadedModel, second: Path) -> None:
        other = loaded(second, dtype="bfloat16")
        with pytest.raises(InputRejectedError, match=r"is float32 \[300, 32\] and bfloat16"):
            require_alike(first, [other])

    def test_which_of_several_is_named(
        self, first: LoadedModel, second: Path, tmp_path: Path
    ) -> None:
        folder = tiny_checkpoint(tmp_path / "gemma", "gemma")
        with pytest.raises(InputRejectedError, match=r"gemma.* are not versions of one model"):
            require_alike(first, [check(second), check(folder)])


def test_names_from_outside_are_escaped(first: LoadedModel, second: Path) -> None:
    rename_tensor(second / SINGLE, "model.norm.weight", "evil\x1b[31m\nname")
    with pytest.raises(InputRejectedError) as caught:
        require_alike(first, [check(second)])
    assert "\x1b" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_edited_tensor_is_no_difference_in_structure(first: LoadedModel, second: Path) -> None:
    edit_tensor(second / SINGLE, "model.norm.weight", lambda tensor: tensor.mul_(2.0))
    assert require_alike(first, [check(second)]) == ()
