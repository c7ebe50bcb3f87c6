"""How a refused checkpoint is asserted, in one place."""

from __future__ import annotations

from pathlib import Path

import pytest

from safebasin.errors import InputRejectedError, SafebasinError
from safebasin.models.check import check


def refused(folder: Path, *words: str, kind: type[SafebasinError] = InputRejectedError) -> str:
    """The message of the refusal, which is one printable line and holds the words."""
    with pytest.raises(kind) as caught:
        check(folder)
    message = str(caught.value)
    assert message.isprintable()
    for word in words:
        assert word in message
    return message
