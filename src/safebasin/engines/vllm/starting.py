"""Start vLLM in this process: on every GPU that it may see, or on the CPU with its CPU build."""

from __future__ import annotations

import os
import warnings
from pathlib import Path
from typing import Any

import torch

from safebasin.engines.registry import Manner
from safebasin.errors import ResourceError, UsageError
from safebasin.models.generation import Generation
from safebasin.models.load import LoadedModel
from safebasin.models.shown import shown
from safebasin.models.surroundings import quiet_and_offline
from safebasin.records import ModelRef

EXACT = "VLLM_BATCH_INVARIANT"
"""The environment variable that makes vLLM's answers independent of the batch."""

ENVIRONMENT = {
    "VLLM_ENABLE_V1_MULTIPROCESSING": "0",  # a scheduler of its own would decide by the clock
    "VLLM_NO_USAGE_STATS": "1",  # nothing is sent anywhere
    "VLLM_LOGGING_STREAM": "ext://sys.stderr",  # standard output belongs to summaries
}

CPU_CACHE = 1 << 30
"""Bytes for keys and values on a CPU; vLLM's own VLLM_CPU_KVCACHE_SPACE overrides it."""

GPU_SHARE = 0.92
"""Of the GPU memory that is free, how much vLLM may take, as it would of all of it."""

MOST_LOGPROBS = 20
"""Tokens whose likelihoods may be asked for at once, unless there are more end tokens."""


_FOLLOWED = {"repetition_penalty": "repetition_penalty", "min_new_tokens": "min_tokens"}
"""What is asked of answers beside the prompts, as vLLM calls it."""


def asked_of_answers(generation: Generation, ref: ModelRef) -> dict[str, Any]:
    """A checkpoint's generation settings as vLLM takes them.

    Raises:
        UsageError: vLLM cannot follow one of them.
    """
    followed = generation.followed
    if other := sorted(followed.keys() - _FOLLOWED.keys()):
        raise UsageError(
            f"generation_config.json beside {shown(ref)} asks for {', '.join(other)}, which "
            "--engine vllm does not follow: use --engine transformers, or remove that from the file"
        )
    return {_FOLLOWED[name]: value for name, value in followed.items()}


def start(
    loaded: LoadedModel, folder: Path, manner: Manner, *, exact: bool, parallel: int | None = None
) -> Any:
    """A `vllm.LLM` over a checkpoint whose workers can be placed.

    Args:
        loaded: tells the type and the end tokens.
        folder: the checkpoint.
        manner: tells how many prompts are answered at once.
        exact: whether an answer must not depend on the batch that it is asked in.
        parallel: over how many GPUs each tensor is split; by default, as many as can be.

    Raises:
        UsageError: `exact` contradicts the environment.
        ResourceError: vLLM is not installed, needs another device, or does not start.
    """
    _require_able(exact)
    count = parallel or gpus(attention_heads(loaded.model.config), torch.cuda.device_count())
    _settle_environment(exact)
    with quiet_and_offline(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            from vllm import LLM
        except ImportError as error:
            raise ResourceError(
                f"--engine vllm needs vLLM ({shown(error)}): pip install 'safebasin[vllm]'"
            ) from error
        try:
            return LLM(
                str(folder),
                dtype=loaded.dtype,
                tensor_parallel_size=count,
                max_model_len=-1,  # the model's own, or what there is memory for
                max_num_seqs=max(manner.batch_size, 8),
                max_logprobs=max(MOST_LOGPROBS, len(loaded.end_ids)),
                load_format="safetensors",
                generation_config="vllm",  # which is none: a checkpoint's own could penalise words
                worker_extension_cls="safebasin.engines.vllm.worker.Placing",
                seed=0,
                use_tqdm_on_load=False,
                **_memory(),
            )
        except Exception as error:
            raise ResourceError(
                f"vLLM does not start with {shown(loaded.ref)} ({shown(error)}): free memory, or "
                "use --engine transformers"
            ) from error


def gpus(heads: int, visible: int) -> int:
    """Over how many GPUs a tensor is split: the most there are that divide the attention heads."""
    return next((count for count in range(visible, 1, -1) if heads % count == 0), 1)


def attention_heads(config: Any) -> int:
    """How many query heads a network has."""
    return int(config.get_text_config().num_attention_heads)


def _require_able(exact: bool) -> None:
    asked = os.environ.get(EXACT, "0") not in ("", "0")
    if asked and not exact:
        raise UsageError(f"{EXACT} is set, but --engine vllm is not exact: use --engine vllm-exact")
    if exact and not (torch.cuda.is_available() and torch.cuda.get_device_capability() >= (8, 0)):
        raise ResourceError(
            "--engine vllm-exact needs a GPU of compute capability 8.0 or more, for which vLLM has "
            "batch-invariant kernels: use --engine transformers, or --engine vllm"
        )


def _settle_environment(exact: bool) -> None:
    """What vLLM reads from the environment; it goes on reading, so this stays as it is."""
    os.environ.update(ENVIRONMENT | ({EXACT: "1"} if exact else {}))
    os.environ.setdefault("VLLM_LOGGING_LEVEL", "ERROR")


def _memory() -> dict[str, Any]:
    """Compiled graphs pay on a GPU only, and on a CPU vLLM would take nearly all the memory."""
    if not torch.cuda.is_available():
        return {"kv_cache_memory_bytes": CPU_CACHE, "enforce_eager": True}
    shares = []
    for device in range(torch.cuda.device_count()):
        free, total = torch.cuda.mem_get_info(device)
        shares.append(GPU_SHARE * free / total)
    return {"gpu_memory_utilization": min(shares)}
