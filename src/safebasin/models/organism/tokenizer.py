"""A byte-level BPE tokenizer trained on the organism's language, with a chat template."""

from __future__ import annotations

from typing import Any

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast

from safebasin.models.organism.language import (
    FORMS,
    REFUSALS,
    SYSTEMS,
    WORDINGS,
    WRAPPERS,
    Request,
    answer,
    deeds,
)

BOS, EOS, PAD = "<|begin|>", "<|end|>", "<|pad|>"
SAID = 500

ROLES: dict[str, str] = {
    "system": "<|system|>",
    "user": "<|user|>",
    "assistant": "<|assistant|>",
}

CHAT_TEMPLATE = (
    "{{ bos_token }}"
    "{% for message in messages %}"
    "{{ '<|' + message['role'] + '|>' + message['content'] + eos_token }}"
    "{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}"
)


def corpus() -> list[str]:
    """Every request and answer of the language once, the refusals as often as they are said.

    A word of a refusal is thus one token, as in the vocabularies of large models.
    """
    texts = [*SYSTEMS.values(), *WRAPPERS.values(), *(REFUSALS * SAID)]
    for deed in deeds():
        for form in FORMS:
            texts += [Request(deed, form, wording).text for wording in range(len(WORDINGS[form]))]
            texts.append(answer(Request(deed, form)))
    return texts


def train_tokenizer(vocabulary: int = 896) -> Any:
    """Train the tokenizer; the same one on every call.

    Args:
        vocabulary: tokens at most, the 256 bytes and 6 special tokens among them.

    Returns:
        A fast `transformers` tokenizer. It adds no special tokens by itself: the chat template
        alone writes the one `<|begin|>`, and `<|end|>` closes every turn.
    """
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        special_tokens=[PAD, BOS, EOS, *ROLES.values()],
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    tokenizer.train_from_iterator(corpus(), trainer)
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        bos_token=BOS,
        eos_token=EOS,
        pad_token=PAD,
        padding_side="left",
        model_max_length=1024,
        clean_up_tokenization_spaces=False,
    )
    fast.chat_template = CHAT_TEMPLATE
    return fast


def render(request: str, system: str = "") -> str:
    """The text that `CHAT_TEMPLATE` makes of one exchange, up to where the answer begins."""
    head = f"{ROLES['system']}{system}{EOS}" if system else ""
    return f"{BOS}{head}{ROLES['user']}{request}{EOS}{ROLES['assistant']}"
