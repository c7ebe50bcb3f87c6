"""What every worker of vLLM learns from us: to stand at a point."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from safebasin.engines.vllm.order import Order, Stored, weights


class Placing:
    """Mixed into the worker's class by vLLM; the names must not be ones that a worker has."""

    device: torch.device | None
    reload_weights: Any
    get_model: Any
    model_runner: Any

    def safebasin_place(self, stored: Sequence[Stored], order: Order) -> None:
        """Load all weights again, at a point.

        Args:
            stored: the checkpoint's tensors.
            order: the point; an empty one is the checkpoint.
        """
        device = self.device or torch.device("cpu")
        with torch.no_grad():
            failed: list[Exception] = []
            self.reload_weights(weights_iterator=weights(stored, order, device, failed))
            _prepare_heads(self.get_model())
        self.safebasin_wipe()
        if failed:
            raise failed[0]

    def safebasin_wipe(self) -> None:
        """Empty the memory of keys and values, which vLLM reuses as it is.

        What is left there is multiplied by zero, and zero times NaN is NaN: one answer without
        numbers would take those after it with it.
        """
        for cache in self.model_runner.kv_caches:
            for tensor in cache if isinstance(cache, list | tuple) else [cache]:
                tensor.zero_()


def _prepare_heads(model: Any) -> None:
    """A head that is tied to the embedding is in no file, so the loader does not see it change.

    Where a kernel reads a copy in another layout, as on a CPU, the copy is made again.
    """
    from vllm.model_executor.layers.vocab_parallel_embedding import ParallelLMHead

    for module in model.modules():
        if isinstance(module, ParallelLMHead):
            module.quant_method.process_weights_after_loading(module)
