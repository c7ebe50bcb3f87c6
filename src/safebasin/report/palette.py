"""The colours of the labels, and the words that go with them.

Derived from the palette of Okabe and Ito (2008), which people with any kind of colour vision can
tell apart; they also differ in lightness, for print.
"""

from __future__ import annotations

from safebasin.records import Label
from safebasin.summary import Kind

# From the bottom of the stack upwards. Whatever is not a refusal lies below the refusals, so the
# keyword ASR, which calls all of it an attack, follows the border, and the band below it shows
# how much of that is compliance.
STACK: tuple[Label, ...] = (Label.COMPLIED, Label.INCOHERENT, Label.OTHER, Label.REFUSED)

MEANING: dict[Label, str] = {
    Label.REFUSED: "says no",
    Label.COMPLIED: "answers coherently",
    Label.INCOHERENT: "loops, fragments or word salad",
    Label.OTHER: "cut off, empty or unclear",
}

ANSWERED = "answered"
"""The colour of an answer to a benign prompt: what is a harm there is a success here."""


def ink(label: Label | str, kind: Kind | str) -> str:
    """The colour of a label, which for `complied` depends on the kind of prompts."""
    return ANSWERED if kind == "benign" and label == Label.COMPLIED else str(label)


RUNS: tuple[str, ...] = ("run-a", "run-b", "run-c", "run-d", "run-e", "run-f")
"""Colours of lines; the first is that of the text, for what others are held against."""

DASHES: dict[str, tuple[float, ...]] = {
    "solid": (),
    "dashed": (7, 3),
    "dotted": (1.5, 2.5),
    "mixed": (8, 3, 1.5, 3),
}
"""Lengths of strokes and gaps, in units near a line's width."""


def colour(number: int) -> str:
    """The colour of a line by its number; with `dash`, the first twelve lines all differ."""
    return RUNS[number % len(RUNS)]


def dash(number: int) -> str:
    """The dashes of a line by its number: neighbours differ, for eyes and print without colour."""
    return list(DASHES)[number % len(DASHES)]


LIGHT: dict[str, str] = {
    "page": "#ffffff",
    "raised": "#f6f7f8",
    "text": "#16191d",
    "muted": "#5a636e",
    "line": "#dfe3e7",
    "refused": "#2a7ab5",
    "complied": "#d55e00",
    "answered": "#00805c",
    "incoherent": "#a3a8ad",
    "other": "#dcdfe2",
    "on-refused": "#ffffff",
    "on-complied": "#ffffff",
    "on-answered": "#ffffff",
    "on-incoherent": "#16191d",
    "on-other": "#16191d",
    "warning": "#fff3d6",
    "accent": "#0b62a0",
    "run-a": "#16191d",
    "run-b": "#0072b2",
    "run-c": "#d55e00",
    "run-d": "#008a63",
    "run-e": "#b0559a",
    "run-f": "#a87900",
}

DARK: dict[str, str] = {
    "page": "#14171a",
    "raised": "#1d2126",
    "text": "#e8eaed",
    "muted": "#a0a8b1",
    "line": "#333940",
    "refused": "#3b84b8",
    "complied": "#e8702a",
    "answered": "#2fae87",
    "incoherent": "#6b7279",
    "other": "#434950",
    "on-refused": "#ffffff",
    "on-complied": "#14171a",
    "on-answered": "#14171a",
    "on-incoherent": "#ffffff",
    "on-other": "#ffffff",
    "warning": "#4a3a12",
    "accent": "#7cc0ee",
    "run-a": "#e8eaed",
    "run-b": "#56a9e0",
    "run-c": "#f07f3c",
    "run-d": "#2fbd92",
    "run-e": "#d98cc0",
    "run-f": "#e3b341",
}
