"""A folder of real photographs, and the command line as a shell would call it."""

import json

import pytest
from typer.testing import CliRunner

from sklmerge.cli._app import app
from sklmerge.datasets import write_textures


@pytest.fixture(scope="session")
def textures(tmp_path_factory):
    folder = tmp_path_factory.mktemp("textures")
    write_textures(folder)
    return folder


@pytest.fixture
def run():
    def call(*arguments, code=0):
        result = CliRunner().invoke(app, [str(argument) for argument in arguments])
        assert result.exit_code == code, (result.output, result.exception)
        return result

    return call


@pytest.fixture
def run_json(run):
    def call(*arguments):
        return json.loads(run(*arguments, "--json").stdout)

    return call
