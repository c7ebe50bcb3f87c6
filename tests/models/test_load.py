from __future__ import annotations

import shutil
import sys
import warnings
from pathlib import Path

import pytest
import torch
from builders import (
    CHAT_TEMPLATE,
    FAMILIES,
    edit_header,
    edit_json,
    merged_by_peft,
    rename_tensor,
    tiny_adapter,
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


@pytest.fixture(scope="module")
def adapter(whole: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_adapter(tmp_path_factory.mktemp("adapters") / "adapter", whole)


class TestAdapter:
    @pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
    def test_it_is_merged_as_peft_merges_it(self, whole: Path, adapter: Path, dtype: str) -> None:
        ref = ModelRef.parse(f"{whole}+{adapter}")
        ready = load(ref, dtype=dtype)
        theirs = merged_by_peft(whole, adapter, dtype=dtype).state_dict()
        ours = ready.model.state_dict()
        assert ours.keys() == theirs.keys()
        assert all(torch.equal(ours[name], theirs[name]) for name in ours)
        assert not any(parameter.requires_grad for parameter in ready.model.parameters())
        assert str(ready.ref) == f"{whole}+{adapter}"
        assert ready.folder == whole.resolve()
        assert ready.notes == ()

    def test_its_digest_is_not_the_base(self, whole: Path, adapter: Path, tmp_path: Path) -> None:
        zero = tiny_adapter(tmp_path / "zero", whole, zero=True)
        refs = [
            ModelRef(str(whole)),
            *(ModelRef(str(whole), adapter=str(a)) for a in (adapter, zero)),
        ]
        digests = {load(ref).checked.weights_digest for ref in refs}
        assert len(digests) == 3

    def test_it_works_over_the_organism(self, tmp_path: Path) -> None:
        from safebasin.models import organism

        adapter = tiny_adapter(tmp_path / "adapter", organism.folder("chat"))
        ready = load(ModelRef.parse(f"organism:chat+{adapter}"))
        plain = load(ModelRef("organism:chat"))
        name = "model.layers.0.self_attn.q_proj.weight"
        assert not torch.equal(ready.model.get_parameter(name), plain.model.get_parameter(name))
        assert ready.notes == plain.notes
        assert ready.checked.settings_digest == plain.checked.settings_digest

    def test_one_that_is_refused_is_refused_before_the_base_is_read(
        self, whole: Path, adapter: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        broken = Path(shutil.copytree(adapter, tmp_path / "broken"))
        (broken / "adapter_model.safetensors").unlink()
        monkeypatch.setattr("safebasin.models.load.check", lambda _: pytest.fail("read"))
        with pytest.raises(InputRejectedError, match=r"no adapter_model\.safetensors"):
            load(ModelRef(str(whole), adapter=str(broken)))

    def test_its_notes_are_shown(self, whole: Path, adapter: Path, tmp_path: Path) -> None:
        other = Path(shutil.copytree(adapter, tmp_path / "other"))
        edit_json(
            other / "adapter_config.json",
            lambda config: config.update(base_model_name_or_path="owner/name"),
        )
        (note,) = load(ModelRef(str(whole), adapter=str(other))).notes
        assert "'owner/name'" in note

    def test_nothing_is_said_on_the_console(
        self, whole: Path, adapter: Path, capfd: pytest.CaptureFixture[str]
    ) -> None:
        load(ModelRef(str(whole), adapter=str(adapter)))
        assert capfd.readouterr() == ("", "")

    def test_alone_it_goes_over_the_base_that_it_names(
        self, whole: Path, adapter: Path, tmp_path: Path
    ) -> None:
        ready, both = load(ModelRef(str(adapter))), load(ModelRef(str(whole), adapter=str(adapter)))
        assert ready.checked.weights_digest == both.checked.weights_digest
        assert ready.folder == whole.resolve()
        assert f"'{whole}', the base that its settings name" in ready.notes[0]
        for named, message in ((None, "BASE"), ("./none", "'./none' does not exist.*BASE")):
            lost = Path(shutil.copytree(adapter, tmp_path / f"{named is None}"))
            edit_json(
                lost / "adapter_config.json",
                lambda config, named=named: config.update(base_model_name_or_path=named),
            )
            with pytest.raises(InputRejectedError, match=message):
                load(ModelRef(str(lost)))

    def test_alone_over_the_organism_it_speaks_its_language(
        self, adapter: Path, tmp_path: Path
    ) -> None:
        from safebasin.models import organism

        own = tiny_adapter(tmp_path / "adapter", organism.folder("chat"))
        assert organism.speaks(str(own))
        assert not organism.speaks(str(adapter))

    def test_peft_is_not_needed(
        self, whole: Path, adapter: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setitem(sys.modules, "peft", None)  # an import would fail
        load(ModelRef(str(whole), adapter=str(adapter)))
