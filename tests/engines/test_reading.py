"""Which networks can be read in rows of a cache, and which cannot."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from builders import tiny_model

from engines.counting import Counting
from safebasin.engines.reading import slots_for


class TestSlotsFor:
    def test_a_network_that_heeds_no_mask_is_read_plainly(self, model: Any) -> None:
        class Deaf(Counting):
            def __call__(self, **inputs: Any) -> Any:
                return super().__call__(**{**inputs, "attention_mask": None})

        assert slots_for(Deaf(model), 2) is None

    def test_nor_one_that_fails(self, model: Any) -> None:
        class Failing(Counting):
            def __call__(self, **inputs: Any) -> Any:
                raise TypeError("no such argument")

        assert slots_for(Failing(model), 2) is None

    def test_alibi_is_read_plainly(self) -> None:
        from transformers import BloomConfig, BloomForCausalLM

        torch.manual_seed(0)
        bloom = BloomForCausalLM(BloomConfig(vocab_size=64, hidden_size=32, n_layer=2, n_head=4))
        assert slots_for(bloom.eval(), 2) is None

    def test_so_are_layers_whose_masks_only_long_texts_would_show(self) -> None:
        from transformers import GPTNeoConfig, GPTNeoForCausalLM

        torch.manual_seed(0)
        shape = {"vocab_size": 64, "hidden_size": 32, "num_layers": 2, "num_heads": 4}
        local = GPTNeoConfig(**shape, attention_types=[[["global", "local"], 1]], window_size=16)
        assert slots_for(GPTNeoForCausalLM(local).eval(), 2) is None
        chunked = tiny_model("llama")
        assert slots_for(chunked, 2) is not None
        chunked.config.attention_chunk_size = 16
        assert slots_for(chunked, 2) is None

    def test_but_memory_that_runs_out_chooses_no_way(self, model: Any) -> None:
        class Full(Counting):
            def __call__(self, **inputs: Any) -> Any:
                raise torch.OutOfMemoryError

        with pytest.raises(torch.OutOfMemoryError):
            slots_for(Full(model), 2)

    @pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
    def test_rounding_is_no_reason(self, dtype: torch.dtype) -> None:
        assert slots_for(tiny_model("llama").to(dtype), 2) is not None
