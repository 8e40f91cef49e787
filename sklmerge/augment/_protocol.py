"""What the rest of the library asks of an augmenter."""

from typing import Any, Protocol, runtime_checkable

from numpy.typing import ArrayLike, NDArray

from sklmerge.augment._params import AugmentationParams


@runtime_checkable
class Augmenter(Protocol):
    """What the rest of the library asks of an augmenter; `ImageAugmenter` is one."""

    def draw_params(
        self, n: int, random_state: Any = None, *, keys: ArrayLike | None = None
    ) -> AugmentationParams:
        """Draw how n images are varied."""

    def apply(
        self,
        X: ArrayLike,
        params: AugmentationParams,
        *,
        indices: ArrayLike | None = None,
        out: NDArray[Any] | None = None,
    ) -> NDArray[Any]:
        """Vary images by given parameters."""
