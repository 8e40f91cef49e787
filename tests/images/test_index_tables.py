"""Labels in a table: CSV files as people have them, data frames, and balanced folders."""

import re

import numpy as np
import pandas as pd
import polars as pl
import pytest

from sklmerge import BadFileError, ImageIndex, balance_folder
from sklmerge.datasets import write_textures


@pytest.fixture
def home(tmp_path):
    """A folder of images 1.png to 4.png, a folder of padded numbers, and a nested one."""
    for name in ("images/1.png", "images/2.png", "images/3.png", "images/4.png",
                 "scans/001.bmp", "scans/001.png", "scans/010.bmp", "deep/er/a.jpg"):  # fmt: skip
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return tmp_path


def write_csv(home, text, encoding="utf-8"):
    path = home / "train.csv"
    path.write_bytes(text.encode(encoding))
    return path


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_table_is_read_whatever_separates_and_encodes_it(home, separator, encoding, end):
    rows = [["image", "kind of cell"], ["1.png", "nävus, dark"], ["2.png", "None"]]
    text = end.join(separator.join(f'"{cell}"' for cell in row) for row in rows) + end
    index = ImageIndex(write_csv(home, text, encoding), root=home / "images")
    assert list(index.paths) == [str(home / "images/1.png"), str(home / "images/2.png")]
    assert index.labels.tolist() == ["nävus, dark", "None"]


def test_labels_of_a_file_stay_text(home):
    table = write_csv(home, "image,label\n1.png,01\n2.png,1\n3.png,NA\n4.png,true\n")
    assert ImageIndex(table, root=home / "images").classes == ["01", "1", "NA", "true"]


@pytest.mark.parametrize(
    ("header", "columns"),
    [
        ("file_name,label,image", ("1.png", "x")),
        ("id,image,label", ("9", "1.png", "x")),
        ("Image ID;Class Label", ("1.png", "x")),
        ("id_code,diagnosis", ("1.png", "x")),
    ],
)
def test_columns_are_guessed_if_there_is_no_doubt(home, header, columns):
    separator = ";" if ";" in header else ","
    cells = [*columns, *("y" * (header.count(separator) + 1 - len(columns)))]
    text = f"{header}\n{separator.join(cells)}\n"
    index = ImageIndex(write_csv(home, text), root=home / "images")
    assert (list(index.paths.relative()), index.classes) == (["1.png"], ["x"])


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        ("image,path,label", "path_column must say .* 'image', 'path', 'label'"),
        ("image,emotion,user", "label_column must say .* 'image', 'emotion', 'user'"),
        ("image,class,category", "label_column must say"),
    ],
)
def test_in_doubt_the_columns_are_listed(home, header, reason):
    with pytest.raises(ValueError, match=reason):
        ImageIndex(write_csv(home, f"{header}\n1.png,2.png,x\n"), root=home / "images")


def test_a_column_that_is_not_there_is_named_with_those_that_are(home):
    table = write_csv(home, "image,label\n1.png,x\n")
    for name in ("path_column", "label_column"):
        with pytest.raises(ValueError, match=f"{name} must be a column .* 'image', 'label'"):
            ImageIndex(table, **{name: "Image"})


@pytest.mark.parametrize("frame", [pd.DataFrame, pl.DataFrame])
def test_numbers_are_names_and_gaps_are_errors(home, frame):
    data = frame({"image": [1, 2, 3], "label": ["a", "b", "a"]})
    index = ImageIndex(data, root=home / "images", suffix=".png")
    assert list(index.paths.relative()) == ["1.png", "2.png", "3.png"]
    with_gap = frame({"image": ["1.png", None, "3.png"], "label": ["a", "b", "a"]})
    with pytest.raises(ValueError, match="must have a path in every row, got none in row 1"):
        ImageIndex(with_gap, root=home / "images")
    floats = frame({"image": [1.0, 2.5, 3.0], "label": ["a", "b", "a"]})
    with pytest.raises(ValueError, match=r"paths or whole numbers, got 2.5 in row 1"):
        ImageIndex(floats, root=home / "images", suffix=".png")


def test_a_column_of_numbers_that_had_a_gap_names_whole_numbers(home):
    data = pd.DataFrame({"image": [1.0, np.nan, 3.0], "label": list("aba")}).dropna()
    index = ImageIndex(data, root=home / "images", suffix=".png")
    assert list(index.paths.relative()) == ["1.png", "3.png"]


def test_labels_of_a_frame_keep_their_kind(home):
    data = pd.DataFrame({"image": ["1.png", "2.png"], "label": [7, 3]})
    assert ImageIndex(data, root=home / "images").classes == [3, 7]


def test_zeros_that_a_spreadsheet_drops_are_found_again(home):
    table = write_csv(home, "image ID,class label\r\n1,2\r\n10,1\r\n")
    index = ImageIndex(table, root=home / "scans", suffix=".bmp")
    assert list(index.paths.relative()) == ["001.bmp", "010.bmp"]


def test_backslashes_of_another_system_are_turned(home):
    table = write_csv(home, "image,label\nimages\\1.png,a\ndeep\\er\\a.jpg,b\n")
    assert list(ImageIndex(table).paths.relative()) == ["images/1.png", "deep/er/a.jpg"]


@pytest.mark.parametrize(
    ("cells", "options", "advice"),
    [
        (
            ["1", "2", "x"],
            {"root": "images"},
            "3 of 3 are not, first: '1', '2', 'x' .*suffix='.png'",
        ),
        (["1.png", "9.png"], {}, "2 of 2 are not.*root='.*images'"),
        (["1", "2"], {}, "root='.*images', suffix='.png'"),
        (["1.png", "9.png"], {"root": "images"}, "1 of 2 are not, first: '9.png'.*pass root"),
    ],
)
def test_files_that_are_not_there_are_counted_with_what_would_help(home, cells, options, advice):
    table = write_csv(home, "image,label\n" + "".join(f"{cell},a\n" for cell in cells))
    options = {name: home / value for name, value in options.items()}
    with pytest.raises(ValueError, match=advice):
        ImageIndex(table, **options)


@pytest.mark.parametrize(
    ("content", "error", "reason"),
    [
        (b"", BadFileError, "must have a header"),
        (b"image,label\n", BadFileError, "must have a header and a row"),
        (b"image,label\n1.png\n", BadFileError, "2 cells in every row, got 1 in line 2"),
        (
            b"image,label\n1.png,a\n2.png, \n",
            ValueError,
            "a label in every row, got none in line 3",
        ),
        (b"image,label\n,a\n", ValueError, "a path in every row, got none in line 2"),
        (b"image,image\n1.png,a\n", BadFileError, "each column once, got 'image'"),
        (b"image,label\n\xe4.png,a\n", BadFileError, "UTF-8, got byte 0xe4 at 12"),
        (b"\x89PNG\r\n\x1a\n\0\0", BadFileError, "UTF-8|text"),
    ],
)
def test_a_table_that_makes_no_index_is_named(home, content, error, reason):
    path = home / "train.csv"
    path.write_bytes(content)
    with pytest.raises(error, match=reason) as caught:
        ImageIndex(path, root=home / "images")
    assert "train.csv" in str(caught.value)


def test_what_belongs_to_a_table_is_refused_for_a_folder(tmp_path):
    write_textures(tmp_path)
    for name in ("path_column", "label_column", "suffix", "root"):
        with pytest.raises(ValueError, match=f"{name} is for a table"):
            ImageIndex(tmp_path, **{name: "x"})


@pytest.mark.parametrize("source", [3, None, b"photos", np.zeros((3, 4, 5))])
def test_what_cannot_be_a_source_is_refused(source):
    with pytest.raises((TypeError, ValueError), match="source must be"):
        ImageIndex(source)


def test_classes_choose_rows_of_a_table(home):
    table = write_csv(home, "image,label\n1.png,a\n2.png,b\n3.png,c\n4.png,a\n")
    index = ImageIndex(table, root=home / "images", classes=["c", "a"], merge={"ca": ["a", "c"]})
    assert list(index.paths.relative()) == ["1.png", "3.png", "4.png"]
    assert index.original_labels.tolist() == ["a", "c", "a"]
    with pytest.raises(ValueError, match=re.escape("got ['z']; there are ['a', 'b', 'c']")):
        ImageIndex(table, root=home / "images", classes=["z"])


@pytest.mark.parametrize("names", [("01", "1", "None"), ("true", "false", "NA")])
def test_a_balanced_folder_knows_its_merge_again(tmp_path, names):
    photos = tmp_path / "photos"
    write_textures(photos)
    for old, new in zip(("brick", "grass", "gravel"), names, strict=True):
        (photos / old).rename(photos / new)
    merge = {"both": [names[0], names[2]]}
    balance_folder(photos, tmp_path / "out", merge=merge, split=(0.5, 0.5))
    for part in ("train", "val"):
        index = ImageIndex(tmp_path / "out" / part)
        table = ImageIndex(tmp_path / "out" / part / "metadata.csv")
        assert index.classes == sorted(["both", names[1]])
        assert list(index.merger.members_["both"]) == sorted(merge["both"])
        assert set(index.original_classes) == set(names)
        folders = [path.split("/")[0] for path in index.paths.relative()]
        assert index.labels.tolist() == folders
        assert sorted(table.paths.relative()) == sorted(index.paths.relative())
        assert (table.counts, table.original_counts) == (index.counts, index.original_counts)


def test_files_added_to_and_taken_from_a_balanced_folder_are_told_or_named(tmp_path):
    write_textures(tmp_path / "photos")
    merge = {"mineral": ["brick", "gravel"]}
    balance_folder(tmp_path / "photos", tmp_path / "out", merge=merge, split=None)
    train = tmp_path / "out" / "train"
    for path in (train / "mineral").glob("brick*"):
        path.unlink()
    assert ImageIndex(train).original_classes == ["grass", "gravel"]
    (train / "grass" / "new.png").touch()
    assert "grass/new.png" in list(ImageIndex(train).paths.relative())
    (train / "mineral" / "new.png").touch()
    with pytest.raises(ValueError, match=r"original label of each file .* 'mineral/new.png'"):
        ImageIndex(train)


def test_an_index_passes_through_a_file_and_back_with_its_merge(tmp_path):
    write_textures(tmp_path / "photos")
    index = ImageIndex(tmp_path / "photos", merge={"mineral": ["brick", "gravel"]})
    index.to_frame().to_csv(tmp_path / "saved.csv", index=False)
    again = ImageIndex(tmp_path / "saved.csv", root=tmp_path / "photos")
    assert list(again.paths) == list(index.paths)
    assert again.labels.tolist() == index.labels.tolist()
    assert again.original_labels.tolist() == index.original_labels.tolist()


def test_extensions_and_exclude_choose_rows_of_a_table_and_count_the_others(home):
    table = write_csv(home, "image,label\n1.png,a\n2.PNG,b\n2_mask.png,a\nx.npy,c\n3.png,b\n")
    (home / "images" / "2.PNG").touch()
    options = {"root": home / "images", "extensions": [".png"], "exclude": "_mask"}
    with pytest.raises(ValueError, match="leave none of 'c'; pass allow_empty=True"):
        ImageIndex(table, **options)
    index = ImageIndex(table, **options, allow_empty=True)
    assert list(index.paths.relative()) == ["1.png", "2.PNG", "3.png"]
    assert index.original_labels.tolist() == ["a", "b", "b"]
    assert (index.passed_over, index.empty_folders) == ({".png": 1, ".npy": 1}, ["c"])
    index = ImageIndex(table, **options, classes=["b", "a"])
    assert (index.passed_over, index.empty_folders) == ({".png": 1}, [])
    with pytest.raises(ValueError, match="must list an image of each class"):
        ImageIndex(table, root=home / "images", exclude=".", allow_empty=True)
    with pytest.raises(ValueError, match="levels is for class folders, got a table"):
        ImageIndex(table, levels="leaf")


def test_a_table_says_what_an_image_is_unless_extensions_are_given(home):
    (home / "images" / "x.npy").touch()
    table = write_csv(home, "image,label\n1.png,a\nx.npy,a\n")
    assert len(ImageIndex(table, root=home / "images")) == 2


def test_a_merge_in_a_table_goes_with_the_classes_that_are_chosen(home):
    table = write_csv(home, "file_name,label,original_label\n1.png,ab,a\n2.png,ab,b\n3.png,c,c\n")
    index = ImageIndex(table, root=home / "images", classes=["a", "c"])
    assert (index.classes, index.original_classes) == (["ab", "c"], ["a", "c"])


def test_a_number_with_zeros_in_front_is_taken_as_it_is(home):
    for names, reason in (
        (["0010.bmp"], "1 of 1 are not, first: '0010.bmp'"),
        (["10.bmp", "010.bmp"], "'10.bmp' and '010.bmp', which may both mean '010.bmp'"),
        (["01.bmp", "1.bmp"], "1 of 2 are not, first: '01.bmp'"),
    ):
        table = write_csv(home, "image,label\n" + "".join(f"{name},a\n" for name in names))
        with pytest.raises(ValueError, match=reason):
            ImageIndex(table, root=home / "scans")
    table = write_csv(home, "image,label\n10.bmp,a\n10.bmp,a\n")
    assert list(ImageIndex(table, root=home / "scans").paths.relative()) == ["010.bmp"] * 2


def test_a_number_that_several_files_have_is_told(home):
    (home / "scans" / "01.png").touch()
    table = write_csv(home, "image,label\n1.png,a\n")
    with pytest.raises(ValueError, match="several names differ from it only by zeros in front"):
        ImageIndex(table, root=home / "scans")
