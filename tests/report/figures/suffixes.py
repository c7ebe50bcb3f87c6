"""Formats of a figure; those that take long are tried in the slow tests."""

import pytest

SUFFIXES = [".svg", *(pytest.param(each, marks=pytest.mark.slow) for each in (".pdf", ".png"))]
