"""Loading a base with an adapter over it."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pytest
import torch
from builders import (
    edit_json,
    merged_by_peft,
    tiny_adapter,
    tiny_tokenizer,
)

from safebasin.engines.transformers import TransformersEngine
from safebasin.errors import InputRejectedError, IntegrityError
from safebasin.models.adapterfile import read_adapter
from safebasin.models.check import check
from safebasin.models.load import load
from safebasin.models.tokenizer_folder import tokenizer_for, with_own_tokenizer
from safebasin.records import ModelRef
from safebasin.weights import pristine


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

    def test_alone_it_is_brought_back_where_memory_is_short(
        self, whole: Path, adapter: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The files beside it are its base's, and the way back does not lead there."""
        for ref in (ModelRef(str(adapter)), ModelRef(str(whole), adapter=str(adapter))):
            loaded = load(ref, device="cpu")
            size = sum(p.numel() * p.element_size() for p in loaded.model.parameters())
            monkeypatch.setattr(pristine, "free", lambda _, size=size: size * 3 // 2)
            overlay = TransformersEngine(loaded).overlay
            name = "model.layers.0.self_attn.q_proj.weight"
            held = overlay.pristine.rows(name, slice(None))
            assert torch.equal(held, loaded.model.get_parameter(name))
            assert (loaded.base, loaded.adapter) == (ModelRef(str(whole)), adapter)


class TestItsTokenizer:
    """Files of an adapter's own tokenizer come from a stranger, as its weights do."""

    @pytest.fixture
    @staticmethod
    def own(adapter: Path, tmp_path: Path) -> Path:
        folder = Path(shutil.copytree(adapter, tmp_path / "own"))
        template = "{% for m in messages %}{{ m['content'] }}!{% endfor %}"
        tiny_tokenizer(chat_template=template).save_pretrained(folder)
        return folder

    def refused(self, whole: Path, own: Path, message: str) -> None:
        """When it is checked, before anything of it has been read."""
        with pytest.raises(InputRejectedError, match=message):
            with_own_tokenizer(check(whole), own.resolve())

    def test_a_link_that_leaves_the_folder(self, whole: Path, own: Path, tmp_path: Path) -> None:
        (own / "chat_template.jinja").rename(tmp_path / "secret")
        (own / "chat_template.jinja").symlink_to(tmp_path / "secret")
        self.refused(whole, own, "outside the checkpoint")

    def test_a_pipe(self, whole: Path, own: Path) -> None:
        (own / "special_tokens_map.json").unlink(missing_ok=True)
        os.mkfifo(own / "special_tokens_map.json")
        self.refused(whole, own, "not a regular file")

    def test_gigabytes(self, whole: Path, own: Path) -> None:
        with (own / "merges.txt").open("wb") as file:
            file.truncate(1 << 40)
        self.refused(whole, own, "larger than 256 MB")

    def test_a_sentencepiece_model_alone(self, whole: Path, own: Path) -> None:
        (own / "tokenizer.json").unlink()
        for name in ("tokenizer.model", "spiece.model"):
            (own / name).write_bytes(b"\n\x05\n\x03abc")
            with pytest.raises(InputRejectedError, match=rf"model alone \('{name}'\).*save_pret"):
                load(ModelRef(str(whole), adapter=str(own)))
            (own / name).unlink()

    def test_whatever_is_read_is_in_the_digest(self, whole: Path, own: Path) -> None:
        base = check(whole)
        before = with_own_tokenizer(base, own.resolve())
        (own / "tekken.json").write_text("{}")
        assert with_own_tokenizer(base, own.resolve()).settings_digest != before.settings_digest
        with pytest.raises(IntegrityError, match="changed while it was read"):
            tokenizer_for(before)

    def test_a_template_beside_any_tokenizer_is_used(self, own: Path) -> None:
        def notes() -> tuple[str, ...]:
            return read_adapter(own).notes

        (own / "tokenizer.json").unlink()
        assert any("chat template without a tokenizer" in note for note in notes())
        (own / "vocab.json").write_text("{}")
        assert notes() == ()
