"""The engine in the driver: sends points to the workers, prompts to the scheduler, and doubts both.

An answer must depend on the point and its batch only. So the scheduler runs in this process, where
it decides by what it was given and never by the clock, and what it remembers of prompts (the prefix
cache) is dropped before every batch: a batch that is asked after an interruption finds what it
would have found without.
"""

from __future__ import annotations

import math
import weakref
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp
from typing import Any

import torch

from safebasin.engines import talk
from safebasin.engines.base import Batch, Drafts, Encoded, Settled
from safebasin.engines.registry import Manner, require_able, versions
from safebasin.engines.saying import response
from safebasin.engines.vllm.canary import Canary
from safebasin.engines.vllm.checkpoint import Checkpoint
from safebasin.engines.vllm.order import Order
from safebasin.engines.vllm.scoring import asked, read
from safebasin.engines.vllm.starting import asked_of_answers, start
from safebasin.errors import ResourceError, UsageError
from safebasin.models.load import LoadedModel
from safebasin.models.tensors import network_rows
from safebasin.points import Point
from safebasin.records import Finish, Response
from safebasin.weights.overlay import Overlay

_ENGINES: weakref.WeakSet[VllmEngine] = weakref.WeakSet()
"""Of this process: vLLM keeps one distributed group a process, so one of them may be open."""


class VllmEngine:
    """Answers and scores through vLLM, at any point of a model's weight space.

    The loaded model itself is never moved: it tells the names and the geometry.
    """

    def __init__(
        self,
        loaded: LoadedModel,
        manner: Manner | None = None,
        *,
        exact: bool = False,
        parallel: int | None = None,
    ) -> None:
        """Start vLLM, one at a time in a process.

        Args:
            loaded: which model; stays where it is.
            manner: how to answer.
            exact: whether an answer must not depend on the batch that it is asked in.
            parallel: over how many GPUs each tensor is split; by default, as many as can be.

        Raises:
            UsageError: answers are to be drawn, or vLLM already runs in this process.
            InputRejectedError: the checkpoint stores its tensors otherwise than the network.
            ResourceError: vLLM is not installed or does not start.
        """
        manner = manner or Manner()
        require_able("vllm", sampling=manner.sampling is not None, hooks=bool(manner.beside))
        if any(other.is_open for other in _ENGINES):
            raise UsageError("vLLM already runs in this process: close() that engine first")
        if manner.moving:
            raise UsageError(
                f"--engine vllm does not move buffers ({', '.join(manner.moving)}), which differ "
                "between these checkpoints: use --engine transformers"
            )
        self._loaded, self._manner, self._exact = loaded, manner, exact
        self._first, self._talks = talk.own(loaded), manner.talks or {}
        if any(each.size != self._first.size for each in self._talks.values()):
            raise UsageError(
                "--engine vllm keeps the number of tokens that the first model has, and one of "
                "these checkpoints has another: use --engine transformers"
            )
        for each in (self._first, *self._talks.values()):
            asked_of_answers(each.generation, loaded.ref)
        self._talk = self._first
        still = network_rows(loaded.model)  # never moved, so there is nothing to keep a copy of
        self.overlay = Overlay(loaded.model, manner.skip, given=manner.given, pristine=still)
        scratch = Path(mkdtemp(prefix="safebasin-vllm-"))
        self._clean = weakref.finalize(self, rmtree, scratch, ignore_errors=True)
        self._checkpoint = Checkpoint(loaded, self.overlay, manner.given or {}, scratch)
        self._llm = start(loaded, self._checkpoint.folder, manner, exact=exact, parallel=parallel)
        self._stop = weakref.finalize(self, self._llm.llm_engine.engine_core.shutdown)
        self._room = int(self._llm.llm_engine.model_config.max_model_len)
        self._canary = Canary(self._llm)
        self._placed = False
        _ENGINES.add(self)

    @property
    def is_open(self) -> bool:
        """Whether vLLM still runs."""
        return self._stop.alive

    @property
    def name(self) -> str:
        """Engine, versions and layout: any of them may change the last bit of a logit."""
        builds = ", ".join(f"{name} {version}" for name, version in versions("vllm").items())
        count = self._llm.llm_engine.vllm_config.parallel_config.tensor_parallel_size
        spread = f", tensors split {count} ways" if count > 1 else ""
        exact = ", batch-invariant" if self._exact else ""
        return f"{builds}, torch {torch.__version__}{spread}{exact}"

    def close(self) -> None:
        """Stop vLLM; happens by itself once nobody holds the engine."""
        self._stop()
        self._clean()

    @contextmanager
    def at(self, point: Point) -> Iterator[None]:
        """See `Engine.at`.

        Raises:
            ValueError: see `Overlay.at`.
            ReproducibilityError: vLLM still remembers prompts from another point.
        """
        if self._placed:
            raise ValueError("another point is placed; leave its block first")
        order = self._checkpoint.order(point)
        self._placed = True
        try:
            if point.terms:
                self._place(order)
            self._talk = talk.at(point, self._first, self._talks)
            yield
        finally:
            self._placed = False
            self._talk = self._first
            if point.terms:
                self._place(Order())

    def answer(
        self,
        batch: Batch,
        settled: Settled | None = None,
        drafts: Drafts | None = None,  # noqa: ARG002
    ) -> list[Response]:
        """See `Engine.answer`. Ends early at phrases that settle every verdict, and only there.

        Raises:
            ResourceError: a prompt and its answer are longer than vLLM has memory for.
        """
        known = () if self._talk.thinking.expected else getattr(settled, "phrases", ())
        stops = [one for one in known if settled and settled(one)]
        said = self._generate(batch, stops)
        # vLLM reads a text token by token, which can differ from reading it whole.
        again = [
            place
            for place, one in enumerate(said)
            if one.finish == "decided" and not (settled and settled(one.text))
        ]
        full = self._generate(tuple(batch[place] for place in again), []) if again else []
        for place, one in zip(again, full, strict=True):
            said[place] = one
        return said

    def losses(self, batch: Batch, responses: Sequence[Response]) -> list[list[float]]:
        """See `Engine.losses`. The end of a text is scored as its likeliest end token."""
        ends = sorted(self._loaded.end_ids)
        questions = [asked(e.token_ids, r, ends) for e, r in zip(batch, responses, strict=True)]
        due = [question for question in questions if question]
        outputs = iter(self._run([q.prompt for q in due], [q.parameters() for q in due]))
        return [read(q, next(outputs)) if q else [] for q in questions]

    def _generate(self, batch: Batch, stops: list[str]) -> list[Response]:
        from vllm import SamplingParams

        parameters = SamplingParams(
            temperature=0,
            max_tokens=self._manner.max_new_tokens,
            stop=stops or None,
            include_stop_str_in_output=True,
            stop_token_ids=sorted(self._talk.ends),
            ignore_eos=True,  # which would be the tokenizer's alone
            logprobs=0,
            detokenize=bool(stops),
            **asked_of_answers(self._talk.generation, self._loaded.ref),
        )
        batch = self._talk.written(batch)
        for encoded in batch:
            self._require_room(encoded)
        prompts = [encoded.token_ids for encoded in batch]
        outputs = self._run(prompts, [parameters] * len(batch))
        return [self._response(e, o.outputs[0]) for e, o in zip(batch, outputs, strict=True)]

    def _run(self, prompts: Sequence[Sequence[int]], parameters: Sequence[Any]) -> list[Any]:
        if not prompts:
            return []
        self._canary.forget()
        found = list(
            self._llm.generate(
                [{"prompt_token_ids": list(prompt)} for prompt in prompts],
                list(parameters),
                use_tqdm=False,
            )
        )
        if not all(math.isfinite(one.outputs[0].cumulative_logprob) for one in found):
            self._llm.collective_rpc("safebasin_wipe")
        return found

    def _response(self, encoded: Encoded, output: Any) -> Response:
        """Without numbers to choose by, vLLM still chooses: that shows in the likelihoods alone."""
        if not math.isfinite(output.cumulative_logprob):
            return Response(encoded.prompt_id, "", (), "numeric_failure", encoded.sample)
        ids, finish = tuple(output.token_ids), _finish(output)
        ids = ids[:-1] if finish == "eos" else ids
        return response(self._talk.tokenizer, self._talk.thinking, encoded, ids, finish)

    def _place(self, order: Order) -> None:
        with self._canary.across():
            self._llm.collective_rpc("safebasin_place", args=(self._checkpoint.stored, order))

    def _require_room(self, encoded: Encoded) -> None:
        length = len(encoded.token_ids) + self._manner.max_new_tokens
        if length > self._room:
            raise ResourceError(
                f"prompt {encoded.prompt_id} and its answer may have {length} tokens, and vLLM has "
                f"memory for {self._room}: lower --max-new-tokens, or use --engine transformers"
            )


def make(loaded: LoadedModel, manner: Manner) -> VllmEngine:
    """See `registry.make`."""
    return VllmEngine(loaded, manner)


def make_exact(loaded: LoadedModel, manner: Manner) -> VllmEngine:
    """The same with kernels whose results do not depend on the batch."""
    return VllmEngine(loaded, manner, exact=True)


def _finish(output: Any) -> Finish:
    if output.finish_reason == "length":
        return "length"
    return "decided" if isinstance(output.stop_reason, str) else "eos"
