from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from pytest_mlready.quality.paired_rates import detectable_drop, mcnemar, p_worse, tango, tango_z

COUNTS = [(0, 0), (1, 0), (0, 6), (3, 9), (40, 20), (500, 430)]


@pytest.mark.parametrize(("b", "c"), COUNTS)
def test_mcnemar_agrees_with_statsmodels_and_scipy(b, c):
    from statsmodels.stats.contingency_tables import mcnemar as reference

    table = [[100, b], [c, 50]]
    assert (
        mcnemar(b, c) == pytest.approx(reference(table, exact=True).pvalue, abs=1e-9) if b + c else mcnemar(b, c) == 1
    )
    if b + c:
        assert mcnemar(b, c) == pytest.approx(stats.binomtest(b, b + c).pvalue, abs=1e-12)


def test_tango_gives_the_published_interval_of_airway_responsiveness():
    """Bentur et al. 2009, as reproduced by Fagerland, Lydersen and Laake 2013, table 3: -0.517 to -0.026."""
    lower, upper = tango(1, 7, 21, confidence=0.975)
    assert (round(float(lower), 3), round(float(upper), 3)) == (-0.517, -0.026)


@pytest.mark.parametrize(("b", "c"), COUNTS)
@pytest.mark.parametrize("confidence", [0.8, 0.95, 0.975, 0.999])
def test_tango_bounds_solve_the_score_equation(b, c, confidence):
    n, z = 1000, stats.norm.ppf(confidence)
    lower, upper = tango(b, c, n, confidence=confidence)
    assert tango_z(b, c, n, lower) == pytest.approx(z, abs=1e-9)
    assert tango_z(b, c, n, upper) == pytest.approx(-z, abs=1e-9)
    assert lower <= (b - c) / n <= upper


def test_tango_z_uses_the_maximum_likelihood_under_the_supposed_difference():
    from scipy.optimize import minimize_scalar

    b, c, n, d = 12, 30, 200, -0.05

    def loss(only_second):  # multinomial likelihood with only_first = only_second + d
        return -(b * np.log(only_second + d) + c * np.log(only_second) + (n - b - c) * np.log(1 - 2 * only_second - d))

    best = minimize_scalar(loss, bounds=(0.0501, 0.52), method="bounded", options={"xatol": 1e-12}).x
    by_hand = (b - c - n * d) / np.sqrt(n * (2 * best + d - d * d))
    assert tango_z(b, c, n, d) == pytest.approx(by_hand, abs=1e-6)


def test_tango_is_antisymmetric_and_stays_inside_the_possible_range():
    b, c = np.meshgrid(np.arange(11), np.arange(11))
    b, c = b[b + c <= 10], c[b + c <= 10]
    lower, upper = tango(b, c, 10)
    swapped_lower, swapped_upper = tango(c, b, 10)
    np.testing.assert_allclose(lower, -swapped_upper, atol=1e-12)
    np.testing.assert_allclose(upper, -swapped_lower, atol=1e-12)
    assert (lower >= -1).all()
    assert (upper <= 1).all()
    assert (lower < upper).all()


def test_tango_without_a_discordant_row_still_has_a_width():
    z2 = stats.norm.ppf(0.95) ** 2
    lower, upper = tango(0, 0, 100)
    assert upper == pytest.approx(z2 / (100 + z2), abs=1e-12)
    assert lower == pytest.approx(-z2 / (100 + z2), abs=1e-12)


@pytest.mark.parametrize(("only_first", "only_second"), [(0.1, 0.1), (0.05, 0.15), (0.02, 0.02), (0.3, 0.1)])
def test_tango_covers_as_stated_by_exact_enumeration_of_sixty_rows(only_first, only_second):
    n = 60
    b, c = np.meshgrid(np.arange(n + 1), np.arange(n + 1))
    b, c = b[b + c <= n], c[b + c <= n]
    chance = stats.multinomial.pmf(
        np.column_stack([b, c, n - b - c]), n, [only_first, only_second, 1 - only_first - only_second]
    )
    lower, upper = tango(b, c, n, confidence=0.975)
    truth = only_first - only_second
    covered = chance[(lower <= truth) & (truth <= upper)].sum()
    assert 0.93 <= covered <= 0.985


def test_one_sided_p_value_and_bound_tell_the_same():
    for b, c in [(20, 35), (30, 31), (5, 25), (50, 40)]:
        upper = float(tango(b, c, 500, confidence=0.95)[1])
        assert (p_worse(b, c, 500, margin=0.01) < 0.05) == (upper < -0.01)


@pytest.mark.parametrize(
    ("n", "fixed", "unpaired", "ten", "five"),
    [
        (200, 5.3, 7.5, 5.6, 3.9),
        (1_000, 2.4, 3.3, 2.5, 1.8),
        (5_000, 1.1, 1.5, 1.1, 0.8),
        (10_000, 0.75, 1.05, 0.8, 0.6),
        (50_000, 0.33, 0.5, 0.35, 0.25),
    ],
)
def test_the_smallest_detectable_drop_reproduces_the_planning_table(n, fixed, unpaired, ten, five):
    p = 0.9
    found = [100 * detectable_drop(d, n) for d in (p * (1 - p), 2 * p * (1 - p), 0.1, 0.05)]
    assert found == pytest.approx([fixed, unpaired, ten, five], rel=0.05, abs=0.05)


def test_mcnemar_sees_a_drop_of_two_points_in_a_thousand_rows_as_often_as_planned():
    """STATISTICS 5: power .82 where an unpaired z-test has .35, and the naive rule flags 47 % of equal models."""
    rng = np.random.default_rng(5)
    worse = rng.multinomial(1000, [0.0125, 0.0325, 0.955], size=2000)
    equal = rng.multinomial(1000, [0.025, 0.025, 0.95], size=2000)
    power = np.mean([mcnemar(b, c) < 0.05 and b < c for b, c, _ in worse])
    naive = np.mean(equal[:, 0] < equal[:, 1])
    tango_fails = np.mean(tango(equal[:, 0], equal[:, 1], 1000)[1] < 0)
    assert power == pytest.approx(0.82, abs=0.03)
    assert naive == pytest.approx(0.47, abs=0.04)
    assert tango_fails <= 0.06
