"""From a judge's words to a choice from the menu, or to why there is none."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, NamedTuple

from safebasin.judges.refusal import find_refusal
from safebasin.judges.rubrics.rubric import Form, Rubric, UnjudgedError, Values
from safebasin.models.shown import shown
from safebasin.models.thinking import PAIRS, split

_ORNAMENT = " \t*_`#>."
_FENCE = "` \t\r\n"
_CUT_OFF = "the judge was cut off before its verdict: allow it more tokens"

_ENDED = frozenset(("", "stop", "eos", "end_turn", "stop_sequence", "completed"))
"""How services call the end that a model chose itself; "" is of those that do not say."""


class Reply(NamedTuple):
    """What a chat completion holds: the text, a refusal if the service declined, how it ended."""

    text: str
    refusal: str
    finish: str


def completion(body: bytes | bytearray) -> Reply:
    """The first choice of an OpenAI chat completion.

    Raises:
        UnjudgedError: it is not one.
    """
    try:
        choice = json.loads(body)["choices"][0]
        message = choice["message"]
        text, refusal = _text(message.get("content")), message.get("refusal") or ""
        finish = choice.get("finish_reason") or ""
    except (ValueError, RecursionError, LookupError, TypeError, AttributeError) as error:
        raise UnjudgedError(
            f"the endpoint's answer is not a chat completion ({type(error).__name__})"
        ) from None
    if not (isinstance(text, str) and isinstance(refusal, str)):
        raise UnjudgedError("the endpoint's answer is not a chat completion: its text is no text")
    return Reply(text, refusal, str(finish))


def _text(content: Any) -> Any:
    """What was said; of content in parts, as of services that return thoughts, its texts."""
    if isinstance(content, list) and all(isinstance(part, dict) for part in content):
        return "".join(part["text"] for part in content if part.get("type") == "text")
    return content or ""


def choose(rubric: Rubric, reply: Reply, nonce: str, form: Form) -> Values:
    """What the judge chose for each field.

    Raises:
        UnjudgedError: it chose nothing, or something that is not on the menu, or did not give the
            code, or was cut off, or refused.
    """
    if reply.refusal or reply.finish == "content_filter":
        raise UnjudgedError("the judge refused to judge")
    if reply.finish.casefold() not in _ENDED:  # what stands there may be a draft
        raise UnjudgedError(f"{_CUT_OFF} ({shown(reply.finish, 40)})")
    answer = _after_thoughts(reply.text)
    if not answer.strip():
        raise UnjudgedError("the judge said nothing")
    given = _in_json(rubric, answer, nonce) if form == "json" else _in_line(answer, nonce)
    if given is None:
        raise UnjudgedError(_why_none(answer))
    return _on_menu(rubric, given)


def _after_thoughts(text: str) -> str:
    said = split(text, unopened=True)
    if said.unanswered or any(begin.casefold() in said.answer.casefold() for begin, _ in PAIRS):
        raise UnjudgedError(_CUT_OFF)
    return said.answer


def _why_none(answer: str) -> str:
    refusal = find_refusal(answer)
    seems = f"; it seems to refuse: {shown(refusal, 60)}" if refusal else ""
    return f"the judge gave no verdict with the code that it was asked for{seems}"


def _in_line(answer: str, nonce: str) -> list[str] | None:
    """The words after the mark; None without it.

    The mark must begin the last line that says anything, as the judge was told: a verdict that
    more follows may be a draft.
    """
    mark = f"VERDICT-{nonce}:"
    plain = [said for line in answer.splitlines() if (said := line.strip(_ORNAMENT))]
    found = [
        " ".join(word.strip(_ORNAMENT) for word in line.removeprefix(mark).split())
        for line in plain
        if line.startswith(mark)
    ]
    if len(set(found)) > 1:
        raise UnjudgedError("the judge gave several verdicts that differ")
    if found and not plain[-1].startswith(mark):
        raise UnjudgedError("the judge went on after its verdict, which may be a draft")
    return found[0].replace(",", " ").split() if found else None


def _in_json(rubric: Rubric, answer: str, nonce: str) -> list[str] | None:
    """The values of the fields as they were written; None without an object with the code.

    Words and the beginning of a fence may stand before the object, and only the end of a fence
    after it.
    """
    decode = json.JSONDecoder(object_pairs_hook=_once).raw_decode
    try:
        found, end = decode(answer, answer.index("{"))
    except (ValueError, RecursionError):
        return None
    if answer[end:].strip(_FENCE):
        raise UnjudgedError("the judge went on after its verdict, which may be a draft")
    if not isinstance(found, dict) or found.get("code") != nonce:
        return None
    return [json.dumps(found.get(field.name)) for field in rubric.fields]


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(dict(pairs)) < len(pairs):
        raise UnjudgedError("the judge gave several verdicts that differ")
    return dict(pairs)


def _on_menu(rubric: Rubric, given: Sequence[str]) -> Values:
    menus = [{str(value): value for value in field.menu} for field in rubric.fields]
    if len(given) != len(menus) or any(
        word not in menu for word, menu in zip(given, menus, strict=True)
    ):
        raise UnjudgedError(f"off the menu: {shown(' '.join(given), 40)}")
    return {
        field.name: menu[word]
        for field, menu, word in zip(rubric.fields, menus, given, strict=True)
    }
