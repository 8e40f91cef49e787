"""What is declared in several places is declared alike: dependencies, versions, checks."""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
CI = (ROOT / ".ci" / "run").read_text()


def split_requirement(text):
    """Split a requirement into its name and its lower bound."""
    name, _, version = re.fullmatch(r"([\w.-]+)(\[.*\])?(?:>=|==)?(.*)", text).group(1, 2, 3)
    return name.lower(), version


def test_the_oldest_releases_tested_are_those_that_are_declared():
    lines = (ROOT / "tests" / "lowest.txt").read_text().splitlines()
    tested = dict(line.split("==") for line in lines if line and not line.startswith("#"))
    for requirement in PROJECT["dependencies"]:
        name, lowest = split_requirement(requirement)
        assert (tested[name] + ".").startswith(lowest + "."), name


def test_the_conda_recipe_has_the_dependencies_and_the_version_of_the_project():
    recipe = (ROOT / ".github" / "conda" / "meta.yaml").read_text()
    assert f'set version = "{PROJECT["version"]}"' in recipe
    run = recipe.split("  run:\n")[1].split("\n\n")[0]
    listed = {tuple(line.strip(" -").split(" >=")) for line in run.splitlines()} - {
        ("python", PROJECT["requires-python"].removeprefix(">="))
    }
    expected = {split_requirement(requirement) for requirement in PROJECT["dependencies"]}
    headless = "opencv-python-headless"
    assert listed == {(name.replace(headless, "opencv"), least) for name, least in expected}


def test_pre_commit_runs_what_ci_runs_by_the_same_versions():
    hooks = (ROOT / ".pre-commit-config.yaml").read_text()
    commands = re.findall(r"entry: (.*)", hooks)
    assert len(commands) == 3
    assert all(re.search(rf"^{re.escape(command)}$", CI, re.MULTILINE) for command in commands)
    extra = PROJECT["optional-dependencies"]["dev"]
    groups = tomllib.loads((ROOT / "pyproject.toml").read_text())["dependency-groups"]
    assert set(groups["lint"]) <= set(extra)


def test_every_python_that_is_declared_is_tried_by_ci():
    declared = {
        name.rpartition(" ")[2]
        for name in PROJECT["classifiers"]
        if re.fullmatch(r"Programming Language :: Python :: 3\.\d+", name)
    }
    assert declared == {"3.11", *re.search(r"for version in (.*); do", CI)[1].split()}


def test_the_changelog_tells_of_this_version():
    assert f"\n## {PROJECT['version']}" in (ROOT / "docs" / "changelog.md").read_text()


def test_a_source_distribution_has_what_its_tests_read():
    build = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]
    shipped = {"/pyproject.toml", *build["targets"]["sdist"]["include"]}
    pattern = r'(?:ROOT|parents\[2\]\)?) / "([^"]+)"'
    texts = [path.read_text() for path in (ROOT / "tests").rglob("*.py")]
    read = {f"/{name}" for text in texts for name in re.findall(pattern, text)}
    assert {"/README.md", "/.github"} <= read <= shipped
