"""A rubric judged by a model behind an OpenAI-compatible endpoint."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from safebasin.errors import SafebasinError, UsageError
from safebasin.judges.base import Exchange, versioned
from safebasin.judges.cost import Cost, Price, cost
from safebasin.judges.rubrics.address import check_address
from safebasin.judges.rubrics.background import produced
from safebasin.judges.rubrics.client import Answer, Client, TransportError, connected, library
from safebasin.judges.rubrics.collecting import Answers, Arrived, Pair, collect, distinct
from safebasin.judges.rubrics.complaints import PASSING, require_answer
from safebasin.judges.rubrics.patience import Breaker, Patience
from safebasin.judges.rubrics.posing import digest, pose
from safebasin.judges.rubrics.reading import choose, completion
from safebasin.judges.rubrics.redaction import Secret, key_for, redact
from safebasin.judges.rubrics.rubric import Rubric, UnjudgedError, failed
from safebasin.records import Verdict

TEMPERATURE = 0
READING = 2
"""Grows whenever `reading` may take other words for a verdict."""

_OPENAI_HOST = "api.openai.com"


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
        """Refuse what cannot be meant.

        Raises:
            UsageError: no room for an answer, or an unknown form.
        """
        if type(self.max_tokens) is not int or self.max_tokens < 16:
            raise UsageError(f"max_tokens is {self.max_tokens!r}: pass a whole number from 16 on")
        if self.form not in ("line", "json"):
            raise UsageError(f"form is {self.form!r}: pass line or json")


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

        Args:
            rubric: what to grade by.
            url: the endpoint's base URL, as http://localhost:8000/v1.
            model: its name there.
            manner: how it is asked.
            patience: how many questions are under way, and how long an answer is waited for.

        Raises:
            UsageError: the URL is not one that texts and key may be sent to, or the model's name
                is blank or does not print.
            ResourceError: the extra `api` is not installed.
        """
        self._address = check_address(url)
        if not model.isprintable() or not model.strip():
            raise UsageError(f"endpoint {self._address} needs a model's name: pass URL#MODEL")
        library()
        self.about = rubric.about
        self._rubric = rubric
        self._model = model
        self._manner = manner or Manner()
        self._patience = patience or Patience()
        self._breaker = Breaker(self._patience.give_up_after, self._patience.rest)

    @property
    def key(self) -> str:
        """See the class."""
        parts = [
            digest(self._rubric, self._manner.form),
            self._model,
            TEMPERATURE,
            self._manner.max_tokens,
            self._manner.form,
            READING,
        ]
        hashed = hashlib.sha256(json.dumps(parts).encode()).hexdigest()
        return f"{versioned(self.about)}.{hashed[:8]}"

    @property
    def thresholds(self) -> dict[str, float]:
        """See `Rubric.thresholds`."""
        return self._rubric.thresholds

    def judge(self, exchanges: Sequence[Exchange], arrived: Arrived | None = None) -> list[Verdict]:
        """One verdict for each exchange, in order.

        Args:
            exchanges: the same texts twice are asked about once.
            arrived: told of each verdict as soon as it is there, so that none need be lost.

        Raises:
            UsageError: the endpoint or model is not what was meant, or the key cannot be one.
            ResourceError: the endpoint wants another key.
        """
        return collect(exchanges, self._ask, arrived)

    def settled(self, text: str) -> bool:  # noqa: ARG002 - a refusal may still turn into an answer
        """Never before the end."""
        return False

    def estimate(self, exchanges: Sequence[Exchange], price: Price | None = None) -> Cost:
        """What `judge` would send at most, by a rule of thumb; sends nothing."""
        messages = []
        for pair in distinct(exchanges):
            try:
                messages.append(pose(self._rubric, *pair, self._manner.form).text)
            except UnjudgedError:  # would not be sent
                continue
        return cost(messages, self._manner.max_tokens, price)

    def _ask(self, pairs: Sequence[Pair]) -> Answers:
        key = key_for(self._address.host)

        async def work(put: Callable[[tuple[Pair, Verdict]], None]) -> None:
            waiting = iter(pairs)

            async def worker(client: Client) -> None:
                for pair in waiting:
                    put((pair, await self._verdict(client, pair, key)))

            async with connected(self._address, key, self._patience) as client:
                await _together([worker(client) for _ in range(self._patience.concurrency)])

        return produced(work)

    async def _verdict(self, client: Client, pair: Pair, key: Secret | None) -> Verdict:
        try:
            posed = pose(self._rubric, *pair, self._manner.form)
            answer = await self._persist(client, self._question(posed.text))
            require_answer(answer, self._address, self._model, key)
            reply = completion(answer.body)
            reply = reply._replace(text=redact(reply.text, key))
            values = choose(self._rubric, reply, posed.nonce, self._manner.form)
        except UnjudgedError as error:
            return failed(str(error))
        return self._rubric.grade(values, pair[1])

    async def _persist(self, client: Client, question: dict[str, Any]) -> Answer:
        """An answer other than that one should try again."""
        if not self._breaker.admits():
            raise UnjudgedError("not asked: the endpoint answered none of the questions before")
        patience, clock = self._patience, asyncio.get_running_loop().time
        end, attempt = clock() + patience.overall, 0
        while True:
            wanted = 0.0
            try:
                answer = await client.post(question, min(patience.timeout, end - clock()))
            except TransportError as error:
                problem = str(error)
            else:
                if answer.status not in PASSING:
                    self._breaker.answered()
                    return answer
                problem, wanted = f"HTTP status {answer.status}", answer.retry_after
            pause = patience.pause(attempt, wanted)
            attempt += 1
            if attempt > patience.retries or self._breaker.down or clock() + pause >= end:
                self._breaker.failed()
                raise UnjudgedError(f"no answer from the endpoint in {attempt} attempts: {problem}")
            await asyncio.sleep(pause)

    def _question(self, text: str) -> dict[str, Any]:
        openai = self._address.host == _OPENAI_HOST
        question: dict[str, Any] = {
            "model": self._model,
            "messages": [{"role": "user", "content": text}],
            "temperature": TEMPERATURE,
            "max_completion_tokens" if openai else "max_tokens": self._manner.max_tokens,
        }
        if self._manner.form == "json":
            question["response_format"] = _schema(self._rubric)
        return question


async def _together(workers: Sequence[Any]) -> None:
    """Run all; the first error ends the others, and is the only one that is raised."""
    try:
        async with asyncio.TaskGroup() as group:
            for worker in workers:
                group.create_task(worker)
    except BaseExceptionGroup as errors:
        own = [error for error in errors.exceptions if isinstance(error, SafebasinError)]
        raise (own or errors.exceptions)[0] from None


def _schema(rubric: Rubric) -> dict[str, Any]:
    """The code is any string here: only a judge that read the question knows it."""
    fields = {field.name: {"type": "integer", "enum": [*field.menu]} for field in rubric.fields}
    properties = {"reasons": {"type": "string"}, "code": {"type": "string"}, **fields}
    schema = {
        "type": "object",
        "properties": properties,
        "required": [*properties],
        "additionalProperties": False,
    }
    return {
        "type": "json_schema",
        "json_schema": {"name": "verdict", "strict": True, "schema": schema},
    }
