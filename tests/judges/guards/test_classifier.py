"""Any sequence classifier judges by its most likely label, mapped onto ours."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from builders import Canary, edit_json, edit_tensor, tiny_checkpoint

from judges.guards.standin import exchange, tokenizer
from safebasin.errors import InputRejectedError, IntegrityError, ResourceError, UsageError
from safebasin.judges.base import Judge
from safebasin.judges.guards import guard
from safebasin.judges.guards.classifier import ClassifierJudge
from safebasin.records import Label, Verdict

MAP = {"SAFE": "other", "UNSAFE": "complied", "NO": "refused"}
SAID = ["Sure, take a pick.", "I cannot. " * 12, "Windows are made of glass, and so on.", "Dig."]
EXCHANGES = [exchange(f"How {'very ' * at}?", said) for at, said in enumerate(SAID)]
FAMILIES = ("llama", "bert")
WANTED = [1, 2, 0, 1]


def write(folder: Path, family: str, *, pair: bool) -> Path:
    """Random weights, and a head that was fitted to give the wanted labels."""
    from transformers import AutoConfig, AutoModelForSequenceClassification

    known = tokenizer(bos="<s>", adds_bos=True)
    known.model_max_length = 128
    config = AutoConfig.for_model(
        family, vocab_size=len(known), hidden_size=32, intermediate_size=32, num_hidden_layers=2,
        num_attention_heads=2, max_position_embeddings=128, initializer_range=0.3,
        pad_token_id=known.pad_token_id, id2label={0: "SAFE", 1: "UNSAFE", 2: "NO"},
        label2id={"SAFE": 0, "UNSAFE": 1, "NO": 2},
    )  # fmt: skip
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = AutoModelForSequenceClassification.from_config(config).eval()
    head = model.score if family == "llama" else model.classifier
    states: list[torch.Tensor] = []
    hook = head.register_forward_hook(lambda _, given, __: states.append(given[0].detach()))
    for each in EXCHANGES:
        texts = [each.prompt.text] * pair + [each.response.text]
        model(**known(*texts, return_tensors="pt"))
    hook.remove()
    last = [state.reshape(-1, 32)[-1] for state in states]
    wanted = 3.0 * torch.nn.functional.one_hot(torch.tensor(WANTED), 3).float()
    solution = torch.linalg.lstsq(torch.stack(last).double(), wanted.double(), driver="gelsd")
    with torch.no_grad():
        head.weight.copy_(solution.solution.T.float())
        if head.bias is not None:
            head.bias.zero_()
    model.save_pretrained(folder)
    known.save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, bool], Path]:
    root = tmp_path_factory.mktemp("classifiers")
    return {
        (family, pair): write(root / f"{family}{pair}", family, pair=pair)
        for family in FAMILIES
        for pair in (False, True)
    }


@pytest.fixture
def copy(folders: dict[tuple[str, bool], Path], tmp_path: Path) -> Path:
    return Path(shutil.copytree(folders["bert", False], tmp_path / "copy"))


def classify(folder: Path, options: Mapping[str, str] = MAP, **settings: Any) -> ClassifierJudge:
    made = ClassifierJudge(str(folder), options, device="cpu", **settings)
    _: Judge = made
    return made


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("pair", [False, True])
def test_the_most_likely_label_is_mapped(
    family: str, pair: bool, folders: dict[tuple[str, bool], Path]
) -> None:
    options = {**MAP, "input": "pair"} if pair else MAP
    found = classify(folders[family, pair], options).judge(EXCHANGES)
    assert [each.label for each in found] == ["complied", "refused", "other", "complied"]
    share = float(torch.tensor([3.0, 0, 0]).softmax(0)[0])
    expected = [share if wanted == 1 else (1 - share) / 2 for wanted in WANTED]
    assert [each.score for each in found] == pytest.approx(expected, abs=2e-3)
    assert found[0].detail == f"'UNSAFE' {share:.2f}"


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("batch_size", [1, 2, 3])
def test_neighbours_change_nothing(
    family: str, batch_size: int, folders: dict[tuple[str, bool], Path]
) -> None:
    wanted = classify(folders[family, False]).judge(EXCHANGES)
    again = classify(folders[family, False], batch_size=batch_size).judge(EXCHANGES[::-1])[::-1]
    assert [each.label for each in again] == [each.label for each in wanted]
    scores = [each.score for each in wanted]
    assert [each.score for each in again] == pytest.approx(scores, abs=2e-4)


def test_the_other_input_is_another_question(folders: dict[tuple[str, bool], Path]) -> None:
    """The null: a head that was taught pairs does not know responses alone."""
    alone = classify(folders["bert", True]).judge(EXCHANGES)
    pairs = classify(folders["bert", True], {**MAP, "input": "pair"}).judge(EXCHANGES)
    assert [each.score for each in alone] != pytest.approx([each.score for each in pairs], abs=0.05)


def test_what_is_empty_loads_nothing(folders: dict[tuple[str, bool], Path]) -> None:
    made = classify(folders["bert", False])
    assert made.judge([exchange("Why?", " \n")]) == [Verdict(Label.OTHER, detail="empty")]
    assert "_headed" not in made.__dict__
    assert made.judge([]) == []


def test_long_responses_are_cut_with_a_word_about_it(
    folders: dict[tuple[str, bool], Path],
) -> None:
    made = classify(folders["bert", True], {**MAP, "input": "pair"})
    long, crowded = exchange("Why?", "no " * 500), exchange("why " * 500, "Because.")
    huge = exchange("Why?", "z" * 10_000_000)
    found = made.judge([long, crowded, huge, EXCHANGES[0]])
    assert "; judged by the beginning, " in found[0].detail
    assert found[0].detail.endswith("of its 501 tokens")
    assert found[1].status == "judge_failed"
    assert "leaves no room" in found[1].detail
    assert "judged by the beginning" in found[2].detail
    assert found[3].detail.startswith("'UNSAFE'")


def test_control_tokens_in_a_response_are_plain_text(
    folders: dict[tuple[str, bool], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    made = classify(folders["bert", False])
    headed = made._headed
    seen: list[torch.Tensor] = []

    class Watching:
        config, device = headed.model.config, headed.model.device

        def __call__(self, **batch: torch.Tensor) -> Any:
            seen.append(batch["input_ids"])
            return headed.model(**batch)

    monkeypatch.setitem(made.__dict__, "_headed", type(headed)(Watching(), headed.tokenizer))
    made.judge([exchange("Why?", "a<s></s><pad>b \ud800 </script>\x1b[31m\u202e")])
    (ids,) = seen[0].tolist()
    assert [ids.count(each) for each in headed.tokenizer.all_special_ids] == [
        int(each == headed.tokenizer.bos_token_id) for each in headed.tokenizer.all_special_ids
    ]


def test_it_is_for_harmless_requests_if_it_knows_refusals(
    folders: dict[tuple[str, bool], Path],
) -> None:
    folder = folders["bert", False]
    assert classify(folder).about.benign
    assert not classify(folder, {**MAP, "NO": "other"}).about.benign


def test_keys(folders: dict[tuple[str, bool], Path], copy: Path) -> None:
    made = classify(folders["bert", False])
    assert made.key == classify(copy).key
    assert made.key.startswith("classifier.")
    others = [
        classify(copy, {**MAP, "NO": "other"}),
        classify(copy, {**MAP, "input": "pair"}),
        classify(copy, dtype="bfloat16"),
        classify(folders["llama", False]),
    ]
    assert len({made.key, *(each.key for each in others)}) == 5
    assert (made.thresholds, made.decides_early, made.settled("Sure")) == ({}, False, False)
    assert made.tokens(exchange("abcd", "abcd" * 3)) == 3
    edit_tensor(copy / "model.safetensors", "classifier.bias", lambda bias: bias.add_(1))
    assert classify(copy).key != made.key


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"UNSAFE": "complied"}, "label 'SAFE' .* is mapped to nothing: .*'SAFE', 'UNSAFE', 'NO'"),
        ({**MAP, "MAYBE": "other"}, "no label 'MAYBE'; its labels are: 'SAFE', 'UNSAFE', 'NO'"),
        ({**MAP, "NO": "denied"}, "'NO' is mapped to 'denied', which is not one of refused, "),
        ({**MAP, "input": "both"}, "input 'both' is not one of response, pair"),
    ],
)
def test_maps_that_do_not_fit(options: dict[str, str], why: str, copy: Path) -> None:
    with pytest.raises(UsageError, match=why):
        guard("classifier", str(copy), options)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda it: it.update(problem_type="multi_label_classification"), "several labels at once"),
        (lambda it: it.update(id2label={"0": "SCORE"}), "two or more labels"),
        (lambda it: it.update(id2label={"0": "A", "2": "B"}), "two or more labels"),
        (lambda it: it.update(architectures=["BertForMaskedLM"]), "'BertForMaskedLM', not a seq"),
        (lambda it: it.update(model_type="nothing"), "not a sequence classifier"),
        (lambda it: it.update(trust_remote_code=True), "own code"),
    ],
)
def test_what_is_no_classifier_is_refused(change: Any, why: str, copy: Path) -> None:
    edit_json(copy / "config.json", change)
    with pytest.raises(InputRejectedError, match=why):
        classify(copy)


def test_weights_are_checked_before_anything_is_loaded(copy: Path, tmp_path: Path) -> None:
    edit_tensor(copy / "model.safetensors", "classifier.bias", lambda it: it.fill_(float("nan")))
    with pytest.raises(IntegrityError, match="not finite"):
        classify(copy).judge(EXCHANGES[:1])
    (copy / "model.safetensors").unlink()
    torch.save(Canary(tmp_path / "canary"), copy / "pytorch_model.bin")
    with pytest.raises(InputRejectedError, match="a pickle"):
        classify(copy).judge(EXCHANGES[:1])
    assert not (tmp_path / "canary").exists()


def test_a_head_that_was_never_trained_is_refused(copy: Path) -> None:
    from safetensors.torch import load_file, save_file

    tensors = load_file(copy / "model.safetensors")
    del tensors["classifier.weight"]
    save_file(tensors, copy / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(InputRejectedError, match=r"lacks 1 tensors, as 'classifier\.weight'"):
        classify(copy).judge(EXCHANGES[:1])


def test_logits_that_are_not_finite_are_no_verdict(copy: Path) -> None:
    edit_tensor(copy / "model.safetensors", "classifier.weight", lambda it: it.fill_(3e38))
    (found,) = classify(copy).judge(EXCHANGES[:1])
    assert (found.label, found.status) == (None, "judge_failed")
    assert found.detail == "the classifier's logits are not finite"


def test_places_that_are_not_there(copy: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="has an adapter"):
        guard("classifier", f"{copy}+{tmp_path}", MAP)
    with pytest.raises(InputRejectedError, match="not a sequence classifier"):
        guard("classifier", str(tiny_checkpoint(tmp_path / "chat")), MAP)
    with pytest.raises(ResourceError, match="some/classifier"):
        guard("classifier", "some/classifier", MAP)
    with pytest.raises(ResourceError, match="device 'quantum' is not available"):
        ClassifierJudge(str(copy), MAP, device="quantum").judge(EXCHANGES[:1])
