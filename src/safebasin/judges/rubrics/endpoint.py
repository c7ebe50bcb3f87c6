"""A rubric judged by a model behind an OpenAI-compatible endpoint."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from safebasin.errors import ResourceError, UsageError
from safebasin.judges.base import REFUSAL_VERSION, Exchange, versioned
from safebasin.judges.cost import Cost, cost
from safebasin.judges.rubrics.address import OPENAI, check_address
from safebasin.judges.rubrics.posing import digest, pose
from safebasin.judges.rubrics.reading import Reply, choose
from safebasin.judges.rubrics.rubric import Pair, Rubric, UnjudgedError, collect, failed, pairs
from safebasin.models.shown import shown
from safebasin.records import Verdict

TEMPERATURE = 0
READING = 3
"""Grows whenever `reading` may take other words for a verdict."""


@dataclass(frozen=True, slots=True)
class Manner:
    """How a model is asked. All of it can change a verdict, and is part of the judge's key.

    Attributes:
        max_tokens: of the judge's answer, its reasons included.
        form: "line" (reasons, then a last line; any endpoint can), or "json" (the endpoint is told
            to keep to a JSON schema with the menu).
    """

    max_tokens: int = 512
    form: Literal["line", "json"] = "line"

    def __post_init__(self) -> None:
        _require("max_tokens", self.max_tokens, 16)
        if self.form not in ("line", "json"):
            raise UsageError(f"form is {self.form!r}: pass line or json")


@dataclass(frozen=True, slots=True)
class Patience:
    """What may be asked at once, and how long an answer is waited for. None of it changes verdicts.

    Attributes:
        concurrency: requests under way at once.
        timeout: seconds for one attempt, from connecting to the last byte.
        retries: further attempts after one that may succeed when repeated.
        pause: seconds before the first of them; doubled for each further one.
    """

    concurrency: int = 8
    timeout: float = 60.0
    retries: int = 4
    pause: float = 1.0

    def __post_init__(self) -> None:
        for name, least in (("concurrency", 1), ("retries", 0), ("timeout", 0.01), ("pause", 0.01)):
            _require(name, getattr(self, name), least)


def _require(name: str, value: float, least: float) -> None:
    whole = isinstance(least, int)
    if not least <= value < math.inf or (whole and type(value) is not int):
        raise UsageError(f"{name} is {value!r}: pass a {'whole ' * whole}number from {least} on")


class EndpointJudge:
    """Asks an endpoint about each exchange once, at temperature 0 and without tools.

    The key that its verdicts are stored under covers rubric, wording, model name and `Manner`, but
    neither the endpoint's host nor how long it was waited for. Behind a model name that the
    endpoint does not pin, the model can change without notice.
    """

    decides_early = False

    def __init__(
        self,
        rubric: Rubric,
        url: str,
        model: str,
        *,
        manner: Manner | None = None,
        patience: Patience | None = None,
    ) -> None:
        """Check everything that can be checked without sending anything.

        Raises:
            UsageError: `url`, as http://localhost:8000/v1, is not one that texts and key may be
                sent to, or the model's name there is blank or does not print.
            ResourceError: the extra `api` is not installed.
        """
        address, host = check_address(url)
        if not model.isprintable() or not model.strip():
            raise UsageError(
                f"endpoint {shown(url)} names no model: append it, as in "
                "http://localhost:8000/v1#MODEL"
            )
        try:
            from safebasin.judges.rubrics.client import Client
        except ImportError as error:
            raise ResourceError(
                "judging over an endpoint needs httpx2: pip install 'safebasin[api]'"
            ) from error
        self.about = rubric.about
        self._rubric, self._model, self._manner = rubric, model, manner or Manner()
        self._client = Client(address, host, patience or Patience())
        self._limit = "max_completion_tokens" if host == OPENAI else "max_tokens"

    @property
    def key(self) -> str:
        """See the class."""
        asked = digest(self._rubric, self._manner.form), self._model, TEMPERATURE
        parts = [*asked, self._manner.max_tokens, self._manner.form, READING, REFUSAL_VERSION]
        hashed = hashlib.sha256(json.dumps(parts).encode()).hexdigest()
        return f"{versioned(self.about)}.{hashed[:8]}"

    @property
    def thresholds(self) -> dict[str, float]:
        """See `Rubric.thresholds`."""
        return self._rubric.thresholds

    def judge(self, exchanges: Sequence[Exchange]) -> list[Verdict]:
        """One verdict for each exchange, in order; the same texts twice are asked about once.

        Raises:
            UsageError: the endpoint or model is not what was meant, or the key cannot be one.
            ResourceError: the endpoint wants another key.
        """
        return collect(exchanges, lambda asked: self._client.each(asked, self._verdict))

    def settled(self, text: str) -> bool:  # noqa: ARG002 - a refusal may still turn into an answer
        """Never before the end."""
        return False

    def estimate(self, exchanges: Sequence[Exchange]) -> Cost:
        """What `judge` would send at most, by a rule of thumb; sends nothing."""
        messages = []
        for pair in pairs(exchanges):
            try:
                messages.append(pose(self._rubric, *pair, self._manner.form).text)
            except UnjudgedError:  # would not be sent
                continue
        return cost(messages, self._manner.max_tokens)

    async def _verdict(
        self, pair: Pair, ask: Callable[[dict[str, Any]], Awaitable[Reply]]
    ) -> Verdict:
        try:
            posed = pose(self._rubric, *pair, self._manner.form)
            reply = await ask(self._question(posed.text))
            values = choose(self._rubric, reply, posed.nonce, self._manner.form)
        except UnjudgedError as error:
            return failed(str(error))
        return self._rubric.grade(values, pair[1])

    def _question(self, text: str) -> dict[str, Any]:
        question: dict[str, Any] = {
            "model": self._model,
            "messages": [{"role": "user", "content": text}],
            "temperature": TEMPERATURE,
            self._limit: self._manner.max_tokens,
        }
        if self._manner.form == "json":
            question["response_format"] = _schema(self._rubric)
        return question


def _schema(rubric: Rubric) -> dict[str, Any]:
    """The code is any string here: only a judge that read the question knows it."""
    fields = {field.name: {"type": "integer", "enum": [*field.menu]} for field in rubric.fields}
    properties = {"reasons": {"type": "string"}, "code": {"type": "string"}, **fields}
    required = {"required": [*properties], "additionalProperties": False}
    schema = {"type": "object", "properties": properties, **required}
    described = {"name": "verdict", "strict": True, "schema": schema}
    return {"type": "json_schema", "json_schema": described}
