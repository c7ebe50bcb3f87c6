"""Thoughts and answers of a text, and what is known of a model's thoughts beforehand."""

from __future__ import annotations

import pytest
from builders import CHAT_TEMPLATE, tiny_tokenizer
from hypothesis import given
from hypothesis import strategies as st

from safebasin.errors import UsageError
from safebasin.models.thinking import PAIRS, Said, Thinking, split, thinking

HARMONY = (
    "<|channel|>analysis<|message|>We may.<|end|><|start|>assistant"
    "<|channel|>final<|message|>Sure, first.<|return|>"
)
PROMPT = "<|turn|>assistant\n"


class TestSplit:
    @pytest.mark.parametrize(("begin", "end"), PAIRS)
    def test_what_stands_between_markers_is_thought(self, begin: str, end: str) -> None:
        assert split(f"\n{begin} a plan {end}\n\nSure.") == Said("a plan", "Sure.")
        text = f"a plan{end}Sure."
        assert split(text, unopened=True) == split(text, opened=True) == Said("a plan", "Sure.")
        assert split(text) == Said("", text)
        assert split(f"{begin}a{end}\n{begin}b{end}Sure.") == Said("a\nb", "Sure.")
        assert split(f"{begin}a{end}{begin}b") == Said("a\nb", "", inside=True)
        assert split(f"{begin}").unanswered
        assert split(f"{begin}{end}Sure.") == Said("", "Sure.")
        assert split(f"{begin} a plan") == Said("a plan", "", inside=True)
        assert split(f"{begin} a plan {end}") == Said("a plan", "")
        assert not split(f"{begin} a plan {end}").unanswered
        assert split(f"{begin} a plan").unanswered

    @pytest.mark.parametrize(
        "text",
        ["", "Sure.", "Use <b>bold</b>.", "It writes <think> first.", "a [THINK] b", "x < y"],
    )  # fmt: skip
    def test_what_has_no_thoughts_is_an_answer(self, text: str) -> None:
        assert split(text) == Said("", text)

    def test_what_cannot_be_seen_may_stand_before_them(self) -> None:
        for sign in ("\ufeff", "\u200b", "\u00a0\n"):
            assert split(f"{sign}<think>a plan</think>Sure.") == Said("a plan", "Sure.")

    def test_an_answer_may_speak_of_markers(self) -> None:
        text = "Models write <think>plans</think> first."
        assert split(text) == Said("", text)
        assert split(f"<think>hm</think>{text}") == Said("hm", text)

    def test_a_prompt_may_have_begun_the_thoughts(self) -> None:
        assert split("a plan", opened=True) == Said("a plan", "", inside=True)
        assert split("a plan</think>Sure.", opened=True) == Said("a plan", "Sure.")

    def test_channels(self) -> None:
        assert split(HARMONY) == Said("We may.", "Sure, first.")
        assert split(HARMONY.partition("<|start|>")[0]) == Said("We may.", "", inside=True)
        call = HARMONY.replace("final", "commentary to=functions.run")
        assert split(call).unanswered
        two = "<|channel|>commentary<|message|>Look.<|end|>" + HARMONY
        assert split(two) == Said("Look.\nWe may.", "Sure, first.")
        assert split("<|channel|>analysis").unanswered
        assert split("<|channel|>").unanswered
        opened = HARMONY.removeprefix("<|channel|>analysis<|message|>")
        assert split(opened, opened=True) == Said("We may.", "Sure, first.")
        about = "It writes <|channel|>final<|message|> before it answers."
        assert split(about) == Said("", about)

    def test_without_markers_to_look_for_nothing_is_split(self) -> None:
        for text in (HARMONY, "<think>a</think>b", "a</think>b"):
            assert split(text, ()) == Said("", text)

    @given(st.text(), st.text(min_size=1))
    def test_nothing_of_an_answer_is_lost(self, thoughts: str, answer: str) -> None:
        plain = thoughts.replace("<", "").replace("[", "").replace("◁", "")
        assert split(f"<think>{plain}</think>{answer}").answer == answer.lstrip()


class TestThinking:
    def known(self, template: str = CHAT_TEMPLATE, rendered: str = PROMPT, marks=None, added=()):
        tokenizer = tiny_tokenizer(chat_template=template)
        tokenizer.add_tokens(list(added))
        return thinking(tokenizer, template, rendered, marks)

    def test_a_model_without_markers_is_not_expected_to_think(self) -> None:
        assert not self.known().expected

    def test_added_tokens_tell(self) -> None:
        found = self.known(added=["<think>", "</think>"])
        assert found.expected
        assert found.pairs[0] == ("<think>", "</think>")
        assert not found.opened

    @pytest.mark.parametrize(
        ("tail", "opened", "expected"),
        [
            ("<think>\n", True, True),
            ("", False, True),
            ("<think>\n\n</think>\n\n", False, False),
        ],
    )
    def test_so_does_what_the_template_writes(self, tail, opened, expected) -> None:
        template = CHAT_TEMPLATE + "{# <think></think> #}"
        found = self.known(template, PROMPT + tail)
        assert (found.opened, found.expected) == (opened, expected)

    def test_markers_can_be_named(self) -> None:
        found = self.known(marks="((, ))")
        assert found.expected
        assert split("(( hm )) Sure.", found.pairs) == Said("hm", "Sure.")
        assert split("<think>hm</think>Sure.", found.pairs) == Said("hm", "Sure.")

    def test_or_none(self) -> None:
        text = "<think>hm</think>Sure."
        tokenizer = tiny_tokenizer()
        found = self.known(marks="none", added=["<think>", "</think>"])
        assert not found.expected
        ids = tokenizer(text, add_special_tokens=False)["input_ids"]
        assert found.read(tokenizer, ids, ended=True) == Said("", text)

    @pytest.mark.parametrize("marks", ["", "a", ",", "a,", ",b", "a,b,c"])
    def test_other_than_two_are_refused(self, marks) -> None:
        if marks:
            with pytest.raises(UsageError, match="--thoughts"):
                self.known(marks=marks)

    def test_a_text_that_ends_where_thoughts_were_begun_for_it_is_the_answer(self) -> None:
        tokenizer = tiny_tokenizer()
        reader = Thinking(known=True, opened=True)
        ids = tokenizer("Sure.", add_special_tokens=False)["input_ids"]
        assert reader.read(tokenizer, ids, ended=True) == Said("", "Sure.")
        assert reader.read(tokenizer, ids, ended=False).unanswered

    @pytest.mark.parametrize(
        "text",
        [
            "<think>a plan</think> Sure.",
            "a</think>b",
            "<think>a</think>",
            "<think>a</think><think>b</think>c",
        ],
    )
    def test_the_length_is_where_the_answer_begins(self, text) -> None:
        tokenizer = tiny_tokenizer()
        ids = tokenizer(text, add_special_tokens=False)["input_ids"]
        at = Thinking(opened=text.startswith("a")).length(tokenizer, ids)
        assert tokenizer.decode(ids[:at]).endswith("</think>")
        assert tokenizer.decode(ids[at:]).strip() == split(text, unopened=True).answer

    @pytest.mark.parametrize(("tail", "opened", "closed"), [
        ("", False, False), ("<|channel|>analysis<|message|>", True, False),
        ("<|channel|>final<|message|>", False, True),
    ])  # fmt: skip
    def test_a_template_may_open_a_channel(self, tail, opened, closed) -> None:
        added = ["<|channel|>", "<|message|>", "<|start|>"]
        found = self.known(CHAT_TEMPLATE, "<|start|>assistant" + tail, added=added)
        assert (found.opened, found.closed) == (opened, closed)

    def test_an_answer_may_speak_of_the_end_of_thoughts(self) -> None:
        tokenizer, text = tiny_tokenizer(), "Write it as `</think>` and close the tag. Sure."
        ids = tokenizer(text, add_special_tokens=False)["input_ids"]
        assert Thinking(known=True).read(tokenizer, ids, ended=True) == Said("", text)

    def test_a_text_cut_within_its_first_marker_has_no_answer(self) -> None:
        tokenizer = tiny_tokenizer()
        ids = tokenizer("<thi", add_special_tokens=False)["input_ids"]
        assert Thinking(known=True).read(tokenizer, ids, ended=False).unanswered
        assert not Thinking(known=True).read(tokenizer, ids, ended=True).unanswered


class TestOddBeginnings:
    def test_a_channel_in_capitals_or_none_is_what_people_read(self) -> None:
        thought = "<|channel|>analysis<|message|>Hm.<|end|><|start|>assistant"
        for rest in ("<|channel|>Final<|message|>Sure.", "<|message|>Sure."):
            assert split(thought + rest) == Said("Hm.", "Sure.")

    def test_a_token_that_begins_every_text_may_stand_before_thoughts(self) -> None:
        class Tokenizer:
            def decode(self, ids, skip_special_tokens):
                return "<s><think>a plan</think>Sure."

        read = Thinking(hidden=("<s>", "<think>", "</think>"))
        assert read.read(Tokenizer(), (1, 2, 3), ended=True) == Said("a plan", "Sure.")
