"""Hold a judge against people: how often it is right, on which texts, and what that corrects."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from safebasin import summary as contract
from safebasin.errors import InputRejectedError, UsageError
from safebasin.evaluate import Progress
from safebasin.judges import registry
from safebasin.judges.base import Exchange
from safebasin.judges.registry import Means
from safebasin.models.shown import shown
from safebasin.records import Label, Verdict
from safebasin.report.bar import bar
from safebasin.report.formatting import count
from safebasin.runfolder import write_whole
from safebasin.store import Store, reading, writing
from safebasin.studies.judging import Due, Judging, due_of
from safebasin.studies.labelled import Labelled, LabelledFile, read
from safebasin.studies.result import result
from safebasin.studies.spreadsheet import id_of, may_be_number, same
from safebasin.studies.summaries.calibrated import COHERENT, INCOHERENT, Counts, calibration

_NEEDS_A_RUN = (
    "coherence is measured by a model: pass --run RUN with a sheet that `safebasin label` made "
    "from that run, or calibrate coherence-text, which needs no model"
)


@dataclass(frozen=True, kw_only=True)
class Calibrating:
    """A judge that is to be held against people, as the arguments of `calibrate` say."""

    judge: str
    labelled: Path
    run: Path | None = None
    partial: str = "complied"
    device: str = "auto"
    batch_size: int = 8
    concurrency: int = 8

    def due(self) -> Due:
        """The work and its cost, without the run's; judges nothing."""
        file = read(self.labelled, partial=self.partial)
        (spec,) = registry.specs([self.judge])
        judge = registry.make(spec, Means(device=self.device, batch_size=self.batch_size))
        return due_of(judge, [one.exchange for one in file.found])

    def do(self, progress: Progress = lambda _: None) -> contract.Calibration:
        """Judge the labelled responses and count."""
        file = read(self.labelled, partial=self.partial)
        if self.run is None:
            return calibration(self._counted(file, file.found, None))
        self._judge_run(self.run, progress)
        with reading(self.run) as store:
            request = store.request
        with writing(self.run, request) as store:
            rows, recognised = _of_run(store, file.found)
            changed = (
                f"{count(recognised, 'ids')} changed in the sheet, as spreadsheets do to ids that "
                "look like numbers; the rows were recognised by their texts"
            )
            file = replace(file, notes=(*file.notes, *([changed] if recognised else [])))
            counts = self._counted(file, rows, store)
            store.replace(f"calibration/{counts.judge}", counts.to_json())
            summary = result(self.run, store).summary
            write_whole(self.run / "summary.json", summary.to_json())
        found: list[contract.Calibration] = summary.calibrations
        return next(one for one in found if one.judge == counts.judge)

    def _judge_run(self, run: Path, progress: Progress) -> None:
        """Rates can only be corrected where the judge has given them."""
        Judging(
            run=run,
            judges=(self.judge,),
            device=self.device,
            batch_size=self.batch_size,
            concurrency=self.concurrency,
        ).do(progress)

    def _counted(
        self, file: LabelledFile, found: Sequence[Labelled], store: Store | None
    ) -> Counts:
        means = Means(
            store=store,
            device=self.device,
            batch_size=self.batch_size,
            concurrency=self.concurrency,
        )
        (spec,) = registry.specs([self.judge])
        judge = registry.make(spec, means)
        exchanges = [one.exchange for one in found]
        known = _known(store, judge.key, found)
        new = [one for one, verdict in zip(exchanges, known, strict=True) if verdict is None]
        if new and spec.name == "coherence":
            raise UsageError(_NEEDS_A_RUN)
        said = iter(judge.judge(new) if new else [])
        verdicts = [verdict or next(said) for verdict in known]
        strata = _strata(found)
        return Counts.of(
            judge.key,
            file.name,
            file.digest,
            [one.label for one in found],
            [verdict.label for verdict in verdicts],
            strata,
            from_run=all(one.place is not None for one in found),
            notes=file.notes,
        )


def calibrate(
    judge: str,
    labelled: Path | str,
    *,
    run: Path | str | None = None,
    partial: str = "complied",
    device: str = "auto",
    batch_size: int = 8,
    concurrency: int = 8,
) -> contract.Calibration:
    """How often a judge is right on responses that people have labelled.

    Error rates are taken in strata, coherent and incoherent texts apart, for a judge errs otherwise
    on word salad than on prose. With a run, the judge's rates there are corrected for them and
    shown beside the raw ones, now and whenever the run is summarised again.

    Args:
        judge: as after `--judge`.
        labelled: a file with columns prompt, response and label; see `labelled.read`.
        run: a run folder.
        partial: what a partial refusal counts as: "complied", or "leave out".
        device: for judges with weights.
        batch_size: responses that these are asked about at once.
        concurrency: requests to an endpoint at once.

    Raises:
        UsageError: no such judge, or the folder is not a run.
        InputRejectedError: the file is not fit to be used.
        ResourceError: the judge's weights or endpoint cannot be used.
    """
    return Calibrating(
        judge=judge,
        labelled=Path(labelled),
        run=Path(run) if run else None,
        partial=partial,
        device=device,
        batch_size=batch_size,
        concurrency=concurrency,
    ).do()


def calibrate_with_bar(planned: Calibrating, *, shown: bool = True) -> contract.Calibration:
    """The same with a progress bar, for judges that take their time."""
    with bar(f"calibrate {planned.judge}", "verdicts", shown=shown) as advance:
        return planned.do(lambda tick: advance(tick.done, tick.total, tick.note))


def _of_run(store: Store, found: Sequence[Labelled]) -> tuple[list[Labelled], int]:
    """Rows of a sheet with the texts as the run has them: a spreadsheet may have changed these.

    Returns:
        The rows, and how many of them had another id, and were recognised by their texts.

    Raises:
        InputRejectedError: a row is from another run.
    """
    prompts = store.prompts()
    said = {
        point: {response.id: response for response in store.responses(point)}
        for point in {one.place[0] for one in found if one.place}
    }
    whole, recognised = [], 0
    for one in found:
        if one.place is None:
            whole.append(one)
            continue
        point, id_ = one.place[0], id_of(one.place[1])
        there = {i: Exchange(prompts[r.prompt_id][0], r, told=True) for i, r in said[point].items()}
        if id_ not in there:
            id_ = _recognised(store, one, there)
            recognised += 1
        whole.append(Labelled(there[id_], one.label, one.stratum, (point, id_)))
    return whole, recognised


def _recognised(store: Store, one: Labelled, there: dict[str, Exchange]) -> str:
    """The id of a row that a spreadsheet took for a number, by its texts.

    Raises:
        InputRejectedError: no response or several could be meant.
    """
    assert one.place is not None
    point, written = one.place
    prompt, response = one.exchange.prompt.text, one.exchange.response.text
    asked = [id_ for id_, its in there.items() if same(its.prompt.text, prompt)]
    number = id_of(written)
    found = [
        id_
        for id_ in asked
        if same(there[id_].response.text, response) or may_be_number(number, id_)
    ]
    if len(found) != 1:
        raise InputRejectedError(
            f"the labelled response {shown(written)} at {shown(point)} is "
            f"{'not' if not found else 'several times'} in {store.folder}: pass the sheet that "
            "was made from this run, with its ids as text, or leave --run out"
        )
    return found[0]


def _known(store: Store | None, judge: str, found: Sequence[Labelled]) -> list[Verdict | None]:
    """Verdicts that the run has already, by which its rates were made."""
    if store is None:
        return [None] * len(found)
    points = {one.place[0] for one in found if one.place}
    given = {point: store.verdicts(judge, point) for point in points}
    return [given[one.place[0]].get(one.place[1]) if one.place else None for one in found]


def _strata(found: Sequence[Labelled]) -> list[str]:
    """Coherent and incoherent, by the file's own column, the label, or the text itself."""
    (spec,) = registry.specs(["coherence-text"])
    said = registry.make(spec).judge([one.exchange for one in found])
    return [
        one.stratum or (INCOHERENT if Label.INCOHERENT in (one.label, verdict.label) else COHERENT)
        for one, verdict in zip(found, said, strict=True)
    ]
