"""Both samplers pass the check suites of imbalanced-learn and scikit-learn."""

import numpy as np
import pytest
from imblearn.utils.estimator_checks import estimator_checks_generator as imblearn_checks
from sklearn.base import clone
from sklearn.utils.estimator_checks import estimator_checks_generator as sklearn_checks

from sklmerge import AugmentingOverSampler, BalancingSampler


def keep_row(row):
    """Vary nothing: the suites' rows are no images, and some of them are strings."""
    return row


SAMPLERS = {
    "over": AugmentingOverSampler(keep_row, random_state=0),
    "to the largest": BalancingSampler(augmenter=keep_row, random_state=0),
    "to the smallest": BalancingSampler("minority", augmenter=keep_row, random_state=0),
}


def collect(list_checks):
    return [
        pytest.param(sampler, check, id=f"{name} {check.func.__name__}")
        for name, sampler in SAMPLERS.items()
        for _, check in list_checks(sampler)
    ]


# Both suites warn by design while they look at how an estimator takes odd input.
@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize(("sampler", "check"), collect(imblearn_checks))
def test_imbalanced_learn_finds_no_fault(sampler, check):
    check(clone(sampler))


@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize(("sampler", "check"), collect(sklearn_checks))
def test_scikit_learn_finds_no_fault(sampler, check):
    check(clone(sampler))


def test_the_suites_ran():
    for sampler in SAMPLERS.values():
        assert len(list(imblearn_checks(sampler))) > 12
        assert len(list(sklearn_checks(sampler))) > 20
    assert np.array_equal(keep_row(np.arange(3)), np.arange(3))
