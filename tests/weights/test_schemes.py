"""The weight of a class follows from its count by the published formulas."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from sklearn.utils.class_weight import compute_class_weight

from sklmerge import ClassWeightEstimator

SCHEMES = ["balanced", "effective", "log", "uniform", {0: 2.0, 1: 0.5, 2: 7.0}, np.sqrt]
label_lists = st.lists(st.integers(0, 2), min_size=1, max_size=60).map(lambda y: [0, 1, 2, *y])


def values(estimator):
    return np.array(list(estimator.class_weight_.values()))


@given(y=st.lists(st.integers(-5, 5), min_size=1, max_size=80))
def test_balanced_is_scikit_learns_balanced_to_the_last_digit(y):
    expected = compute_class_weight("balanced", classes=np.unique(y), y=y)
    assert_allclose(values(ClassWeightEstimator().fit(y)), expected, rtol=1e-15)


@pytest.mark.parametrize("scheme", SCHEMES, ids=str)
@pytest.mark.parametrize("max_ratio", [None, 1.5])
@given(y=label_lists)
def test_mean_sample_weight_is_one(scheme, max_ratio, y):
    weights = ClassWeightEstimator(scheme, beta=0.9, max_ratio=max_ratio).fit(y)
    assert_allclose(weights.transform(y).mean(), 1.0, rtol=1e-12)


def test_every_normalization_makes_its_own_statistic_one_and_keeps_the_ratio():
    counts = {"common": 1500, "rare": 500}
    by_name = {
        normalize: ClassWeightEstimator(normalize=normalize).fit_counts(counts).class_weight_
        for normalize in ("samples", "classes", "max", "min", None)
    }
    assert by_name["samples"] == pytest.approx({"common": 2 / 3, "rare": 2.0})
    assert by_name["classes"] == pytest.approx({"common": 0.5, "rare": 1.5})
    assert by_name["max"] == pytest.approx({"common": 1 / 3, "rare": 1.0})
    assert by_name["min"] == pytest.approx({"common": 1.0, "rare": 3.0})
    assert by_name[None] == pytest.approx({"common": 1 / 1500, "rare": 1 / 500})


def test_power_half_is_the_square_root_rule():
    weights = ClassWeightEstimator(power=0.5, normalize="min").fit_counts({0: 4, 1: 400})
    assert weights.class_weight_ == pytest.approx({0: 10.0, 1: 1.0})


def test_effective_number_is_the_published_formula_in_exact_arithmetic():
    # (1 - .9) / (1 - .9**n) for n = 1, 2, 3: 1, 1/1.9, 1/2.71.
    weights = ClassWeightEstimator("effective", beta=0.9, normalize=None).fit([0, 1, 1, 2, 2, 2])
    assert_allclose(values(weights), [1, 1 / 1.9, 1 / 2.71], rtol=1e-14)


@pytest.mark.parametrize(("beta", "ratio"), [(0.999, 2.54), (0.9999, 20.5), (0.999999, 1265)])
def test_effective_number_at_500_beside_a_million(beta, ratio):
    weights = ClassWeightEstimator("effective", beta=beta, normalize="min")
    assert weights.fit_counts({0: 500, 1: 10**6}).class_weight_[0] == pytest.approx(ratio, rel=1e-3)


@given(y=label_lists)
def test_effective_number_runs_from_uniform_to_inverse_frequency(y):
    uniform = ClassWeightEstimator("effective", beta=0).fit(y)
    assert_allclose(values(uniform), 1.0, rtol=1e-12)
    inverse = ClassWeightEstimator("effective", beta=1 - 1e-12).fit(y)
    assert_allclose(values(inverse), values(ClassWeightEstimator().fit(y)), rtol=1e-4)


def test_effective_number_warns_where_it_tells_nothing_apart():
    with pytest.warns(
        UserWarning, match=r"beta=0\.9 weighs classes of 500 to 1e\+06 samples alike"
    ):
        ClassWeightEstimator("effective", beta=0.9).fit_counts({0: 500, 1: 10**6})


def test_effective_number_is_silent_on_equal_counts_and_at_beta_zero():
    ClassWeightEstimator("effective").fit_counts({0: 10**6, 1: 10**6})
    ClassWeightEstimator("effective", beta=0).fit_counts({0: 500, 1: 10**6})


def test_log_scheme_is_one_over_the_log_of_1_02_plus_the_share():
    weights = ClassWeightEstimator("log", normalize=None).fit_counts({0: 1, 1: 99})
    assert_allclose(values(weights), [1 / np.log(1.03), 1 / np.log(2.01)])


def test_max_ratio_lowers_only_what_exceeds_it():
    weights = ClassWeightEstimator(max_ratio=50, normalize="min")
    counts = {"rare": 500, "some": 40_000, "common": 1_000_000}
    assert weights.fit_counts(counts).class_weight_ == pytest.approx(
        {"rare": 50.0, "some": 25.0, "common": 1.0}
    )


def test_classes_without_samples_neither_cap_nor_normalize():
    weights = ClassWeightEstimator(classes=list("abcd"), missing="ignore", max_ratio=2)
    weights.fit(["a", "b", "b", "b"])
    assert weights.class_weight_ == pytest.approx({"a": 1.6, "b": 0.8, "c": 0.0, "d": 0.0})


def test_a_given_mapping_is_rescaled_unless_normalize_is_none():
    given = {0: 75, 1: 25}
    y = [0] * 500 + [1] * 1500
    assert ClassWeightEstimator(given).fit(y).class_weight_ == pytest.approx({0: 2, 1: 2 / 3})
    assert ClassWeightEstimator(given, normalize=None).fit(y).class_weight_ == {0: 75.0, 1: 25.0}


def test_a_callable_gets_the_counts_in_the_order_of_the_classes():
    weights = ClassWeightEstimator(lambda counts: counts, normalize=None, classes=["b", "a"])
    assert weights.fit(["a", "b", "b"]).class_weight_ == {"b": 2.0, "a": 1.0}
