"""A model and what it will be asked: loaded, checked and rendered, before any point is placed."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace

from safebasin.engines.base import Batch, Encoded, plan_batches
from safebasin.errors import InputRejectedError
from safebasin.measures import registry
from safebasin.measures.base import Measure
from safebasin.models import organism
from safebasin.models.chat import Conversation, Rendered
from safebasin.models.load import LoadedModel, load
from safebasin.prompts import catalog, jailbreaks, systems
from safebasin.prompts.catalog import PromptSet
from safebasin.records import ModelRef, Prompt
from safebasin.stats.clusters import clusters
from safebasin.studies.settings import THINKING_TOKENS, Settings

TOGETHER = 2
"""Prompts that are committed together, as a multiple of those that are answered at once: as one
answer ends, the next prompt takes its place. What a kill can cost is one such batch."""


@dataclass(frozen=True)
class Subject:
    """What every study of a model starts from.

    Attributes:
        settings: what was asked for.
        loaded: the model.
        harmful, benign: the two sides of the prompts, wrapped if a jailbreak wraps them.
        system: the system prompt's text, or None for no system message.
        prompts: both sides, by id.
        rendered: each prompt as the model reads it, by id.
        batches: the same at every point.
        measures: capabilities that are measured at every point.
        notes: what a person should know before starting.
    """

    settings: Settings
    loaded: LoadedModel
    harmful: PromptSet
    benign: PromptSet
    system: str | None
    prompts: dict[str, Prompt]
    rendered: dict[str, Rendered]
    batches: tuple[Batch, ...]
    measures: tuple[Measure, ...]
    notes: tuple[str, ...]

    @property
    def encoded(self) -> list[Encoded]:
        """Every prompt, in the order of the batches."""
        return [one for batch in self.batches for one in batch]

    def rows(self) -> list[tuple[Prompt, int, str, tuple[int, ...]]]:
        """Each prompt with its cluster of near-duplicates, as the store keeps it."""
        found = []
        for side in (self.harmful, self.benign):
            numbers = clusters([prompt.text for prompt in side.prompts])
            for prompt, cluster in zip(side.prompts, numbers.tolist(), strict=True):
                one = self.rendered[prompt.id]
                found.append((prompt, cluster, one.text, one.token_ids))
        return found


def prepare(settings: Settings, loaded: LoadedModel | None = None) -> Subject:
    """Load and check everything that does not depend on where in weight space the model stands.

    Args:
        settings: what was asked for.
        loaded: the model, if it is loaded already.

    Raises:
        UsageError, InputRejectedError, IntegrityError, ResourceError: see `load`, `catalog.load`.
    """
    system = systems.load(settings.system)
    harmful, benign, chosen = _sides(settings)
    measures = registry.parse(
        perplexity=[settings.perplexity] if settings.perplexity else [],
        tasks=settings.tasks,
        limit=settings.task_limit,
    )
    loaded = loaded or load(
        ModelRef.parse(settings.model),
        device=settings.device,
        dtype=settings.dtype,
        chat_template=settings.chat_template,
        template_args=settings.arguments,
        thoughts=settings.thoughts,
    )
    prompts = {prompt.id: prompt for prompt in (*harmful.prompts, *benign.prompts)}
    conversations = [Conversation(system, prompt.text) for prompt in prompts.values()]
    rendered = dict(zip(prompts, loaded.chat.encode(conversations), strict=True))
    encoded = [
        Encoded(id_, one.token_ids, sample)
        for id_, one in rendered.items()
        for sample in range(settings.samples)
    ]
    settings, told = _with_room_to_think(settings, loaded, encoded)
    _require_room(loaded, encoded, settings.tokens)
    notes = (
        *harmful.notes,
        *benign.notes,
        *_duplicates(harmful),
        *_duplicates(benign),
        *_remarks(rendered.values()),
    )
    return Subject(
        settings,
        loaded,
        harmful,
        benign,
        system,
        prompts,
        rendered,
        plan_batches(encoded, TOGETHER * settings.batch),
        measures,
        (*chosen, *loaded.notes, *told, *notes),
    )


def _sides(settings: Settings) -> tuple[PromptSet, PromptSet, tuple[str, ...]]:
    """What is asked, harmful and harmless, and what a person should know of it.

    Without `prompts` and `benign` the organism is asked in its own language, and any other model
    what any chat model understands.
    """
    limit, harmless = settings.limit, catalog.HARMLESS
    notes: tuple[str, ...] = ()
    if settings.prompts is not None or organism.speaks(settings.model):
        name = settings.prompts or "organism-harmful"
        harmful = catalog.load(name, "harmful", column=settings.column, limit=limit)
        harmless = catalog.counterpart(name)
    else:
        harmful, chosen = catalog.usual(limit)
        notes = (chosen,)
    benign = catalog.load(settings.benign or harmless, "benign", limit=limit)
    attack = settings.jailbreak
    return jailbreaks.apply(attack, harmful), jailbreaks.apply(attack, benign), notes


def _with_room_to_think(
    settings: Settings, loaded: LoadedModel, encoded: list[Encoded]
) -> tuple[Settings, tuple[str, ...]]:
    """A model that thinks first has a higher token limit, unless one was asked for."""
    if not loaded.thinking.expected:
        return settings, ()
    if settings.max_new_tokens is None and not settings.is_organism:
        room = (_context(loaded) or math.inf) - max(len(one.token_ids) for one in encoded)
        most = int(max(1, min(THINKING_TOKENS, room)))
        settings = replace(settings, max_new_tokens=most)
    return settings, (
        "the model can think before it answers: judges read the answer alone, and thoughts count "
        f"towards the limit of {settings.tokens:,} tokens (--max-new-tokens; --template-arg may "
        "turn thinking off)",
    )


def _context(loaded: LoadedModel) -> int | None:
    return getattr(loaded.model.config.get_text_config(), "max_position_embeddings", None)


def _require_room(loaded: LoadedModel, encoded: list[Encoded], tokens: int) -> None:
    longest = max(len(one.token_ids) for one in encoded)
    context = _context(loaded)
    if context is not None and longest + tokens > context:
        raise InputRejectedError(
            f"the longest prompt has {longest} tokens and {tokens} may follow, but {loaded.ref} "
            f"reads {context}: lower --max-new-tokens, or leave long prompts out"
        )


def _remarks(rendered: Iterable[Rendered]) -> tuple[str, ...]:
    """What is unusual about some prompts, each remark once with its count."""
    counted = Counter(note for one in rendered for note in one.notes)
    return tuple(f"{note} (prompts: {count})" for note, count in counted.items())


def _duplicates(prompts: PromptSet) -> tuple[str, ...]:
    if not prompts.duplicates:
        return ()
    rows = "row repeats" if prompts.duplicates == 1 else "rows repeat"
    return (f"{prompts.source}: {prompts.duplicates} {rows} an earlier one and was left out",)
