"""From messages to the text a model reads, by a template that nobody here wrote."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, tzinfo
from typing import Any, Self

from safebasin.errors import InputRejectedError
from safebasin.models.confined import confined
from safebasin.models.shown import shown

Messages = list[dict[str, str]]

MAX_RENDERED_BYTES = 1 << 20
_SECONDS, _SECONDS_EACH = 0.9, 0.002


class TemplateRefusedError(Exception):
    """The template raised for these messages; the text is its own."""


class FixedDay(datetime):
    """The day on which every template is rendered, so that a run can be repeated tomorrow.

    Some templates write today's date into the prompt. This is the date that Llama 3's own template
    falls back to.
    """

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> Self:
        """The fixed day, whenever it is asked."""
        return cls(2024, 7, 26, tzinfo=tz)


def render(
    template: str,
    chats: Sequence[Messages],
    special_tokens: Mapping[str, str],
    *,
    name: str,
    arguments: Mapping[str, Any] | None = None,
) -> list[str | TemplateRefusedError]:
    """Each chat as text that ends with the generation prompt, or what the template raised for it.

    The template runs in transformers' own sandbox inside a confined child (of the processor's time
    1 s and 2 ms a chat, 1 MB of output a chat, 512 MB of memory), and sees the same variables as in
    `apply_chat_template(..., add_generation_prompt=True)`.

    Args:
        template: Jinja source.
        chats: messages with "role" and "content".
        special_tokens: `tokenizer.special_tokens_map`; templates read `bos_token` and so on.
        name: names the template in messages.
        arguments: what else the template is given, as `enable_thinking`.

    Raises:
        InputRejectedError: the template takes too long, writes too much or needs too much memory.
    """
    from transformers.utils import chat_template_utils

    def work() -> bytes:
        outside = chat_template_utils.datetime
        chat_template_utils.datetime = FixedDay
        try:
            variables = {**special_tokens, **(arguments or {})}
            answers = [_render_one(template, chat, variables) for chat in chats]
        finally:
            chat_template_utils.datetime = outside
        return json.dumps(answers).encode()

    if not chats:
        return []
    output = confined(
        work,
        seconds=_SECONDS + _SECONDS_EACH * len(chats),
        max_bytes=6
        * MAX_RENDERED_BYTES
        * len(chats),  # JSON escapes a character as up to six bytes
        what=f"{name} (rendered)",
    )
    answers: list[tuple[str, str]] = json.loads(output)
    if any(kind == "long" for kind, _ in answers):
        raise InputRejectedError(
            f"{name} writes more than {MAX_RENDERED_BYTES >> 20} MB for one prompt: use another one"
        )
    return [text if kind == "text" else TemplateRefusedError(text) for kind, text in answers]


def _render_one(template: str, chat: Messages, variables: Mapping[str, Any]) -> tuple[str, str]:
    from transformers.utils import chat_template_utils

    try:
        (text,), _ = chat_template_utils.render_jinja_template(
            conversations=[chat],
            chat_template=template,
            add_generation_prompt=True,
            **variables,
        )
    except Exception as error:
        return "error", shown(f"{type(error).__name__}: {error}")
    return (
        ("text", text) if len(text.encode(errors="replace")) <= MAX_RENDERED_BYTES else ("long", "")
    )
