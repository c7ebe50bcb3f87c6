"""Each distinct exchange is asked once, and its verdict is handed on as soon as it is there."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from contextlib import closing

from safebasin.judges.base import Exchange
from safebasin.records import Label, Verdict

Pair = tuple[str, str]
"""A request and a response, as texts."""

Answers = Generator[tuple[Pair, Verdict], None, None]
"""Pairs with their verdicts, as they come; closing it ends whatever is still under way."""

Arrived = Callable[[int, Verdict], None]
"""Told the place of an exchange and its verdict, in the caller's thread, in any order."""

EMPTY = Verdict(Label.OTHER, detail="empty")


def collect(
    exchanges: Sequence[Exchange],
    ask: Callable[[Sequence[Pair]], Answers],
    arrived: Arrived | None = None,
) -> list[Verdict]:
    """A verdict for each exchange, in order.

    Args:
        exchanges: those with a blank response are not asked about.
        ask: gives a verdict for each of some distinct pairs, in any order.
        arrived: told of each verdict.
    """
    verdicts: dict[int, Verdict] = {}

    def settle(place: int, verdict: Verdict) -> None:
        verdicts[place] = verdict
        if arrived:
            arrived(place, verdict)

    places = distinct(exchanges)
    for place, exchange in enumerate(exchanges):
        if not exchange.answer.strip():
            settle(place, EMPTY)
    if places:
        with closing(ask(list(places))) as answers:
            for pair, verdict in answers:
                for place in places[pair]:
                    settle(place, verdict)
    return [verdicts[place] for place in range(len(exchanges))]


def distinct(exchanges: Sequence[Exchange]) -> dict[Pair, list[int]]:
    """Where each pair of texts occurs; blank responses are left out."""
    places: dict[Pair, list[int]] = {}
    for place, exchange in enumerate(exchanges):
        if (answer := exchange.answer).strip():
            places.setdefault((exchange.prompt.text, answer), []).append(place)
    return places
