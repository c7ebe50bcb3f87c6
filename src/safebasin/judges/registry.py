"""Judges by name: what there is, which were asked for, and how they are made."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from safebasin.errors import ResourceError, UsageError
from safebasin.judges.base import About, Exchange, Judge
from safebasin.judges.coherence import (
    BY_TEXT,
    WITH_MODEL,
    CoherenceJudge,
    Losses,
    Thresholds,
    calibrate,
)
from safebasin.judges.exact import ExactJudge
from safebasin.judges.guards import GUARDS, guard
from safebasin.judges.keyword import LISTS, KeywordJudge
from safebasin.judges.refusal import RefusalJudge
from safebasin.judges.rubrics import RUBRICS, Manner, Patience, rubric
from safebasin.judges.spec import Spec, parse, told
from safebasin.store import Store


def no_losses(_: Sequence[Exchange]) -> list[list[float]]:
    """What coherence is judged by where no model is at hand."""
    raise ResourceError("no model is at hand to judge coherence by: use --judge coherence-text")


@dataclass(frozen=True, kw_only=True)
class Means:
    """What judges work with.

    Attributes:
        store: remembers thresholds, so that a run that goes on judges as it began.
        losses: scores exchanges under the unperturbed model.
        origin: what was answered there; must be complete.
        device: for judges with weights.
        batch_size: for the same.
        concurrency: requests to an endpoint at once.
    """

    store: Store | None = None
    losses: Losses = no_losses
    origin: Callable[[], list[Exchange]] = list
    device: str = "auto"
    batch_size: int = 8
    concurrency: int = 8


@dataclass(frozen=True)
class Entry:
    """A judge that can be asked for.

    Attributes:
        about: what should be known of it.
        make: from what was asked for, and the means.
        placed: whether it takes a WHERE, and options.
    """

    about: About
    make: Callable[[Spec, Means], Judge]
    placed: bool = field(default=False)


def _coherence(_: Spec, means: Means) -> Judge:
    if means.store is None:
        return CoherenceJudge(means.losses)
    return CoherenceJudge(means.losses, _thresholds(means.store, means))


def _keyword(spec: Spec, _: Means) -> Judge:
    return KeywordJudge(LISTS[spec.name])


def _entries() -> list[Entry]:
    return [
        Entry(WITH_MODEL, _coherence),
        Entry(BY_TEXT, lambda *_: CoherenceJudge()),
        Entry(RefusalJudge.about, lambda *_: RefusalJudge()),
        *(Entry(one.about, _keyword) for one in LISTS.values()),
        Entry(ExactJudge.about, lambda *_: ExactJudge()),
        *(Entry(about, _guard, placed=True) for about in GUARDS.values()),
        *(Entry(one.about, _rubric, placed=True) for one in RUBRICS.values()),
    ]


def _guard(spec: Spec, means: Means) -> Judge:
    return guard(
        spec.name,
        spec.where,
        spec.options,
        device=means.device,
        batch_size=means.batch_size,
    )


_RUBRIC_OPTIONS: dict[str, Callable[[str], Any]] = {
    "max_tokens": int,
    "form": str,
    "timeout": float,
    "retries": int,
    "policy": str,
}


def _rubric(spec: Spec, means: Means) -> Judge:
    if spec.where is None:
        raise UsageError(
            f"{spec.name} needs a model to ask: --judge {spec.name}=http://localhost:8000/v1#MODEL,"
            f" or --judge {spec.name}=MODEL for one that is loaded here"
        )
    given = {name: _option(spec, name, value) for name, value in spec.options.items()}
    manner = {name: given[name] for name in ("max_tokens", "form") if name in given}
    patience = {name: given[name] for name in ("timeout", "retries") if name in given}
    return rubric(
        spec.name,
        spec.where,
        policy=given.get("policy"),
        manner=Manner(**manner),
        patience=Patience(concurrency=means.concurrency, **patience),
        device=means.device,
        batch_size=means.batch_size,
    )


def _option(spec: Spec, name: str, value: str) -> Any:
    """The value is not repeated in errors: it may be a key that was put in the wrong place."""
    if name not in _RUBRIC_OPTIONS:
        raise UsageError(f"{spec.name} has no option {name!r}; it has {', '.join(_RUBRIC_OPTIONS)}")
    try:
        return _RUBRIC_OPTIONS[name](value)
    except ValueError:
        raise UsageError(f"{spec.name}: option {name!r} is not a number") from None


CATALOGUE: dict[str, Entry] = {entry.about.name: entry for entry in _entries()}


def specs(texts: Sequence[str]) -> list[Spec]:
    """Read what was asked for.

    Raises:
        UsageError: nothing was; a judge does not exist, is named twice, or takes no WHERE.
    """
    if not texts:
        raise UsageError(f"no judge was asked for; there are: {', '.join(CATALOGUE)}")
    found = [parse(text) for text in texts]
    for spec in found:
        if spec.name not in CATALOGUE:
            near = difflib.get_close_matches(spec.name, CATALOGUE, n=1, cutoff=0.4)
            hint = f"did you mean {near[0]!r}? " if near else ""
            raise UsageError(
                f"no judge is called {spec.name!r}; {hint}there are: {', '.join(CATALOGUE)}"
            )
        if not CATALOGUE[spec.name].placed and (spec.where or spec.options):
            raise UsageError(f"{spec.name} takes neither weights nor options: leave them out")
    if len({spec.text for spec in found}) < len(found):
        raise UsageError(f"--judge is {', '.join(map(told, texts))}; name each judge once")
    return found


def with_a_second_kind(texts: Sequence[str]) -> tuple[str, ...]:
    """The same judges, and one of another family where all are of one: no kind is read alone.

    Where all decide before an answer ends, they are left alone: they were asked for because answers
    then stop early, and no other judge could use what is left of these.

    Raises:
        UsageError: see `specs`.
    """
    found = specs(texts)
    families = {CATALOGUE[spec.name].about.family for spec in found}
    if len(families) > 1 or labels_early(texts):
        return tuple(texts)
    return (*texts, "coherence" if families == {"phrases"} else "keyword")


def keys(texts: Sequence[str], means: Means | None = None) -> list[str]:
    """What the verdicts of these judges are stored under.

    Args:
        texts: read by `specs`.
        means: the device, where weights are rounded to its type.

    Raises:
        UsageError: see `specs`.
        InputRejectedError, ResourceError: a judge's weights cannot be found.
    """
    return [make(spec, means).key for spec in specs(texts)]


def make(spec: Spec, means: Means | None = None) -> Judge:
    """One judge; weights are loaded when they are first needed."""
    return CATALOGUE[spec.name].make(spec, means or Means())


def build(texts: Sequence[str], means: Means) -> list[Judge]:
    """The judges of a run, each remembered with what it uses.

    Args:
        texts: read by `specs`.
        means: with the run's store.
    """
    found = []
    for spec in specs(texts):
        judge = make(spec, means)
        if means.store is not None:
            means.store.remember(f"judge/{judge.key}", _described(spec, judge))
        found.append(judge)
    return found


def labels_early(texts: Sequence[str]) -> list[Judge]:
    """The judges whose verdict may be certain before a response ends; empty if any never is."""
    found = [make(spec) for spec in specs(texts) if not CATALOGUE[spec.name].placed]
    every = len(found) == len(texts) and all(judge.decides_early for judge in found)
    return found if every else []


def known(key: str) -> About | None:
    """What is known of a judge by the key of its verdicts; None where no judge is called so."""
    head = key.partition("@")[0]
    names = [name for name in CATALOGUE if head == name or head.startswith(f"{name}.")]
    return CATALOGUE[max(names, key=len)].about if names else None


def by_words(key: str) -> bool:
    """Whether a judge has these verdicts from the texts alone: no model, weights or endpoint."""
    about = known(key)
    if about is None or about is WITH_MODEL or CATALOGUE[about.name].placed:
        return False
    return make(Spec(about.name, about.name)).key == key


def describe(key: str, store: Store) -> dict[str, Any]:
    """A judge's title, family, source, place and thresholds in a run, by its key.

    Of a run of an earlier version only thresholds are known; the rest is the judge's as it is now.
    """
    if (kept := store.recall(f"judge/{key}")) is not None:
        return dict(kept)
    entry = CATALOGUE.get(key.partition("@")[0])
    about = entry.about if entry else About(key, "of another version", "rubric", "")
    return {
        "title": about.title,
        "family": about.family,
        "source": about.source,
        "where": "",
        "thresholds": store.recall(f"thresholds/{key}") or {},
    }


def _described(spec: Spec, judge: Judge) -> dict[str, Any]:
    return {
        "title": judge.about.title,
        "family": judge.about.family,
        "source": judge.about.source,
        "where": _place(spec, judge),
        "thresholds": dict(judge.thresholds),
    }


def _place(spec: Spec, judge: Judge) -> str:
    """Where it was asked, and the commit or digests of its weights if it has some."""
    weights = ", ".join(getattr(judge, "weights", ()))
    return " ".join(part for part in (spec.where, f"({weights})" if weights else "") if part)


def _thresholds(store: Store, means: Means) -> Thresholds:
    name = f"thresholds/{CoherenceJudge.key}"
    kept = store.recall(name)
    if kept is None:
        kept = store.remember(name, asdict(calibrate(means.origin(), means.losses)))
    return Thresholds(**kept)
