"""Public methods of the labels say what they take and what they give."""

import inspect

import pytest
from numpydoc.docscrape import FunctionDoc

from sklmerge import labels


def list_methods():
    methods = {}
    for name in labels.__all__:
        thing = getattr(labels, name)
        if not inspect.isclass(thing):
            methods[name] = thing
            continue
        own = [kind for kind in thing.__mro__ if kind.__module__.startswith("sklmerge")]
        for method_name, method in [item for kind in own for item in vars(kind).items()]:
            # Methods that exist only where something holds are wrapped in a descriptor.
            function = getattr(method, "fn", getattr(method, "__func__", method))
            if inspect.isfunction(function) and not method_name.startswith("_"):
                methods[f"{name}.{method_name}"] = function
    return methods


METHODS = list_methods()


@pytest.mark.parametrize("function", METHODS.values(), ids=METHODS)
def test_parameters_and_what_is_returned_are_described(function):
    doc = FunctionDoc(function, doc=inspect.getdoc(function))
    described = [
        name.strip().lstrip("*") for entry in doc["Parameters"] for name in entry.name.split(",")
    ]
    signature = inspect.signature(function).parameters
    assert described == [name for name in signature if name not in ("self", "cls")]
    assert doc["Returns"]
    for entry in doc["Parameters"]:
        parameter = signature[entry.name.split(",")[0].strip().lstrip("*")]
        has_default = parameter.default is not inspect.Parameter.empty
        assert has_default == ("default=" in entry.type)


def test_methods_that_exist_only_sometimes_are_among_them():
    assert {"MergedClassifier.predict_proba", "LabelMerger.from_json"} <= set(METHODS)
