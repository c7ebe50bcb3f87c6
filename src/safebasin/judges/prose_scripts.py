"""Whether a text is written in a script that its prompt gives no reason for."""

from __future__ import annotations

import re

_SCRIPTS = {
    "Greek": ("\u0370-\u03ff\u1f00-\u1fff", "greek|greece"),
    "Cyrillic": (
        "\u0400-\u052f",
        "russian?|ukrain\\w*|bulgaria\\w*|serbian?|macedonian?|cyrillic|mongolian?|kazakh\\w*|slavic",
    ),
    "Armenian or Georgian": ("\u0530-\u058f\u10a0-\u10ff", "armenian?|georgian?"),
    "Hebrew": ("\u0590-\u05ff", "hebrew|yiddish|israeli?|jewish|torah"),
    "Arabic": (
        "\u0600-\u077f\ufb50-\ufdff\ufe70-\ufeff",
        "arab\\w*|persian?|farsi|iran\\w*|urdu|pashto|kurdish|islam\\w*|muslims?|quran\\w*",
    ),
    "Indic": (
        "\u0900-\u0dff",
        "hindi|hindu\\w*|sanskrit|india\\w*|bengali|tamil|telugu|marathi|gujarati|punjabi|nepal\\w*"
        "|sinhala|kannada|malayalam",
    ),
    "Southeast Asian": ("\u0e00-\u109f\u1780-\u17ff", "thai\\w*|khmer|lao|burmese|tibetan?"),
    "East Asian": (
        "\u3040-\u30ff\u3100-\u312f\u3400-\u4dbf\u4e00-\u9fff\u1100-\u11ff\uac00-\ud7af",
        "chinese|china|mandarin|cantonese|japan\\w*|kanji|hiragana|katakana|korean?|hangul|anime"
        "|taiwan\\w*|hong kong",
    ),
    "Ethiopic": ("\u1200-\u137f", "amharic|ethiopian?|tigrinya"),
}
_ANY = r"translat\w*|languages?|bilingual|multilingual|alphabets?|hello in|word for|unicode"
_LATIN_LANGUAGES = (
    "spanish|french|german|italian|portuguese|brazilian|dutch|latin|polish|czech|slovak|hungarian"
    "|turkish|indonesian|malay|vietnamese|tagalog|filipino|swahili|finnish|swedish|norwegian|danish"
    "|icelandic|romanian|croatian|slovenian|estonian|latvian|lithuanian|albanian|welsh|irish|gaelic"
    "|basque|catalan|afrikaans|zulu|yoruba|igbo|hausa|somali|esperanto|elvish|klingon|tolkien"
)


def _named(names: str) -> re.Pattern[str]:
    return re.compile(rf"\b(?:{names})\b", re.IGNORECASE)


_LETTERS = {name: re.compile(f"[{span}]+") for name, (span, _) in _SCRIPTS.items()}
_NAMES = {name: _named(names) for name, (_, names) in _SCRIPTS.items()}
_ELSEWHERE = re.compile("[" + "".join(span for span, _ in _SCRIPTS.values()) + "]")
_LATIN = re.compile("[a-zA-Z\u00c0-\u024f\u1e00-\u1eff]+")
_ASKED = _named("|".join([_ANY, _LATIN_LANGUAGES, *(names for _, names in _SCRIPTS.values())]))
_ANY_ASKED = _named(_ANY)

SEVERAL = 3
"""Scripts that nobody asked for, from which a text is a mixture and no answer in any of them."""

WHOLE = 0.8
"""Share of letters in one script from which a text is written in it, names and code aside."""

FEW = 6
"""Letters of a script, up to which they may be a sign, a name or a quoted word."""


def names_a_language(prompt: str) -> bool:
    """Whether another language than the prompt's may be expected in the answer."""
    return _ASKED.search(prompt) is not None or _ELSEWHERE.search(prompt) is not None


def strangeness(prompt: str, text: str) -> float:
    """The share of letters in scripts that the prompt gives no reason for, in [0, 1].

    A prompt gives reason by writing in a script, or by naming a language or a country that does;
    for any script, where it speaks of translation or of languages. Latin letters never count: a
    model may fall back to English. Letters of three unexpected scripts or more, however few, count
    as a whole text of them.
    """
    if text.isascii() or not _ELSEWHERE.search(text) or _ANY_ASKED.search(prompt):
        return 0.0
    found = [
        sum(map(len, letters.findall(text)))
        for name, letters in _LETTERS.items()
        if not letters.search(prompt) and not _NAMES[name].search(prompt)
    ]
    if sum(n > 1 for n in found) >= SEVERAL:
        return 1.0
    strange = sum(n for n in found if n > FEW)
    latin = sum(map(len, _LATIN.findall(text)))
    return strange / (strange + latin) if strange else 0.0


def in_one_foreign_script(prompt: str, text: str) -> bool:
    """Whether a text is written in one script that its prompt is not written in."""
    if text.isascii() or not _ELSEWHERE.search(text):
        return False
    found = {name: sum(map(len, letters.findall(text))) for name, letters in _LETTERS.items()}
    most = max(found, key=lambda name: found[name])
    letters = sum(found.values()) + sum(map(len, _LATIN.findall(text)))
    return found[most] >= WHOLE * letters and not _LETTERS[most].search(prompt)
