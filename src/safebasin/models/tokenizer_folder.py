"""Where a checkpoint's tokenizer and chat template lie, and the tokenizer itself.

An adapter that was trained with a tokenizer or template of its own has them in its own folder, and
is asked with these: in its base's template it would answer what it was not trained to read.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from safebasin.errors import InputRejectedError, SafebasinError
from safebasin.models.check import CheckedCheckpoint, settings_of
from safebasin.models.private import private, settings_digest
from safebasin.models.shown import shown
from safebasin.models.tokenizer_file import require_faithful
from safebasin.models.trial import require_readable

VOCABULARY = (
    "tokenizer.json",
    "tokenizer.model",
    "vocab.json",
    "vocab.txt",
    "merges.txt",
    "added_tokens.json",
)
_TOKENIZER = (
    *VOCABULARY,
    *("tokenizer_config.json", "special_tokens_map.json", "chat_template.jinja"),
)
_MODEL = ("generation_config.json", "config.json")
_ADAPTER = "adapter_config.json"


def own_files(folder: Path) -> dict[str, bytes]:
    """What a folder holds of a tokenizer and its template; nothing where it has no vocabulary."""
    if not any((folder / name).exists() for name in VOCABULARY):
        return {}
    return _read(folder, _TOKENIZER)


def vocabulary_files(checked: CheckedCheckpoint) -> dict[str, bytes]:
    """What gives a checkpoint's tokens their ids."""
    return _read(checked.tokenizer_folder, VOCABULARY)


def talk_files(checked: CheckedCheckpoint) -> dict[str, bytes]:
    """What makes answers of the same weights others."""
    return {**_read(checked.tokenizer_folder, _TOKENIZER), **_read(checked.folder, _MODEL)}


def with_own_tokenizer(base: CheckedCheckpoint, folder: Path) -> CheckedCheckpoint:
    """A base with the tokenizer and template of an adapter's folder, if it has others."""
    own = own_files(folder)
    if not own or own == own_files(base.folder):
        return base
    both = [("", base.settings_digest.encode()), *own.items()]
    note = "the tokenizer and chat template in the adapter's folder are used, not its base's"
    return replace(
        base, speaks=folder, settings_digest=settings_digest(both), notes=(*base.notes, note)
    )


def tokenizer_for(checked: CheckedCheckpoint) -> Any:
    """The tokenizer of a checkpoint; an adapter's without a template has that of its base.

    Raises:
        InputRejectedError: it does not load.
    """
    tokenizer = tokenizer_of(checked.tokenizer_folder)
    if not tokenizer.chat_template and checked.tokenizer_folder != checked.folder:
        tokenizer.chat_template = tokenizer_of(checked.folder).chat_template
    return tokenizer


def tokenizer_of(folder: Path) -> Any:
    """The tokenizer in a folder.

    Raises:
        InputRejectedError: it does not load.
    """
    from transformers import AutoTokenizer

    require_faithful(folder / "tokenizer.json")
    try:
        with private([], [path for path in settings_of(folder) if path.name != _ADAPTER]) as place:
            require_readable(place, str(folder))
            return AutoTokenizer.from_pretrained(
                place, local_files_only=True, trust_remote_code=False
            )
    except SafebasinError:
        raise
    except Exception as error:
        raise InputRejectedError(
            f"the tokenizer of {shown(folder)} does not load ({shown(error)}): save the tokenizer "
            "into the folder with save_pretrained, or remove its files to use that of the first"
        ) from error


def _read(folder: Path, names: tuple[str, ...]) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in names if (folder / name).exists()}
