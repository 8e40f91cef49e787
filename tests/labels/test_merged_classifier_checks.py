"""scikit-learn's own check suite on MergedClassifier."""

import pytest
import sklearn
from imblearn import FunctionSampler
from imblearn.over_sampling import RandomOverSampler
from imblearn.pipeline import Pipeline
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import FunctionTransformer
from sklearn.svm import LinearSVC
from sklearn.tree import DecisionTreeClassifier
from sklearn.utils.estimator_checks import check_estimator

from sklmerge import MergedClassifier

# The suite provokes warnings of many kinds on purpose.
pytestmark = pytest.mark.filterwarnings("ignore")

LEVELS = [{}, {"refiner": "prior", "output": "original"}]
# As exact as scikit-learn's own run of the suite on LinearSVC asks for.
EXACT_SVC = LinearSVC(dual=False, tol=1e-12, C=0.01, max_iter=2000)


def list_failures(model):
    results = check_estimator(model, on_fail=None, on_skip=None)
    assert len(results) > 50
    return {
        result["check_name"]: str(result["exception"])
        for result in results
        if result["status"] == "failed"
    }


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize(
    "estimator", [LogisticRegression(), EXACT_SVC, DecisionTreeClassifier(random_state=0)]
)
def test_it_passes_around_estimators(estimator, level):
    assert list_failures(MergedClassifier(estimator, **level)) == {}


def make_pipeline(sampler):
    weighted = LogisticRegression().set_fit_request(sample_weight=True)
    features = FunctionTransformer(accept_sparse=True, validate=True)
    return Pipeline([("features", features), ("sampler", sampler), ("model", weighted)])


@pytest.mark.parametrize("level", LEVELS)
def test_it_passes_around_a_pipeline_that_could_resample(level):
    with sklearn.config_context(enable_metadata_routing=True):
        pipeline = make_pipeline(FunctionSampler(accept_sparse=True, validate=False))
        assert list_failures(MergedClassifier(pipeline, **level)) == {}


def test_around_an_over_sampler_only_weights_fail_and_do_so_loudly():
    with sklearn.config_context(enable_metadata_routing=True):
        failures = list_failures(MergedClassifier(make_pipeline(RandomOverSampler(random_state=0))))
    assert set(failures) == {
        "check_sample_weight_equivalence_on_dense_data",
        "check_sample_weight_equivalence_on_sparse_data",
    }
    assert all("sample_weight.shape" in message for message in failures.values())
