"""A network that says one thing: its next token depends on the last one alone."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import torch
from builders import BOS, EOS, PAD, TURN


def words(
    *said: str, special: Sequence[str] = (), eos: str = EOS, template: str | None = None
) -> Any:
    """A tokenizer of bytes with some texts that are one token each."""
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    first = [BOS, EOS, PAD, TURN, *sorted(pre_tokenizers.ByteLevel.alphabet())]
    backend = Tokenizer(models.BPE(vocab={token: at for at, token in enumerate(first)}, merges=[]))
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    backend.decoder = decoders.ByteLevel()
    backend.add_special_tokens([BOS, EOS, PAD, TURN, *special])
    backend.add_tokens([AddedToken(text, special=False, normalized=False) for text in said])
    fast = PreTrainedTokenizerFast(tokenizer_object=backend, bos_token=BOS, eos_token=eos,
                                   pad_token=PAD)  # fmt: skip
    fast.chat_template = template or (
        "{{ bos_token }}{% for m in messages %}<|turn|>{{ m['role'] }}\n{{ m['content'] }}</s>"
        "{% endfor %}{% if add_generation_prompt %}<|turn|>assistant\n{% endif %}"
    )
    return fast


def saying(folder: Path, tokenizer: Any, *chain: str, after: str = "Ċ") -> Path:
    """A checkpoint that says these tokens, one after the other, to whatever ends with `after`."""
    from transformers import LlamaConfig, LlamaForCausalLM

    size = -(-len(tokenizer) // 16) * 16
    config = LlamaConfig(
        vocab_size=size, hidden_size=size, intermediate_size=16, num_hidden_layers=1,
        num_attention_heads=1, num_key_value_heads=1, head_dim=16, max_position_embeddings=512,
        tie_word_embeddings=False, bos_token_id=0, eos_token_id=1, pad_token_id=2,
    )  # fmt: skip
    model = LlamaForCausalLM(config)
    ids = tokenizer.convert_tokens_to_ids([after, *chain])
    assert len({*ids[:-1]}) == len(ids) - 1, "each token has one that follows"
    with torch.no_grad():
        for layer in model.model.layers:
            layer.self_attn.o_proj.weight.mul_(1e-3)
            layer.mlp.down_proj.weight.mul_(1e-3)
        model.model.embed_tokens.weight.copy_(torch.eye(size))
        model.lm_head.weight.zero_()
        for one, following in pairwise(ids):
            model.lm_head.weight[following, one] = 1.0
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder
