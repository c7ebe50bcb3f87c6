"""What a device can do at best: copying and multiplying."""

from __future__ import annotations

import torch
from gpu_run import Bench


def ceilings(bench: Bench) -> None:
    """What the device can do at best; bytes read and bytes written both count."""
    entries = 1 << (22 if bench.tiny else 31)
    source = torch.randn(entries // 2, device=bench.device)
    goal = torch.empty_like(source)
    seconds = bench.fastest(lambda: goal.copy_(source))
    bench.bandwidth = 8 * source.numel() / seconds
    bench.tell("copy", f"{bench.bandwidth / 1e9:,.0f} GB/s")
    size = 512 if bench.tiny else 8192
    matrix = torch.randn(size, size, device=bench.device).bfloat16()
    seconds = bench.fastest(lambda: matrix @ matrix)
    bench.tell("matmul", f"{2 * size**3 / seconds / 1e12:,.1f} TFLOP/s")
