"""Rates, intervals, bounds and agreement against values from tables and by hand."""

from __future__ import annotations

import pytest
from scipy import stats

from extractor.metrics import (
    Rate,
    at_most,
    cohen_kappa,
    fixed_sequence,
    is_below,
    jeffreys,
    krippendorff_alpha,
    must_abstain,
    observed_agreement,
    rate,
    reports_needed,
    upper_bound,
    wilson,
)

TOTALS = (1, 2, 3, 10, 59, 299, 2995, 12_000, 1_000_000)
COUNTS = sorted({(k, n) for n in TOTALS for k in (0, 1, 2, 5, 60, n // 2, n - 2, n - 1, n) if 0 <= k <= min(n, 20_000)})


@pytest.mark.parametrize(("total", "percent"), [(59, 4.95), (299, 0.997), (2995, 0.09997)])
def test_upper_bound_without_errors_is_the_known_value(total: int, percent: float) -> None:
    """With no error seen the bound is 1 - 0.05^(1/n)."""
    assert percent == pytest.approx(100 * upper_bound(0, total), rel=1e-3)


@pytest.mark.parametrize(("count", "total", "bound"), [(1, 10, 0.3942), (2, 20, 0.2826), (5, 100, 0.1023)])
def test_upper_bound_with_errors_agrees_with_published_tables(count: int, total: int, bound: float) -> None:
    """The bound equals the tabulated Clopper–Pearson limit where errors were seen."""
    assert bound == pytest.approx(upper_bound(count, total), abs=5e-5)


def test_upper_bound_says_nothing_without_evidence() -> None:
    """Nothing counted, or everything wrong, leaves the bound at 1."""
    assert (1.0, 1.0) == (upper_bound(0, 0), upper_bound(7, 7))


def test_upper_bound_of_a_large_run_does_not_underflow() -> None:
    """Three errors in ten million give about 7.75 per ten million, the Poisson limit."""
    assert 7.7537e-7 == pytest.approx(upper_bound(3, 10_000_000), rel=1e-3)


@pytest.mark.parametrize("confidence", [0.5, 0.9, 0.95, 0.999])
def test_upper_bound_is_that_of_scipy(confidence: float) -> None:
    """Two independent ways to the same number: the beta quantile, and scipy's exact one-sided interval."""
    for k, n in COUNTS:
        ours = upper_bound(k, n, confidence)
        beta = 1.0 if k == n else stats.beta.ppf(confidence, k + 1, n - k)
        exact = stats.binomtest(k, n, alternative="less").proportion_ci(confidence, "exact").high

        assert (k, n, pytest.approx(beta, rel=1e-8), pytest.approx(exact, rel=1e-8)) == (k, n, ours, ours)


@pytest.mark.parametrize("p", [1e-9, 1e-4, 0.005, 0.5, 0.995, 1 - 1e-9])
def test_the_binomial_tail_is_that_of_scipy(p: float) -> None:
    """Also far out, where only logarithms do not underflow."""
    for k, n in COUNTS:
        assert (k, n, pytest.approx(stats.binom.cdf(k, n, p), rel=1e-6, abs=1e-9)) == (k, n, at_most(k, n, p))


def test_the_binomial_tail_at_the_ends() -> None:
    """What cannot happen has probability 0, what must has 1."""
    assert (1.0, 0.0, 1.0) == (at_most(0, 5, 0.0), at_most(4, 5, 1.0), at_most(5, 5, 1.0))


@pytest.mark.parametrize("ceiling", [0.001, 0.005, 0.01, 0.3])
def test_the_test_and_the_bound_say_the_same(ceiling: float) -> None:
    """A rate is proven below the ceiling exactly where its upper bound is."""
    for k, n in COUNTS:
        for confidence in (0.5, 0.95):
            assert (k, n, upper_bound(k, n, confidence) <= ceiling) == (k, n, is_below(k, n, ceiling, confidence))


@pytest.mark.parametrize(
    ("ceiling", "needed"), [(0.05, 59), (0.02, 149), (0.01, 299), (0.005, 598), (0.001, 2995), (0.0001, 29_956)]
)
def test_reports_needed_without_an_error_are_the_known_numbers(ceiling: float, needed: int) -> None:
    """The table of reconciliation.md §C2."""
    assert needed == reports_needed(ceiling)


@pytest.mark.parametrize(("ceiling", "errors"), [(0.01, 1), (0.005, 7), (0.4, 3)])
def test_one_report_less_than_needed_does_not_do(ceiling: float, errors: int) -> None:
    """The number is the smallest."""
    n = reports_needed(ceiling, 0.95, errors)

    assert (True, False) == (is_below(errors, n, ceiling), is_below(errors, n - 1, ceiling))


def test_no_number_of_reports_proves_a_ceiling_that_is_none() -> None:
    """Neither 0 nor 1 is a ceiling."""
    with pytest.raises(ValueError, match="ceiling 0 "):
        reports_needed(0)


def test_a_fixed_sequence_stops_at_the_first_failure() -> None:
    """What comes behind it is not looked at, however good."""
    good, bad = (0, 3000), (9, 3000)

    assert [3, 1, 0, 0] == [fixed_sequence(x, 0.001) for x in ([good] * 3, [good, bad, good], [bad, good], [])]


def test_jeffreys_share_is_never_certain() -> None:
    """Half a success and half a failure are added."""
    assert (0.5, 10.5 / 11, 0.5 / 11) == (jeffreys(0, 0), jeffreys(10, 10), jeffreys(0, 10))


@pytest.mark.parametrize(("risk", "ceiling", "share"), [(0.32, 0.01, 0.31 / 0.99), (0.06, 0.01, 0.05 / 0.99), (0.004, 0.005, 0.0)])
def test_the_least_share_for_a_person(risk: float, ceiling: float, share: float) -> None:
    """The examples of reconciliation.md §C2: 31 % and 5 % to review."""
    assert share == pytest.approx(must_abstain(risk, ceiling))


def test_wilson_interval_agrees_with_the_textbook() -> None:
    """Eight of ten has the Wilson interval 0.4902 to 0.9433."""
    assert (0.4902, 0.9433) == pytest.approx(wilson(8, 10), abs=5e-5)


def test_wilson_interval_touches_the_ends_only_there() -> None:
    """None of ten starts at exactly 0, all of ten ends at exactly 1, nothing counted is (0, 1)."""
    assert (0.0, 1.0, (0.0, 1.0)) == (wilson(0, 10)[0], wilson(10, 10)[1], wilson(0, 0))


def test_rate_of_nothing_has_no_share() -> None:
    """A rate over zero items is undefined, not 0 %."""
    assert Rate(0, 0, None, 0.0, 1.0) == rate(0, 0)


def test_impossible_counts_are_refused() -> None:
    """More errors than items is a mistake of the caller."""
    with pytest.raises(ValueError, match="count 3 is not between 0 and total 2"):
        rate(3, 2)


# Two coders, ten items: both say x 5 times, both y 3 times, and they differ twice (x/y and y/x).
PAIRS = [("x", "x")] * 5 + [("y", "y")] * 3 + [("x", "y"), ("y", "x")]


def test_agreement_figures_agree_with_hand_calculation() -> None:
    """Observed 8/10; chance 0.52; kappa 0.28/0.48; alpha 1 - 0.2·380/(2·12·8) = 0.60417."""
    assert 0.8 == observed_agreement(PAIRS)
    assert pytest.approx(0.28 / 0.48) == cohen_kappa(PAIRS)
    assert pytest.approx(1 - 0.2 * 380 / 192) == krippendorff_alpha(PAIRS)


def test_agreement_on_one_category_is_undefined() -> None:
    """Coders who only ever use one category show nothing about their reliability."""
    assert (None, None) == (cohen_kappa([("x", "x")] * 3), krippendorff_alpha([("x", "x")] * 3))


def test_agreement_of_nothing_is_refused() -> None:
    """No pairs, no figure."""
    with pytest.raises(ValueError, match="no pairs"):
        observed_agreement([])
