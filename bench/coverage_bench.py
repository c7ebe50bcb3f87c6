"""How often intervals and bands hold the truth: the tables of docs/statistics.md.

python bench/coverage_bench.py [EXPERIMENTS] [TABLE …]

The worlds are those of the tests. With 1000 experiments a row, the default, it takes half an hour,
most of it for the bands.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binom

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from stats import test_agreement, test_correction, test_samples
from stats.curves import CLUSTERS, SHAPES, held

from safebasin.stats.bootstrap import pool, resample
from safebasin.stats.correction import Stratum, prediction_powered, rogan_gladen
from safebasin.stats.power import paired_power
from safebasin.stats.proportion import clopper_pearson, wilson
from safebasin.stats.surface import share_map

Floats = NDArray[np.float64]
Limits = tuple[float, float]
Method = Callable[[Stratum, np.random.Generator], Limits]

Z = NormalDist().inv_cdf(0.975)
RATES = (0.0, 0.02, 0.05, 0.12, 0.3, 0.5)
JUDGES = [  # sensitivity, specificity, judged responses, labels of each class
    ((0.95, 0.90), 80, 50),
    ((0.90, 0.99), 80, 50),
    ((1.00, 1.00), 80, 50),
    ((0.80, 0.80), 520, 100),
    ((0.95, 0.90), 520, 20),
]


def wald(k: Floats, n: float) -> tuple[Floats, Floats]:
    half = Z * np.sqrt(k / n * (1 - k / n) / n)
    return k / n - half, k / n + half


def agresti_coull(k: Floats, n: float) -> tuple[Floats, Floats]:
    share, n = (k + Z**2 / 2) / (n + Z**2), n + Z**2
    half = Z * np.sqrt(share * (1 - share) / n)
    return share - half, share + half


def proportions(_experiments: int) -> None:
    """Exact, over all counts of 80, at 100,001 shares and on both sides of every jump."""
    k, n = np.arange(81), 80
    print("p              " + "".join(f"{name:>26}" for name in METHODS))
    at = {}
    for name, interval in METHODS.items():
        low, high = interval(k, n)
        jumps = np.concatenate([low, high])
        p = np.concatenate([np.linspace(0, 0.5, 100_001), jumps - 1e-9, jumps + 1e-9])
        p = np.unique(p[(p >= 0) & (p <= 0.5)])
        cover = np.zeros(p.size)
        for count in k:
            inside = (low[count] <= p) & (p <= high[count])
            cover[inside] += binom.pmf(count, n, p[inside])
        at[name] = p, cover
    for first, last in ((0, 0.005), (0.005, 0.02), (0.02, 0.1), (0.1, 0.5), (0, 0.5)):
        row = f"{100 * first:4.1f} to {100 * last:4.1f} %"
        for p, cover in at.values():
            within = (p >= first) & (p <= last)
            least = cover[within].argmin()
            grid = np.linspace(first, last, 20_001)
            mean = np.interp(grid, p, cover).mean()
            row += f"   {mean:.3f}  {cover[within][least]:.3f} at {100 * p[within][least]:5.2f}"
        print(row)
    p, cover = at["Wilson"]
    below = np.flatnonzero(cover < 0.93)
    for gap in np.split(below, np.flatnonzero(np.diff(below) > 1) + 1):
        ends = f"{100 * p[gap[0]]:.3f} to {100 * p[gap[-1]]:.3f} %"
        print(f"Wilson is below 0.93 from {ends}: {cover[gap].min():.3f}")


METHODS: dict[str, Callable] = {
    "Wald": wald,
    "Wilson": wilson,
    "Agresti-Coull": agresti_coull,
    "Clopper-Pearson": clopper_pearson,
}


def bands(experiments: int) -> None:
    """Whole curve held by the band, (by the pointwise intervals), mean width of both."""
    print(f"{'curve':16} {'prompts':12}" + "".join(f"{f'D {d}':>32}" for d in (1, 3, 5, 10)))
    for shape in SHAPES:
        for name, cluster_Q in CLUSTERS.items():
            row = f"{shape:16} {name:12}"
            for directions in (1, 3, 5, 10):
                whole, pointwise, width, narrow = held(shape, directions, cluster_Q, experiments)
                row += f"     {whole:.3f} ({pointwise:.3f}) {width:.3f} {narrow:.3f}"
            print(row, flush=True)


def maps(experiments: int) -> None:
    """All points of a level map held by the band, and by the pointwise intervals."""
    for points in (12, 21):
        for share in (0.3, 0.02):
            rows = []
            for seed in range(experiments):
                rng = np.random.default_rng(seed)
                cluster_Q = CLUSTERS["72 clusters"]
                pooled = pool(rng.random((points, points, 80)) < share, cluster_Q)
                found = share_map(pooled, resample(72, 400, seed))
                ends = (found.band_low_YX, found.band_high_YX), (found.low_YX, found.high_YX)
                rows.append([np.all((low <= share) & (share <= high)) for low, high in ends])
            whole, pointwise = np.mean(rows, axis=0)
            print(f"{points} x {points} at {100 * share:2.0f} %   {whole:.3f} ({pointwise:.3f})",
                  flush=True)  # fmt: skip


def delta(stratum: Stratum, _rng: np.random.Generator) -> Limits:
    raw, sensitivity, specificity = stratum.raw, stratum.sensitivity, stratum.specificity
    value = (raw + specificity - 1) / stratum.youden
    variance = raw * (1 - raw) / stratum.n
    variance += value**2 * sensitivity * (1 - sensitivity) / stratum.labelled.positive
    variance += (1 - value) ** 2 * specificity * (1 - specificity) / stratum.labelled.negative
    half = Z * variance**0.5 / stratum.youden
    return max(value - half, 0.0), min(value + half, 1.0)


def percentile(stratum: Stratum, rng: np.random.Generator) -> Limits:
    labelled = stratum.labelled
    raw = rng.binomial(stratum.n, stratum.raw, 400) / stratum.n
    sensitivity = rng.binomial(labelled.positive, stratum.sensitivity, 400) / labelled.positive
    specificity = rng.binomial(labelled.negative, stratum.specificity, 400) / labelled.negative
    youden = np.maximum(sensitivity + specificity - 1, 1e-9)
    value = np.clip((raw + specificity - 1) / youden, 0, 1)
    low, high = np.percentile(value, [2.5, 97.5])
    return float(low), float(high)


def lang_reiczigel(stratum: Stratum, _rng: np.random.Generator) -> Limits:
    found = rogan_gladen({"": stratum}).corrected
    return found.low, found.high


def powered(stratum: Stratum, _rng: np.random.Generator) -> Limits:
    found = prediction_powered({"": stratum}).corrected
    return found.low, found.high


def labels_alone(stratum: Stratum, _rng: np.random.Generator) -> Limits:
    low, high = wilson(stratum.labelled.positive, stratum.labelled.n)
    return float(low), float(high)


def correction(experiments: int, methods: dict[str, Method], total: bool) -> None:
    """Coverage and mean width of each method, where it was not refused."""
    names = "".join(f"{name:>22}" for name in methods)
    print(f"{'rate':6} {'sens':>5} {'spec':>5} {'judged':>6} {'labels':>7}{names}")
    for rate in RATES:
        for judge, n, labels in JUDGES:
            rng, rows = np.random.default_rng(0), []
            for _ in range(experiments):
                size = 2 * labels if total else (labels, labels)
                stratum = test_correction.drawn(rng, rate, judge, n, size)
                if rogan_gladen({"": stratum}).refused and not total:
                    continue
                if total and prediction_powered({"": stratum}).refused:
                    continue
                ends = [method(stratum, rng) for method in methods.values()]
                rows.append([(low <= rate <= high, high - low) for low, high in ends])
            cells = "".join(f"         {c:.3f}  {w:.3f}" for c, w in np.mean(rows, axis=0))
            shown = f"{2 * labels}" if total else f"2 x {labels}"
            print(f"{100 * rate:4.0f} % {judge[0]:5.2f} {judge[1]:5.2f} {n:6} {shown:>7}{cells}",
                  flush=True)  # fmt: skip


def errors(experiments: int) -> None:
    """Rogan and Gladen's estimate: three intervals."""
    methods = {"Lang-Reiczigel": lang_reiczigel, "delta": delta, "bootstrap": percentile}
    correction(experiments, methods, total=False)


def powers(experiments: int) -> None:
    """Prediction-powered inference, and Wilson's interval of people's labels alone."""
    correction(experiments, {"PPI++": powered, "labels alone": labels_alone}, total=True)


def samples(experiments: int) -> None:
    """Interval over prompts, (samples taken for prompts)."""
    for a, b in ((1.0, 1.0), (0.2, 1.8), (0.05, 4.95)):
        for name, cluster_Q in (("80 prompts", None), ("40 pairs", test_samples.PAIRS)):
            cells = [test_samples.covered(k, cluster_Q, experiments, a, b) for k in (1, 4, 10)]
            row = "   ".join(f"{ours:.3f} ({theirs:.3f})" for ours, theirs in cells)
            print(f"rate {100 * a / (a + b):3.0f} %, {name:10}  {row}", flush=True)


def kappas(experiments: int) -> None:
    """Cohen's kappa."""
    for n in (40, 80, 300):
        row = [test_agreement.covered(kappa, n, experiments) for kappa in (0.0, 0.3, 0.8, 0.95)]
        print(f"n {n:3}   " + "   ".join(f"{share:.3f}" for share in row), flush=True)


def power(_experiments: int) -> None:
    """Exact."""
    for drop in (0.05, 0.10, 0.15):
        row = [f"{paired_power(n, drop):.3f}" for n in (80, 200, 520)]
        print(f"{100 * drop:2.0f} points   " + "  ".join(row))


TABLES = {
    "proportions": proportions, "bands": bands, "maps": maps, "errors": errors,
    "powered": powers, "samples": samples, "kappa": kappas, "power": power,
}  # fmt: skip


def main() -> None:
    experiments, *names = sys.argv[1:] or ["1000"]
    for name in names or TABLES:
        print(f"\n{name}: {TABLES[name].__doc__}")
        TABLES[name](int(experiments))


if __name__ == "__main__":
    main()
