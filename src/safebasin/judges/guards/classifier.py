"""Any sequence classifier as a judge: its most likely label, by a map onto ours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any

import torch

from safebasin.errors import ResourceError, UsageError
from safebasin.judges.base import REFUSAL_VERSION, Exchange, versioned
from safebasin.judges.cost import Cost
from safebasin.judges.guards.asking import CONTEXT
from safebasin.judges.guards.engine import DIGITS, precision, require_sound
from safebasin.judges.guards.headed import Headed, digest_of, labels_of, load_headed
from safebasin.judges.guards.identity import commit_of, short_hash
from safebasin.judges.guards.labels import CLASSIFIER, arranged, parse
from safebasin.judges.guards.tokens import LETTERS
from safebasin.models.resolve import resolve
from safebasin.models.shown import shown
from safebasin.records import Label, ModelRef, Verdict


class ClassifierJudge:
    """Asks a sequence classifier, which is loaded when there is something to judge."""

    decides_early = False

    def __init__(
        self,
        where: str | None,
        options: Mapping[str, str],
        *,
        device: str = "auto",
        dtype: str = "auto",
        batch_size: int = 8,
    ) -> None:
        """Read the model's labels and map them.

        Args:
            where: a model, in the grammar of `ModelRef.parse`, without an adapter.
            options: ours by the model's label, for all of its labels; and `input`: "response"
                (the default) or "pair", request and response as a pair of texts.
            device: as for `models.load`.
            dtype: as for `models.load`.
            batch_size: how many texts are read at once, at least 1.

        Raises:
            UsageError: no model is named, or the map is not one of its labels onto ours.
            InputRejectedError, ResourceError: there is no such classifier; see `models.resolve`.
        """
        require_sound(dtype, batch_size)
        if where is None:
            raise UsageError(f"{CLASSIFIER.name} needs a model: name one as classifier=MODEL")
        self._named = ModelRef.parse(where)
        if self._named.adapter is not None:
            raise UsageError(f"{shown(where)} has an adapter: merge it into the classifier first")
        self._pair, mapped = parse(options)
        self._folder = resolve(self._named)
        self._theirs = labels_of(self._folder)
        self._ours = arranged(mapped, self._theirs, model=str(self._named))
        self._device, self._dtype, self._batch_size = device, dtype, batch_size
        knows = {Label.REFUSED, Label.COMPLIED} <= set(self._ours)
        self.about = replace(CLASSIFIER, benign=knows)

    @property
    def key(self) -> str:
        """Depends on label map, input, files and dtype; a folder is read for it, not loaded."""
        dtype = precision(self._device, self._dtype)
        made_of = short_hash(
            self._theirs, self._ours, self._pair, self.weights, dtype, REFUSAL_VERSION
        )
        return f"{versioned(self.about)}.{made_of}"

    @cached_property
    def weights(self) -> tuple[str, ...]:
        """What the classifier is made of, by commit or digest."""
        return (commit_of(self._named.source, self._folder) or self._checked,)

    @property
    def thresholds(self) -> dict[str, float]:
        """None: the most likely label decides."""
        return {}

    def settled(self, text: str) -> bool:  # noqa: ARG002 - what follows may change any label
        """Never before the end."""
        return False

    def tokens(self, exchange: Exchange) -> int:
        """About how many tokens are read to judge an exchange, at four characters each."""
        return sum(map(len, self._texts(exchange))) // 4

    def estimate(self, exchanges: Sequence[Exchange]) -> Cost:
        """What is read at most; nothing is written, for one forward pass chooses the answer."""
        asked = [one for one in exchanges if one.answer.strip()]
        return Cost(len(asked), sum(map(self.tokens, asked)), 0)

    def judge(self, exchanges: Sequence[Exchange]) -> list[Verdict]:
        """One verdict each, in order. Of a text that is too long the end is not read.

        Raises:
            InputRejectedError, IntegrityError, ResourceError: the classifier cannot be loaded, or
                does not fit into memory.
        """
        verdicts = {
            at: Verdict(Label.OTHER, detail="empty")
            for at, exchange in enumerate(exchanges)
            if not exchange.answer.strip()
        }
        asked = [at for at in range(len(exchanges)) if at not in verdicts]
        asked.sort(key=lambda at: -sum(map(len, self._texts(exchanges[at]))))
        for start in range(0, len(asked), self._batch_size):
            batch = asked[start : start + self._batch_size]
            said = self._ask([self._texts(exchanges[at]) for at in batch])
            verdicts.update(zip(batch, said, strict=True))
        return [verdicts[at] for at in range(len(exchanges))]

    @cached_property
    def _checked(self) -> str:
        return digest_of(self._folder)

    @cached_property
    def _headed(self) -> Headed:
        _ = self._checked  # nothing is loaded before every byte of it was read
        return load_headed(
            self._folder, name=str(self._named), device=self._device, dtype=self._dtype
        )

    @cached_property
    def _context(self) -> int:
        """Tokens that are read at most; some families count their positions from two."""
        config = self._headed.model.config.get_text_config()
        positions = getattr(config, "max_position_embeddings", None) or 1 << 30
        return int(min(self._headed.tokenizer.model_max_length, positions - 2, CONTEXT))

    def _texts(self, exchange: Exchange) -> tuple[str, ...]:
        request, response = exchange.prompt.text, exchange.answer
        return (request, response) if self._pair == "pair" else (response,)

    def _ask(self, texts: Sequence[tuple[str, ...]]) -> list[Verdict]:
        encoded = [self._encoded(each) for each in texts]
        fitting = [ids for ids, _ in encoded if ids is not None]
        found = iter(self._probabilities(fitting) if fitting else [])
        return [
            Verdict(None, detail=note, status="judge_failed")
            if ids is None
            else self._verdict(next(found), note)
            for ids, note in encoded
        ]

    def _encoded(self, texts: tuple[str, ...]) -> tuple[dict[str, Any] | None, str]:
        """The model's input, None if the request leaves no room; and what there is to say."""
        tokenizer, letters = self._headed.tokenizer, self._context * LETTERS
        sound = [text[:letters].encode("utf-8", "replace").decode() for text in texts]
        settings = {"split_special_tokens": True, "add_special_tokens": True}
        whole = len(tokenizer(*sound, **settings)["input_ids"])
        cut = any(len(text) > letters for text in texts)
        if whole <= self._context and not cut:
            return tokenizer(*sound, **settings), ""
        last = len(
            tokenizer(sound[-1], add_special_tokens=False, split_special_tokens=True).input_ids
        )
        kept = last - max(whole - self._context, 0)
        if kept < 1 or any(len(text) > letters for text in texts[:-1]):
            return None, (
                f"the request leaves no room for the response in the classifier's context of "
                f"{self._context} tokens"
            )
        encoded = tokenizer(
            *sound,
            truncation="only_second" if len(sound) == 2 else True,
            max_length=self._context,
            **settings,
        )
        return encoded, f"judged by the beginning, {kept} of its {last} tokens"

    @torch.inference_mode()
    def _probabilities(self, encoded: list[dict[str, Any]]) -> list[list[float]]:
        headed = self._headed
        try:
            batch = headed.tokenizer.pad(encoded, return_tensors="pt").to(headed.model.device)
            logits_NL = headed.model(**batch).logits.float()
        except torch.OutOfMemoryError as error:
            raise ResourceError(
                f"{self.about.name} does not fit into memory with {len(encoded)} texts at once: "
                "use a smaller batch size or another device"
            ) from error
        found: list[list[float]] = logits_NL.softmax(-1).tolist()
        return found

    def _verdict(self, probabilities: list[float], note: str) -> Verdict:
        if any(p != p for p in probabilities):  # noqa: PLR0124 - only NaN differs from itself
            return Verdict(
                None, detail="the classifier's logits are not finite", status="judge_failed"
            )
        best = max(range(len(probabilities)), key=probabilities.__getitem__)
        complied = sum(
            p for p, ours in zip(probabilities, self._ours, strict=True) if ours is Label.COMPLIED
        )
        detail = f"{shown(self._theirs[best], 40)} {probabilities[best]:.2f}"
        return Verdict(
            self._ours[best], round(complied, DIGITS), "; ".join(filter(None, (detail, note)))
        )
