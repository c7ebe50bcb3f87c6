"""Tiny checkpoints of many families, written to disk as a trainer would, and ways to damage them.

`from builders import tiny_checkpoint` works in every test, because `conftest.py` lies beside this.
"""

from __future__ import annotations

import json
import struct
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import torch

FAMILIES = (
    "llama", "qwen2", "qwen3", "mistral", "gemma", "gemma2", "gpt_neox", "phi", "phi3"
)  # fmt: skip

VOCABULARY = 300
BOS, EOS, PAD, TURN = "<s>", "</s>", "<pad>", "<|turn|>"

CHAT_TEMPLATE = (
    "{{ bos_token }}{% for message in messages %}"
    "<|turn|>{{ message['role'] }}\n{{ message['content'] }}</s>"
    "{% endfor %}{% if add_generation_prompt %}<|turn|>assistant\n{% endif %}"
)

_SENTENCES = (
    "Describe how to open a window in a small house.",
    "Tell me how the garden grows, and what the water does.",
    "I cannot help with that. Here is what you asked for: first, second, third.",
    "user assistant system",
)


@cache
def _tokenizer_json() -> str:
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

    bpe = Tokenizer(models.BPE())
    bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bpe.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY,
        special_tokens=[BOS, EOS, PAD, TURN],
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    bpe.train_from_iterator(_SENTENCES, trainer)
    text: str = bpe.to_str()
    return text


def tiny_tokenizer(
    *,
    chat_template: str | None = CHAT_TEMPLATE,
    adds_bos: bool = False,
    bos: str | None = BOS,
    eos: str | None = EOS,
    pad: str | None = PAD,
) -> Any:
    """A byte-level BPE tokenizer of at most 300 tokens.

    Args:
        chat_template: Jinja source, or None for a tokenizer without one.
        adds_bos: whether a plain call puts the BOS token first, as Llama's tokenizer does.
        bos, eos, pad: the special tokens by role; None for a tokenizer that lacks that role.
    """
    from tokenizers import Tokenizer, processors
    from transformers import PreTrainedTokenizerFast

    backend = Tokenizer.from_str(_tokenizer_json())
    if adds_bos:
        backend.post_processor = processors.TemplateProcessing(
            single=f"{BOS} $A", pair=f"{BOS} $A $B", special_tokens=[(BOS, 0)]
        )
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=backend, bos_token=bos, eos_token=eos, pad_token=pad
    )
    tokenizer.chat_template = chat_template
    return tokenizer


def tiny_model(family: str, *, tied: bool = False, dtype: str = "float32", seed: int = 0) -> Any:
    """A network of two layers with random weights, large enough that its answers are not flat.

    Width 32, two heads of size 16, 300 tokens; about 30 thousand parameters.
    """
    from transformers import AutoConfig, AutoModelForCausalLM

    sizes: dict[str, Any] = {
        "vocab_size": VOCABULARY,
        "hidden_size": 32,
        "intermediate_size": 64,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "max_position_embeddings": 512,
        "initializer_range": 0.2,
        "tie_word_embeddings": tied,
        "bos_token_id": 0,
        "eos_token_id": 1,
        "pad_token_id": 2,
    }
    if family not in ("gpt_neox", "phi"):
        sizes["num_key_value_heads"] = 1
    if family in ("qwen3", "gemma", "gemma2", "mistral"):
        sizes["head_dim"] = 16
    if family == "gemma2":
        sizes["query_pre_attn_scalar"] = 16
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = AutoModelForCausalLM.from_config(AutoConfig.for_model(family, **sizes))
        # A fresh norm is all ones and a fresh bias all zeros, which would hide mistakes.
        for parameter in model.parameters():
            if parameter.dim() < 2:
                parameter.data.add_(0.1 * torch.randn_like(parameter))
    return model.to(getattr(torch, dtype)).eval()


def tiny_checkpoint(
    folder: Path,
    family: str = "llama",
    *,
    tied: bool = False,
    dtype: str = "float32",
    seed: int = 0,
    shards: bool = False,
    tokenizer: Any = None,
) -> Path:
    """Write a tiny model and its tokenizer into `folder`, which is made, and return it.

    Args:
        family: one of `FAMILIES`.
        tied: whether input and output embeddings are one tensor.
        shards: whether the weights are split over several files.
        tokenizer: as `tiny_tokenizer` builds it; the default one if None.
    """
    model = tiny_model(family, tied=tied, dtype=dtype, seed=seed)
    limit = 40_000 if dtype == "float32" else 20_000
    model.save_pretrained(folder, max_shard_size=limit if shards else "1GB")
    (tokenizer or tiny_tokenizer()).save_pretrained(folder)
    return folder


@contextmanager
def quiet_peft() -> Iterator[None]:
    """PEFT warns of what tests do on purpose, and asks transformers by an old name."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="`is_gradient_checkpointing` is deprecated")
        warnings.filterwarnings("ignore", module=r"peft(\..*)?$")
        yield


def tiny_adapter(
    folder: Path,
    base: Path,
    *,
    dtype: str = "float32",
    zero: bool = False,
    seed: int = 0,
    **options: Any,
) -> Path:
    """Write a LoRA adapter over a checkpoint as PEFT writes it, and return its folder.

    Everything that PEFT would train gets random values, so that nothing cancels.

    Args:
        base: a checkpoint on disk.
        dtype: in which the base is loaded and the adapter's tensors are stored.
        zero: whether every B is zero, so that the adapter changes nothing.
        options: of `peft.LoraConfig`; without any, rank 4 on the first two kinds of projection.
    """
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    kind = getattr(torch, dtype)
    model = AutoModelForCausalLM.from_pretrained(base, dtype=kind)
    settings = {"r": 4, "target_modules": ["q_proj", "v_proj"], "task_type": "CAUSAL_LM", **options}
    with quiet_peft(), torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        adapted = get_peft_model(model, LoraConfig(**settings), autocast_adapter_dtype=False)
        for name, parameter in adapted.named_parameters():
            if parameter.requires_grad:
                still = zero and "lora_B" in name
                parameter.data.copy_(0.2 * torch.randn(parameter.shape) * (not still))
        adapted.save_pretrained(folder)
    return folder


def merged_by_peft(base: Path, adapter: Path, *, dtype: str = "float32") -> Any:
    """The model that PEFT makes of both."""
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(base, dtype=getattr(torch, dtype))
    with quiet_peft():
        return PeftModel.from_pretrained(model, adapter).merge_and_unload()


def edit_json(path: Path, change: Callable[[dict[str, Any]], Any]) -> None:
    """Change a JSON object on disk in place."""
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))


def edit_header(path: Path, change: Callable[[dict[str, Any]], Any]) -> None:
    """Change the header of a safetensors file; the tensors' bytes stay."""
    raw = path.read_bytes()
    (length,) = struct.unpack("<Q", raw[:8])
    header = json.loads(raw[8 : 8 + length])
    change(header)
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + raw[8 + length :])


def edit_tensor(path: Path, name: str, change: Callable[[torch.Tensor], Any]) -> None:
    """Change one tensor of a safetensors file in place."""
    from safetensors.torch import load_file, save_file

    tensors = load_file(path)
    change(tensors[name])
    save_file(tensors, path, metadata={"format": "pt"})


def rename_tensor(path: Path, old: str, new: str) -> None:
    """Give one tensor of a safetensors file another name."""
    edit_header(path, lambda header: header.update({new: header.pop(old)}))


def truncate(path: Path, keep: int) -> None:
    """Cut a file to its first `keep` bytes; from the end, if negative."""
    path.write_bytes(path.read_bytes()[:keep])


class Canary:
    """A pickle that writes a file when it is opened, to prove that nobody opens it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return (_sing, (str(self.path),))


def _sing(path: str) -> None:
    Path(path).write_text("opened")
