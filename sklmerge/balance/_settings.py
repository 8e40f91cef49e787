"""What the files of a job have in common."""

from dataclasses import dataclass

from sklmerge.augment._adapters import Augmenter
from sklmerge.balance._store import Store
from sklmerge.images._remote import RemoteFiles


@dataclass(frozen=True)
class OutputSettings:
    """What the files of a job have in common; the fields are parameters of `balance_folder`."""

    augmenter: Augmenter | None
    seed: int
    image_size: tuple[int, int] | None
    place: str
    quality: int
    max_pixels: int | None
    remote: RemoteFiles | None
    store: Store
    owner: int
