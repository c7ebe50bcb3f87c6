from __future__ import annotations

import pytest
import torch

from safebasin.weights.arriving import arriving, at_hand
from safebasin.weights.direction import chunks
from safebasin.weights.given import Held
from weights.networks import same_bits

CPU = torch.device("cpu")


def test_rows_at_hand_are_not_copied() -> None:
    tensor = torch.randn(5, 3)
    held = Held({"w": tensor})
    assert at_hand(held, "w", CPU)
    assert not at_hand(held, "w", torch.device("cuda", 0))
    ((part, rows_RC),) = arriving(held, "w", [slice(0, 5)], CPU)
    assert rows_RC.data_ptr() == tensor.data_ptr()
    assert part == slice(0, 5)


def test_every_part_comes_in_order() -> None:
    tensor = torch.randn(10, 3)
    found = list(arriving(Held({"w": tensor}), "w", [slice(0, 4), slice(4, 8), slice(8, 10)], CPU))
    assert [part.start for part, _ in found] == [0, 4, 8]
    assert same_bits(torch.cat([rows_RC for _, rows_RC in found]), tensor)


@pytest.mark.gpu
@pytest.mark.parametrize("pinned", [False, True])
def test_what_is_used_late_is_not_overwritten(pinned: bool) -> None:
    """Each part is used after a long wait on the GPU, while later ones are already sent."""
    device = torch.device("cuda", 0)
    tensor = torch.randn(64, 1 << 18)
    tensor = tensor.pin_memory() if pinned else tensor
    goal = torch.empty(tensor.shape, device=device)
    parts = [slice(start, start + 8) for start in range(0, 64, 8)]
    for part, rows_RC in arriving(Held({"w": tensor}), "w", parts, device):
        torch.cuda._sleep(10_000_000)
        goal[part] = rows_RC
    assert same_bits(goal.cpu(), tensor)
    assert sum(part.stop - part.start for part in chunks(goal)) == 64
