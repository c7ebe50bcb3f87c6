"""Every family of causal language models in a tiny size, and what must hold of its answers.

`python tests/engines/families.py [FAMILY ...]` prints a table of all of them.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1]))

import torch
from builders import VOCABULARY, tiny_tokenizer

from engines.lengths import answers_alone, common_ends, prompts
from safebasin.engines import transformers as engine_module
from safebasin.engines.base import Encoded
from safebasin.engines.registry import Manner
from safebasin.engines.transformers import TransformersEngine
from safebasin.errors import SafebasinError
from safebasin.models.load import load
from safebasin.records import ModelRef, Response

COMMON: dict[str, Any] = {
    "vocab_size": VOCABULARY, "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2,
    "num_attention_heads": 2, "num_key_value_heads": 1, "max_position_embeddings": 512,
    "head_dim": 16, "initializer_range": 0.2, "tie_word_embeddings": False, "bos_token_id": 0,
    "eos_token_id": 1, "pad_token_id": 2,
}  # fmt: skip

_GPT = {"n_embd": 32, "n_layer": 2, "n_head": 2, "n_positions": 512}
_TURNS = {"sliding_window": 8, "layer_types": ["sliding_attention", "full_attention"]}
_GEMMA = {"query_pre_attn_scalar": 16, "sliding_window": 8}
_LOCAL = {"num_local_experts": 4, "num_experts_per_tok": 2}
_MOE = {"num_experts": 4, "num_experts_per_tok": 2, "moe_intermediate_size": 32}
_ROUTED = {
    "n_routed_experts": 4, "num_experts_per_tok": 2, "moe_intermediate_size": 32, "n_group": 1,
    "topk_group": 1, "first_k_dense_replace": 1, "n_shared_experts": 1,
}  # fmt: skip
_LATENT = {
    "kv_lora_rank": 16, "qk_nope_head_dim": 8, "qk_rope_head_dim": 8, "v_head_dim": 16,
    "num_key_value_heads": 2,
}  # fmt: skip
_DELTA = {
    "linear_num_value_heads": 2, "linear_num_key_heads": 2, "linear_key_head_dim": 8,
    "linear_value_head_dim": 8, "num_hidden_layers": 4,
    "layer_types": [*["linear_attention"] * 3, "full_attention"],
}  # fmt: skip
_MAMBA2 = {
    "mamba_n_heads": 4, "mamba_d_head": 16, "mamba_d_state": 8, "mamba_chunk_size": 8,
    "mamba_n_groups": 1,
}  # fmt: skip
_SEQ2SEQ = {
    "d_model": 32, "encoder_layers": 1, "decoder_layers": 2, "encoder_attention_heads": 2,
    "decoder_attention_heads": 2, "encoder_ffn_dim": 64, "decoder_ffn_dim": 64,
}  # fmt: skip
_PER_LAYER = {"vocab_size_per_layer_input": VOCABULARY, "hidden_size_per_layer_input": 8}
_LONG = {
    "original_max_position_embeddings": 32,
    "sliding_window": None,
    "rope_parameters": {
        "rope_type": "longrope", "rope_theta": 10000.0, "short_factor": [1.0] * 8,
        "long_factor": [1.0 + 6 * place for place in range(8)],
        "original_max_position_embeddings": 32, "factor": 16.0,
    },
}  # fmt: skip
_DYNAMIC = {
    "max_position_embeddings": 32,
    "rope_parameters": {"rope_type": "dynamic", "rope_theta": 10000.0, "factor": 4.0},
}

SIZES: dict[str, dict[str, Any]] = {
    "apertus": {}, "arcee": {}, "bitnet": {}, "cohere": {}, "cohere2": _TURNS, "doge": {},
    "ernie4_5": {}, "exaone4": _TURNS, "gemma": {}, "gemma2": _GEMMA, "glm": {}, "glm4": {},
    "gpt_neox": {}, "gpt_neox_japanese": {}, "granite": {}, "helium": {}, "hunyuan_v1_dense": {},
    "llama": {}, "ministral": _TURNS, "mistral": {"sliding_window": 8}, "nanochat": {},
    "nemotron": {}, "olmo": {}, "olmo2": {}, "olmo3": _TURNS, "persimmon": {}, "phi": {},
    "phi3": {"sliding_window": 8}, "qwen2": {}, "qwen3": {}, "seed_oss": {}, "smollm3": {},
    "stablelm": {}, "starcoder2": {"sliding_window": 8}, "vaultgemma": _GEMMA,
    "gemma3_text": {**_GEMMA, **_TURNS}, "diffllama": {"num_key_value_heads": 2},
    "gpt2": _GPT, "gpt_bigcode": _GPT, "openai-gpt": _GPT, "ctrl": {**_GPT, "dff": 64},
    "gptj": {**_GPT, "rotary_dim": 8},
    "codegen": {**_GPT, "num_attention_heads": 4, "n_head": 4, "rotary_dim": 4},
    "gpt_neo": {
        "num_layers": 2, "num_heads": 2, "attention_types": [[["global", "local"], 1]],
        "window_size": 8,
    },
    "bloom": {"n_layer": 2, "n_head": 2},
    "mpt": {"d_model": 32, "n_layers": 2, "n_heads": 2, "max_seq_len": 512},
    "falcon": {"num_kv_heads": 1, "new_decoder_architecture": True, "head_dim": None},
    "opt": {"ffn_dim": 64, "word_embed_proj_dim": 32}, "biogpt": {},
    "xglm": {"d_model": 32, "ffn_dim": 64, "num_layers": 2, "attention_heads": 2},
    "bart": _SEQ2SEQ, "blenderbot": _SEQ2SEQ,
    "modernbert-decoder": {"local_attention": 8, "global_attn_every_n_layers": 2},
    "gemma3n_text": {
        **_PER_LAYER, **_TURNS, "num_kv_shared_layers": 0, "laurel_rank": 4, "altup_num_inputs": 2,
        "activation_sparsity_pattern": [0.0, 0.0],
    },
    "gemma4_text": {**_PER_LAYER, **_TURNS, "num_kv_shared_layers": 0, "global_head_dim": 16},
    "mixtral": _LOCAL, "phimoe": {**_LOCAL, "sliding_window": 8}, "granitemoe": _LOCAL,
    "granitemoeshared": {**_LOCAL, "shared_intermediate_size": 32},
    "minimax_m2": {**_LOCAL, "rotary_dim": 8}, "jetmoe": {**_LOCAL, "kv_channels": 16},
    "gpt_oss": {**_LOCAL, **_TURNS}, "olmoe": _MOE, "flex_olmo": _MOE, "qwen3_moe": _MOE,
    "qwen2_moe": {**_MOE, "shared_expert_intermediate_size": 32},
    "hunyuan_v1_moe": {"num_experts": 4, "moe_topk": [2, 2]},
    "ernie4_5_moe": {
        "moe_num_experts": 4, "moe_k": 2, "moe_intermediate_size": 32, "moe_num_shared_experts": 1,
    },
    "deepseek_v2": {**_ROUTED, **_LATENT, "q_lora_rank": None},
    "deepseek_v3": {**_ROUTED, **_LATENT, "q_lora_rank": 16, "n_group": 2, "head_dim": 8},
    "deepseek_v4": {}, "dots1": _ROUTED, "glm4_moe": _ROUTED,
    "llama4_text": {
        "num_local_experts": 2, "num_experts_per_tok": 1, "intermediate_size_mlp": 64,
        "interleave_moe_layer_step": 1, "attention_chunk_size": 16,
    },
    "dbrx": {
        "d_model": 32, "n_heads": 2, "n_layers": 2, "max_seq_len": 512,
        "attn_config": {"kv_n_heads": 1, "clip_qkv": 8, "rope_theta": 1e4},
        "ffn_config": {"ffn_hidden_size": 32, "moe_num_experts": 4, "moe_top_k": 2},
    },
    "mamba": {"state_size": 4}, "falcon_mamba": {"state_size": 4},
    "mamba2": {"num_heads": 4, "head_dim": 16, "state_size": 8, "n_groups": 1, "chunk_size": 8},
    "rwkv": {"attention_hidden_size": 32, "context_length": 512},
    "xlstm": {"num_heads": 2, "num_blocks": 2, "chunk_size": 16},
    "recurrent_gemma": {
        "lru_width": 32, "attention_window_size": 8, "num_hidden_layers": 3,
        "block_types": ["recurrent", "recurrent", "attention"],
    },
    "jamba": {
        "num_experts": 2, "num_experts_per_tok": 1, "use_mamba_kernels": False, "mamba_d_state": 4,
        "attn_layer_period": 2, "attn_layer_offset": 1, "expert_layer_period": 2,
        "expert_layer_offset": 1, "mamba_dt_rank": 4,
    },
    "bamba": {**_MAMBA2, "attn_layer_indices": [1]},
    "falcon_h1": {**_MAMBA2, "mamba_d_ssm": 64},
    "granitemoehybrid": {
        **_MAMBA2, "layer_types": ["mamba", "attention"], "num_local_experts": 0,
        "shared_intermediate_size": 32,
    },
    "nemotron_h": {
        "hybrid_override_pattern": "M*-", "num_hidden_layers": 3, "mamba_num_heads": 4,
        "mamba_head_dim": 16, "ssm_state_size": 8, "n_groups": 1, "chunk_size": 8,
    },
    "zamba": {
        "attn_layer_period": 2, "attn_layer_offset": 1, "use_mamba_kernels": False,
        "num_hidden_layers": 4, "mamba_d_state": 4, "n_mamba_heads": 2, "mamba_dt_rank": 4,
        "attention_hidden_size": 64,
    },
    "zamba2": {
        "use_mem_blocks": None, "mamba_d_state": 8, "mamba_headdim": 8, "mamba_ngroups": 1,
        "chunk_size": 8, "num_hidden_layers": 4, "num_mem_blocks": 1, "adapter_rank": 4,
        "layers_block_type": ["mamba", "hybrid", "mamba", "hybrid"], "use_mamba_kernels": False,
    },
    "lfm2": {"layer_types": ["conv", "full_attention"], "block_multiple_of": 8},
    "lfm2_moe": {**_MOE, "layer_types": ["conv", "full_attention"], "num_dense_layers": 1},
    "minimax": {
        "num_local_experts": 2, "num_experts_per_tok": 1, "block_size": 16,
        "layer_types": ["linear_attention", "full_attention"],
    },
    "qwen3_next": {**_MOE, **_DELTA, "shared_expert_intermediate_size": 32},
    "qwen3_5_text": _DELTA, "olmo_hybrid": _DELTA,
    "phi3 (long rope)": _LONG, "llama (dynamic rope)": _DYNAMIC,
}  # fmt: skip
"""What makes each family tiny; two have factors that change within the prompts."""

SOME = prompts(5, 1, 17, 40, 30, 2, seed=7)
MOST = 12


@dataclass(frozen=True)
class Found:
    """What was found of a family.

    Attributes:
        way: that its engine takes.
        equal: by manner of asking, how many answers are those of `generate` to each prompt alone.
        losses: the largest difference to what one pass over each text says, in nats; nan without.
        notes: of the engine.
        refused: why there is no engine, else empty.
    """

    way: str = ""
    equal: dict[str, int] | None = None
    losses: float = float("nan")
    notes: tuple[str, ...] = ()
    refused: str = ""


def network(family: str) -> Any:
    """A tiny random network."""
    from transformers import AutoConfig, AutoModelForCausalLM

    kind = family.split(" ")[0]
    sizes = {**COMMON, **SIZES[family]}
    if sizes["head_dim"] is None:
        del sizes["head_dim"]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = AutoModelForCausalLM.from_config(AutoConfig.for_model(kind, **sizes))
        for parameter in model.parameters():
            if parameter.dim() < 2:
                parameter.data.add_(0.1 * torch.randn_like(parameter))
    return model.float().eval()


def tried(family: str, folder: Path) -> Found:
    """Save a tiny network, load it, and ask it together, alone, with guesses and at its losses."""
    network(family).save_pretrained(folder)
    tiny_tokenizer().save_pretrained(folder)
    try:
        loaded = load(ModelRef(str(folder)), device="cpu")
        model = loaded.model
        TransformersEngine(loaded)
        ends = common_ends(model, SOME, MOST)
        expected = answers_alone(model, SOME, ends, MOST)
        known = replace(loaded, end_ids=ends)
        engines = {
            size: TransformersEngine(known, Manner(max_new_tokens=MOST, batch_size=size))
            for size in (len(SOME), 1)
        }
    except SafebasinError as error:
        return Found(refused=str(error))
    batch = tuple(Encoded(f"{place}", prompt) for place, prompt in enumerate(SOME))
    guesses = {one.id: ids for one, (ids, _) in zip(batch, expected, strict=True)}
    engine = engines[len(SOME)]
    asked = {
        "together": engine.answer(batch),
        "alone": engines[1].answer(batch),
        "guessed": engine.answer(batch, drafts=guesses),
    }
    return Found(
        "rows" if engine._slots is not None else engine._strategy.decode.__qualname__,
        {how: _equal(said, expected) for how, said in asked.items()},
        max(_apart(engine, model, batch, asked["together"]), default=0.0),
        engine.notes,
    )


def _equal(said: list[Response], expected: list[tuple[tuple[int, ...], str]]) -> int:
    return sum((one.token_ids, one.finish) == own for one, own in zip(said, expected, strict=True))


def _apart(engine: Any, model: Any, batch: Any, said: list[Response]) -> Iterator[float]:
    kept = engine_module.LOGITS_BYTES
    engine_module.LOGITS_BYTES = 4 * VOCABULARY * len(batch) * 3  # three tokens to a piece
    try:
        losses = engine.losses(batch, said)
    finally:
        engine_module.LOGITS_BYTES = kept
    for one, response, found in zip(batch, said, losses, strict=True):
        if not response.token_ids:
            continue
        text, count = (*one.token_ids, *response.token_ids), len(response.token_ids)
        fed = text if response.finish == "eos" else text[:-1]
        with torch.no_grad():
            model(input_ids=torch.tensor([[0]]))  # dynamic factors become those of short texts
            logits_TV = model(input_ids=torch.tensor([fed])).logits[0, len(one.token_ids) - 1 :][
                :count
            ]
        target_T = torch.tensor(response.token_ids)
        chosen_T = logits_TV.log_softmax(-1).gather(-1, target_T[:, None])[:, 0]
        yield float((torch.tensor(found[:count]) + chosen_T).abs().max())


def main(families: list[str]) -> None:
    """Print a line for each."""
    import warnings

    import transformers

    warnings.simplefilter("ignore")
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    for family in families or SIZES:
        with TemporaryDirectory() as folder:
            try:
                found = tried(family, Path(folder) / "model")
            except Exception as error:
                print(f"{family:22s} FAILS {type(error).__name__}: {str(error)[:200]}", flush=True)
                continue
        if found.refused:
            print(f"{family:22s} refused: {found.refused}", flush=True)
        else:
            counts = ", ".join(f"{how} {n}" for how, n in (found.equal or {}).items())
            print(
                f"{family:22s} {found.way:8s} {counts} of {len(SOME)}; "
                f"losses apart {found.losses:.0e}; {' | '.join(found.notes)}",
                flush=True,
            )


if __name__ == "__main__":
    main(sys.argv[1:])
