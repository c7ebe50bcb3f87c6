"""Whether vLLM has really forgotten what it computed at another point.

vLLM keeps the keys and values of prompts and takes them again for prompts that begin alike. Those
of another point would give answers of a network that stands nowhere.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from safebasin.errors import ReproducibilityError


class Canary:
    """A prompt that is asked before and after a move: the second time, nothing may be known of it.

    Args:
        llm: a `vllm.LLM`.
    """

    def __init__(self, llm: Any) -> None:
        self._llm = llm
        configuration = llm.llm_engine.vllm_config
        # Whole blocks are kept, and the last token of a prompt is always computed.
        length = 1 + configuration.cache_config.block_size
        vocabulary = configuration.model_config.get_vocab_size()
        most = configuration.model_config.max_model_len - 1
        self._tokens = [place % vocabulary for place in range(min(length, most))]

    @contextmanager
    def across(self) -> Iterator[None]:
        """The block moves the network.

        Raises:
            ReproducibilityError: after it, vLLM still knows a prompt from before.
        """
        self._remembered()
        yield
        self.forget()
        remembered = self._remembered()
        if remembered:
            raise ReproducibilityError(
                f"vLLM still had {remembered} tokens of a prompt from another point, although its "
                "prefix cache was reset: use --engine transformers, and another --out"
            )

    def forget(self) -> None:
        """Drop everything that is known of prompts.

        Raises:
            ReproducibilityError: vLLM refuses.
        """
        if not self._llm.reset_prefix_cache():
            raise ReproducibilityError(
                "vLLM does not reset its prefix cache, so answers could mix two points: use "
                "--engine transformers"
            )

    def _remembered(self) -> int:
        """Ask, and count the tokens that were not computed for it."""
        from vllm import SamplingParams

        once = SamplingParams(temperature=0, max_tokens=1, ignore_eos=True, detokenize=False)
        (output,) = self._llm.generate([{"prompt_token_ids": self._tokens}], once, use_tqdm=False)
        return int(output.num_cached_tokens or 0)
