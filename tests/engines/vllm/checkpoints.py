"""Checkpoints that vLLM can run on a CPU, whose attention wants heads of size 32."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from builders import VOCABULARY, tiny_tokenizer

SIZES: dict[str, Any] = {
    "vocab_size": VOCABULARY,
    "hidden_size": 128,
    "intermediate_size": 96,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 32,  # which some families take from the two above
    "max_position_embeddings": 512,
    "initializer_range": 0.2,
    "bos_token_id": 0,
    "eos_token_id": 1,
    "pad_token_id": 2,
}


def grouped(
    folder: Path, family: str = "llama", *, tied: bool = False, shards: bool = False, seed: int = 0
) -> Path:
    """A random network with grouped queries: vLLM fuses its projections and splits them by heads.

    Its vocabulary is no multiple of 64, so the tables that vLLM makes of it are padded.
    """
    from transformers import AutoConfig, AutoModelForCausalLM

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        config = AutoConfig.for_model(family, **SIZES, tie_word_embeddings=tied)
        model = AutoModelForCausalLM.from_config(config)
        for parameter in model.parameters():
            if parameter.dim() < 2:
                parameter.data.add_(0.1 * torch.randn_like(parameter))
    model.save_pretrained(folder, max_shard_size=200_000 if shards else "1GB")
    tiny_tokenizer().save_pretrained(folder)
    return folder
