"""A store that goes down in a run hides nothing, and locks nobody out when it is back."""

import fsspec
import pytest

from sklmerge import balance_folder


@pytest.fixture
def cut(monkeypatch):
    """Take the store in memory down, so that every request to it fails."""
    kind = type(fsspec.filesystem("memory"))

    def fail(self, *args, **kwargs):
        raise TimeoutError("the store is down")

    def cut_off():
        for name in ("pipe_file", "cat_file", "rm_file", "ls", "info"):
            monkeypatch.setattr(kind, name, fail)

    return cut_off


def test_the_process_whose_store_went_down_goes_on_when_it_is_back(
    write_classes, cut, monkeypatch, tmp_path, hash_tree
):
    source, url = write_classes({"A": 5, "B": 3}), "memory://down/out"
    with pytest.raises(OSError, match=r"could not be .* \(the store is down\)"):
        balance_folder(source, url, progress=lambda done, total: cut())
    monkeypatch.undo()
    files = fsspec.filesystem("memory")
    assert files.exists("/down/out/.sklmerge/lease.json")
    balance_folder(source, url)
    assert not files.exists("/down/out/.sklmerge/lease.json")
    balance_folder(source, tmp_path / "near")
    files.get("/down/out/", str(tmp_path / "fetched") + "/", recursive=True)
    assert hash_tree(tmp_path / "fetched") == hash_tree(tmp_path / "near")


@pytest.mark.parametrize("reason", [KeyboardInterrupt, RuntimeError])
def test_what_ended_a_run_is_raised_also_where_the_store_is_down(write_classes, cut, reason):
    def stop(n_done, n_files):
        cut()
        raise reason

    with pytest.raises(reason):
        balance_folder(write_classes({"A": 5, "B": 3}), "memory://stopped/out", progress=stop)
