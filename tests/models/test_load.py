from __future__ import annotations

import warnings
from pathlib import Path

import pytest
import torch
from builders import (
    CHAT_TEMPLATE,
    FAMILIES,
    edit_header,
    edit_json,
    rename_tensor,
    tiny_checkpoint,
    tiny_tokenizer,
)
from transformers import AutoModelForCausalLM

from safebasin.errors import InputRejectedError, IntegrityError, ResourceError, UsageError
from safebasin.models.chat import Conversation
from safebasin.models.load import LoadedModel, _natural_dtype, load
from safebasin.models.shards import SINGLE
from safebasin.records import ModelRef

NORM = "model.norm.weight"


def loaded(folder: Path, **options: str) -> LoadedModel:
    return load(ModelRef(str(folder)), **options)


@pytest.mark.parametrize("tied", [False, True])
@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_gives_the_logits_of_transformers(
    tmp_path: Path, family: str, tied: bool
) -> None:
    folder = tiny_checkpoint(tmp_path, family, tied=tied, shards=True)
    ours = loaded(folder)
    theirs = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    token_ids = torch.arange(40).reshape(2, 20)
    with torch.no_grad():
        logits = ours.model(token_ids).logits
        assert torch.equal(logits, theirs(token_ids).logits)
    assert logits.std() > 0.01
    tensors = ours.model.get_input_embeddings().weight, ours.model.get_output_embeddings().weight
    assert (tensors[0] is tensors[1]) == tied


def test_what_is_loaded_is_ready(whole: Path) -> None:
    ready = loaded(whole)
    assert not ready.model.training
    assert not any(parameter.requires_grad for parameter in ready.model.parameters())
    assert (ready.device.type, ready.dtype) == ("cpu", "float32")
    assert (ready.end_ids, ready.pad_id) == (frozenset({1}), 2)
    assert ready.folder == whole.resolve()
    assert ready.notes == ()


def test_loading_is_silent_and_leaves_settings_alone(
    whole: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    from huggingface_hub import constants
    from transformers.utils import logging

    before = constants.HF_HUB_OFFLINE, logging.get_verbosity(), logging.is_progress_bar_enabled()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        loaded(whole)
    after = constants.HF_HUB_OFFLINE, logging.get_verbosity(), logging.is_progress_bar_enabled()
    assert after == before
    assert capfd.readouterr() == ("", "")


class TestDtype:
    @pytest.mark.parametrize("name", ["float32", "bfloat16", "float16"])
    def test_it_is_obeyed(self, whole: Path, name: str) -> None:
        ready = loaded(whole, dtype=name)
        assert {parameter.dtype for parameter in ready.model.parameters()} == {getattr(torch, name)}
        assert ready.dtype == name

    def test_on_a_cpu_auto_is_float32(self, tmp_path: Path) -> None:
        folder = tiny_checkpoint(tmp_path, dtype="bfloat16")
        assert loaded(folder).model.dtype == torch.float32
        assert loaded(folder).checked.dtypes[0][0] == "BF16"

    @pytest.mark.parametrize(
        ("stored", "able", "expected"),
        [
            ("float32", True, "bfloat16"),
            ("bfloat16", True, "bfloat16"),
            ("float16", True, "float16"),
            ("bfloat16", False, "float32"),
            ("float16", False, "float16"),
        ],
    )
    def test_what_is_natural_on_a_gpu(
        self,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
        stored: str,
        able: bool,
        expected: str,
    ) -> None:
        checked = loaded(tiny_checkpoint(tmp_path, dtype=stored)).checked
        monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda: able)
        assert _natural_dtype(checked, torch.device("cuda")) == expected
        assert _natural_dtype(checked, torch.device("cpu")) == "float32"

    def test_an_unknown_one_lists_the_known(self, whole: Path) -> None:
        with pytest.raises(UsageError, match=r"'int8'.*auto, float32, bfloat16, float16"):
            loaded(whole, dtype="int8")

    def test_weights_too_large_for_float16(self, tmp_path: Path) -> None:
        from builders import edit_tensor

        folder = tiny_checkpoint(tmp_path)
        edit_tensor(folder / SINGLE, NORM, lambda tensor: tensor[0].fill_(1e6))
        assert loaded(folder, dtype="bfloat16").model is not None
        with pytest.raises(IntegrityError, match=f"{NORM}.*float16.*bfloat16"):
            loaded(folder, dtype="float16")


@pytest.mark.parametrize("name", ["cuda:99", "nonsense", "tpu"])
def test_a_device_that_is_not_there(whole: Path, name: str) -> None:
    with pytest.raises(ResourceError, match=f"'{name}'.*--device cpu") as caught:
        loaded(whole, device=name)
    assert caught.value.exit_code == 5


class TestMismatch:
    def test_a_missing_tensor_is_never_made_up(self, folder: Path) -> None:
        rename_tensor(folder / SINGLE, NORM, "model.nrm.weight")
        with pytest.raises(InputRejectedError, match=f"lacks 1 tensors.*{NORM}.*config.json"):
            loaded(folder)

    def test_a_missing_head_is_never_made_up(self, folder: Path) -> None:
        rename_tensor(folder / SINGLE, "lm_head.weight", "score.weight")
        with pytest.raises(InputRejectedError, match=r"lm_head\.weight"):
            loaded(folder)

    def test_only_ten_are_named(self, folder: Path) -> None:
        edit_json(folder / "config.json", lambda config: config.update(num_hidden_layers=4))
        with pytest.raises(InputRejectedError, match="lacks 18 tensors") as caught:
            loaded(folder)
        assert str(caught.value).count("model.layers") == 10

    def test_another_shape_is_refused(self, folder: Path) -> None:
        edit_json(folder / "config.json", lambda config: config.update(intermediate_size=65))
        with pytest.raises(InputRejectedError, match="another shape 6 tensors"):
            loaded(folder)

    def test_an_extra_tensor_is_noted(self, folder: Path) -> None:
        edit_json(folder / "config.json", lambda config: config.update(num_hidden_layers=1))
        (note,) = loaded(folder).notes
        assert "9 tensors" in note
        assert "not used" in note
        assert "model.layers.1" in note

    def test_integer_weights_are_refused(self, folder: Path) -> None:
        edit_header(folder / SINGLE, lambda header: header["lm_head.weight"].update(dtype="I32"))
        with pytest.raises(InputRejectedError, match=r"lm_head\.weight.*quantised"):
            loaded(folder)

    def test_nonsense_in_the_config(self, folder: Path) -> None:
        edit_json(folder / "config.json", lambda config: config.update(hidden_act="\x1b[31mx"))
        with pytest.raises(InputRejectedError, match="does not load as LlamaForCausalLM") as caught:
            loaded(folder)
        assert str(caught.value).isprintable()


class TestTokenizer:
    def save(self, folder: Path, **options: str | None) -> Path:
        tiny_tokenizer(**options).save_pretrained(folder)  # type: ignore[arg-type]
        return folder

    def test_none_at_all(self, folder: Path) -> None:
        for name in ("tokenizer.json", "tokenizer_config.json"):
            (folder / name).unlink()
        with pytest.raises(InputRejectedError, match=r"tokenizer of .* does not load"):
            loaded(folder)

    def test_more_tokens_than_embeddings(self, folder: Path) -> None:
        tokenizer = tiny_tokenizer()
        other = tiny_checkpoint(folder.parent / "other", seed=1)
        edit_json(other / "config.json", lambda config: config.update(vocab_size=200))
        from safetensors.torch import load_file, save_file

        tensors = load_file(other / SINGLE)
        for name in ("lm_head.weight", "model.embed_tokens.weight"):
            tensors[name] = tensors[name][:200].clone()
        save_file(tensors, other / SINGLE, metadata={"format": "pt"})
        with pytest.raises(
            InputRejectedError, match=f"{len(tokenizer) - 200} tokens beyond .* 200"
        ):
            loaded(other)

    def test_a_spare_added_token_is_harmless_until_it_is_used(self, folder: Path) -> None:
        tokenizer = tiny_tokenizer()
        tokenizer.add_tokens([f"<image{n}>" for n in range(20)])
        tokenizer.save_pretrained(folder)
        (found,) = loaded(folder).chat.encode([Conversation(None, "<image19>")])
        assert max(found.token_ids) < 300
        assert "'<image19>', read as plain text" in found.notes[0]
        written = CHAT_TEMPLATE.replace("assistant", "<image19>")
        (folder / "chat_template.jinja").write_text(written)
        with pytest.raises(InputRejectedError, match="300 embeddings"):
            loaded(folder).chat.encode([Conversation(None, "Why?")])

    def test_no_end_of_sequence_token(self, folder: Path) -> None:
        self.save(folder, eos=None)
        for name in ("config.json", "generation_config.json"):
            edit_json(folder / name, lambda config: config.pop("eos_token_id", None))
        with pytest.raises(InputRejectedError, match="set eos_token_id in its generation_config"):
            loaded(folder)

    def test_all_end_tokens_are_found(self, folder: Path) -> None:
        edit_json(
            folder / "generation_config.json", lambda config: config.update(eos_token_id=[3, 7])
        )
        assert loaded(folder).end_ids == {1, 3, 7}

    def test_padding_falls_back_to_the_end_token(self, folder: Path) -> None:
        ready = loaded(self.save(folder, pad=None))
        assert ready.pad_id == 1
        assert "padding" in ready.notes[0]

    def test_a_padding_token_needs_no_embedding(self, folder: Path) -> None:
        ready = loaded(self.save(folder, pad="[PAD]"))
        assert ready.tokenizer.pad_token_id >= 300
        assert ready.pad_id == 1
        assert "without an embedding" in ready.notes[0]

    def test_nor_does_that_of_the_configuration(self, folder: Path) -> None:
        edit_json(folder / "config.json", lambda config: config.update(pad_token_id=300))
        ready = loaded(folder)
        assert ready.pad_id == 2
        assert "padding token of config.json" in ready.notes[0]

    def test_sentencepiece_alone(self, folder: Path) -> None:
        (folder / "tokenizer.json").unlink()
        (folder / "tokenizer.model").write_bytes(b"\n\x0e\n\x05<unk>\x15\0\0\0\0\x18\x02")
        with pytest.raises(InputRejectedError, match=r"sentencepiece model alone.*save_pretrained"):
            loaded(folder)

    def test_no_chat_template(self, folder: Path, tmp_path: Path) -> None:
        (folder / "chat_template.jinja").unlink()
        with pytest.raises(InputRejectedError, match="--chat-template FILE"):
            loaded(folder)
        file = tmp_path / "mine.jinja"
        file.write_text("{{ messages[0]['content'] }}")
        ready = load(ModelRef(str(folder)), chat_template=file)
        assert ready.chat.text == "{{ messages[0]['content'] }}"
