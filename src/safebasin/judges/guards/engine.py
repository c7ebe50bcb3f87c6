"""A guard model as a judge."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cached_property

import torch

from safebasin.errors import ResourceError, UsageError
from safebasin.judges.base import REFUSAL_VERSION, Exchange, versioned
from safebasin.judges.cost import Cost
from safebasin.judges.guards.asking import Asked, LoadedGuard
from safebasin.judges.guards.description import HARMFUL, ON_MENU, Answered, Guard
from safebasin.judges.guards.identity import identify, on_disk, short_hash
from safebasin.models.load import DTYPES
from safebasin.models.shown import shown
from safebasin.records import Label, ModelRef, Verdict

DIGITS = 4
"""Scores are rounded: the last bits of a logit depend on what else is in the batch."""


class GuardJudge:
    """Asks a guard model, which is loaded when there is something to judge."""

    decides_early = False

    def __init__(
        self,
        guard: Guard,
        where: str | None,
        *,
        device: str = "auto",
        dtype: str = "auto",
        batch_size: int = 8,
    ) -> None:
        """Remember what to ask.

        Args:
            guard: in which format.
            where: a model, in the grammar of `ModelRef.parse`; None for the guard's own.
            device: as for `models.load`.
            dtype: as for `models.load`.
            batch_size: how many prompts are read at once, at least 1.

        Raises:
            UsageError: `where` is no model's name, or the dtype or batch size is none.
        """
        require_sound(dtype, batch_size)
        self.about = guard.about
        self._guard = guard
        self._named = ModelRef.parse(guard.hub if where is None else where)
        self._device, self._dtype, self._batch_size = device, dtype, batch_size

    @property
    def key(self) -> str:
        """Depends on the wording, the files and the dtype; a folder is read for it, not loaded.

        Raises:
            UsageError, InputRejectedError, IntegrityError, ResourceError: there is no such model,
                or it may not be read; see `models.resolve`.
        """
        dtype = precision(self._device, self._dtype)
        made_of = short_hash(self._guard.wording, self.weights, dtype, ON_MENU, REFUSAL_VERSION)
        return f"{versioned(self.about)}.{made_of}"

    @cached_property
    def weights(self) -> tuple[str, ...]:
        """What the guard is made of, by commit or digest; see `identify`."""
        return identify(self._named, self._local)

    @property
    def thresholds(self) -> dict[str, float]:
        """The probability that counts as harmful, and the least that all allowed answers have."""
        return {"harmful": HARMFUL, "on menu": ON_MENU}

    def settled(self, text: str) -> bool:  # noqa: ARG002 - harm may come at any time
        """Never before the end."""
        return False

    def tokens(self, exchange: Exchange) -> int:
        """About how many tokens are read to judge an exchange, at four characters each."""
        said = len(exchange.prompt.text) + len(exchange.answer)
        sheets = sum(len(sheet.text) + said for sheet in self._guard.sheets)
        return sheets * len(self._guard.fields) // 4

    def estimate(self, exchanges: Sequence[Exchange]) -> Cost:
        """What is read at most; nothing is written, for one forward pass chooses the answer."""
        asked = [one for one in exchanges if one.answer.strip()]
        return Cost(len(asked), sum(map(self.tokens, asked)), 0)

    def judge(self, exchanges: Sequence[Exchange]) -> list[Verdict]:
        """One verdict each, in order; an exchange that does not fit or is not answered has failed.

        Raises:
            UsageError, InputRejectedError, IntegrityError, ResourceError: the guard cannot be
                loaded, or does not fit into memory.
        """
        sheets: dict[int, list[Asked]] = {
            at: list(self._loaded.fill(at, exchange))
            for at, exchange in enumerate(exchanges)
            if exchange.answer.strip()
        }
        for batch in self._batches([each for asked in sheets.values() for each in asked]):
            self._answer(batch)
        return [
            self._verdict(exchange, sheets[at])
            if at in sheets
            else Verdict(Label.OTHER, detail="empty")
            for at, exchange in enumerate(exchanges)
        ]

    @cached_property
    def _local(self) -> ModelRef:
        return on_disk(self._named)

    @cached_property
    def _loaded(self) -> LoadedGuard:
        return LoadedGuard(
            self._guard,
            self._local,
            name=str(self._named),
            device=self._device,
            dtype=self._dtype,
        )

    def _batches(self, asked: Sequence[Asked]) -> Iterator[list[Asked]]:
        """Like lengths together, and the longest first: if memory is short, it shows at once."""
        ordered = sorted(
            (each for each in asked if not each.failure), key=lambda each: -len(each.text)
        )
        for start in range(0, len(ordered), self._batch_size):
            yield ordered[start : start + self._batch_size]

    def _answer(self, batch: list[Asked]) -> None:
        try:
            self._loaded.answer(batch)
        except torch.OutOfMemoryError as error:
            raise ResourceError(
                f"{self.about.name} does not fit into memory with {len(batch)} prompts at once: "
                "use a smaller batch size or another device"
            ) from error

    def _verdict(self, exchange: Exchange, sheets: list[Asked]) -> Verdict:
        failed = next((each.failure for each in sheets if each.failure), "")
        if failed:
            return Verdict(None, detail=failed, status="judge_failed")
        readings = {each.sheet: each.readings for each in sheets}
        written = "".join(each.written for each in sheets)
        found = self._guard.read(Answered(exchange, readings, written))
        notes = dict.fromkeys(note for each in sheets for note in each.notes)
        score = None if found.score is None else round(found.score, DIGITS)
        return replace(found, score=score, detail="; ".join(filter(None, (found.detail, *notes))))


def require_sound(dtype: str, batch_size: int) -> None:
    """Refuse what can be refused before anything is loaded.

    Raises:
        UsageError: an unknown dtype, or a batch of nothing.
    """
    if dtype != "auto" and dtype not in DTYPES:
        raise UsageError(f"dtype {shown(dtype)} is not one of auto, {', '.join(DTYPES)}")
    if batch_size < 1:
        raise UsageError(f"batch size {batch_size} is not at least 1: use 1 or more")


def precision(device: str, dtype: str) -> str:
    """What "auto" will come to: float32 on the CPU, elsewhere what the checkpoint holds."""
    if dtype != "auto":
        return dtype
    on_cpu = device == "cpu" or (device == "auto" and not torch.cuda.is_available())
    return "float32" if on_cpu else "as stored"
