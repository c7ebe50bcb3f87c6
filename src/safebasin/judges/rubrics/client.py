"""Questions to an endpoint: several at once, bounded in time and size, and never led elsewhere.

`httpx2` rather than the `openai` package, which sends OPENAI_API_KEY, organisation and project from
the environment to whatever endpoint it is pointed at, and reads an error's body without a limit.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Awaitable, Callable, Iterable
from email.utils import parsedate_to_datetime
from functools import partial
from typing import Any

import anyio
import httpx2
from anyio.from_thread import start_blocking_portal

from safebasin.errors import ResourceError, SafebasinError, UsageError
from safebasin.judges.rubrics.address import VARIABLE, Key, key_for, redact
from safebasin.judges.rubrics.endpoint import Patience
from safebasin.judges.rubrics.reading import Reply, completion
from safebasin.judges.rubrics.rubric import Pair, UnjudgedError
from safebasin.models.shown import shown
from safebasin.records import Verdict

Question = dict[str, Any]
Judging = Callable[[Pair, Callable[[Question], Awaitable[Reply]]], Awaitable[Verdict]]
"""From a pair of texts to a verdict, given what answers a question."""

LARGEST = 1 << 20
"""Bytes of an answer; a verdict with its reasons has a few thousand."""
PAUSE, OVERALL = 60.0, 300.0
"""Seconds of a pause at most, and of one question with all its attempts."""
DOWN_AFTER, REST = 5, 30.0
"""Questions in a row without an answer, after which one is asked each time these seconds pass."""

_PASSING = frozenset({408, 409, 425, 429}) | frozenset(range(500, 600))
_TOO_LONG = re.compile(r"context.{0,3}(length|size|window)|too (long|many tokens)", re.IGNORECASE)
_FILTERED = re.compile(r"content.{0,3}(filter|policy|management)", re.IGNORECASE)


class _PassingError(Exception):
    """Why another attempt may succeed, and the seconds that the endpoint asks to wait before it."""


class Client:
    """One endpoint, and whether it answered of late. The key is read for each call, and not kept.

    What is asked raises UnjudgedError if only this question has no answer, and UsageError or
    ResourceError if none will have one.
    """

    def __init__(self, url: str, host: str, patience: Patience) -> None:
        self._url, self._host, self._patience = url, host, patience
        self._missed, self._since = 0, 0.0

    def each(self, pairs: Iterable[Pair], judge: Judging) -> dict[Pair, Verdict]:
        """The verdict on each pair; the first error ends everything.

        This works in a thread of its own, as a notebook's thread runs an event loop already. An
        interrupted caller cancels it, and waits until it has cleaned up.
        """
        key = key_for(self._host)
        with start_blocking_portal() as portal:
            return portal.call(self._each, pairs, judge, key)

    async def _each(
        self, pairs: Iterable[Pair], judge: Judging, key: Key | None
    ) -> dict[Pair, Verdict]:
        found, waiting = {}, iter(pairs)
        headers = {"Content-Type": "application/json", "Accept-Encoding": "identity"}
        async with httpx2.AsyncClient(
            headers=headers | ({"Authorization": f"Bearer {key.value}"} if key else {}),
            timeout=httpx2.Timeout(None, connect=10.0),  # `_post` looks at the clock
            limits=httpx2.Limits(max_connections=self._patience.concurrency),
            follow_redirects=False,
            trust_env=self._url.startswith("https"),  # over http, a proxy would read key and texts
        ) as http:

            async def work() -> None:
                for pair in waiting:
                    found[pair] = await judge(pair, partial(self._ask, http, key))

            try:
                async with anyio.create_task_group() as group:
                    for _ in range(self._patience.concurrency):
                        group.start_soon(work)
            except BaseExceptionGroup as errors:
                raise errors.exceptions[0] from None
        return found

    async def _ask(self, http: httpx2.AsyncClient, key: Key | None, question: Question) -> Reply:
        if self._missed >= DOWN_AFTER and time.monotonic() - self._since < REST:
            raise UnjudgedError("not asked: the endpoint answered none of the questions before")
        self._since = time.monotonic()
        attempt, pause, problem = 0, self._patience.pause, f"no answer within {OVERALL:.3g} s"
        with anyio.move_on_after(OVERALL):
            for attempt in range(1, self._patience.retries + 2):
                try:
                    return await self._post(http, key, question)
                except _PassingError as error:
                    problem, wanted = error.args
                if attempt > self._patience.retries or self._missed >= DOWN_AFTER:
                    break
                await anyio.sleep(min(max(pause, wanted), PAUSE))
                pause *= 2
        self._missed, self._since = self._missed + 1, time.monotonic()
        raise UnjudgedError(f"no answer from the endpoint in {attempt} attempts: {problem}")

    async def _post(self, http: httpx2.AsyncClient, key: Key | None, question: Question) -> Reply:
        seconds, body = self._patience.timeout, bytearray()
        content = json.dumps(question).encode()
        try:
            with anyio.fail_after(seconds):
                async with http.stream("POST", self._url, content=content) as response:
                    async for piece in response.aiter_raw():
                        body += piece
                        if len(body) > LARGEST:
                            break
        except TimeoutError:
            raise _PassingError(f"no answer within {seconds:.3g} s", 0.0) from None
        except httpx2.HTTPError as error:
            why = f"{type(error).__name__} {shown(redact(str(error), key), 100)}"
            raise _PassingError(why, 0.0) from None  # the cause holds the request, and the key
        if response.status_code in _PASSING:
            wanted = retry_after(response.headers.get("retry-after", ""))
            raise _PassingError(f"HTTP status {response.status_code}", wanted)
        self._missed = 0
        if response.status_code != 200:
            raise _refusal(response, redact(_message(body), key), key, shown(question["model"]))
        if len(body) > LARGEST:
            raise UnjudgedError(f"the endpoint's answer is longer than {LARGEST} bytes")
        reply = completion(body)
        return reply._replace(text=redact(reply.text, key))


def retry_after(header: str) -> float:
    """Seconds that a Retry-After header asks for, as a number or a date; 0 if it is neither."""
    try:
        return float(header)
    except ValueError:
        try:
            return parsedate_to_datetime(header).timestamp() - time.time()
        except (ValueError, OverflowError):
            return 0.0


def _message(body: bytes | bytearray) -> str:
    """What the error in a JSON body says, as OpenAI and others write it; else the body itself."""
    try:
        found: Any = json.loads(body)
    except (ValueError, RecursionError):
        return body.decode(errors="replace")
    error = found.get("error", found) if isinstance(found, dict) else found
    if isinstance(error, dict):
        return " ".join(str(part) for part in error.values() if part)
    return str(error)


def _refusal(
    response: httpx2.Response, said: str, key: Key | None, model: str
) -> UnjudgedError | SafebasinError:
    """What a status other than success means: that this cannot be judged, or that nothing can."""
    status = response.status_code
    if status == 413 or (status in (400, 422) and _TOO_LONG.search(said)):
        return UnjudgedError("too long for the judge, says the endpoint")
    if status in (400, 403) and _FILTERED.search(said):
        return UnjudgedError("the endpoint's content filter refused the exchange")
    reason = f" ({shown(said)})" if said else ""
    what = f"endpoint {shown(response.request.url)} answers {status}{reason}: "
    if status in (401, 403):
        why = f"that in {key.variable} is not accepted" if key else "there is none"
        return ResourceError(f"{what}set {VARIABLE} to its key; {why}")
    if response.has_redirect_location:
        to = shown(redact(response.headers["location"], key).partition("?")[0])
        return UsageError(f"{what}it redirects to {to}, which is not followed; name that one")
    return UsageError(
        f"{what}check that its URL ends where /chat/completions begins, mostly in /v1, and that "
        f"model {model} is a chat model there that takes these options"
    )
