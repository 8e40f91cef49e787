"""Equal and near images, against the imagehash library, brute force and pictures made by hand."""

import cv2
import imagehash
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from PIL import Image
from sklearn.base import clone

from sklmerge import EmbeddingFeatures, ImageIndex
from sklmerge.datasets import load_textures
from sklmerge.images import find_equal, find_near, take_fingerprints
from sklmerge.images._phash import (
    hash_thumbnails,
    make_grey,
    pair_hashes,
    shrink_grey,
)


def make_thumbnail(image):
    (thumbnail,) = shrink_grey([make_grey(image)])
    return thumbnail


def draw_scene(rng, height=300, width=420):
    """Draw smooth blobs of colour, as large as photographs' subjects are."""
    small = rng.integers(0, 256, (6, 9, 3), dtype=np.uint8)
    return cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC)


@pytest.fixture(scope="module")
def album(tmp_path_factory):
    """Ten scenes; 0 also copied, 1 saved anew without loss, 2 recompressed, 3 resized."""
    folder = tmp_path_factory.mktemp("album")
    rng = np.random.default_rng(0)
    scenes = [draw_scene(rng) for _ in range(10)]
    for name, scene in enumerate(scenes):
        cv2.imwrite(str(folder / f"{name}.png"), scene)
    (folder / "copy of 0.png").write_bytes((folder / "0.png").read_bytes())
    cv2.imwrite(str(folder / "1.bmp"), scenes[1])
    cv2.imwrite(str(folder / "2.jpg"), scenes[2], [cv2.IMWRITE_JPEG_QUALITY, 70])
    cv2.imwrite(str(folder / "3 small.jpg"), cv2.resize(scenes[3], (210, 150)))
    (folder / "broken.jpg").write_bytes(b"\xff\xd8 no image")
    return folder


def name_groups(groups, paths):
    return [sorted(paths[row].name for row in group) for group in groups]


def test_equal_and_near_images_of_an_album_are_grouped(album):
    paths = sorted(album.iterdir())
    assert name_groups(find_equal(paths), paths) == [["0.png", "copy of 0.png"]]
    assert name_groups(find_equal(paths, by="pixels"), paths) == [
        ["0.png", "copy of 0.png"],
        ["1.bmp", "1.png"],
    ]
    near = find_near(paths)
    assert name_groups(near.groups, paths) == [
        ["0.png", "copy of 0.png"],
        ["1.bmp", "1.png"],
        ["2.jpg", "2.png"],
        ["3 small.jpg", "3.png"],
    ]
    assert (near.correlations >= 0.98).all()
    assert len(near.capped) == 0


def test_one_pass_over_the_files_serves_all_comparisons(album):
    paths = sorted(album.iterdir())
    prints = take_fingerprints(paths)
    assert [g.tolist() for g in find_equal(prints)] == [g.tolist() for g in find_equal(paths)]
    pixels = [g.tolist() for g in find_equal(prints, by="pixels")]
    assert pixels == [g.tolist() for g in find_equal(paths, by="pixels")]
    assert [g.tolist() for g in find_near(prints).groups] == [
        g.tolist() for g in find_near(paths).groups
    ]


@pytest.mark.parametrize("shape", [(40, 60), (300, 420), (97, 33)])
def test_hashes_are_those_of_imagehash_on_the_same_grey_pixels(shape):
    rng = np.random.default_rng(1)
    for _ in range(20):
        grey = draw_scene(rng, *shape)[..., 0]
        theirs = int(str(imagehash.phash(Image.fromarray(grey))), 16)
        assert int(hash_thumbnails(make_thumbnail(grey)[None])[0]) == theirs


@pytest.mark.parametrize(
    "shape", [(48, 64), (64, 64), (90, 91), (91, 90), (91, 92), (9, 20), (20, 9), (32, 32), (1, 5)]
)
def test_thumbnails_are_what_pillow_makes_of_the_grey_image(shape):
    rng = np.random.default_rng(4)
    for image in (rng.integers(0, 256, shape), rng.integers(0, 2, shape) * 255):
        grey = image.astype(np.uint8)
        expected = Image.fromarray(grey).resize((32, 32), Image.Resampling.LANCZOS)
        assert_array_equal(make_thumbnail(grey), np.asarray(expected))


def test_thumbnails_made_together_are_those_made_one_by_one():
    rng = np.random.default_rng(6)
    shapes = [(40, 50), (33, 70), (40, 50), (70, 33), (40, 50), (600, 700), (70, 33)]
    images = [rng.integers(0, 256, (*shape, 3), dtype=np.uint8) for shape in shapes]
    together = shrink_grey([make_grey(image) for image in images])
    assert_array_equal(together, [make_thumbnail(image) for image in images])


@pytest.mark.parametrize("shape", [(3, 1285), (1285, 3), (1, 70_000), (600, 700)])
def test_thumbnails_of_long_images_are_shrunk_by_areas_first(shape):
    grey = np.random.default_rng(5).integers(0, 256, shape, dtype=np.uint8)
    size = min(shape[1], 512), min(shape[0], 512)
    shrunk = Image.fromarray(cv2.resize(grey, size, interpolation=cv2.INTER_AREA))
    expected = shrunk.resize((32, 32), Image.Resampling.LANCZOS)
    assert_array_equal(make_thumbnail(grey), np.asarray(expected))


def test_reduced_decoding_changes_at_most_two_bits(tmp_path):
    rng = np.random.default_rng(2)
    for number in range(20):
        path = tmp_path / f"{number}.jpg"
        cv2.imwrite(str(path), draw_scene(rng, 900, 1300))
        near = find_near([path, path], max_distance=0)
        assert len(near.pairs) == 1
        whole = hash_thumbnails(make_thumbnail(cv2.imread(str(path))[..., ::-1])[None])
        theirs = int(str(imagehash.phash(Image.open(path))), 16)
        assert int(whole[0] ^ np.uint64(theirs)).bit_count() <= 2


@given(
    st.lists(st.integers(0, 2**64 - 1), min_size=1, max_size=12),
    st.lists(st.tuples(st.integers(0, 11), st.sets(st.integers(0, 63), max_size=6)), max_size=12),
    st.integers(0, 8),
)
def test_pairs_of_near_hashes_are_those_of_brute_force(hashes, changes, max_distance):
    for place, bits in changes:
        hashes.append(hashes[place % len(hashes)] ^ sum(1 << bit for bit in bits))
    pairs, capped = pair_hashes(np.array(hashes, np.uint64), max_distance)
    expected = [
        [i, j]
        for i in range(len(hashes))
        for j in range(i + 1, len(hashes))
        if (hashes[i] ^ hashes[j]).bit_count() <= max_distance
    ]
    assert pairs.tolist() == expected
    assert len(capped) == 0


def test_crowded_hashes_are_capped_and_told():
    hashes = np.zeros(2000, np.uint64)
    pairs, capped = pair_hashes(hashes, 4)
    assert len(capped) > 0
    assert len(pairs) < 2000 * 300


def test_a_correlation_too_low_is_shown_and_groups_nothing(tmp_path):
    # Two gradients with other details: hashes alike, pictures not.
    ramp = np.tile(np.linspace(0, 255, 64), (64, 1))
    rng = np.random.default_rng(3)
    for name in ("a", "b"):
        noisy = np.clip(ramp * 0.15 + rng.normal(100, 30, ramp.shape), 0, 255)
        cv2.imwrite(str(tmp_path / f"{name}.png"), noisy.astype(np.uint8))
    paths = sorted(tmp_path.iterdir())
    near = find_near(paths, max_distance=30)
    assert near.groups == []
    assert near.weak_pairs.tolist() in ([], [[0, 1]])
    loose = find_near(paths, max_distance=30, min_correlation=-1)
    assert len(loose.pairs) == len(near.weak_pairs)


def test_blank_images_are_near_by_their_colour(tmp_path):
    for name, level in (("a", 10), ("b", 11), ("c", 200)):
        cv2.imwrite(str(tmp_path / f"{name}.png"), np.full((20, 30), level, np.uint8))
    near = find_near(sorted(tmp_path.iterdir()))
    assert [group.tolist() for group in near.groups] == [[0, 1]]


def test_an_embedding_may_say_what_is_near(tmp_path):
    vectors = np.array([[1, 0], [0, 1], [2, 0.01], [0, 3], [1, 1]])
    near = find_near([f"{n}.png" for n in range(5)], embed=lambda paths: vectors)
    assert [group.tolist() for group in near.groups] == [[0, 2], [1, 3]]


def test_features_that_are_not_fitted_are_fitted_and_stay_as_they_were(tmp_path):
    scene = draw_scene(np.random.default_rng(0), 30, 42)
    for name, image in (("a", scene), ("b", scene // 2 + 3), ("c", 255 - scene)):
        cv2.imwrite(str(tmp_path / f"{name}.png"), image)
    features = EmbeddingFeatures(
        lambda batch: (batch - batch.mean((1, 2, 3), keepdims=True)).reshape(len(batch), -1)
    )
    for embed in (features, clone(features).fit(sorted(tmp_path.iterdir()))):
        near = find_near(sorted(tmp_path.iterdir()), embed=embed)
        assert [group.tolist() for group in near.groups] == [[0, 1]]
    assert not hasattr(features, "n_outputs_")


def test_a_transform_that_has_nothing_to_learn_needs_no_fit():
    class Means:
        def transform(self, images):
            return np.array([image.mean((0, 1)) for image in images])

    colors = np.array([[200, 10, 30], [10, 200, 30], [100, 5, 15]], np.uint8)
    images = np.broadcast_to(colors[:, None, None], (3, 9, 14, 3))
    near = find_near(images, embed=Means())
    assert [group.tolist() for group in near.groups] == [[0, 2]]


@pytest.mark.parametrize("dtype", [np.uint16, np.float32, np.float64])
def test_every_depth_has_a_thumbnail(dtype):
    image = load_textures().images[0][:20, :31]
    scaled = image.astype(dtype) * (257 if dtype is np.uint16 else 1 / 255)
    difference = make_thumbnail(scaled).astype(int) - make_thumbnail(image)
    stretched = 255 / np.ptp(image) if dtype is not np.uint16 else 1
    assert abs(difference).mean() < 40 * stretched


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"max_distance": -1}, "max_distance must be a whole number from 0 to 30, got -1"),
        ({"min_correlation": 2}, "min_correlation must be a number from -1 to 1, got 2"),
        ({"min_correlation": True}, "min_correlation must be a number from -1 to 1, got True"),
    ],
)
def test_wrong_parameters_are_named(change, message):
    with pytest.raises(ValueError, match=message):
        find_near(["a.jpg"], **change)
    with pytest.raises(TypeError, match="images must be an ImageIndex, paths or Fingerprints"):
        find_near(3)


def test_an_index_finds_its_own_rows(tmp_path):
    rng = np.random.default_rng(4)
    for label in ("cat", "dog"):
        (tmp_path / label).mkdir()
        for number in range(3):
            cv2.imwrite(str(tmp_path / label / f"{number}.png"), draw_scene(rng, 40, 60))
    (tmp_path / "dog" / "9.png").write_bytes((tmp_path / "cat" / "1.png").read_bytes())
    index = ImageIndex(tmp_path)
    assert [group.tolist() for group in find_equal(index)] == [[1, 6]]
    assert [group.tolist() for group in find_near(index).groups] == [[1, 6]]
