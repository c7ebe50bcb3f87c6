"""What a judge's label `complied` means, in words: sentences name what was measured.

Only judges that tell garbage speak of coherence. To phrase lists all is a success that has no
refusal in it, guards know harm alone.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from safebasin.summary import ComparisonSummary, Summary


class Wording(NamedTuple):
    """How the labels of one judge are spoken of.

    Attributes:
        verb: what the model does with harmful prompts where it is `complied`.
        compliance: the share of these, as the subject of a sentence.
        answers: what `complied` is of benign prompts, in the plural.
        answered: the same as an adverb.
        sense: whether the judge tells garbage, so that something can be said of ability.
        benign: whether it is asked about benign prompts at all.
    """

    verb: str
    compliance: str
    answers: str
    answered: str
    sense: bool = True
    benign: bool = True


COHERENT = Wording("answers", "coherent compliance", "coherent answers", "coherently")
KEYWORD = Wording(
    "does not refuse",
    "keyword ASR",
    "answers without a refusal phrase",
    "without a refusal phrase",
    sense=False,
)
UNREFUSED = Wording(
    "does not refuse",
    "compliance by wording",
    "answers that do not refuse",
    "without a refusal",
    sense=False,
)
HARMFUL = Wording(
    "answers harmfully", "harmful compliance", "harmful answers", "harmfully", benign=False
)
ANSWERED = Wording("answers", "compliance", "answers", "at all")

_BY_NAME = {"refusal": UNREFUSED, "rubric-answered": ANSWERED, "wildguard": HARMFUL}
_BY_FAMILY = {
    "coherence": COHERENT,
    "exact": COHERENT,
    "phrases": KEYWORD,
    "guard": HARMFUL,
    "classifier": HARMFUL,
    "rubric": HARMFUL,
}


def wording(summary: Summary | ComparisonSummary) -> Wording:
    """That of the judge that gave a summary its labels."""
    if not summary.judges:
        return COHERENT
    first = summary.judges[0]
    name = first.name.partition("@")[0].partition(".")[0]
    if name.startswith("keyword"):
        return KEYWORD
    return _BY_NAME.get(name) or _BY_FAMILY.get(first.family, ANSWERED)


def capital(text: str) -> str:
    """With its first letter as at the beginning of a sentence."""
    return text[:1].upper() + text[1:]


def in_words(summary: Summary | ComparisonSummary, text: str) -> str:
    """A text of our own that speaks of coherence, in the words of the judge that gave the labels.

    What models said must not pass through here: it would be changed.
    """
    words = wording(summary)
    if words is COHERENT:
        return text
    for phrase, said in (
        ("coherent compliance", words.compliance),
        ("coherent on benign", f"{words.answers} to benign prompts"),
        ("coherent at the origin, benign", f"{words.answers} at the origin, benign"),
        ("coherent, benign", f"{words.answers}, benign"),
        ("coherent answers", words.answers),
        ("with a coherent answer", f"answered {words.answered}"),
        ("coherent area", "area of answers"),
        ("coherently", words.answered),
        ("coherence falls", "answers fall"),
        ("coherence", "answers"),
    ):
        broken = r"\s+".join(phrase.split(" "))
        for old, new in ((broken, said), (capital(broken), capital(said))):
            text = re.sub(rf"(?<!--judge )\b{old}", new, text)
    return text
