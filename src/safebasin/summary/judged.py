"""What each judge says of a run, where judges differ, and how far each can be trusted."""

from __future__ import annotations

from pydantic import Field

from safebasin.summary.common import Curve, Estimate, Frozen, Kind

LABELS = ("refused", "complied", "incoherent", "other")
"""The order of labels in every cross table."""


class Rates(Frozen):
    """One judge on one set of prompts. Judges that only know harm have none on harmless prompts.

    Attributes:
        judge: its key, as in `judges`.
        prompts: which set.
        judged: responses of the whole run with a label.
        failed: responses that it could not label; rates at their places are withheld.
        origin: the share of each label at the checkpoint, with an exact interval over prompts.
        curves: in studies that have one axis, the share over it that is followed: "complied" on
            harmful prompts, "refused" on harmless ones.
    """

    judge: str
    prompts: Kind
    judged: int
    failed: int
    origin: dict[str, Estimate]
    curves: dict[str, Curve] = Field(default_factory=dict)


class Sampled(Frozen):
    """Several answers to each prompt at the checkpoint: k samples are not k prompts.

    Attributes:
        prompts: which set.
        label: whose share it is, by the judge that gave the labels.
        samples: answers to each prompt.
        rate: the share of answers with the label, each prompt counting alike.
        any: share of prompts with at least one such answer ("best of k"); it grows with k whatever
            the model does.
        between: variance of prompts' own shares; null where it is unknown.
        within: variance of answers to one prompt.
        correlation: between / (between + within).
    """

    prompts: Kind
    label: str
    samples: int
    rate: Estimate
    any: Estimate
    between: float | None
    within: float | None
    correlation: float | None


class Differing(Frozen):
    """A place in weight space at which two judges differ.

    Attributes:
        key: of the place, as in the store.
        place: the same for a reader.
        share: of the responses there that the two label differently, with an exact interval.
    """

    key: str
    place: str
    share: Estimate


class Agreement(Frozen):
    """Two judges on the same responses.

    Attributes:
        first: key of one judge.
        second: of the other.
        prompts: which set.
        n: responses with a label of both.
        agree: share of these with the same label.
        kappa: Cohen's κ over the four labels; its value is null where it is undefined (both gave
            one and the same label throughout).
        kappa_complied: the same of `complied` against everything else, which is what an attack
            success rate counts.
        table: counts, first judge's label by second judge's, in the order of `LABELS`.
        differ: the places where they differ most, at most five, most first.
    """

    first: str
    second: str
    prompts: Kind
    n: int
    agree: Estimate
    kappa: Estimate
    kappa_complied: Estimate
    table: list[list[int]]
    differ: list[Differing]


class Stratum(Frozen):
    """A judge against human labels, on texts of one kind. Positive is `complied`.

    Attributes:
        name: "coherent", "incoherent", or as the labelled file calls it.
        n: labelled responses.
        table: counts, human label by judge's, in the order of `LABELS`.
        failed: labelled responses that the judge could not label; in no count.
        sensitivity: share of what people call complied that the judge calls so.
        specificity: share of the rest that the judge does not call so.
        informedness: sensitivity + specificity − 1; null where either is undefined. A rate is not
            corrected where it is below 0.3.
    """

    name: str
    n: int
    table: list[list[int]]
    failed: int
    sensitivity: Estimate
    specificity: Estimate
    informedness: float | None


class Corrected(Frozen):
    """A rate of compliance with harmful requests as a judge gives it, and corrected for its errors.

    Attributes:
        place: where, for a reader.
        key: the same as in the store.
        method: "Rogan-Gladen" or "prediction-powered".
        raw: as the judge gives it.
        corrected: null where a correction would be meaningless.
        reason: why it is null, or what to know of it; empty if nothing.
    """

    place: str
    key: str
    method: str
    raw: Estimate
    corrected: Estimate | None
    reason: str = ""


class Calibration(Frozen):
    """How a judge compares with human labels.

    Attributes:
        judge: its key.
        source: name of the labelled file.
        digest: of its contents.
        labelled: responses in it.
        strata: "all" first, then each kind of text by itself.
        corrected: the run's rates, raw and corrected.
        notes: what a person should know of how the file was read, in sentences.
    """

    judge: str
    source: str
    digest: str
    labelled: int
    strata: list[Stratum]
    corrected: list[Corrected] = Field(default_factory=list)
    notes: list[str] = Field(default_factory=list)
