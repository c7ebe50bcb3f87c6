"""What going outward saves: the same scan as a whole and with --outward, in one process, in turn.

python bench/outward_bench.py [--radius R …] [--tokens T …] [--directions D] [--model MODEL]

Garbage is long: the more tokens an answer may have, the more of the time goes to points that say
nothing. Times are of whole scans: 80 harmful and 80 benign prompts at 21 points a direction.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import safebasin as sb


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="organism:chat")
    parser.add_argument("--radius", type=float, nargs="+", default=[0.5, 1.0])
    parser.add_argument("--tokens", type=int, nargs="+", default=[48, 512])
    parser.add_argument("--directions", type=int, default=2)
    asked = parser.parse_args()
    print(
        "| radius | tokens | whole, s | outward, s | ratio | points | VISAGE | safety edge |\n"
        "|---|--:|--:|--:|--:|--:|--:|--:|"
    )
    for radius in asked.radius:
        for tokens in asked.tokens:
            print(row(asked.model, asked.directions, radius, tokens), flush=True)


def row(model: str, directions: int, radius: float, tokens: int) -> str:
    """One line: both ways of the same scan."""
    usual = {"directions": directions, "radius": radius, "max_new_tokens": tokens}
    with TemporaryDirectory() as folder:
        whole, long = timed(model, out=Path(folder) / "whole", **usual)
        short, brief = timed(model, out=Path(folder) / "outward", outward=True, **usual)
    points = [found.summary.status.points_done for found in (whole, short)]
    cells = [
        f"±{radius:g}", tokens, f"{long:.1f}", f"{brief:.1f}", f"{long / brief:.2f}",
        f"{points[1]} of {points[0]}", both(whole, short, "visage"),
        both(whole, short, "safety_edge"),
    ]  # fmt: skip
    return f"| {' | '.join(map(str, cells))} |"


def timed(model: str, **asked: Any) -> tuple[Any, float]:
    """A scan, and the seconds that it took."""
    began = time.perf_counter()
    found = sb.scan(model, progress=False, **asked)
    return found, time.perf_counter() - began


def both(whole: Any, short: Any, name: str) -> str:
    """A number of either scan."""
    return " and ".join(f"{getattr(found, name).value:.3f}" for found in (whole, short))


if __name__ == "__main__":
    main()
