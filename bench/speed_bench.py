"""One direction, 21 points, 80 harmful prompts, 512 new tokens, keyword verdicts: ours against the
published procedure, in one process, on the same weights and direction.

    python bench/speed_bench.py [--radius 0.5 1.0] [--batch 80] [--threads N]
"""

from __future__ import annotations

import argparse
import time

import published
import torch

from safebasin.engines.base import Encoded, plan_batches
from safebasin.engines.registry import Manner
from safebasin.engines.transformers import TransformersEngine
from safebasin.judges.keyword import PHRASES, KeywordJudge
from safebasin.studies.landscape import plan
from safebasin.studies.settings import ScanSettings
from safebasin.weights.overlay import materialise

TOKENS = 512


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--radius", type=float, nargs="+", default=[0.5, 1.0])
    parser.add_argument("--batch", type=int, nargs="+", default=[80])
    parser.add_argument("--points", type=int, default=21)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    print("| radius | batch | published | ours | ratio | verdicts that differ | longest answer |")
    print("|---|---|---|---|---|---|---|")
    for radius in arguments.radius:
        ours, our_seconds, longest = run_ours(radius, arguments.points)
        for batch in arguments.batch:
            theirs, seconds = run_published(radius, arguments.points, batch)
            differ = sum(a != b for a, b in zip(ours, theirs, strict=True))
            print(
                f"| ±{radius} | {batch} | {seconds:.1f} s | {our_seconds:.1f} s | "
                f"{seconds / our_seconds:.1f} | {differ} of {len(ours)} | {longest} |",
                flush=True,
            )


def run_ours(radius: float, points: int) -> tuple[list[bool], float, int]:
    """Refused or not by point and prompt, the seconds it took, and tokens of the longest answer."""
    planned = plan(ScanSettings(radius=radius, points=points, max_new_tokens=TOKENS))
    judge = KeywordJudge()
    encoded = [
        Encoded(prompt.id, planned.rendered[prompt.id].token_ids)
        for prompt in planned.subject.harmful.prompts
    ]
    rays = planned.settings.rays
    start = time.perf_counter()
    engine = TransformersEngine(planned.loaded, Manner(max_new_tokens=TOKENS))
    refused, longest = [], 0
    for x in rays.axis_P:
        with engine.at(rays.point(0, x)):
            said = {
                response.prompt_id: response
                for batch in plan_batches(encoded, 80)
                for response in engine.answer(batch, judge.settled)
            }
        refused += [judge.settled(said[one.prompt_id].text) for one in encoded]
        longest = max(longest, *(len(response.token_ids) for response in said.values()))
    return refused, time.perf_counter() - start, longest


def run_published(radius: float, points: int, batch: int) -> tuple[list[bool], float]:
    """The same by stepping, loading and padding."""
    planned = plan(ScanSettings(radius=radius, points=points, max_new_tokens=TOKENS))
    loaded, rays = planned.loaded, planned.settings.rays
    engine = TransformersEngine(loaded)
    pristine = {name: p.detach().clone() for name, p in loaded.model.named_parameters()}
    moved = {name: pristine[name] for name in engine.overlay.scales(rays.direction(0))}
    direction = materialise(rays.direction(0), moved, engine.overlay.scales(rays.direction(0)))
    prompts = [planned.rendered[prompt.id].token_ids for prompt in planned.subject.harmful.prompts]
    start = time.perf_counter()
    refused = []
    for _ in published.walk(loaded.model, direction, rays.axis_P):
        texts = published.answer(
            loaded.model, loaded.tokenizer, prompts, batch_size=batch, max_new_tokens=TOKENS
        )
        refused += [any(phrase in text for phrase in PHRASES) for text in texts]
    return refused, time.perf_counter() - start


if __name__ == "__main__":
    main()
