"""The text that a guard reads: its own words, with an exchange in two places that it cannot leave.

Request and response are data. What the tokenizer would take for a control token is marked here, so
that it is later read as plain text, and the format's own markup is broken up by a space.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

from safebasin.errors import InputRejectedError
from safebasin.judges.guards.description import Guard, Sheet
from safebasin.models.rendering import Messages, TemplateRefusedError, render
from safebasin.models.shown import shown
from safebasin.models.template_file import MAX_TEMPLATE_BYTES

#: Wrapped around control tokens inside an exchange; private-use characters, taken out of it first.
OPEN, CLOSE = "\U0010fff0", "\U0010fff1"

_PROMPT_PROBE, _RESPONSE_PROBE = "qzpromptprobeqz", "qzresponseprobeqz"
_FRAMES = str.maketrans("", "", OPEN + CLOSE)


@dataclass(frozen=True, slots=True)
class Form:
    """A prompt with two gaps.

    Attributes:
        before, between, after: the guard's own text around request and response.
        trims: whether white space at the ends of request and response is dropped, as many chat
            templates do.
    """

    before: str
    between: str
    after: str
    trims: bool = False

    def filled(self, prompt: str, response: str) -> str:
        """The text with both gaps filled by what `Data.plain` returned."""
        if self.trims:
            prompt, response = prompt.strip(), response.strip()
        return f"{self.before}{prompt}{self.between}{response}{self.after}"


def form(guard: Guard, sheet: Sheet, tokenizer: Any, *, model: str) -> Form:
    """The form of a sheet: the checkpoint's own, if the guard goes by that and it has one.

    Args:
        guard: whose format it is.
        sheet: what is asked.
        tokenizer: the guard's, with its chat template if it has one.
        model: names the checkpoint in messages.

    Raises:
        InputRejectedError: the chat template fails or has no place for request and response.
    """
    template = _own_template(tokenizer) if guard.templated else None
    found = (
        _split(sheet.text, "{prompt}", "{response}")
        if template is None
        else _of_template(template, sheet, tokenizer, guard.about.name, model)
    )
    assert found is not None, "a documented prompt has both gaps"
    if guard.ending and not found.after.endswith(guard.ending):
        after = found.after.rstrip() + guard.ending
        return Form(found.before, found.between, after, found.trims)
    return found


def _own_template(tokenizer: Any) -> str | None:
    template = tokenizer.chat_template
    if isinstance(template, dict):
        template = template.get("default")
    return template if isinstance(template, str) and template.strip() else None


def _of_template(template: str, sheet: Sheet, tokenizer: Any, guard: str, model: str) -> Form:
    """Rendered once, with probes: no exchange can change what the template does."""
    name = f"the chat template of {shown(model)}"
    if len(template) > MAX_TEMPLATE_BYTES:
        raise InputRejectedError(f"{name} is larger than 1 MB: use another checkpoint of {guard}")
    variables = {**tokenizer.special_tokens_map, **dict(sheet.variables)}
    answers = render(template, _chats(), variables, name=name)
    for answer in answers:
        found = None if not isinstance(answer, str) else _probed(answer)
        if found is not None:
            return found
    refused = next((str(a) for a in answers if isinstance(a, TemplateRefusedError)), "")
    why = f"fails ({refused})" if refused else "does not show request and response once each"
    raise InputRejectedError(f"{name} {why}: use another checkpoint of {guard}")


def _chats() -> list[Messages]:
    """An exchange as plain strings, and in parts, as templates of multimodal guards want it."""
    said = (("user", _PROMPT_PROBE), ("assistant", _RESPONSE_PROBE))
    plain = [{"role": role, "content": f" {text} "} for role, text in said]
    parts = [
        {"role": role, "content": [{"type": "text", "text": f" {text} "}]} for role, text in said
    ]
    return [plain, cast(Messages, parts)]


def _probed(text: str) -> Form | None:
    untrimmed = _split(text, f" {_PROMPT_PROBE} ", f" {_RESPONSE_PROBE} ")
    if untrimmed is not None:
        return untrimmed
    trimmed = _split(text, _PROMPT_PROBE, _RESPONSE_PROBE)
    return trimmed and Form(trimmed.before, trimmed.between, trimmed.after, trims=True)


def _split(text: str, prompt: str, response: str) -> Form | None:
    if text.count(prompt) != 1 or text.count(response) != 1:
        return None
    before, _, rest = text.partition(prompt)
    between, found, after = rest.partition(response)
    return Form(before, between, after) if found else None


class Data:
    """Makes texts from outside fit for a gap."""

    def __init__(self, markup: Sequence[str], special_tokens: Sequence[str]) -> None:
        """Take note of what must not pass.

        Args:
            markup: texts of at least two characters that the format gives a meaning.
            special_tokens: what the tokenizer reads as one control token.
        """
        self._markup = _alternatives(
            f"{re.escape(text[0])}(?={re.escape(text[1:])})" for text in markup
        )
        self._special = _alternatives(
            re.escape(text) for text in sorted(special_tokens, key=len, reverse=True)
        )

    def plain(self, text: str) -> tuple[str, list[str]]:
        """The text with its control tokens framed and its markup broken up, and what was done.

        Half a surrogate pair, which no tokenizer reads, becomes a question mark.
        """
        done = []
        sound = text.translate(_FRAMES).encode("utf-8", "replace").decode()
        if self._markup:
            sound, broken = self._markup.subn(r"\g<0> ", sound)
            if broken:
                done.append("the guard's own markup in the exchange was broken up")
        if self._special:
            sound, framed = self._special.subn(rf"{OPEN}\g<0>{CLOSE}", sound)
            if framed:
                done.append("control tokens in the exchange were read as plain text")
        return sound, done


def _alternatives(patterns: Any) -> re.Pattern[str] | None:
    joined = "|".join(patterns)
    return re.compile(joined) if joined else None
