"""LabelMerger keeps scikit-learn's promises, and check_merger those of every `merge` parameter."""

import pickle
import subprocess
import sys

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.utils import get_tags

from sklmerge import LabelMerger
from sklmerge.labels import check_merger

Y = np.array(["A", "B", "C", "A"])


def test_parameters_are_stored_as_given_and_cloned():
    merge = {"AB": ["A", "B"]}
    merger = LabelMerger(merge, min_count=2)
    assert merger.get_params()["merge"] is merge
    assert clone(merger).get_params() == merger.get_params()
    assert merger.set_params(min_count=None).min_count is None


def test_fitting_changes_neither_parameters_nor_input():
    merge, y = {"AB": ["A", "B"]}, Y.copy()
    y.flags.writeable = False
    merger = LabelMerger(merge).fit(y)
    merged = merger.transform(y)
    assert merge == {"AB": ["A", "B"]}
    assert merger.merge is merge
    merged[:] = "?"
    assert y.tolist() == Y.tolist()


def test_nothing_is_shared_between_what_comes_out_and_what_was_learned():
    merger = LabelMerger().fit(Y)
    merger.decode([0, 1])[:] = "?"
    merger.inverse_transform(Y, original=Y)[:] = "?"
    assert merger.classes_.tolist() == ["A", "B", "C"]
    assert Y[0] == "A"


def test_fitting_again_forgets_what_was_learned():
    merger = LabelMerger(min_count=2).fit(["a", "a", "b"])
    merger.fit([[0, 1], [1, 1], [1, 1]])
    assert merger.multilabel_
    assert merger.set_params(rare_label=-1).fit([1, 1, 2]).members_ == {-1: [2], 1: [1]}
    assert not merger.multilabel_


def test_pickling_keeps_what_was_learned():
    merger = pickle.loads(pickle.dumps(LabelMerger({"AB": ["A", "B"]}).fit(Y)))
    assert merger.transform(Y).tolist() == ["AB", "AB", "C", "AB"]


@pytest.mark.parametrize(
    "method",
    ["transform", "inverse_transform", "transform_proba", "inverse_transform_proba", "encode"],
)
def test_every_method_asks_for_fit_first(method):
    with pytest.raises(NotFittedError, match=r"This LabelMerger instance is not fitted yet"):
        getattr(LabelMerger(), method)(Y)


def test_its_tags_say_that_it_takes_labels():
    tags = get_tags(LabelMerger())
    assert tags.target_tags.one_d_labels
    assert not tags.input_tags.two_d_array


@pytest.mark.parametrize("merge", [None, {"AB": ["A", "B"]}, [["A", "B"]]])
def test_check_merger_makes_a_merger_of_every_form(merge):
    merger = check_merger(merge)
    assert isinstance(merger, LabelMerger)
    assert merger.merge == merge


def test_check_merger_clones_and_leaves_a_fitted_merger_alone():
    given = LabelMerger({"AB": ["A", "B"]}, unknown="keep").fit(Y)
    merger = check_merger(given)
    assert merger is not given
    assert merger.get_params() == given.get_params()
    assert not hasattr(merger, "mapping_")


def test_check_merger_refuses_what_is_no_merge_map():
    with pytest.raises(ValueError, match=r"empty set"):
        check_merger({"x": []})
    with pytest.raises(TypeError, match=r"merge must be a mapping"):
        check_merger("AB=A,B")


def test_it_works_without_pandas():
    code = (
        "import sys; sys.modules['pandas'] = None\n"
        "from sklmerge.labels import LabelMerger\n"
        "import numpy as np\n"
        "m = LabelMerger({'AB': ['A', 'B']}).fit(np.array(['A', 'B', 'C'], dtype=object))\n"
        "print(m.transform(['A', 'C']).tolist())"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "['AB', 'C']"
