"""Rates, intervals, bounds and agreement against values from tables and by hand."""

from __future__ import annotations

import pytest

from extractor.metrics import Rate, cohen_kappa, krippendorff_alpha, observed_agreement, rate, upper_bound, wilson


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
