"""What a person may ask of a study, checked before anything is loaded."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from safebasin.engines.registry import CATALOGUE as ENGINES
from safebasin.errors import UsageError
from safebasin.judges import registry
from safebasin.points import Noise, Norm, Skip
from safebasin.stats.sequential import FEWEST
from safebasin.studies.rays import Rays

DTYPES = ("auto", "float32", "bfloat16", "float16")
PUBLISHED_TOKENS = 512
THINKING_TOKENS = 4096
ORGANISM_TOKENS = 48
PUBLISHED_BATCH = 80
PUBLISHED_POINTS = 21
ADAPTIVE_POINTS = 9
ORGANISM_BATCH = 160
DEFAULT_JUDGES = ("coherence", "keyword")

MOST_POINTS = 100_000
"""Places at which a study may ask: more are refused before a list of them is built."""

_MOST = {"samples": 1000, "workers": 4096, "judge-batch": 1 << 20, "batch-size": 1 << 20}
"""Of what there is a list or a process for each."""

WORKERS = "ray"
"""Asked for as an engine, it means the reference engine in as many workers as there is room for."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What all studies can be asked, under the names of `asked.Asked`; see there."""

    model: str = "organism:chat"
    seed: int = 0
    noise: Noise = "gaussian"
    norm: Norm = "layer"
    skip: Skip = "norms"
    prompts: str | None = None
    benign: str | None = None
    column: str | None = None
    limit: int | None = 80
    system: str | None = None
    jailbreak: str | None = None
    judges: tuple[str, ...] = DEFAULT_JUDGES
    judge_device: str | None = None
    judge_batch: int = 8
    perplexity: Path | None = None
    tasks: tuple[str, ...] = ()
    task_limit: int | None = 100
    engine: str = "transformers"
    workers: int | Literal["auto"] | None = None
    allow_mixed: bool = False
    device: str = "auto"
    dtype: str = "auto"
    batch_size: int | None = None
    max_new_tokens: int | None = None
    temperature: float = 0.0
    samples: int = 1
    full_text: bool = False
    chat_template: Path | None = None
    template_args: tuple[str, ...] = ()
    thoughts: str | None = None
    out: Path | None = None

    def __post_init__(self) -> None:
        if self.engine == WORKERS:
            object.__setattr__(self, "engine", "transformers")
            object.__setattr__(self, "workers", self.workers or "auto")
        require(
            not self.allow_mixed or self.out is not None,
            "--allow-mixed goes on with a run that was begun on another kind of device, whose "
            "folder has another name by default: name it with --out",
        )
        require(self.seed >= 0, f"--seed is {self.seed}; it must not be negative")
        for flag, value in (
            ("limit", self.limit),
            ("batch-size", self.batch_size),
            ("max-new-tokens", self.max_new_tokens),
            ("task-limit", self.task_limit),
            ("samples", self.samples),
            ("judge-batch", self.judge_batch),
            ("workers", None if self.workers == "auto" else self.workers),
        ):
            require(value is None or value >= 1, f"--{flag} is {value}; it must be at least 1")
            most = _MOST.get(flag)
            require(
                value is None or most is None or value <= most,
                f"--{flag} is {value}; it must be at most {most}",
            )
        require(
            0 <= self.temperature <= 10,
            f"--temperature is {self.temperature}; it must be a number from 0 (always the most "
            "likely token) to 10",
        )
        require(
            self.samples == 1 or self.temperature > 0,
            f"--samples is {self.samples}, but at --temperature 0 all of them would be the same: "
            "raise the temperature",
        )
        for flag, choice, allowed in (
            ("noise", self.noise, get_args(Noise)),
            ("norm", self.norm, get_args(Norm)),
            ("skip", self.skip, get_args(Skip)),
            ("engine", self.engine, tuple(dict.fromkeys((*ENGINES, WORKERS)))),
            ("dtype", self.dtype, DTYPES),
        ):
            require(choice in allowed, f"--{flag} is {choice!r}; it must be {_either(allowed)}")
        object.__setattr__(self, "template_args", tuple(sorted(self.template_args)))
        self.arguments  # noqa: B018 - refused here, if at all
        chosen = registry.with_a_second_kind(self.judges)
        object.__setattr__(self, "judges", chosen)
        for flag in ("model", "prompts", "benign", "column", "system", "jailbreak", "thoughts"):
            _require_unicode(flag, getattr(self, flag))

    @property
    def arguments(self) -> dict[str, Any]:
        """What the chat template is given beside the messages, by name.

        Raises:
            UsageError: one is not of the form KEY=VALUE, or is given twice.
        """
        found: dict[str, Any] = {}
        for text in self.template_args:
            name, equals, value = text.partition("=")
            require(
                bool(equals) and name.isidentifier() and name not in found,
                f"--template-arg is {text!r}; it must be KEY=VALUE, each key once",
            )
            found[name] = _parsed(value)
        return found

    @property
    def judges_on(self) -> str:
        """The device of judges with weights."""
        return self.judge_device or self.device

    @property
    def is_organism(self) -> bool:
        """Whether the subject is one of the package's own models."""
        return self.model.startswith("organism:")

    @property
    def tokens(self) -> int:
        """The token limit: as published, or what the organism's language needs."""
        default = ORGANISM_TOKENS if self.is_organism else PUBLISHED_TOKENS
        return self.max_new_tokens or default

    @property
    def batch(self) -> int:
        """Prompts answered at once: as published, or as many as pay on a small model."""
        return self.batch_size or (ORGANISM_BATCH if self.is_organism else PUBLISHED_BATCH)


@dataclass(frozen=True, kw_only=True)
class ScanSettings(Settings):
    """Every argument of `scan`, under the same names. See there for what they mean."""

    directions: int | Literal["auto"] = 5
    points: int | None = None
    radius: float = 0.5
    target_halfwidth: float = 2.0
    max_directions: int = 64
    adaptive: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        require(
            not self.adaptive or self.samples == 1,
            "--adaptive asks each prompt once at a place: leave --samples out",
        )
        if self.directions == "auto":
            self._require_sequential()
        else:
            number = isinstance(self.directions, int)
            require(
                number and self.directions >= 1,
                f"--directions is {self.directions!r}; it must be at least 1, or 'auto'",
            )
        require(
            self.points is None or (self.points >= 3 and self.points % 2 == 1),
            f"--points is {self.points}; it must be an odd number of at least 3, so that the "
            "origin is one of them",
        )
        require_few(self.rays.directions * self.rays.points, "--directions and --points")
        require(
            1e-6 <= self.radius <= 100,
            f"--radius is {self.radius}; it must be a number from 0.000001 to 100 "
            "(1 moves each tensor by its own norm)",
        )

    def _require_sequential(self) -> None:
        require(
            not self.adaptive,
            "--directions auto is for VISAGE, which --adaptive does not measure: give a number",
        )
        require(
            0 < self.target_halfwidth <= 50,
            f"--target-halfwidth is {self.target_halfwidth}; it must be a number from 0 to 50 "
            "(of VISAGE, which goes from 0 to 100)",
        )
        require(
            FEWEST <= self.max_directions <= 1000,
            f"--max-directions is {self.max_directions}; it must be from {FEWEST}, below which "
            "intervals are not trusted, to 1000",
        )

    @property
    def rays(self) -> Rays:
        """Where in weight space the model is asked, at most."""
        usual = ADAPTIVE_POINTS if self.adaptive else PUBLISHED_POINTS
        return Rays(
            directions=self.max_directions if self.directions == "auto" else self.directions,
            points=self.points or usual,
            radius=self.radius,
            seed=self.seed,
            noise=self.noise,
            norm=self.norm,
            skip=self.skip,
        )


def require(holds: bool, message: str) -> None:
    """Raise a UsageError unless a condition holds."""
    if not holds:
        raise UsageError(message)


def require_few(points: int, flags: str) -> None:
    """Refuse more places than anything could answer at, before a list of them is built."""
    require(
        points <= MOST_POINTS,
        f"{flags} make {points:,} points, and a run has at most {MOST_POINTS:,}: ask for fewer",
    )


def _parsed(value: str) -> Any:
    """A value as JSON has it (true, 3, null), else the text itself."""
    try:
        return json.loads(value)
    except ValueError:
        return value


def _require_unicode(flag: str, value: str | None) -> None:
    """Bytes that are not text reach Python as lone surrogates, which no file of a run can hold."""
    try:
        (value or "").encode()
    except UnicodeEncodeError:
        raise UsageError(f"--{flag} is {value!a}, which is not valid Unicode: rename it") from None


def _either(allowed: tuple[str, ...]) -> str:
    return " or ".join(", ".join(map(repr, allowed)).rsplit(", ", 1))
