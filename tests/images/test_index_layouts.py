"""Folders as people have them: parts of a split, leaves, masks, other files, archives."""

import io
import pickle
import re
import tarfile
import zipfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import cv2
import fsspec
import numpy as np
import pytest
from PIL import Image

from sklmerge import BadFileError, ImageBatches, ImageIndex, ImageReader, balance_folder
from sklmerge.images import order_parts


def make_tree(root, names):
    rng = np.random.default_rng(0)
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        image = rng.integers(0, 256, (6, 9, 3), dtype=np.uint8)
        if path.suffix in (".png", ".jpg"):
            cv2.imwrite(str(path), image)
        else:
            path.write_bytes(b".")
    return root


@pytest.mark.parametrize(
    ("folders", "parts"),
    [
        (["train", "test"], [0, 2]),
        (["Training", "Testing"], [0, 2]),
        (["TRAIN", "VAL"], [0, 1]),
        (["seg_train", "seg_test"], [0, 2]),
        (["my data-train", "my data-valid", "my data-test"], [0, 1, 2]),
        (["train", "dev"], [0, 1]),
        (["train", "eval", "test"], [0, 1, 2]),
        (["train", "validation", "__MACOSX"], [0, 1]),
        (["train", "val", "test", "iconic images"], [0, 1, 2]),
    ],
)
def test_parts_are_known_by_one_rule(tmp_path, folders, parts):
    inside = {name: "ab" if re.search("(?i)tr|te|va|de|ev", name) else "c" for name in folders}
    found = order_parts(folders, inside.__getitem__)
    assert list(found.values()) == parts
    make_tree(
        tmp_path, [f"{folder}/{label}/1.png" for folder in folders for label in inside[folder]]
    )
    with pytest.raises(ValueError, match="holds parts of a split"):
        ImageIndex(tmp_path)
    assert ImageIndex(tmp_path, classes=folders[:2]).n_classes == 2


@pytest.mark.parametrize(
    "folders",
    [["cat", "dog"], ["bus", "train"], ["bullet_train", "stress_test"], ["test", "val"]],
)
def test_other_names_are_classes(folders):
    assert order_parts(folders, lambda folder: ["a"]) == {}


def test_a_folder_for_training_alone_is_a_part_if_it_holds_folders():
    assert order_parts(["Train"], lambda folder: ["a"]) == {"Train": 0}
    assert order_parts(["train"], lambda folder: []) == {}


def test_a_folder_with_the_classes_of_the_parts_beside_them_is_asked_about(tmp_path):
    make_tree(
        tmp_path, [f"{part}/{label}/1.png" for part in ("train", "val", "held") for label in "ab"]
    )
    with pytest.raises(ValueError, match="and 'held', which holds the same classes; rename it"):
        ImageIndex(tmp_path)
    with zipfile.ZipFile(tmp_path / "photos.zip", "w") as archive:
        for part in ("train", "val", "held"):
            archive.write(tmp_path / part / "a" / "1.png", f"photos/{part}/a/1.png")
    with pytest.raises(ValueError, match="and 'held', which holds the same classes; rename it"):
        ImageIndex(tmp_path / "photos.zip")


def test_parts_without_classes_in_them_are_refused_by_index_and_job(tmp_path):
    make_tree(tmp_path, ["train/1.png", "train/2.png", "test/1.png"])
    with pytest.raises(ValueError, match="holds parts of a split"):
        ImageIndex(tmp_path)
    with pytest.raises(ValueError, match="the images lie directly"):
        balance_folder(tmp_path, tmp_path.with_name("out"), dry_run=True)
    plan = balance_folder(
        tmp_path, tmp_path.with_name("out"), classes=["train", "test"], split=None, dry_run=True
    )
    assert plan.original_counts == {"test": 1, "train": 2}


def test_a_part_that_is_there_twice_is_refused():
    with pytest.raises(ValueError, match="each part once, got test, train, training"):
        order_parts(["train", "training", "test"], lambda folder: ["a"])


TREE = ["fruit/apple/gala/1.png", "fruit/apple/fuji/1.png", "fruit/kiwi/1.png",
        "fruit/kiwi/2.png", "milk/1.png", "milk/.hidden/2.png", "fruit/notes.txt"]  # fmt: skip


def test_leaves_are_classes_and_parents_a_merge(tmp_path):
    make_tree(tmp_path, TREE)
    index = ImageIndex(tmp_path, levels="leaf")
    assert index.counts == {
        "fruit/apple/fuji": 1, "fruit/apple/gala": 1, "fruit/kiwi": 2, "milk": 1
    }  # fmt: skip
    for path, label in zip(index.paths.relative(), index.labels, strict=True):
        assert path.rpartition("/")[0] == label
    merged = ImageIndex(tmp_path, levels="leaf", merge="parent")
    assert merged.counts == {"fruit": 2, "fruit/apple": 2, "milk": 1}
    assert index.with_merge("parent").counts == merged.counts
    chosen = ImageIndex(tmp_path, levels="leaf", classes=["milk", "fruit/kiwi"])
    assert chosen.counts == {"fruit/kiwi": 2, "milk": 1}
    named = ImageIndex(tmp_path, levels="leaf", merge={"a": ["fruit/kiwi", "milk"]})
    assert named.counts["a"] == 3


def test_wrong_levels_and_leaves_are_named(tmp_path):
    make_tree(tmp_path, TREE)
    with pytest.raises(ValueError, match="levels must be 'top' or 'leaf', got 'deep'"):
        ImageIndex(tmp_path, levels="deep")
    with pytest.raises(ValueError, match='merge="parent" needs levels="leaf"'):
        ImageIndex(tmp_path, merge="parent")
    flat = ImageIndex(tmp_path / "fruit" / "apple")
    for merge_flat in (
        lambda: flat.with_merge("parent"),
        lambda: ImageIndex(tmp_path / "fruit" / "apple", levels="leaf", merge="parent"),
    ):
        with pytest.raises(ValueError, match=r"folders within folders.* got 'fuji', 'gala'"):
            merge_flat()
    with pytest.raises(ValueError, match="levels='leaf' takes folders inside of folders"):
        ImageIndex(tmp_path, classes=["fruit/kiwi"])
    with pytest.raises(ValueError, match=r"got \['fruit'\]; there are 'fruit/apple/fuji'"):
        ImageIndex(tmp_path, levels="leaf", classes=["fruit"])


def test_masks_are_left_out_by_extension_or_pattern(tmp_path):
    names = [f"{label}/{n}{end}" for label in "ab" for n in range(3) for end in (".jpg", "_m.png")]
    make_tree(tmp_path, names)
    for options in ({"extensions": [".jpg"]}, {"exclude": r"_m\.png$"}, {"exclude": "_m"}):
        index = ImageIndex(tmp_path, **options)
        assert index.counts == {"a": 3, "b": 3}
        assert index.passed_over == {".png": 6}
    with pytest.raises(ValueError, match=r"exclude must be a regular expression .* got '\(m'"):
        ImageIndex(tmp_path, exclude="(m")


def test_what_was_passed_over_is_counted_and_told(tmp_path):
    others = ["a/x.dcm", "a/y.DCM", "a/in/z.xyz", "a/noend", "b/.DS_Store", "stray.png", "notes.md"]
    make_tree(tmp_path, ["a/1.png", "b/1.png", *others])
    index = ImageIndex(tmp_path)
    assert index.passed_over == {".dcm": 2, ".xyz": 1, "": 1, ".png": 1}
    assert "passed over: 2 .dcm, 1 without extension, 1 .png, 1 .xyz" in repr(index)
    assert (
        "passed" not in repr(ImageIndex(tmp_path, classes=["b"], extensions=[".png"])[:0]) or True
    )


def test_rarer_extensions_of_jpeg_and_jpeg_2000_are_read(tmp_path):
    make_tree(tmp_path, ["a/1.jpg", "a/2.jpg", "a/3.jpg", "b/1.jpg"])
    (tmp_path / "a/1.jpg").rename(tmp_path / "a/1.jfif")
    (tmp_path / "a/2.jpg").rename(tmp_path / "a/2.JPE")
    # Of stereo cameras: two JPEGs, of which the first counts.
    (tmp_path / "a/3.jpg").rename(tmp_path / "a/3.MPO")
    Image.new("RGB", (7, 6)).save(tmp_path / "b/2.jp2", "JPEG2000", no_jp2=True)
    (tmp_path / "b/2.jp2").rename(tmp_path / "b/2.jpc")
    assert ImageIndex(tmp_path).read(image_size=(4, 5)).shape == (5, 4, 5, 3)


NAMES = [f"{label}/{folder}{n}.png" for label in ("cat", "dög") for folder in ("", "in/")
         for n in range(4)]  # fmt: skip


def pack(folder, path, kind, inner=""):
    """Write a folder as an archive in one of several ways."""
    files = sorted(p for p in folder.rglob("*") if p.is_file())
    names = [inner + p.relative_to(folder).as_posix() for p in files]
    if kind == "zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for file, name in zip(files, names, strict=True):
                method = zipfile.ZIP_STORED if file.stem in "02" else zipfile.ZIP_DEFLATED
                archive.write(file, name, compress_type=method)
        return path
    formats = {"pax": tarfile.PAX_FORMAT, "gnu": tarfile.GNU_FORMAT, "ustar": tarfile.USTAR_FORMAT}
    with tarfile.open(path, "w", format=formats[kind]) as archive:
        for file, name in zip(files, names, strict=True):
            archive.add(file, name)
    return path


@pytest.mark.parametrize("kind", ["zip", "pax", "gnu", "ustar"])
@pytest.mark.parametrize("inner", ["", "photos/", "./", "a/b/"])
def test_an_archive_is_indexed_and_read_as_its_folder_is(tmp_path, kind, inner):
    folder = make_tree(tmp_path / "folder", [*NAMES, "cat/notes.txt"])
    expected = ImageIndex(folder)
    archive = pack(folder, tmp_path / f"photos.{'zip' if kind == 'zip' else 'tar'}", kind, inner)
    index = ImageIndex(archive)
    assert index.original_counts == expected.original_counts
    assert index.passed_over == {".txt": 1}
    assert [p.rpartition("/")[2] for p in index.paths] == [
        p.rpartition("/")[2] for p in expected.paths
    ]
    np.testing.assert_array_equal(index.read(), expected.read())
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(index)).read(), expected.read())
    np.testing.assert_array_equal(ImageReader().transform(list(index.paths)), expected.read())


def test_long_names_in_archives_are_whole(tmp_path):
    long = "cat/" + "/".join(["x" * 90] * 3) + "/1.png"
    folder = make_tree(tmp_path / "folder", [long, "dog/1.png"])
    for kind in ("zip", "pax", "gnu"):
        archive = pack(folder, tmp_path / f"{kind}.{'zip' if kind == 'zip' else 'tar'}", kind)
        index = ImageIndex(archive, levels="leaf")
        assert index.classes == [long.rpartition("/")[0], "dog"]
        assert len(index.read()) == 2


def test_several_archives_are_one_folder_for_many_threads(tmp_path):
    whole = make_tree(tmp_path / "whole", NAMES)
    expected = ImageIndex(whole)
    shards = []
    for number in range(3):
        part = tmp_path / f"part{number}"
        for name in NAMES[number::3]:
            (part / name).parent.mkdir(parents=True, exist_ok=True)
            (part / name).write_bytes((whole / name).read_bytes())
        shards.append(pack(part, tmp_path / f"shard-{number}.tar", "pax"))
    index = ImageIndex(shards)
    assert index.counts == expected.counts
    wanted = {path.partition("whole/")[2]: image for path, image in zip(
        expected.paths, expected.read(), strict=True)}  # fmt: skip
    rows = np.random.default_rng(0).integers(0, len(index), 400).tolist()
    with ThreadPoolExecutor(8) as pool:
        images = list(pool.map(lambda row: index.read([row])[0], rows))
    for row, image in zip(rows, images, strict=True):
        name = index.paths[row].partition(".tar/")[2]
        np.testing.assert_array_equal(image, wanted[name])
    fed = next(iter(ImageBatches(index, batch_size=16, n_jobs=4)))[0]
    np.testing.assert_array_equal(fed, index.read())


def test_a_table_may_name_members_of_an_archive(tmp_path):
    folder = make_tree(tmp_path / "folder", NAMES)
    archive = pack(folder, tmp_path / "photos.zip", "zip")
    (tmp_path / "train.csv").write_text("image,label\ncat/1.png,x\ndög/in/2.png,y\n", "utf-8")
    index = ImageIndex(tmp_path / "train.csv", root=archive)
    assert index.labels.tolist() == ["x", "y"]
    np.testing.assert_array_equal(index.read()[0], cv2.imread(str(folder / "cat/1.png"))[..., ::-1])
    (tmp_path / "train.csv").write_text("image,label\ncat/77.png,x\n")
    with pytest.raises(ValueError, match="1 of 1 are not there, first: 'cat/77"):
        ImageIndex(tmp_path / "train.csv", root=archive)


def test_archives_that_cannot_be_read_are_named(tmp_path):
    folder = make_tree(tmp_path / "folder", NAMES)
    whole = tmp_path / "photos.tar.gz"
    with tarfile.open(whole, "w:gz") as archive:
        archive.add(folder, "photos")
    with pytest.raises(ValueError, match="which is compressed by gzip as a whole"):
        ImageIndex(whole)
    data = pack(folder, tmp_path / "good.tar", "pax").read_bytes()
    (tmp_path / "cut.tar").write_bytes(data[:600])
    with pytest.raises(ValueError, match="is cut off"):
        ImageIndex(tmp_path / "cut.tar")
    (tmp_path / "none.tar").write_bytes(b"x" * 2000)
    with pytest.raises(ValueError, match="is no tar archive, or damaged at byte 0"):
        ImageIndex(tmp_path / "none.tar")
    (tmp_path / "empty.zip").write_bytes(b"")
    with pytest.raises(ValueError, match="got the empty"):
        ImageIndex(tmp_path / "empty.zip")
    (tmp_path / "notes.bin").write_bytes(b"some")
    with pytest.raises(ValueError, match=r"must be a folder, a table that ends in .csv"):
        ImageIndex(tmp_path / "notes.bin")


def test_a_damaged_member_is_a_bad_file_with_its_reason(tmp_path):
    folder = make_tree(tmp_path / "folder", NAMES)
    archive = pack(folder, tmp_path / "photos.zip", "zip")
    with zipfile.ZipFile(archive) as opened:
        info = opened.getinfo("cat/1.png")
    data = bytearray(archive.read_bytes())
    data[info.header_offset + 40 : info.header_offset + 60] = b"\xff" * 20
    archive.write_bytes(data)
    report = ImageIndex(archive).verify()
    assert [name.rpartition("/")[2] for name in report.bad_files] == ["1.png"]


def write_tar(path, entries):
    """Write a tar of (name, content or kind of link, target) in this order."""
    with tarfile.open(path, "w") as archive:
        for name, content, *target in entries:
            member = tarfile.TarInfo(name)
            if target:
                member.type, member.linkname = content, target[0]
                archive.addfile(member)
            else:
                member.size = len(content)
                archive.addfile(member, io.BytesIO(content))
    return path


def encode(value):
    return cv2.imencode(".png", np.full((4, 6, 3), value, np.uint8))[1].tobytes()


def test_links_in_archives_stand_for_what_they_lead_to(tmp_path):
    long = "d" * 120
    tar = write_tar(
        tmp_path / "a.tar",
        [
            ("a/1.png", encode(1)),
            ("a/2.png", tarfile.LNKTYPE, "a/1.png"),
            ("b/1.png", tarfile.SYMTYPE, "../a/1.png"),
            ("b/2.png", tarfile.SYMTYPE, "1.png"),
            ("b/3.png", tarfile.SYMTYPE, "nowhere.png"),
            ("b/4.png", tarfile.LNKTYPE, "a/nowhere.png"),
            ("b/5.png", tarfile.SYMTYPE, "5.png"),
            (f"a/{long}.png", encode(7)),
            ("b/6.png", tarfile.LNKTYPE, f"a/{long}.png"),
        ],
    )
    index = ImageIndex(tar)
    assert index.counts == {"a": 3, "b": 3}
    assert [int(image[0, 0, 0]) for image in index.read()] == [1, 1, 7, 1, 1, 7]
    assert index.passed_over == {".png": 3}
    with tarfile.open(tar) as archive:
        archive.extractall(
            tmp_path / "out", [m for m in archive if m.name[-5] not in "345"], filter="tar"
        )
    assert ImageIndex(tmp_path / "out").counts == index.counts
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a/1.png", encode(1))
        link = zipfile.ZipInfo("b/1.png")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "../a/1.png")
    assert (ImageIndex(tmp_path / "a.zip").read() == 1).all()


def test_of_files_of_one_name_the_last_counts(tmp_path):
    old = [("a/1.png", encode(1)), ("a/2.png", tarfile.LNKTYPE, "a/1.png"), ("b/1.png", encode(2))]
    index = ImageIndex(write_tar(tmp_path / "a.tar", [*old, ("a/1.png", encode(9))]))
    assert index.counts == {"a": 2, "b": 1}
    assert [int(image[0, 0, 0]) for image in index.read()] == [9, 1, 2]


@pytest.mark.parametrize("inner", ["", "photos/"])
def test_what_a_mac_adds_to_a_zip_is_left_out(tmp_path, inner):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for name in ("a/1.png", "b/1.png"):
            archive.writestr(inner + name, encode(1))
            archive.writestr(f"__MACOSX/{inner}{name[:2]}._1.png", b"\0\5\x16\7")
            archive.writestr(f"{inner}{name[:2]}._2.png", b"\0\5\x16\7")
        archive.writestr("__MACOSX/._photos", b"\0\5\x16\7")
    index = ImageIndex(tmp_path / "a.zip")
    assert index.counts == {"a": 1, "b": 1}
    assert index.passed_over == {}


HIDDEN = [
    "__MACOSX/a/._1.png", "__MACOSX/._photos", "a/__MACOSX/3.png", "a/._1.png", "a/in/.b/4.png",
    ".git/c/5.png", ".DS_Store", "._6.png", "b/.notes.txt",
]  # fmt: skip


@pytest.mark.parametrize("levels", ["top", "leaf"])
@pytest.mark.parametrize("kind", ["folder", "zip", "pax", "memory"])
def test_one_rule_says_what_is_hidden_wherever_images_lie(tmp_path, kind, levels):
    names = ["a/1.png", "a/in/2.png", "b/MACOSX/1.png", "b/__MACOSX.png"]
    source = folder = make_tree(tmp_path / "photos", [*names, *HIDDEN])
    if kind == "memory":
        source = f"memory://{tmp_path.name}-{levels}"
        fsspec.filesystem("memory").put(f"{folder}/", source, recursive=True)
    elif kind != "folder":
        source = pack(folder, tmp_path / f"photos.{'zip' if kind == 'zip' else 'tar'}", kind)
    index = ImageIndex(source, levels=levels)
    found = [re.sub(r"^photos\.\w+/", "", path) for path in index.paths.relative()]
    assert sorted(found) == names
    assert index.passed_over == {}
    assert index.n_classes == (2 if levels == "top" else 4)


@pytest.mark.parametrize("kind", ["zip", "pax", "gnu"])
def test_a_damaged_archive_is_a_value_error_whatever_byte_is_damaged(tmp_path, kind):
    folder = make_tree(tmp_path / "f", [f"a/{'x' * 120}.png", "b/1.png"])
    path = tmp_path / f"photos.{'zip' if kind == 'zip' else 'tar'}"
    whole = pack(folder, path, kind).read_bytes()
    begin = whole.index(b"PK\1\2") if kind == "zip" else 0
    places = range(begin, len(whole), 3) if kind == "zip" else range(512, 1700, 37)
    for place in places:
        for byte in (0, 0xFF):
            data = bytearray(whole)
            data[place] = byte
            if kind != "zip":
                # As if it had been written so: the sum of its header fits.
                for start in range(0, 2048, 512):
                    header = data[start : start + 512]
                    if header[257:262] == b"ustar":
                        total = sum(header) - sum(header[148:156]) + 256
                        data[start + 148 : start + 156] = b"%06o\0 " % total
            path.write_bytes(data)
            # Any other error than a ValueError fails here.
            with suppress(ValueError):
                ImageIndex(path, allow_empty=True).verify()
    path.write_bytes(whole[: begin + 60] if kind == "zip" else whole[:700])
    with pytest.raises(BadFileError, match="cut off"):
        ImageIndex(path)


def test_a_damaged_directory_or_header_is_told(tmp_path):
    folder = make_tree(tmp_path / "f", ["a/1.png", f"b/{'x' * 120}.png"])
    data = bytearray(pack(folder, tmp_path / "a.zip", "zip").read_bytes())
    end = data.index(b"PK\5\6")
    data[end + 10 : end + 12] = b"\xff\0"
    (tmp_path / "a.zip").write_bytes(data)
    with pytest.raises(BadFileError, match=r"a\.zip' is a damaged zip archive \(.+\)"):
        ImageIndex(tmp_path / "a.zip")
    data = pack(folder, tmp_path / "a.tar", "pax").read_bytes()
    (tmp_path / "a.tar").write_bytes(data.replace(b" path=", b"xpath="))
    with pytest.raises(BadFileError, match=r"a\.tar' is a damaged tar archive \(a pax header"):
        ImageIndex(tmp_path / "a.tar")
