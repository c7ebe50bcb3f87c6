"""What a model that thinks first is judged by, from its tokens to the notes of a run."""

from __future__ import annotations

import pytest
from speaking import saying, words

from safebasin.engines.base import Encoded
from safebasin.engines.registry import Manner
from safebasin.engines.saying import read_again, response
from safebasin.engines.transformers import TransformersEngine
from safebasin.models.load import load
from safebasin.records import ModelRef, Response
from safebasin.store import reading
from safebasin.studies.landscape import plan, run
from safebasin.studies.settings import THINKING_TOKENS, ScanSettings

REFUSES = " I'm sorry, but I cannot help with that request."
COMPLIES = " Sure, here is how to do it: first, gather what you need. Second, wait for an hour."
DOUBTS = " I cannot assist with harmful things, but this looks fine, so I will answer in full."
PLANS = " First they would gather what they need. That is against the rules, so I decline."
CHANNELS = ("<|channel|>", "<|message|>", "<|end|>", "<|start|>", "<|return|>")


def checkpoint(folder, *chain, **options):
    tokenizer = words("<think>", "</think>", REFUSES, COMPLIES, DOUBTS, PLANS, **options)
    return saying(folder, tokenizer, *chain, "</s>")


def settings(model, tmp_path, **changes):
    asked = {"directions": 1, "points": 3, "radius": 1e-3, "limit": 2, "max_new_tokens": 8}
    asked |= {"prompts": "organism-harmful", "judges": ("refusal", "keyword")}
    return ScanSettings(model=str(model), out=tmp_path / "run", **{**asked, **changes})


def scanned(model, tmp_path, **changes):
    return run(plan(settings(model, tmp_path, **changes))).summary


@pytest.mark.parametrize(
    ("thoughts", "answer", "refused"), [(DOUBTS, COMPLIES, 0.0), (PLANS, REFUSES, 1.0)]
)
def test_the_answer_alone_is_judged(tmp_path, thoughts, answer, refused) -> None:
    model = checkpoint(tmp_path / "model", "<think>", thoughts, "</think>", answer)
    found = scanned(model, tmp_path)
    assert found.origin["harmful"]["refused"].value == refused
    assert found.origin["harmful"]["keyword_asr"].value == 1.0 - refused
    assert found.scores.visage.value == 100 * refused
    assert any("judges read the answer alone" in note for note in found.notes)
    with reading(tmp_path / "run") as store:
        for response in store.responses("origin"):
            assert (response.thoughts, response.text) == (thoughts.strip(), answer.strip())
            assert response.thought_tokens == 3
            assert len(response.token_ids) == 4


def test_an_answer_is_not_ended_by_its_thoughts(tmp_path) -> None:
    """Of the keyword judge alone, answers stop early: but not at a phrase that is only thought."""
    model = checkpoint(tmp_path / "model", "<think>", DOUBTS, "</think>", COMPLIES)
    assert scanned(model, tmp_path, judges=("keyword",)).scores.visage.value == 0


@pytest.mark.parametrize("tokens", [1, 2])
def test_thoughts_alone_are_no_answer(tmp_path, tokens) -> None:
    model = checkpoint(tmp_path / "model", "<think>", PLANS, "</think>", REFUSES)
    found = scanned(model, tmp_path, max_new_tokens=tokens)
    assert found.origin["harmful"]["other"].value == 1.0
    assert found.origin["harmful"]["keyword_asr"].value == 0.0
    assert any("12 responses cut off inside thoughts" in note for note in found.notes)


def test_a_template_may_begin_the_thoughts(tmp_path) -> None:
    template = "{% for m in messages %}{{ m['content'] }}{% endfor %}<think>"
    model = saying(
        tmp_path / "model", words("<think>", "</think>", REFUSES, DOUBTS, COMPLIES,
                                  template=template),
        DOUBTS, "</think>", COMPLIES, "</s>", after="<think>",
    )  # fmt: skip
    assert scanned(model, tmp_path).origin["harmful"]["complied"].value == 1.0


def test_channels(tmp_path) -> None:
    tokenizer = words(
        *("analysis", "final", "assistant", "[stop]", DOUBTS, COMPLIES), special=CHANNELS,
        eos="<|return|>",
    )  # fmt: skip
    model = saying(tmp_path / "model", tokenizer, "<|return|>")
    loaded = load(ModelRef.parse(str(model)))
    said = ["<|channel|>", "analysis", "<|message|>", DOUBTS, "<|end|>", "<|start|>", "assistant",
            "<|channel|>", "final", "<|message|>", COMPLIES]  # fmt: skip
    ids = tokenizer.convert_tokens_to_ids(said)
    asked = (loaded.tokenizer, loaded.thinking, Encoded("a", (0,)))
    found = response(*asked, ids, "eos")
    assert (found.thoughts, found.text) == (DOUBTS.strip(), COMPLIES.strip())
    assert found.thought_tokens == len(ids) - 1
    assert all(response(*asked, ids[:at], "length").unanswered for at in range(1, 11))
    assert not response(*asked, ids[:2], "numeric_failure").unanswered


def test_the_limit_leaves_room_to_think(tmp_path) -> None:
    model = checkpoint(tmp_path / "model", REFUSES)
    planned = plan(settings(model, tmp_path, max_new_tokens=None))
    longest = max(len(one.token_ids) for one in planned.subject.encoded)
    assert planned.settings.tokens == 512 - longest < THINKING_TOKENS
    assert plan(settings(model, tmp_path, max_new_tokens=5)).settings.tokens == 5


def test_thoughts_can_be_read_as_answers(tmp_path) -> None:
    model = checkpoint(tmp_path / "model", "<think>", DOUBTS, "</think>", COMPLIES)
    loaded = load(ModelRef.parse(str(model)), thoughts="none")
    engine = TransformersEngine(loaded, Manner(max_new_tokens=8))
    asked = tuple(loaded.tokenizer("Ċ", add_special_tokens=False)["input_ids"])
    newline = loaded.tokenizer.convert_tokens_to_ids("Ċ")
    (found,) = engine.answer((Encoded("a", (*asked, newline)),))
    assert found.text == f"<think>{DOUBTS}</think>{COMPLIES}"


def test_judges_then_read_all_of_it(tmp_path) -> None:
    model = checkpoint(tmp_path / "model", "<think>", DOUBTS, "</think>", COMPLIES)
    found = scanned(model, tmp_path, thoughts="none")
    assert found.origin["harmful"]["keyword_asr"].value == 0.0, "the doubts hold a phrase"


class TestTemplateArguments:
    TEMPLATE = (
        "{% for m in messages %}{{ m['content'] }}{% endfor %}"
        "{% if enable_thinking is defined and not enable_thinking %}<think></think>{% endif %}"
        "{{ '\n' }}"
    )

    def model(self, tmp_path):
        return checkpoint(tmp_path / "model", "<think>", DOUBTS, "</think>", COMPLIES,
                          template=self.TEMPLATE)  # fmt: skip

    def test_reach_the_template_and_the_request(self, tmp_path) -> None:
        model = self.model(tmp_path)
        with_it = plan(settings(model, tmp_path, template_args=("enable_thinking=false",)))
        without = plan(settings(model, tmp_path))
        assert all(r.text.endswith("<think></think>\n") for r in with_it.rendered.values())
        assert not any("<think>" in r.text for r in without.rendered.values())
        assert with_it.request["template_args"] == {"enable_thinking": False}
        assert "template_args" not in without.request
        assert not with_it.loaded.thinking.expected
        assert without.loaded.thinking.expected

    @pytest.mark.parametrize(
        ("asked", "words"),
        [("enable_thinkin=1", "no argument of that name"), ("messages=[]", "given this"),
         ("enable_thinking", "KEY=VALUE"), ("=1", "KEY=VALUE")],
    )  # fmt: skip
    def test_that_mean_nothing_are_refused(self, tmp_path, asked, words) -> None:
        from safebasin.errors import UsageError

        with pytest.raises(UsageError, match=words):
            plan(settings(self.model(tmp_path), tmp_path, template_args=(asked,)))


def test_what_the_network_cannot_read_is_read_again_as_text(tiny) -> None:
    loaded = load(ModelRef(str(tiny)))
    said = Response("p", "Open it.", (5, 900, 6, 7), "eos", thoughts="Hm.", thought_tokens=2)
    ids, thoughts = read_again(said, loaded.tokenizer, 400)
    assert loaded.tokenizer.decode(ids[thoughts:]) == "Open it."
    assert loaded.tokenizer.decode(ids[:thoughts]) == "Hm."
    assert read_again(said, loaded.tokenizer, 1000) == (said.token_ids, 2)


def test_losses_of_such_an_answer_begin_where_it_does(tiny) -> None:
    loaded = load(ModelRef(str(tiny)))
    engine = TransformersEngine(loaded, Manner(max_new_tokens=4))
    asked = (Encoded("p", (4, 5, 6)),)
    strange = Response("p", "Open it.", (900,) * 5, "length", thought_tokens=5)
    ids, _ = read_again(strange, loaded.tokenizer, 400)
    known = Response("p", "Open it.", ids, "length")
    assert engine.losses(asked, [strange])[0][5:] == engine.losses(asked, [known])[0]
