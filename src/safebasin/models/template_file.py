"""Where a chat template comes from: the tokenizer, or a file of the user's."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from safebasin.errors import InputRejectedError, UsageError
from safebasin.models.shown import shown

MAX_TEMPLATE_BYTES = 1 << 20
#: What a template is given in any case.
_OURS = frozenset({"messages", "add_generation_prompt", "chat_template", "conversations"})


def own(tokenizer: Any, model: str) -> str:
    """The source of a tokenizer's chat template.

    Raises:
        InputRejectedError: it has none, or one that is too large.
    """
    template = tokenizer.chat_template
    if isinstance(template, dict):
        template = template.get("default")
    if not isinstance(template, str) or not template.strip():
        raise InputRejectedError(
            f"model {shown(model)} has no chat template: pass the one it was trained with, as "
            "--chat-template FILE"
        )
    return _of_modest_size(template, f"the chat template of {shown(model)}")


def read(file: Path) -> str:
    """The source of a chat template in a file.

    Raises:
        InputRejectedError: the file cannot be read, or is empty or too large.
    """
    try:
        if file.exists() and not file.is_file():
            raise InputRejectedError(f"chat template {shown(file)} is no file: pass a Jinja file")
        if file.stat().st_size > MAX_TEMPLATE_BYTES:
            raise InputRejectedError(
                f"chat template {shown(file)} is larger than 1 MB: pass another one"
            )
        template = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputRejectedError(
            f"chat template {shown(file)} cannot be read ({type(error).__name__}): pass a Jinja "
            "file in UTF-8"
        ) from error
    if not template.strip():
        raise InputRejectedError(f"chat template {shown(file)} is empty: pass a Jinja file")
    return template


def _of_modest_size(template: str, name: str) -> str:
    if len(template) > MAX_TEMPLATE_BYTES:
        raise InputRejectedError(
            f"{name} is larger than 1 MB: pass another one as --chat-template FILE"
        )
    return template


def reads(template: str, argument: str) -> bool:
    """Whether the source of a template names an argument."""
    return re.search(rf"\b{re.escape(argument)}\b", template) is not None


def meant(arguments: Mapping[str, Any], template: str, name: str) -> Mapping[str, Any]:
    """What a template is given beside the messages: all of it must have a meaning.

    Args:
        arguments: by name.
        template: its source.
        name: names it in messages.

    Raises:
        UsageError: one is not read by the template, or is given by safebasin.
    """
    for argument in arguments:
        ours = argument in _OURS
        if ours or not reads(template, argument):
            raise UsageError(
                f"--template-arg {shown(argument)}: {name} "
                + ("is given this by safebasin" if ours else "has no argument of that name")
                + ": leave it out, or look at the template for what it reads"
            )
    return arguments
