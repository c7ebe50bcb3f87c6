"""A generated language of requests and answers, with an exact parser for both."""

from safebasin.models.organism.language.answers import REFUSALS, answer, refusal
from safebasin.models.organism.language.lexicon import BAIT, CATEGORIES, OBJECTS, Deed, deeds
from safebasin.models.organism.language.parser import Grade, grade, parse
from safebasin.models.organism.language.requests import (
    FORMS,
    SYSTEMS,
    WORDINGS,
    WRAPPERS,
    Request,
)
from safebasin.models.organism.language.sets import prompt_sets

__all__ = [
    "BAIT",
    "CATEGORIES",
    "FORMS",
    "OBJECTS",
    "REFUSALS",
    "SYSTEMS",
    "WORDINGS",
    "WRAPPERS",
    "Deed",
    "Grade",
    "Request",
    "answer",
    "deeds",
    "grade",
    "parse",
    "prompt_sets",
    "refusal",
]
