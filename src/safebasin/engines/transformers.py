"""The reference engine: a transformers model in this process, on one device."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import TypeVar

import torch
import transformers
from torch import Tensor

from safebasin.engines import generated, strategy, talk
from safebasin.engines.base import Batch, Drafts, Settled
from safebasin.engines.beside import beginnings, begun, given_first, steered
from safebasin.engines.decode import decode
from safebasin.engines.likelihood import in_pieces, whole
from safebasin.engines.registry import Manner
from safebasin.engines.replay import recorder
from safebasin.engines.rules import Row, Rules, greedy
from safebasin.engines.sampling import Sampler
from safebasin.engines.saying import read_again, response, settled_answer
from safebasin.engines.vocabulary import speaking
from safebasin.errors import ResourceError, UsageError
from safebasin.memory import ran_out, wanted
from safebasin.models.buffers import travelling
from safebasin.models.load import LoadedModel
from safebasin.models.tensors import FileRows
from safebasin.models.vocabulary import size_of
from safebasin.points import Point
from safebasin.records import Response
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

        Raises:
            InputRejectedError: the network answers in no way; see `strategy.choose`.
        """
        manner = manner or Manner()
        travelling(loaded.model, manner.moving)
        self._loaded = loaded
        self._model = loaded.model
        self._max_new_tokens = manner.max_new_tokens
        self._sampling = manner.sampling
        self._first, self._talks = talk.own(loaded), manner.talks or {}
        self._given, self._beside = manner.given or {}, manner.beside or {}
        self._begun: Mapping[str, tuple[int, ...]] = {}
        self._talk = self._first
        self._batch_size = manner.batch_size
        self._strategy = strategy.choose(loaded.model, manner.batch_size, recorder(loaded.device))
        self._slots = self._strategy.slots
        files = None if loaded.adapter else partial(FileRows, loaded.checked, loaded.model)
        home = settle(dict(loaded.model.named_parameters()), files)
        self.overlay = Overlay(loaded.model, manner.skip, given=manner.given, pristine=home)

    @property
    def name(self) -> str:
        """Engine and versions: any of them may change the last bit of a logit."""
        return f"transformers {transformers.__version__}, torch {torch.__version__}"

    @property
    def notes(self) -> tuple[str, ...]:
        """What is unusual about how this network is asked, in sentences."""
        return self._strategy.notes

    @contextmanager
    def at(self, point: Point) -> Iterator[None]:
        """See `Engine.at`."""
        here = talk.at(point.weights, self._first, self._talks)
        given = beginnings(point, self._beside)
        if given and (here.prompts or here.tokenizer is not self._first.tokenizer):
            raise UsageError(
                f"{point.key}: the beginnings of answers are in the first model's tokens, and this "
                "checkpoint has its own: prefill at the first model, or between the checkpoints"
            )
        with (
            self.overlay.at(point.weights),
            speaking(self._model, here, self._given) as otherwise,
            steered(self._model, point, self._beside) as steering,
        ):
            self._talk, self._begun = here, given
            self._forget_shapes(otherwise or steering)
            try:
                yield
            finally:
                self._talk, self._begun = self._first, {}
                self._forget_shapes(otherwise or steering)

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
        now, given = self._talk, self._begun
        batch = now.written(batch)
        if given:  # what was given could settle a verdict, and guesses are of whole answers
            settled, drafts = None, {}
        rows = self._rows(begun(batch, given), settled, drafts)
        return [
            response(
                now.tokenizer,
                now.thinking,
                encoded,
                given_first(row, given.get(encoded.prompt_id, ())),
                row.finish or "eos",
            )
            for encoded, row in zip(batch, rows, strict=True)
        ]

    def _forget_shapes(self, changed: bool) -> None:
        """Steps that were recorded belong to the tables that were there."""
        if changed and self._slots is not None:
            self._slots.forget()

    def _give_back(self) -> None:
        self.overlay.forget()
        if self._slots is not None:
            self._slots.forget()
        if torch.cuda.is_available():
            torch.cuda.empty_cache()

    def _rows(self, batch: Batch, settled: Settled | None, drafts: Drafts) -> list[Row]:
        """Finished rows, by the way of decoding that this network allows."""
        longest = {n: len(one.token_ids) + self._max_new_tokens for n, one in enumerate(batch)}
        together, apart = self._sorted(longest)
        rows: dict[int, Row] = {}
        for way, places in ((self._together, together), (self._apart, apart)):
            some = tuple(batch[place] for place in places)
            rows.update(zip(places, way(some, settled, drafts), strict=True))
        return [rows[place] for place in range(len(batch))]

    def _sorted(self, longest: Mapping[int, int]) -> tuple[list[int], list[int]]:
        """Texts that others may be beside, and those that would change others, by their lengths."""
        most = self._strategy.most
        apart = [place for place, length in longest.items() if most and length > most]
        return [place for place in longest if place not in {*apart}], apart

    def _together(self, batch: Batch, settled: Settled | None, drafts: Drafts) -> list[Row]:
        if batch and self._strategy.most is not None:
            self._turn_back()
        if batch and self._slots is not None:
            expected = [drafts.get(one.id, ()) for one in batch]
            prompts = [one.token_ids for one in batch]
            rules = self._rules(batch, settled)
            return decode(self._model, prompts, rules, drafts=expected, slots=self._slots)
        parts = [batch[n : n + self._batch_size] for n in range(0, len(batch), self._batch_size)]
        return [row for part in parts for row in self._asked(self._strategy.decode, part, settled)]

    def _apart(self, batch: Batch, settled: Settled | None, _: Drafts) -> list[Row]:
        found = []
        for one in batch:
            self._turn_back()
            found += self._asked(generated.decode, (one,), settled)
        return found

    def _asked(self, way: strategy.Decode, batch: Batch, settled: Settled | None) -> list[Row]:
        prompts = [one.token_ids for one in batch]
        return way(self._model, prompts, self._rules(batch, settled))

    @torch.inference_mode()
    def _turn_back(self) -> None:
        """A short text lets factors that a long one has changed be what they were."""
        self._model(input_ids=torch.zeros((1, 1), dtype=torch.long, device=self._model.device))

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
        own, size = self._loaded.tokenizer, size_of(self._model)
        read = [read_again(response, own, size) for response in responses]
        scored = [
            (*ids, min(self._talk.ends)) if response.finish == "eos" else ids
            for response, (ids, _) in zip(responses, read, strict=True)
        ]
        texts = [(*e.token_ids, *ids) for e, ids in zip(batch, scored, strict=True)]
        places = [place for place, ids in enumerate(scored) if ids]
        together, apart = self._sorted({place: len(texts[place]) for place in places})
        if not self._strategy.pieces:
            together, apart = [], places
        found: list[list[float]] = [[] for _ in responses]
        if together and self._strategy.most is not None:
            self._turn_back()
        for place, row in zip(together, self._in_pieces(texts, scored, together), strict=True):
            found[place] = row
        for place in apart:
            if self._strategy.most is not None:
                self._turn_back()
            (log_p_T,) = whole(self._model, texts[place], len(scored[place]), self._gather)
            found[place] = [-log_p for log_p in log_p_T.tolist()]
        return [
            losses
            if ids is response.token_ids
            else [0.0] * response.thought_tokens + losses[thoughts:]  # so the answer begins there
            for response, losses, (ids, thoughts) in zip(responses, found, read, strict=True)
        ]

    def _in_pieces(
        self,
        texts: Sequence[Sequence[int]],
        scored: Sequence[Sequence[int]],
        places: Sequence[int],
    ) -> list[list[float]]:
        if not places:
            return []
        tail = max(len(scored[place]) for place in places)
        vocabulary = self._model.config.get_text_config().vocab_size
        piece = max(1, LOGITS_BYTES // (4 * len(places) * vocabulary))
        some = [texts[place] for place in places]
        log_p_NT = in_pieces(self._model, some, tail, self._gather, piece).tolist()
        return [
            [-log_p for log_p in row[tail - len(scored[place]) :]]
            for place, row in zip(places, log_p_NT, strict=True)
        ]

    def _gather(self, logits_NTV: Tensor, target_NT: Tensor) -> Tensor:
        """Log p of the targets; an end token may be any of the model's end tokens."""
        log_p_NTV = logits_NTV.float().log_softmax(-1)
        chosen_NT = log_p_NTV.gather(-1, target_NT[..., None]).squeeze(-1)
        ends = torch.tensor(sorted(self._talk.ends), device=target_NT.device)
        best_end_NT = log_p_NTV[..., ends].amax(-1)
        return torch.where(torch.isin(target_NT, ends), best_end_NT, chosen_NT)


make = TransformersEngine
"""See `registry.make`."""
