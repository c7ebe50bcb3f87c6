"""What the kernels become for the GPU that they are meant for; compiling needs no GPU."""

from __future__ import annotations

import re
import struct
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from safebasin.weights import fused
from safebasin.weights.normal import ARTANH, CENTRE, LN2, MIDDLE, SQRT_HALF

triton = pytest.importorskip("triton")

WHOLE = [["tt.divisibility", 16]]
KINDS = ("held", "two held", "gaussian", "rademacher", "orthogonal", "noise")


@cache
def compiled(kind: str, *, fusion: bool = False) -> Any:
    """For compute capability 9.0, from and to bfloat16, specialised as for whole tensors."""
    from triton.backends.compiler import GPUTarget
    from triton.compiler import ASTSource

    from safebasin.weights import kernels

    if "held" in kind:
        terms = 2 if kind == "two held" else 1
        kernel, constants = kernels.add_held, {"BLOCK": fused.BLOCK}
        signature = {
            "start_E": "*bf16", "steps": ("*fp32",) * terms, "amounts": ("fp32",) * terms,
            "out_E": "*bf16", "count": "i64", "BLOCK": "constexpr",
        }  # fmt: skip
        whole = [(0,), *((1, term) for term in range(terms)), (3,), (4,)]
    elif kind == "noise":
        kernel, constants = kernels.draw, {"NORMAL": True, "FOURS": fused.FOURS}
        signature = {
            "out_E": "*fp32", "span": ("i64", "i32", "i64"), "key": "i64",
            "NORMAL": "constexpr", "FOURS": "constexpr",
        }  # fmt: skip
        whole = [(0,), (1, 1), (1, 2)]
    else:
        other = kind == "orthogonal"
        kernel = kernels.add_drawn
        constants = {"NORMAL": kind != "rademacher", "FOURS": fused.FOURS}
        constants |= dict.fromkeys(("BY_UNIT", "SHARES", "BY_COLUMN"), other)
        signature = {
            "start_E": "*bf16", "out_E": "*bf16", "amount": "fp32", "span": ("i64", "i32", "i64"),
            "key": "i64", "other_key": "i64" if other else "constexpr",
            "scale": ("*fp32", "*fp64" if other else "constexpr"), "units": ("i32",) * 5,
            "NORMAL": "constexpr", "BY_UNIT": "constexpr", "SHARES": "constexpr",
            "BY_COLUMN": "constexpr", "FOURS": "constexpr",
        }  # fmt: skip
        if not other:
            constants |= {"other_key": None, (6, 1): None}
        whole = [(0,), (1,), (3, 1), (3, 2)]
    options = {"num_warps": 4, "enable_fp_fusion": fusion}
    source = ASTSource(kernel, signature, constants, dict.fromkeys(whole, WHOLE))
    return triton.compile(source, target=GPUTarget("cuda", 90, 32), options=options)


@pytest.fixture(autouse=True, scope="module")
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> Any:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TRITON_CACHE_DIR", str(tmp_path_factory.mktemp("triton")))
        yield


@pytest.mark.parametrize("key", [0, 1, 16, 1 << 40, -(1 << 63)])
def test_another_key_is_no_other_kernel(key: int) -> None:
    """Every tensor has a key of its own; compiling for each would take minutes."""
    from safebasin.weights import kernels

    for kernel, name in ((kernels.draw, "key"), (kernels.add_drawn, "other_key")):
        assert name in kernel.do_not_specialize
    kind, what = triton.runtime.jit.native_specialize_impl(
        triton.backends.compiler.BaseBackend, key, False, False, False
    )
    assert kind in ("i32", "i64")
    assert not what


def arithmetic(kind: str) -> set[str]:
    """The floating-point instructions of a kernel, without operands."""
    ptx = compiled(kind).asm["ptx"]
    return set(
        re.findall(r"\b(?:add|sub|mul|div|sqrt|fma|mad|cvt|ex2|lg2|rcp)\.[\w.]*f\d\d\b", ptx)
    )


@pytest.mark.parametrize("kind", KINDS)
def test_each_operation_is_rounded_by_itself(kind: str) -> None:
    """As IEEE 754 has it: to nearest, nothing fused, flushed or approximate."""
    found = arithmetic(kind)
    assert not {each for each in found if re.search("fma|mad|ftz|approx|full", each)}
    rounded = {each for each in found if not re.fullmatch(r"cvt\.f\d\d\.b?f\d\d", each)}
    assert rounded
    assert all(".rn." in each for each in rounded)
    if kind in ("gaussian", "orthogonal", "noise"):
        assert {"div.rn.f64", "sqrt.rn.f64", "cvt.rn.f32.f64"} <= found
    if kind != "noise":
        assert "cvt.rn.bf16x2.f32" in found


def test_left_to_itself_it_would_fuse() -> None:
    """The control."""
    assert "fma.rn.f32" in compiled("held", fusion=True).asm["ptx"]


def test_constants_are_those_of_the_plain_pass() -> None:
    """Triton makes some of them fp32 when it is not watched."""
    ptx = compiled("gaussian").asm["ptx"].lower()
    seams = (0.425, 0.180625, 1.6, LN2, SQRT_HALF)
    for each in (*sum(CENTRE + MIDDLE, ()), *ARTANH, *seams):
        if each != 1:
            either = [f"0d{struct.pack('>d', sign * each).hex()}" for sign in (1, -1)]
            assert any(bits in ptx for bits in either), each
    assert not re.search(r"setp\.\w+\.f64.*0d(?!0{16})", ptx)


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_spills_and_weights_travel_in_wide_loads(kind: str, tmp_path: Path) -> None:
    made = compiled(kind)
    (tmp_path / "kernel").write_bytes(made.asm["cubin"])
    command = [triton.knobs.nvidia.cuobjdump.path, "--dump-resource-usage", tmp_path / "kernel"]
    usage = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "STACK:0" in usage
    assert "LOCAL:0" in usage
    # Where numbers are drawn, arithmetic is the limit: a thread makes four entries at a time.
    width = "v4" if "held" in kind else "v2"
    if kind != "noise":
        assert f"ld.global.{width}.b32" in made.asm["ptx"]
        assert f"st.global.{width}.b32" in made.asm["ptx"]
