"""Judge a stored run again, with other judges; nothing is generated, and nothing is lost."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from safebasin.errors import IntegrityError, ResourceError, SafebasinError
from safebasin.evaluate import BY_WORDS, ORIGIN, Progress, Tick, pass_judgement
from safebasin.judges import registry
from safebasin.judges.base import Exchange, Judge, Priced
from safebasin.judges.coherence import Losses
from safebasin.judges.once import Content, Once, content
from safebasin.judges.registry import Means
from safebasin.judges.spec import Spec
from safebasin.records import Prompt, Verdict
from safebasin.report.bar import bar
from safebasin.runfolder import read_request, write_whole
from safebasin.store import Store, reading, writing
from safebasin.studies.result import Result, result
from safebasin.studies.run import said

if TYPE_CHECKING:
    from safebasin.judges.cost import Cost
    from safebasin.judges.scorer import Scorer


CHEAP_AT_ONCE = 100
"""Places whose verdicts are one transaction, where judging them again would take no time."""


@dataclass(frozen=True, kw_only=True)
class Due:
    """What is left for one judge to do.

    Attributes:
        key: of the judge.
        responses: without a verdict.
        different: exchanges among them; a judge is paid once for each.
        cost: an estimate, of judges that cost anything.
    """

    key: str
    responses: int
    different: int
    cost: Cost | None


@dataclass(frozen=True, kw_only=True)
class Judging:
    """A run that is to be judged, as the arguments of `judge` say."""

    run: Path
    judges: tuple[str, ...]
    device: str = "auto"
    batch_size: int = 8
    concurrency: int = 8
    retry: bool = True

    def due(self, price: tuple[float, float] | None = None) -> list[Due]:
        """The work and its cost; reads the store, and does nothing.

        Args:
            price: of a million tokens, read and written.

        Raises:
            UsageError, InputRejectedError, ResourceError, IntegrityError: see `judge`.
        """
        with reading(self.run) as store:
            prompts = {id_: prompt for id_, (prompt, _) in store.prompts().items()}
            judges = [registry.make(spec, self._means(None)) for spec in self._specs()]
            found = [_due(store, prompts, judge, retry=self.retry) for judge in judges]
        return [replace(one, cost=_priced(one.cost, price)) for one in found]

    def do(self, progress: Progress = lambda _: None) -> Result[Any]:
        """Judge what is unjudged, and summarise the run."""
        self._specs()
        with writing(self.run, read_request(self.run)) as store:
            self._judge(store, progress)
            found = result(self.run, store)
            write_whole(self.run / "summary.json", found.summary.to_json())
        return found

    def _specs(self) -> list[Spec]:
        return registry.specs(self.judges)

    def _means(self, store: Store | None) -> Means:
        prompts = {p.id: p for p, _ in store.prompts().values()} if store else {}
        return Means(
            store=store,
            losses=unperturbed(store, self.device) if store else registry.no_losses,
            origin=lambda: said(store, prompts, ORIGIN) if store else [],
            device=self.device,
            batch_size=self.batch_size,
            concurrency=self.concurrency,
        )

    def _judge(self, store: Store, progress: Progress) -> None:
        prompts = {id_: prompt for id_, (prompt, _) in store.prompts().items()}
        points = sorted(store.answers_by_point(), key=lambda key: (key != ORIGIN.key, key))
        judges = registry.build(self.judges, self._means(store))
        total = len(judges) * store.counts()["responses"]
        done = 0

        def judged(count: int) -> None:
            nonlocal done
            done += count
            progress(Tick(done, total))

        cheap = [judge for judge in judges if judge.about.family in BY_WORDS]
        dear = [_with_memory(store, prompts, judge) for judge in judges if judge not in cheap]
        for some, at_once in ((cheap, CHEAP_AT_ONCE), *(([judge], 1) for judge in dear)):
            for start in range(0, len(points) if some else 0, at_once):
                with store.at_once() if at_once > 1 else nullcontext():
                    for point in points[start : start + at_once]:
                        pass_judgement(store, prompts, point, some, retry=self.retry, judged=judged)
                names = ", ".join(judge.about.name for judge in some)
                progress(Tick(done, total, f"{names}, place {start + 1} of {len(points)}"))


def judge(
    run: Path | str,
    *,
    judges: Sequence[str],
    device: str = "auto",
    batch_size: int = 8,
    concurrency: int = 8,
    retry: bool = True,
) -> Any:
    """Judge a stored run with other judges, side by side with those that it has.

    Only what a judge has not judged yet is judged, so this may be stopped and called again. The
    labels that scores and edges rest on stay those of the run's first judge; `open_run(run,
    judge=NAME)` looks at it through the eyes of another.

    Args:
        run: the folder.
        judges: as after `--judge`: NAME, NAME=MODEL, NAME=URL#MODEL.
        device: for judges with weights.
        batch_size: responses that these are asked about at once.
        concurrency: requests to an endpoint at once.
        retry: ask again where a judge could not give a verdict before.

    Returns:
        The run's result, with what every judge says in `summary.rates` and `summary.agreement`.

    Raises:
        UsageError: the folder is not a run, or a judge does not exist.
        LockedError: something is writing to the run.
        InputRejectedError, ResourceError: a judge's weights or endpoint cannot be used.
        IntegrityError: the store is damaged, or the model is not the one that was judged before.
    """
    return Judging(
        run=Path(run),
        judges=tuple(judges),
        device=device,
        batch_size=batch_size,
        concurrency=concurrency,
        retry=retry,
    ).do()


def judge_with_bar(planned: Judging, *, shown: bool = True) -> Any:
    """The same with a progress bar."""
    with bar(f"judge {planned.run.name}", "verdicts", shown=shown) as advance:
        return planned.do(lambda tick: advance(tick.done, tick.total, tick.note))


def unperturbed(store: Store, device: str) -> Losses:
    """Scores exchanges under the model that a run is of, which is loaded when it is first needed.

    Raises:
        IntegrityError: when it is needed, and the files behind its name have changed.
        ResourceError: when it is needed, and it cannot be loaded.
    """

    @cache
    def scorer() -> Scorer:
        return _scorer(store, device)

    return lambda exchanges: scorer()(exchanges)


def _scorer(store: Store, device: str) -> Scorer:
    from safebasin.engines.base import Encoded
    from safebasin.engines.crew.alone import Alone
    from safebasin.engines.crew.worker import Worker
    from safebasin.engines.transformers import TransformersEngine
    from safebasin.judges.scorer import Scorer
    from safebasin.models.load import load
    from safebasin.records import ModelRef

    request = store.request
    asked = request["model"]
    instead = "use --judge coherence-text, which needs no model"
    try:
        loaded = load(ModelRef.parse(asked["name"]), device=device, dtype=asked["dtype"])
    except SafebasinError as error:
        raise ResourceError(
            f"{store.folder} is of {asked['name']}, which cannot be loaded ({error}): bring it "
            f"back, or {instead}"
        ) from error
    if loaded.checked.weights_digest != asked["weights_digest"]:
        raise IntegrityError(
            f"the weights of {asked['name']} are not those that {store.folder} was made with: "
            f"restore the checkpoint, or {instead}"
        )
    encoded = [Encoded(id_, token_ids) for id_, token_ids in store.renderings().items()]
    alone = Alone(Worker(TransformersEngine(loaded), loaded))
    return Scorer(alone, encoded, request["decoding"]["batch_size"])


def _with_memory(store: Store, prompts: Mapping[str, Prompt], judge: Judge) -> Judge:
    """The judge, with the store as its memory where asking it again would cost something."""
    if not isinstance(judge, Priced):
        return judge
    return Once(judge, {what: v for what, v in _said(store, prompts, judge) if v.status == "ok"})


def _due(store: Store, prompts: Mapping[str, Prompt], judge: Judge, *, retry: bool) -> Due:
    known = dict(_said(store, prompts, judge))
    found: dict[Content, Exchange] = {}
    count = 0
    for point in store.answers_by_point():
        given = store.verdicts(judge.key, point)
        for response in store.responses(point):
            prompt, verdict = prompts[response.prompt_id], given.get(response.id)
            done = verdict and not (retry and verdict.status == "judge_failed")
            if done or not (judge.about.benign or prompt.kind == "harmful"):
                continue
            count += 1
            exchange = Exchange(prompt, response, told=True)
            before = known.get(content(exchange))
            if response.finish != "numeric_failure" and not (before and before.status == "ok"):
                found[content(exchange)] = exchange
    return replace(due_of(judge, list(found.values())), responses=count)


def due_of(judge: Judge, exchanges: Sequence[Exchange]) -> Due:
    """What judging these would take."""
    different = list({content(one): one for one in exchanges}.values())
    cost = judge.estimate(different) if isinstance(judge, Priced) else None
    return Due(key=judge.key, responses=len(exchanges), different=len(different), cost=cost)


def _priced(cost: Cost | None, price: tuple[float, float] | None) -> Cost | None:
    if cost is None or price is None:
        return cost
    tokens = cost.prompt_tokens, cost.completion_tokens_at_most
    money = sum(n * each for n, each in zip(tokens, price, strict=True)) / 1e6
    return replace(cost, money_at_most=money)


def _said(
    store: Store, prompts: Mapping[str, Prompt], judge: Judge
) -> Iterator[tuple[Content, Verdict]]:
    """Every verdict that a judge gave in a run, by what it was about."""
    if judge.key not in store.judges():
        return
    for point in store.answers_by_point():
        verdicts = store.verdicts(judge.key, point)
        for response in store.responses(point):
            if response.id in verdicts:
                exchange = Exchange(prompts[response.prompt_id], response, told=True)
                yield content(exchange), verdicts[response.id]
