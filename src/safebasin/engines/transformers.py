"""The reference engine: a transformers model in this process, on one device."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import TypeVar

import torch
import transformers
from torch import Tensor

from safebasin.engines import plain, talk
from safebasin.engines.base import Batch, Drafts, Settled
from safebasin.engines.decode import decode
from safebasin.engines.plain import pad_left
from safebasin.engines.reading import slots_for
from safebasin.engines.registry import Manner
from safebasin.engines.replay import recorder
from safebasin.engines.rules import Row, Rules, greedy
from safebasin.engines.sampling import Sampler
from safebasin.engines.saying import response, settled_answer
from safebasin.errors import ResourceError
from safebasin.memory import ran_out, wanted
from safebasin.models.buffers import travelling
from safebasin.models.load import LoadedModel
from safebasin.models.tensors import FileRows
from safebasin.records import Point, Response
from safebasin.weights.overlay import Overlay
from safebasin.weights.pristine import settle

T = TypeVar("T")

LOGITS_BYTES = 64 << 20
"""What the logits of a scoring pass may take; with a large vocabulary they are cut into pieces."""


class TransformersEngine:
    """Answers and scores with a loaded model, at any point of its weight space."""

    def __init__(self, loaded: LoadedModel, manner: Manner | None = None) -> None:
        """Take hold of a loaded model.

        Args:
            loaded: moved only inside `at`.
            manner: how to answer.
        """
        manner = manner or Manner()
        travelling(loaded.model, manner.moving)
        self._loaded = loaded
        self._model = loaded.model
        self._max_new_tokens = manner.max_new_tokens
        self._sampling = manner.sampling
        self._first, self._talks = talk.own(loaded), manner.talks or {}
        self._talk = self._first
        self._batch_size = manner.batch_size
        self._slots = slots_for(loaded.model, manner.batch_size, recorder(loaded.device))
        files = None if loaded.ref.adapter else partial(FileRows, loaded.checked, loaded.model)
        home = settle(dict(loaded.model.named_parameters()), files)
        self.overlay = Overlay(loaded.model, manner.skip, given=manner.given, pristine=home)

    @property
    def name(self) -> str:
        """Engine and versions: any of them may change the last bit of a logit."""
        return f"transformers {transformers.__version__}, torch {torch.__version__}"

    @contextmanager
    def at(self, point: Point) -> Iterator[None]:
        """See `Engine.at`."""
        with self.overlay.at(point):
            self._talk = talk.at(point, self._first, self._talks)
            try:
                yield
            finally:
                self._talk = self._first

    def answer(
        self, batch: Batch, settled: Settled | None = None, drafts: Drafts | None = None
    ) -> list[Response]:
        """See `Engine.answer`.

        Raises:
            ResourceError: memory runs out.
        """
        return self._with_room(partial(self._answer, batch, settled, drafts or {}))

    def losses(self, batch: Batch, responses: Sequence[Response]) -> list[list[float]]:
        """See `Engine.losses`. The end of a text is scored as its likeliest end token.

        Raises:
            ResourceError: memory runs out.
        """
        return self._with_room(partial(self._losses, batch, responses))

    def _with_room(self, work: Callable[[], T]) -> T:
        """Do it; if memory runs out, give back what is only held for speed and do it once more.

        As a whole and in the same way, so that nothing at one point is done in two ways.
        """
        try:
            return work()
        except (MemoryError, RuntimeError) as error:  # CUDA's own error is one of the latter
            if not ran_out(error):
                raise
            self._give_back()
        try:
            return work()
        except (MemoryError, RuntimeError) as error:
            if not ran_out(error):
                raise
            raise ResourceError(
                f"{self._batch_size} prompts at once do not fit into the memory of "
                f"{self._model.device}{wanted(error)}: use a smaller --batch-size and another "
                "--out, a smaller --max-new-tokens, or --dtype bfloat16"
            ) from error

    def _answer(self, batch: Batch, settled: Settled | None, drafts: Drafts) -> list[Response]:
        now = self._talk
        batch = now.written(batch)
        return [
            response(now.tokenizer, now.thinking, encoded, row.token_ids, row.finish or "eos")
            for encoded, row in zip(batch, self._rows(batch, settled, drafts), strict=True)
        ]

    def _give_back(self) -> None:
        self.overlay.forget()
        if self._slots is not None:
            self._slots.forget()
        if torch.cuda.is_available():
            torch.cuda.empty_cache()

    def _rows(self, batch: Batch, settled: Settled | None, drafts: Drafts) -> list[Row]:
        """Finished rows, by the way of decoding that this network allows."""
        prompts = [one.token_ids for one in batch]
        if self._slots is not None:
            expected = [drafts.get(one.id, ()) for one in batch]
            rules = self._rules(batch, settled)
            return decode(self._model, prompts, rules, drafts=expected, slots=self._slots)
        return [
            row
            for at in range(0, len(batch), self._batch_size)
            for row in plain.decode(
                self._model,
                prompts[at : at + self._batch_size],
                self._rules(batch[at : at + self._batch_size], settled),
            )
        ]

    def _rules(self, batch: Batch, settled: Settled | None) -> Rules:
        now = self._talk
        asked = now.generation
        names = tuple(encoded.id for encoded in batch)
        return Rules(
            end_ids=now.ends,
            max_new_tokens=self._max_new_tokens,
            settled=settled_answer(now.tokenizer, now.thinking, settled) if settled else None,
            choose=Sampler(self._sampling, names) if self._sampling else greedy,
            adjust=asked.adjusting(self._max_new_tokens) if asked.followed else None,
        )

    @torch.inference_mode()
    def _losses(self, batch: Batch, responses: Sequence[Response]) -> list[list[float]]:
        scored = [
            (*response.token_ids, min(self._talk.ends))
            if response.finish == "eos"
            else response.token_ids
            for response in responses
        ]
        texts = [(*e.token_ids, *ids) for e, ids in zip(batch, scored, strict=True)]
        tail = max((len(ids) for ids in scored), default=0)
        if tail == 0:
            return [[] for _ in responses]
        token_ids, mask = pad_left(texts, self._model.device)
        log_p_NT = self._log_likelihood(token_ids, mask, tail).tolist()
        return [
            [-log_p for log_p in row[tail - len(ids) :]]
            for row, ids in zip(log_p_NT, scored, strict=True)
        ]

    def _log_likelihood(self, token_ids: Tensor, mask: Tensor, tail: int) -> Tensor:
        """Log p of the last `tail` tokens of each row, fp32, through one cached pass in pieces."""
        positions = (mask.cumsum(1) - 1).clamp(min=0)
        rows, length = token_ids.shape
        vocabulary = self._model.config.get_text_config().vocab_size
        piece = max(1, LOGITS_BYTES // (4 * rows * vocabulary))
        start, cache, found = 0, None, []
        while start < length - 1:
            first = length - 1 - tail
            stop = first if start < first else min(start + piece, length - 1)
            keep = stop - max(start, first)
            output = self._model(
                input_ids=token_ids[:, start:stop],
                attention_mask=mask[:, :stop],
                position_ids=positions[:, start:stop],
                past_key_values=cache,
                use_cache=True,
                logits_to_keep=max(keep, 1),
            )
            cache = output.past_key_values
            if keep > 0:
                found.append(self._gather(output.logits, token_ids[:, stop - keep + 1 : stop + 1]))
            start = stop
        return torch.cat(found, dim=1)

    def _gather(self, logits_NTV: Tensor, target_NT: Tensor) -> Tensor:
        """Log p of the targets; an end token may be any of the model's end tokens."""
        log_p_NTV = logits_NTV.float().log_softmax(-1)
        chosen_NT = log_p_NTV.gather(-1, target_NT[..., None]).squeeze(-1)
        ends = torch.tensor(sorted(self._talk.ends), device=target_NT.device)
        best_end_NT = log_p_NTV[..., ends].amax(-1)
        return torch.where(torch.isin(target_NT, ends), best_end_NT, chosen_NT)


make = TransformersEngine
"""See `registry.make`."""
