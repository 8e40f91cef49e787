"""From a folder of class folders to two feeds, in one line."""

import os
from typing import Any, Literal

from sklmerge._checks import check_choice, check_whole, is_real
from sklmerge.augment import ImageScaler
from sklmerge.feed._batches import ClassMode, ImageBatches
from sklmerge.images import GroupBy, ImageIndex, merge_index, name_groups
from sklmerge.sampling import EpochSchedule

FRAMEWORKS = ("keras", "torch", "tf")


def batches_from_directory(
    directory: str | os.PathLike[str] | ImageIndex,
    *,
    image_size: tuple[int, int] = (256, 256),
    merge: Any = None,
    samples_per_class: Any = "natural",
    augmenter: Any = "light",
    validation_split: float = 0.2,
    group_by: GroupBy | None = None,
    batch_size: int = 32,
    framework: Literal["keras", "torch", "tf"] | None = None,
    class_mode: ClassMode = "sparse",
    color_mode: str = "rgb",
    scaler: Any = "unit",
    on_error: str = "raise",
    n_jobs: int | None = None,
    num_workers: int = 0,
    random_state: int = 0,
) -> tuple[Any, Any]:
    """Make training and validation batches from a folder with one folder per class.

    The images are first split into training and validation images. Training images are drawn and
    augmented differently in every epoch. Each validation image appears once per epoch, in order and
    without augmentation. Training and validation images are scaled in the same way.

    Parameters
    ----------
    directory : path, URL or ImageIndex
        A folder that contains one folder per class.
    image_size : (int, int), default=(256, 256)
        Height and width of all images.
    merge : mapping, list of lists, LabelMerger or None, default=None
        Which class folders to merge, such as ``{"AB": ["A", "B"]}``.
    samples_per_class : {"natural", "minority", "majority"}, int or mapping, default="natural"
        Number of draws of each class per epoch. "natural" draws each image once, in shuffled order.
        All other values balance the classes; see `EpochSchedule`.
    augmenter : augmenter, str, mapping of label to augmenter, or None, default="light"
        How training images are augmented.
    validation_split : float, default=0.2
        Fraction of the images of each class that is used for validation.
    group_by : str, pattern, callable, mapping or None, default=None
        Which images must be in the same part, such as all images of a patient. Pass a column of a
        table in the folder, a regular expression whose first capturing group matches the name of
        the group, a function of the path relative to the folder, a mapping from such paths to
        groups, "content" for equal files, or "similar" for near duplicates. See `balance_folder`.
    batch_size : int, default=32
        Maximum number of images in a batch.
    framework : {"keras", "torch", "tf"} or None, default=None
        What to return: a `keras.utils.PyDataset`, a torch `DataLoader`, a `tf.data.Dataset` or,
        with None, `ImageBatches`.
    class_mode : str, default="sparse"
        How labels are encoded, see `ImageBatches`.
    color_mode : {"rgb", "grayscale", "rgba", "keep"}, default="rgb"
        Colour mode in which image files are decoded.
    scaler : "unit", ImageScaler, transformer or None, default="unit"
        How images are normalised. "unit" scales values to the range 0 to 1, like
        ``ImageScaler(rescale=1 / 255)``.
    on_error : {"raise", "skip", "warn"}, default="raise"
        What to do if a file cannot be read, see `ImageBatches`.
    n_jobs : int or None, default=None
        Number of threads that prepare batches in advance.
    num_workers : int, default=0
        Number of worker processes. Must be 0 unless `framework` is "torch".
    random_state : int, default=0
        Seed for the split, the draws and the augmentation.

    Returns
    -------
    train, val : feeds
        The training and validation batches. They have the attributes ``class_names``,
        ``class_indices`` and ``merger``, unless `framework` is "tf": a `tf.data.Dataset` cannot
        have extra attributes.

    Raises
    ------
    ValueError, TypeError
        If the folder does not exist, or a parameter is wrong.

    See Also
    --------
    ImageBatches : Makes batches from any source, with more options.
    balance_folder : Writes a balanced folder to disk.

    Notes
    -----
    For users of Keras: pass `seed` as `random_state`, `label_mode` as `class_mode`, `target_size`
    as `image_size`, and `rescale` as a `scaler`. Both subsets are returned, and training images are
    shuffled.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> from sklmerge import batches_from_directory
    >>> from sklmerge.datasets import write_textures
    >>> folder = TemporaryDirectory()
    >>> write_textures(folder.name)
    >>> train, val = batches_from_directory(
    ...     folder.name,
    ...     image_size=(32, 48),
    ...     merge={"ground": ["grass", "gravel"]},
    ...     samples_per_class="minority",
    ... )
    >>> train
    ImageBatches(192 images, 2 classes, epoch 0: 4 batches of up to 32, 128 draws)
    >>> len(val), val.class_indices
    (2, {'brick': 0, 'ground': 1})
    >>> folder.cleanup()
    """
    if framework is not None:
        check_choice("framework", framework, FRAMEWORKS)
    check_whole("num_workers", num_workers, 0)
    if framework != "torch" and num_workers != 0:
        raise ValueError(
            f'num_workers is for framework="torch", got {num_workers!r}; pass n_jobs, the number '
            "of threads"
        )
    if not is_real(validation_split) or not 0 < validation_split < 1:
        raise ValueError(
            f"validation_split must be a share between 0 and 1, got {validation_split!r}; for one "
            "feed of all images use ImageBatches(ImageIndex(directory), ...)"
        )
    index = directory if isinstance(directory, ImageIndex) else ImageIndex(directory)
    index = merge_index(index, merge, "batches_from_directory")
    groups = None
    if group_by is not None:
        files = index.files if index.paths.hold_urls() else None
        groups = name_groups(index.paths, group_by, files=files, reader=index.reader, n_jobs=n_jobs)
    parts = index.split(validation_split, groups=groups, random_state=random_state)
    settings: dict[str, Any] = {
        "scaler": ImageScaler(rescale=1 / 255) if isinstance(scaler, str) else scaler,
        "batch_size": batch_size,
        "image_size": image_size,
        "class_mode": class_mode,
        "color_mode": color_mode,
        "on_error": on_error,
        "n_jobs": n_jobs,
    }
    if isinstance(scaler, str):
        check_choice("scaler", scaler, ("unit",))
    if samples_per_class is None:
        raise ValueError(
            'samples_per_class must be "natural" for each image once, or balance, got None'
        )
    schedule = EpochSchedule(samples_per_class, random_state=random_state)
    train = ImageBatches(parts[0], schedule=schedule, augmenter=augmenter, **settings)
    val = ImageBatches(parts[1], **settings)
    if framework == "torch":
        return train.to_torch(num_workers), val.to_torch(num_workers)
    if framework == "keras":
        return train.to_keras(), val.to_keras()
    return (train.to_tf(), val.to_tf()) if framework == "tf" else (train, val)
