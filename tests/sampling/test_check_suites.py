"""AugmentingOverSampler passes the check suites of imbalanced-learn and scikit-learn."""

import numpy as np
import pytest
from imblearn.utils.estimator_checks import estimator_checks_generator as imblearn_checks
from sklearn.utils.estimator_checks import estimator_checks_generator as sklearn_checks

from sklmerge import AugmentingOverSampler


def keep_row(row):
    """Vary nothing: the suites' rows are no images, and some of them are strings."""
    return row


def make_sampler():
    return AugmentingOverSampler(keep_row, random_state=0)


def collect(checks):
    return [pytest.param(check, id=check.func.__name__) for _, check in checks]


# Both suites warn by design while they look at how an estimator takes odd input.
@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("check", collect(imblearn_checks(make_sampler())))
def test_imbalanced_learn_finds_no_fault(check):
    check(make_sampler())


@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("check", collect(sklearn_checks(make_sampler())))
def test_scikit_learn_finds_no_fault(check):
    check(make_sampler())


def test_the_suites_ran():
    assert len(list(imblearn_checks(make_sampler()))) > 12
    assert len(list(sklearn_checks(make_sampler()))) > 20
    assert np.array_equal(keep_row(np.arange(3)), np.arange(3))
