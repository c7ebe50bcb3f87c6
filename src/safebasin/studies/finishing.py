"""Verdicts that a run lacks and that need nothing but its texts, given while it is looked at."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from safebasin.evaluate import pass_judgement
from safebasin.judges import registry
from safebasin.judges.registry import Means
from safebasin.store import Store
from safebasin.studies.summaries.judged import missing


@contextmanager
def finished(store: Store) -> Iterator[Store]:
    """The store with every verdict that its texts alone decide; the run's folder stays as it is.

    Where some are missing, a copy of the store in memory gets them: the folder may be read-only, or
    another process may be about to write the same verdicts. Those that need a model, weights or an
    endpoint stay missing, and the summary says so.
    """
    late = {key: points for key, points in missing(store).items() if points}
    cheap = [key for key in late if registry.by_words(key)]
    if not cheap:
        yield store
        return
    with store.in_memory() as copy:
        prompts = {id_: prompt for id_, (prompt, _) in copy.prompts().items()}
        names = [about.name for key in cheap if (about := registry.known(key))]
        judges = registry.build(names, Means(store=copy))
        with copy.at_once():
            for point in sorted({point for key in cheap for point in late[key]}):
                pass_judgement(copy, prompts, point, judges)
        yield copy
