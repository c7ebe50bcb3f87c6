"""One tiny network for the tests that need any."""

from __future__ import annotations

from typing import Any

import pytest
from builders import tiny_model


@pytest.fixture(scope="module")
def model() -> Any:
    return tiny_model("llama")
