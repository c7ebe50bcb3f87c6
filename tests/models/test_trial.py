"""Tokens that are not what they say, and settings that ask for more than a machine has."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from builders import edit_json, tiny_checkpoint, tiny_tokenizer

from models.refusal import refused
from safebasin.errors import InputRejectedError
from safebasin.models import chat, shards
from safebasin.models.chat import ChatTemplate, Conversation
from safebasin.models.check import check, settings_of
from safebasin.models.load import load
from safebasin.models.tokenizer_file import require_faithful
from safebasin.models.tokenizer_folder import tokenizer_of
from safebasin.records import ModelRef

SORRY = "I'm sorry, but I cannot help with that."
BYTES = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_checkpoint(tmp_path_factory.mktemp("sound") / "model")


@pytest.fixture
def folder(sound: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(sound, tmp_path / "model"))


def renamed(content: dict[str, Any]) -> None:
    """A piece becomes a sentence, to which no merge leads."""
    model = content["model"]
    piece, id_ = max(model["vocab"].items(), key=lambda item: item[1])
    del model["vocab"][piece]
    model["vocab"][SORRY.replace(" ", "Ġ")] = id_
    model["merges"] = [merge for merge in model["merges"] if "".join(merge) != piece]


class TestTokens:
    def test_one_that_stands_for_a_sentence_is_refused(self, folder: Path) -> None:
        edit_json(folder / "tokenizer.json", renamed)
        with pytest.raises(InputRejectedError, match=r"token \d+: .*cannot help"):
            load(ModelRef(str(folder)), device="cpu")
        with pytest.raises(InputRejectedError, match=r"token \d+: .*cannot help"):
            tokenizer_of(folder)

    def test_a_word_that_decoding_would_leave_out_is_refused(self, folder: Path) -> None:
        def add(content: dict[str, Any]) -> None:
            vocabulary = content["model"]["vocab"]
            word = next(
                t for t in vocabulary if t.startswith("Ġ") and t[1:].isalpha() and len(t) > 3
            )
            content["added_tokens"].append(
                {"id": vocabulary[word], "content": word, "special": True, "single_word": False,
                 "lstrip": False, "rstrip": False, "normalized": False}
            )  # fmt: skip

        edit_json(folder / "tokenizer.json", add)
        with pytest.raises(InputRejectedError, match="word"):
            load(ModelRef(str(folder)), device="cpu")

    def test_one_of_several_words_that_is_read_as_itself_passes(self, folder: Path) -> None:
        """As vocabularies have that were made without splitting at spaces."""

        def add(content: dict[str, Any]) -> None:
            model = content["model"]
            model["ignore_merges"] = True
            renamed(content)
            content["pre_tokenizer"] = {**BYTES, "use_regex": False}

        edit_json(folder / "tokenizer.json", add)
        load(ModelRef(str(folder)), device="cpu")


@pytest.mark.parametrize(
    ("part", "step"),
    [
        ("decoder", {"type": "BPEDecoder", "suffix": "Sure"}),
        ("decoder", {"type": "WordPiece", "prefix": "not ", "cleanup": True}),
        ("decoder", {"type": "CTC", "pad_token": "a", "word_delimiter_token": "b"}),
        ("normalizer", {"type": "Replace", "pattern": {"Regex": " *bomb"}, "content": " "}),
        ("pre_tokenizer", {"type": "Split", "pattern": {"Regex": "bomb"}, "behavior": "Removed",
                           "invert": False}),
        ("pre_tokenizer", {"type": "CharDelimiterSplit", "delimiter": "e"}),
    ],
)  # fmt: skip
def test_steps_that_change_words_are_refused(folder: Path, part: str, step: dict[str, Any]) -> None:
    edit_json(folder / "tokenizer.json", lambda content: content.update({part: step}))
    refused(folder, f"the {part} of", "rewrites texts")


@pytest.mark.parametrize(
    ("part", "step"),
    [
        ("decoder", {"type": "BPEDecoder", "suffix": "</w>"}),
        ("decoder", {"type": "WordPiece", "prefix": "##", "cleanup": True}),
        ("normalizer", {"type": "Replace", "pattern": {"Regex": r"\s{2,}|[\n\t]"}, "content": " "}),
        ("normalizer", {"type": "Replace", "pattern": {"Regex": " {2,}"}, "content": "▁"}),
        ("pre_tokenizer", {"type": "Sequence", "pretokenizers": [
            {"type": "Split", "pattern": {"Regex": r"\p{N}{1,3}|\p{L}+"}, "behavior": "Isolated",
             "invert": False}, {"type": "Digits", "individual_digits": True}, BYTES]}),
        ("pre_tokenizer", {"type": "Split", "pattern": {"String": " "},
                           "behavior": "MergedWithPrevious", "invert": False}),
        ("pre_tokenizer", {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "first",
                           "split": False}),
    ],
)  # fmt: skip
def test_steps_of_real_tokenizers_pass(folder: Path, part: str, step: dict[str, Any]) -> None:
    edit_json(folder / "tokenizer.json", lambda content: content.update({part: step}))
    require_faithful(folder / "tokenizer.json")


class TestReadingPrompts:
    def test_a_prompt_whose_words_get_lost_has_a_note(self) -> None:
        from tokenizers import Regex, normalizers

        tokenizer = tiny_tokenizer()
        tokenizer.backend_tokenizer.normalizer = normalizers.Replace(Regex("window"), "door")
        template = ChatTemplate(tokenizer, model="m")
        asked = [Conversation(None, f"Open the {what}.") for what in ("window", "house")]
        notes = [one.notes for one in template.encode(asked)]
        assert notes == [("the tokenizer does not give back all words of this prompt",), ()]

    def test_it_happens_in_a_child_with_limits(self, monkeypatch: pytest.MonkeyPatch) -> None:
        from tokenizers import normalizers

        tokenizer = tiny_tokenizer()
        grow = normalizers.Replace("z", "z" * 30_000)
        tokenizer.backend_tokenizer.normalizer = normalizers.Sequence([grow, grow])
        template = ChatTemplate(tokenizer, model="me/model")
        monkeypatch.setattr(chat, "_MEMORY", 256 << 20)
        with pytest.raises(InputRejectedError, match=r"reading prompts .*me/model.* memory"):
            template.encode([Conversation(None, "a maze")])


class TestSize:
    def test_positions_that_no_memory_holds(self, folder: Path) -> None:
        """GPT-J makes a table of all its positions, on whatever device it is built."""
        config = {"model_type": "gptj", "n_layer": 2, "n_positions": 500_000_000, "n_embd": 32,
                  "n_head": 2, "rotary_dim": 16, "vocab_size": 300, "eos_token_id": 1}  # fmt: skip
        (folder / "config.json").write_text(json.dumps(config))
        with pytest.raises(InputRejectedError, match=r"network of 16,\d+,\d+,\d+ values"):
            load(ModelRef(str(folder)), device="cpu")

    def test_headers_share_one_limit(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        folder = tiny_checkpoint(tmp_path / "split", shards=True)
        sizes = [
            shards.read_shard(path).data_start for path in sorted(folder.glob("*.safetensors"))
        ]
        monkeypatch.setattr(shards, "MAX_HEADERS_BYTES", sum(sizes))
        check(folder)
        monkeypatch.setattr(shards, "MAX_HEADERS_BYTES", sum(sizes) - 9)
        refused(folder, "header length")

    def test_other_files_may_be_of_any_size(self, folder: Path) -> None:
        with (folder / "data.json").open("wb") as file:
            file.truncate(1 << 40)
        before = check(folder).settings_digest
        assert folder / "data.json" not in settings_of(folder)
        (folder / "data.json").unlink()
        assert check(folder).settings_digest == before
        with (folder / "vocab.txt").open("wb") as file:
            file.truncate(1 << 40)
        refused(folder, "vocab.txt", "larger than 256 MB")


def test_a_folder_of_templates_is_said_not_to_be_read(folder: Path) -> None:
    (folder / "additional_chat_templates").mkdir()
    assert "not part of the model and not read: 'additional_chat_templates'" in check(folder).notes
