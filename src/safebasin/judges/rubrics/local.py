"""A rubric judged by a chat model in this process.

The model writes nothing freely. The beginning of its verdict, `VERDICT-<code>:`, is put into its
mouth, and the likeliest item of the menu is its choice; with several fields, each choice is put
there too before the next is made. So a verdict is always on the menu. Whether the model meant any
of it shows in the menu's mass: the probability that it gives to the menu's items together, of all
tokens that could stand there. Where that is below `least_mass`, for any field, there is no verdict.

Deviation: the published judges reason before they score, and this one does not.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import takewhile
from typing import TYPE_CHECKING, Any

import torch

from safebasin.errors import InputRejectedError, ResourceError, UsageError
from safebasin.judges.base import REFUSAL_VERSION, Exchange, versioned
from safebasin.judges.guards.engine import precision, require_sound
from safebasin.judges.guards.identity import identify, on_disk, short_hash
from safebasin.judges.guards.menu import next_token
from safebasin.judges.rubrics.posing import LONGEST, digest, pose
from safebasin.judges.rubrics.rubric import Field, Pair, Rubric, UnjudgedError, collect, failed
from safebasin.models.chat import Conversation
from safebasin.models.load import LoadedModel, load
from safebasin.models.shown import shown
from safebasin.records import ModelRef, Verdict

if TYPE_CHECKING:
    from torch import Tensor

LEAST_MASS = 0.5


@dataclass
class _Case:
    """One pair while it is judged: what the model reads, and what it has said so far."""

    pair: Pair
    said: str
    read: tuple[int, ...]
    values: dict[str, int] = field(default_factory=dict)
    problem: str = ""


class LocalRubricJudge:
    """Asks a model that is loaded when there is something to judge, greedily and within the menu.

    The key that its verdicts are stored under covers rubric, wording, the model's commit on the hub
    or the digest of its files, dtype and `least_mass`. Padding and batch size move logits in their
    last bits only, so two verdicts on the same exchange can differ only where two items are equal
    but for rounding, or the menu's mass is `least_mass` but for rounding.
    """

    decides_early = False

    def __init__(
        self,
        rubric: Rubric,
        where: str,
        *,
        device: str = "auto",
        dtype: str = "auto",
        batch_size: int = 8,
        least_mass: float = LEAST_MASS,
    ) -> None:
        """Remember what to ask.

        Args:
            rubric: what to grade by.
            where: a chat model, in the grammar of `ModelRef.parse`.
            device: as for `models.load`.
            dtype: likewise.
            batch_size: exchanges in one forward pass, at least 1.
            least_mass: the probability that the menu must have at least, in [0, 1].

        Raises:
            UsageError: `where` is no model's name, or a number or the dtype is out of range.
        """
        require_sound(dtype, batch_size)
        if not 0 <= least_mass <= 1:
            raise UsageError(f"least_mass is {least_mass}: pass a probability")
        self.about = rubric.about
        self._rubric = rubric
        self._named = ModelRef.parse(where)
        self._device, self._dtype, self._batch_size = device, dtype, batch_size
        self._least_mass = least_mass

    @property
    def key(self) -> str:
        """See the class. The model's files are read for it, and not loaded.

        Raises:
            UsageError, InputRejectedError, IntegrityError, ResourceError: there is no such model,
                or it may not be read; see `models.resolve`.
        """
        parts = digest(self._rubric, "choice"), *self._weights, self._least_mass
        hashed = short_hash(*parts, precision(self._device, self._dtype), REFUSAL_VERSION)
        return f"{versioned(self.about)}.{hashed}"

    @property
    def thresholds(self) -> dict[str, float]:
        """Those of the rubric, and the menu's least mass."""
        return {**self._rubric.thresholds, "menu": self._least_mass}

    def judge(self, exchanges: Sequence[Exchange]) -> list[Verdict]:
        """One verdict for each exchange, in order; the same texts twice are asked about once.

        Raises:
            InputRejectedError: the model is not fit to be used, its template fails on a question,
                or its tokenizer does not tell the menu's items apart.
            IntegrityError: its weights are not finite.
            ResourceError: device, memory or hub are out of reach.
        """
        return collect(exchanges, lambda asked: dict(self._ask(asked)))

    def settled(self, text: str) -> bool:  # noqa: ARG002 - a refusal may still turn into an answer
        """Never before the end."""
        return False

    @cached_property
    def _local(self) -> ModelRef:
        return on_disk(self._named)

    @cached_property
    def _weights(self) -> tuple[str, ...]:
        return identify(self._named, self._local)

    @cached_property
    def _loaded(self) -> LoadedModel:
        loaded = load(self._local, device=self._device, dtype=self._dtype)
        loaded.tokenizer.model_max_length = LONGEST * 4  # what is too long is told from here
        return loaded

    def _ask(self, pairs: Sequence[Pair]) -> Iterator[tuple[Pair, Verdict]]:
        posed, judged = {}, []
        for pair in pairs:
            try:
                posed[pair] = pose(self._rubric, *pair, "choice")
            except UnjudgedError as error:
                yield pair, failed(str(error))
        rendered = self._loaded.chat.encode([Conversation(None, q.text) for q in posed.values()])
        for (pair, question), one in zip(posed.items(), rendered, strict=True):
            judged.append(_Case(pair, f"VERDICT-{question.nonce}:", one.token_ids))
        judged.sort(key=lambda case: (len(case.read), case.said))
        for start in range(0, len(judged), self._batch_size):
            batch = judged[start : start + self._batch_size]
            for each in self._rubric.fields:
                self._choose(each, [case for case in batch if not case.problem])
            yield from ((case.pair, self._verdict(case)) for case in batch)

    def _verdict(self, case: _Case) -> Verdict:
        if case.problem:
            return failed(case.problem)
        return self._rubric.grade(case.values, case.pair[1])

    def _choose(self, each: Field, cases: Sequence[_Case]) -> None:
        """Let every case that fits choose an item of the field's menu, or note why it does not."""
        fitting, texts, menus = [], [], []
        for case in cases:
            spoken, items = menu_tokens(self._loaded.tokenizer, case.said, each.menu)
            text = (*case.read, *spoken)
            if self._longest is not None and len(text) > self._longest:
                case.problem = (
                    f"too long for the judge: {len(text)} tokens, at most {self._longest}"
                )
                continue
            fitting.append(case)
            texts.append(text)
            menus.append(items)
        if not fitting:
            return
        for case, items, log_p_V in zip(fitting, menus, self._next(texts), strict=True):
            log_p = log_p_V[list(items)]
            mass = float(log_p.exp().sum())
            if not mass >= self._least_mass:  # so that nan is no choice
                case.problem = f"off the menu: its items have {mass:.2f} of the probability"
                continue
            value = each.menu[int(log_p.argmax())]
            case.values[each.name] = value
            case.said += f" {value}"

    @property
    def _longest(self) -> int | None:
        config = self._loaded.model.config.get_text_config()
        return getattr(config, "max_position_embeddings", None)

    def _next(self, texts: Sequence[tuple[int, ...]]) -> Tensor:
        """Log p of the next token of each text, shape (texts, vocabulary); see `next_token`."""
        try:
            return next_token(self._loaded.model, texts)
        except torch.OutOfMemoryError as error:
            raise ResourceError(
                f"{self.about.name} does not fit into memory with {len(texts)} exchanges at once: "
                "use a smaller batch size or another device"
            ) from error


def menu_tokens(
    tokenizer: Any, said: str, menu: Sequence[int]
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """What the model has said, and the token by which each item of a menu goes on.

    Said and item are tokenised together, as a model would have written them. What all have in
    common is what was said; the first token after that tells the items apart (of −1, the minus).

    Args:
        tokenizer: a transformers tokenizer.
        said: all before the item and the space before it.
        menu: the items.

    Raises:
        InputRejectedError: two items go on by the same token.
    """
    whole = [tokenizer(f"{said} {value}", add_special_tokens=False)["input_ids"] for value in menu]
    columns = zip(*whole, strict=False)
    common = sum(1 for _ in takewhile(lambda column: len(set(column)) == 1, columns))
    items = tuple(token for ids in whole for token in ids[common : common + 1])
    if len(set(items)) < len(menu):
        raise InputRejectedError(
            f"the judge's tokenizer does not tell {shown(list(menu))} apart by one token: use "
            "another model as judge"
        )
    return tuple(whole[0][:common]), items
