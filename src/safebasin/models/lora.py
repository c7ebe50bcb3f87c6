"""The settings of a LoRA adapter that decide what it changes."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from safebasin.errors import InputRejectedError
from safebasin.models.shown import shown

CONFIG = "adapter_config.json"


@dataclass(frozen=True)
class Lora:
    """The settings that decide what an adapter changes; the fields are PEFT's, by their names.

    `trainable_token_indices` holds tokens by the module whose rows they are, "" for the embeddings.
    A string in `target_modules` or `exclude_modules` is a regular expression or "all-linear", a
    tuple holds module names or their ends; the keys of the patterns are regular expressions.
    """

    target_modules: str | tuple[str, ...]
    exclude_modules: str | tuple[str, ...] = ()
    modules_to_save: tuple[str, ...] = ()
    layers_to_transform: tuple[int, ...] = ()
    layers_pattern: tuple[str, ...] = ()
    r: int = 8
    lora_alpha: float = 8
    rank_pattern: dict[str, int] = field(default_factory=dict)
    alpha_pattern: dict[str, float] = field(default_factory=dict)
    use_rslora: bool = False
    lora_bias: bool = False
    trainable_token_indices: dict[str, tuple[int, ...]] = field(default_factory=dict)
    target_parameters: tuple[str, ...] = ()

    @property
    def content(self) -> dict[str, Any]:
        """What a digest is taken of: an option that came later counts only where it is used."""
        later = ("trainable_token_indices", "target_parameters")
        return {key: value for key, value in asdict(self).items() if value or key not in later}


def lora_of(folder: Path, config: dict[str, Any]) -> Lora:
    """An adapter's settings, each of the type that it must have.

    Args:
        folder: names the adapter in messages.
        config: the content of `adapter_config.json`.

    Raises:
        InputRejectedError: one cannot be understood.
    """
    return _Fields(folder, config).lora()


class _Fields:
    """Settings from a JSON object, each of the type that it must have."""

    def __init__(self, folder: Path, config: dict[str, Any]) -> None:
        self._folder, self._config = folder, config

    def lora(self) -> Lora:
        targets = self._set("target_modules")
        parameters = tuple(sorted(self._names("target_parameters")))
        if not targets and not parameters:
            raise self._wrong("target_modules")
        return Lora(
            target_modules=targets,
            exclude_modules=self._set("exclude_modules"),
            modules_to_save=self._names("modules_to_save"),
            layers_to_transform=self._numbers("layers_to_transform"),
            layers_pattern=self._names("layers_pattern"),
            r=self._rank("r", self._config.get("r", 8)),
            lora_alpha=self._alpha("lora_alpha", self._config.get("lora_alpha", 8)),
            rank_pattern={key: self._rank(key, r) for key, r in self._table("rank_pattern")},
            alpha_pattern={key: self._alpha(key, a) for key, a in self._table("alpha_pattern")},
            use_rslora=bool(self._config.get("use_rslora")),
            lora_bias=bool(self._config.get("lora_bias")),
            trainable_token_indices=self._tokens("trainable_token_indices"),
            target_parameters=parameters,
        )

    def _tokens(self, key: str) -> dict[str, tuple[int, ...]]:
        value = self._config.get(key) or {}
        found = value if isinstance(value, dict) else {"": value}
        if not all(_are_tokens(ids) for ids in found.values()):
            raise self._wrong(key)
        return {name: tuple(ids) for name, ids in found.items()}

    def _set(self, key: str) -> str | tuple[str, ...]:
        """PEFT writes these in no order, so that the same settings differ from file to file."""
        value = self._config.get(key)
        return value if isinstance(value, str) else tuple(sorted(self._names(key)))

    def _names(self, key: str) -> tuple[str, ...]:
        value = self._config.get(key) or []
        items = [value] if isinstance(value, str) else value
        if not isinstance(items, list) or not all(isinstance(item, str) for item in items):
            raise self._wrong(key)
        return tuple(items)

    def _numbers(self, key: str) -> tuple[int, ...]:
        value = self._config.get(key)
        items = [value] if type(value) is int else value or []
        if not isinstance(items, list) or not all(type(item) is int for item in items):
            raise self._wrong(key)
        return tuple(items)

    def _table(self, key: str) -> list[tuple[str, Any]]:
        value = self._config.get(key) or {}
        if not isinstance(value, dict):
            raise self._wrong(key)
        return list(value.items())

    def _rank(self, key: str, value: Any) -> int:
        if type(value) is not int or not 0 < value < 1 << 31:
            raise self._wrong(key)
        return value

    def _alpha(self, key: str, value: Any) -> float:
        if type(value) not in (int, float) or not -1e30 < value < 1e30:
            raise self._wrong(key)
        return value  # type: ignore[no-any-return]

    def _wrong(self, key: str) -> InputRejectedError:
        return InputRejectedError(
            f"{shown(self._folder / CONFIG)} has no valid {shown(key)}: save the adapter again "
            "with PEFT's save_pretrained"
        )


def _are_tokens(ids: Any) -> bool:
    return isinstance(ids, list) and all(type(one) is int and one >= 0 for one in ids)
