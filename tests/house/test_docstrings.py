"""Docstrings tell the truth: every parameter is described, with the default it has."""

import inspect
import re
from pathlib import Path

import pytest
from numpydoc.docscrape import FunctionDoc

import sklmerge
from sklmerge import (
    augment,
    balance,
    datasets,
    feed,
    images,
    labels,
    plot,
    report,
    sampling,
    weights,
)

ROOMS = (
    sklmerge,
    augment,
    balance,
    datasets,
    feed,
    images,
    labels,
    plot,
    report,
    sampling,
    weights,
)
PUBLIC = {
    f"{thing.__module__}.{thing.__qualname__}": thing
    for room in ROOMS
    for name in room.__all__
    if callable(thing := getattr(room, name))
}


def list_documented():
    """List public classes, functions and methods, each with the signature its docstring is of."""
    documented = dict(PUBLIC)
    for name, thing in PUBLIC.items():
        if inspect.isclass(thing):
            for method_name, method in vars(thing).items():
                function = getattr(method, "__func__", method)
                if inspect.isfunction(function) and not method_name.startswith("_"):
                    documented[f"{name}.{method_name}"] = function
    return documented


def read_defaults(thing):
    """Read name -> stated default from the section on parameters; None where none is stated."""
    defaults = {}
    page = FunctionDoc(thing, doc=inspect.getdoc(thing))
    # What only the library makes describes its fields as attributes.
    for parameter in [*page["Parameters"], *(page["Attributes"] if inspect.isclass(thing) else ())]:
        stated = re.search(r"default=(.+)$", parameter.type)
        texts = re.split(r" and |, (?=default)", stated.group(1)) if stated else []
        names = [name.strip().lstrip("*") for name in parameter.name.split(",")]
        for place, name in enumerate(names):
            defaults[name] = texts[min(place, len(texts) - 1)].strip("`") if texts else None
    return defaults


def is_bare_protocol(thing):
    """Tell a protocol or one of its methods: what implements it is documented in full."""
    names = getattr(thing, "__qualname__", "").split(".")
    return getattr(getattr(augment, names[0], None), "_is_protocol", False)


def has_the_constructor_of_a_builtin(thing):
    """Tell a class that is made as tuples or exceptions are."""
    return inspect.isclass(thing) and (
        thing.__new__ is tuple.__new__ or issubclass(thing, Exception)
    )


DOCUMENTED = list_documented()


@pytest.mark.parametrize("thing", DOCUMENTED.values(), ids=DOCUMENTED)
def test_every_parameter_is_described_with_its_default(thing):
    stated = read_defaults(thing)
    if is_bare_protocol(thing) or has_the_constructor_of_a_builtin(thing):
        return
    for name, parameter in inspect.signature(thing).parameters.items():
        if name in ("self", "cls"):
            continue
        assert name in stated, f"{name} is not described"
        if stated[name] is None or "\\" in stated[name]:
            continue
        assert parameter.default is not inspect.Parameter.empty, f"{name} has no default"
        texts = {repr(parameter.default), repr(parameter.default).replace("'", '"')}
        if not isinstance(parameter.default, str):
            texts.add(str(parameter.default))
        if isinstance(parameter.default, int):
            texts.add(f"{parameter.default:_}")
        if isinstance(parameter.default, float):
            texts.add(f"{parameter.default:.0e}".replace("e-0", "e-"))
        assert stated[name] in texts, f"{name}: {stated[name]} is not {parameter.default!r}"


def test_the_comparison_of_defaults_finds_a_lie():
    def lie(height=3):
        """Lie.

        Parameters
        ----------
        height : int, default=4
            Of something.
        """
        return height

    assert read_defaults(lie) == {"height": "4"}
    with pytest.raises(AssertionError, match="height: 4 is not 3"):
        test_every_parameter_is_described_with_its_default(lie)


@pytest.mark.parametrize("name", sklmerge.__all__)
def test_every_public_name_has_a_docstring_with_an_example(name):
    assert ">>>" in inspect.getdoc(getattr(sklmerge, name))


@pytest.mark.parametrize("name", sklmerge.__all__)
def test_every_public_name_leads_to_its_siblings(name):
    thing = getattr(sklmerge, name)
    page = FunctionDoc(thing, doc=inspect.getdoc(thing))
    siblings = [sibling for group, _ in page["See Also"] for sibling, _ in group]
    assert siblings
    for sibling in siblings:
        found = sklmerge
        for part in sibling.removeprefix("sklmerge.").split("."):
            found = getattr(found, part)


@pytest.mark.parametrize("room", ROOMS, ids=lambda room: room.__name__)
def test_every_public_name_stands_in_the_reference(room):
    reference = (Path(__file__).parents[2] / "docs" / "api.md").read_text().split()
    prefix = room.__name__.removeprefix("sklmerge").removeprefix(".")
    for name in room.__all__:
        assert name in reference or f"{prefix}.{name}" in reference, name


@pytest.mark.parametrize("thing", DOCUMENTED.values(), ids=DOCUMENTED)
def test_help_shows_array_like_by_its_name(thing):
    # Spelled out it takes 300 characters; `from __future__ import annotations` keeps what we wrote.
    try:
        assert "numpy._typing" not in str(inspect.signature(thing))
    except ValueError:  # an exception's own
        assert issubclass(thing, Exception)


def test_every_public_object_says_what_it_is():
    classes = [thing for thing in PUBLIC.values() if inspect.isclass(thing)]
    made = [each for each in classes if not getattr(each, "_is_protocol", False)]
    assert not [each for each in made if each.__repr__ is object.__repr__]
