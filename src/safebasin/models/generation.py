"""What a checkpoint's `generation_config.json` asks of an answer: followed, or said by name.

What `generate(do_sample=False)` would follow is followed here, by transformers' own classes and in
its order. How a token is drawn is the business of `--temperature` alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from transformers import GenerationConfig
from transformers.generation import logits_process as ours

from safebasin.errors import InputRejectedError
from safebasin.models.configuration import read_json
from safebasin.models.shown import shown

Process = Callable[[Tensor, Tensor], Tensor]
"""From the tokens so far (rows × length) and the scores of the next one to other scores."""


@dataclass(frozen=True)
class _Length:
    """Where in a text its answer begins, and how long it may become."""

    prompt: int
    most: int
    ends: list[int]
    device: str


_MAKERS: dict[str, Callable[[Any, _Length], Process]] = {
    "sequence_bias": lambda value, _: ours.SequenceBiasLogitsProcessor(value),
    "repetition_penalty": lambda value, _: ours.RepetitionPenaltyLogitsProcessor(value),
    "no_repeat_ngram_size": lambda value, _: ours.NoRepeatNGramLogitsProcessor(value),
    "bad_words_ids": lambda value, at: ours.NoBadWordsLogitsProcessor(value, at.ends),
    "min_length": lambda value, at: ours.MinLengthLogitsProcessor(value, at.ends, at.device),
    "min_new_tokens": lambda value, at: ours.MinNewTokensLengthLogitsProcessor(
        at.prompt, value, at.ends, at.device
    ),
    "forced_bos_token_id": lambda value, _: ours.ForcedBOSTokenLogitsProcessor(value),
    "forced_eos_token_id": lambda value, at: ours.ForcedEOSTokenLogitsProcessor(
        at.prompt + at.most, value, at.device
    ),
    "exponential_decay_length_penalty": lambda value, at: ours.ExponentialDecayLengthPenalty(
        tuple(value), at.ends, at.prompt
    ),
    "suppress_tokens": lambda value, at: ours.SuppressTokensLogitsProcessor(value, at.device),
    "begin_suppress_tokens": lambda value, at: ours.SuppressTokensAtBeginLogitsProcessor(
        value, at.prompt, at.device
    ),
}
"""By setting, in transformers' order."""

_FACTORS = ("repetition_penalty", "encoder_repetition_penalty", "guidance_scale", "num_beams")
_SIZES = ("no_repeat_ngram_size", "min_length", "min_new_tokens", "encoder_no_repeat_ngram_size",
          "diversity_penalty", "penalty_alpha", "num_beam_groups")  # fmt: skip
_DRAWS = ("temperature", "top_k", "top_p", "min_p", "top_h", "typical_p", "epsilon_cutoff",
          "eta_cutoff")  # fmt: skip
_WITHOUT_EFFECT = {
    *("max_length", "max_new_tokens", "eos_token_id", "bos_token_id", "pad_token_id", "do_sample"),
    *("decoder_start_token_id", "transformers_version", "use_cache", "cache_implementation"),
    *("cache_config", "max_cache_len", "compile_config", "disable_compile", "low_memory"),
    *("continuous_batching_config", "prefill_chunk_size", "renormalize_logits", "use_mtp"),
    *("is_assistant", "num_return_sequences", "return_dict_in_generate", "early_stopping"),
    *("length_penalty", "output_attentions", "output_hidden_states", "output_scores"),
    *("output_logits", "speculation_type"),
}
"""Limits and ends that safebasin sets itself, and what changes no greedy answer of one beam."""


@dataclass(frozen=True)
class Generation:
    """What is asked of every answer of a model.

    Attributes:
        followed: settings that change scores, by name.
        ends: tokens that end a response.
    """

    followed: dict[str, Any] = field(default_factory=dict)
    ends: frozenset[int] = frozenset()

    def processes(self, prompt: int, most: int, device: str = "cpu") -> list[Process]:
        """What scores of the next token go through.

        Args:
            prompt: tokens of the prompt.
            most: tokens that may follow it.
            device: where the scores are.
        """
        at = _Length(prompt, most, sorted(self.ends), device)
        return [_MAKERS[name](value, at) for name, value in self.followed.items()]

    def adjusting(self, most: int) -> Callable[[Tensor, Sequence[int], Sequence[int]], Tensor]:
        """A function from logits of one next token to those that `generate` would choose by.

        Args:
            most: tokens that may follow a prompt.
        """
        known: dict[int, list[Process]] = {}

        def adjusted(logits_V: Tensor, prompt: Sequence[int], said: Sequence[int]) -> Tensor:
            device = logits_V.device
            if len(prompt) not in known:
                known[len(prompt)] = self.processes(len(prompt), most, str(device))
            scores = logits_V[None].float()
            token_ids = torch.tensor([[*prompt, *said]], device=device)
            for process in known[len(prompt)]:
                scores = process(token_ids, scores)
            return scores[0]

        return adjusted


def settings_in(folder: Path) -> GenerationConfig:
    """The generation settings of a checkpoint that is not loaded; none without a file."""
    if not (folder / "generation_config.json").exists():
        return GenerationConfig()
    return GenerationConfig.from_dict(read_json(folder / "generation_config.json"))


def generation(
    config: GenerationConfig, ends: frozenset[int], name: str, rows: int
) -> tuple[Generation, tuple[str, ...]]:
    """What generation settings ask for, and what must be said of them.

    Args:
        config: of a loaded model, or `settings_in` its folder.
        ends: tokens that end a response.
        name: names the model in messages.
        rows: tokens that the model has.

    Raises:
        InputRejectedError: a setting has a value that transformers does not take, or names a token
            that the model lacks.
    """
    given = {
        setting: value
        for setting, value in vars(config).items()
        if not setting.startswith("_") and value != getattr(_DEFAULTS, setting, None)
    }
    followed = {
        setting: given[setting]
        for setting in _MAKERS
        if setting in given and not _is_neutral(setting, given[setting])
    }
    found = Generation(followed, ends)
    try:
        token_ids = torch.zeros((1, 1), dtype=torch.long)
        for process in found.processes(1, 1):
            process(token_ids, torch.zeros((1, rows)))
    except (TypeError, ValueError, IndexError, KeyError) as error:
        raise InputRejectedError(
            f"generation_config.json of {shown(name)} holds a value that cannot be followed "
            f"({shown(error)}): correct it, or remove the file"
        ) from error
    notes = []
    if followed:
        notes.append(f"as generation_config.json asks, answers follow {_listed(followed)}")
    drawn = {setting: given[setting] for setting in _DRAWS if setting in given}
    if given.get("do_sample") and drawn:
        notes.append(
            f"generation_config.json asks for answers that are drawn ({_listed(drawn)}): "
            "--temperature decides that here"
        )
    left = {
        setting: value
        for setting, value in given.items()
        if setting not in {*_MAKERS, *_DRAWS} | _WITHOUT_EFFECT and not _is_neutral(setting, value)
    }
    if left:
        notes.append(f"not followed of generation_config.json: {_listed(left)}")
    return found, tuple(notes)


_DEFAULTS = GenerationConfig()


def _is_neutral(setting: str, value: Any) -> bool:
    """Whether a setting changes nothing."""
    if value is None or value is False or value in ([], {}):
        return True
    return (setting in _FACTORS and value == 1) or (setting in _SIZES and value == 0)


def _listed(settings: dict[str, Any]) -> str:
    return ", ".join(f"{shown(name, 40)} {shown(value, 60)}" for name, value in settings.items())
