"""Archives that are open already, and archives within folders and archives, are told what to do."""

import io
import shutil
import zipfile

import pytest

from sklmerge import ImageBatches, ImageIndex, ImageReader, audit_split, write_report
from sklmerge.datasets import write_textures


def test_an_open_archive_is_answered_with_its_path(tmp_path):
    write_textures(tmp_path / "photos")
    path = shutil.make_archive(str(tmp_path / "photos"), "zip", tmp_path / "photos")
    doors = [
        (ImageIndex, f"pass its path, {path!r}"),
        (lambda source: ImageIndex([source]), f"pass its path, {path!r}"),
        (lambda source: audit_split(source, path), f"pass its path, {path!r}"),
        (lambda source: audit_split(path, source), f"pass its path, {path!r}"),
        (lambda source: write_report(source, tmp_path / "x.html"), f"pass its path, {path!r}"),
        (ImageBatches, rf"pass ImageIndex\({path!r}\)"),
    ]
    with zipfile.ZipFile(path) as archive, open(path, "rb") as file:
        for opened in (archive, file):
            for door, message in doors:
                with pytest.raises(TypeError, match=f"got {type(opened).__name__}; {message}$"):
                    door(opened)
            with pytest.raises(TypeError, match=rf"; pass ImageIndex\({path!r}\)$"):
                ImageReader().fit_transform(opened)
        with zipfile.ZipFile(io.BytesIO(file.read())) as in_memory:
            for door, _ in doors:
                with pytest.raises(TypeError, match=r"write it to the disk, and pass its path$"):
                    door(in_memory)
    image = next((tmp_path / "photos" / "grass").iterdir())
    with open(image, "rb") as file:
        with pytest.raises(TypeError, match=rf"got BufferedReader; pass \['{image}'\]"):
            ImageReader().fit_transform(file)
        with pytest.raises(TypeError, match=rf"got BufferedReader; pass \['{image}'\]"):
            ImageBatches(file)


@pytest.mark.parametrize("kind", ["zip", "tar"])
def test_archives_in_a_folder_or_an_archive_are_answered_with_what_reads_them(tmp_path, kind):
    write_textures(tmp_path / "photos")
    (tmp_path / "packed").mkdir()
    for part in ("a", "b"):
        shutil.make_archive(str(tmp_path / "packed" / part), kind, tmp_path / "photos")
    with pytest.raises(ValueError, match=r"without a folder; it holds archives: pass") as caught:
        ImageIndex(tmp_path / "packed")
    advised = str(caught.value).partition("pass ")[2]
    assert len(eval(advised, {"ImageIndex": ImageIndex})) == 480
    nested = shutil.make_archive(str(tmp_path / "nested"), kind, tmp_path / "packed")
    told = rf"unpacked from it: then pass ImageIndex\(\['a.{kind}', 'b.{kind}'\]\)"
    with pytest.raises(ValueError, match=told):
        ImageIndex(nested)
