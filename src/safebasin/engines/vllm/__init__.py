"""The engine for wide sweeps: vLLM, with points placed inside its workers."""

from safebasin.engines.vllm.engine import VllmEngine, make, make_exact

__all__ = ["VllmEngine", "make", "make_exact"]
