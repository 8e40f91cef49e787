"""The same question asked of networks: one trained from scratch, each remedy with as many draws.

    python examples/experiments/networks.py rbc12 FOLDER
    python examples/experiments/networks.py fashion FOLDER
    python examples/experiments/networks.py fashion_4 FOLDER
    python examples/experiments/networks.py rbc12 FOLDER --draws 135000 --model "network, long" \
        --out docs/experiments/rbc12_networks_long.csv --only nothing "weights: balanced" \
        "copies: 3 + weights" "balanced epochs, all augmented" "all augmented"

The data are those of rbc12.py and fashion.py; `fashion_4` makes the largest class 4 times the
smallest instead of 100 times. Each network is trained once, and what only moves its decisions
afterwards reuses its outputs.
"""

import argparse
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import fashion
import numpy as np
import rbc12
import torch
from models import pick_strength
from protocol import COLUMNS, Fold, Task, score, write_rows
from sklearn.model_selection import train_test_split
from torch import nn

from sklmerge import (
    AugmentingOverSampler,
    ClassWeightEstimator,
    EpochSchedule,
    ImageAugmenter,
    adjust_prior,
    logit_offsets,
)

TASKS: dict[str, Callable[[Path], Task]] = {
    "rbc12": rbc12.make_task,
    "fashion": fashion.make_task,
    "fashion_4": partial(fashion.make_task, ratio=4),
}
BATCH = 64
# The part of a training after which deferred weights count (Cao et al. 2019 take 80 %).
DEFERRED_FROM = 0.8
MIXUP_ALPHA = 0.2
CHOSEN = "prior adjustment: strength chosen inside"


@dataclass(frozen=True, eq=False)
class Rows:
    """What a network is trained on: images (n, H, W, C), uint8, and class codes (n,)."""

    images: np.ndarray
    codes: np.ndarray
    n_classes: int

    def count(self) -> np.ndarray:
        return np.bincount(self.codes, minlength=self.n_classes)


@dataclass(frozen=True)
class Recipe:
    """One way to train; everything else is the same for all."""

    name: str
    samples_per_class: str = "natural"
    augment: str = "none"
    n_copies: int = 0
    power: float = 0.0  # of inverse-frequency weights; 0 weighs all classes alike
    weights_from: float = 0.0  # the part of the training from which weights count
    balanced_softmax: bool = False
    mixup: bool = False


RECIPES = (
    Recipe("nothing"),
    Recipe("weights: balanced", power=1.0),
    Recipe("weights: square root", power=0.5),
    Recipe("weights: balanced, deferred", power=1.0, weights_from=DEFERRED_FROM),
    Recipe("balanced softmax", balanced_softmax=True),
    Recipe("copies: 3 + weights", n_copies=3, power=1.0),
    Recipe("balanced epochs, all augmented", "majority", augment="all"),
    Recipe("all augmented", augment="all"),
    Recipe("MixUp", mixup=True),
)


def build_network(n_channels: int, n_classes: int) -> nn.Sequential:
    """Build four blocks of convolution, then the mean over the image, then a linear layer."""
    layers: list[nn.Module] = []
    for width in (16, 32, 64, 128):
        layers += [
            nn.Conv2d(n_channels, width, 3, padding=1, bias=False),
            nn.BatchNorm2d(width),
            nn.ReLU(),
            nn.MaxPool2d(2),
        ]
        n_channels = width
    layers += [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(n_channels, n_classes)]
    return nn.Sequential(*layers).to(memory_format=torch.channels_last)


def to_tensor(images: np.ndarray) -> torch.Tensor:
    """Scale uint8 images, channels last, to a float batch around 0, channels first."""
    batch = torch.from_numpy(images.astype(np.float32) / 127.5 - 1)
    return batch.permute(0, 3, 1, 2)


def grow(rows: Rows, n_copies: int, seed: int) -> Rows:
    """Add at most so many augmented copies of each image of the rarer classes."""
    sampler = AugmentingOverSampler("light", max_copies=n_copies, random_state=seed)
    images, codes = sampler.fit_resample(rows.images, rows.codes)
    return Rows(images, codes, rows.n_classes)


def draw_batches(
    rows: Rows, recipe: Recipe, n_draws: int, seed: int
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield images and codes, batch by batch, until there were so many draws."""
    schedule = EpochSchedule(
        recipe.samples_per_class,
        augment=recipe.augment,
        stratify_batches=False,
        random_state=seed,
    ).fit(rows.codes)
    augmenter = ImageAugmenter.preset("light")
    epoch = done = 0
    while done < n_draws:
        draws = schedule.draws(epoch)
        for start in range(0, len(draws) - 1, BATCH):
            batch = draws.take(np.arange(start, min(start + BATCH, len(draws))))
            images = rows.images[batch.indices]
            if batch.is_augmented.any():
                params = augmenter.draw_params(len(batch), seed, keys=batch.keys)
                images = augmenter.apply(rows.images, params, indices=batch.indices)
            yield images, rows.codes[batch.indices]
            done += len(batch)
            if done >= n_draws:
                return
        epoch += 1


def measure_loss(
    network: nn.Module,
    images: torch.Tensor,
    codes: torch.Tensor,
    weights: torch.Tensor,
    offsets: torch.Tensor,
    rng: np.random.Generator | None,
) -> torch.Tensor:
    """Cross-entropy of a batch; with a generator, of pairs of images mixed at random (MixUp)."""
    loss = nn.CrossEntropyLoss(reduction="none")
    if rng is None:
        return (loss(network(images) - offsets, codes) * weights[codes]).mean()
    share = rng.beta(MIXUP_ALPHA, MIXUP_ALPHA)
    other = torch.from_numpy(rng.permutation(len(codes)))
    logits = network(share * images + (1 - share) * images[other])
    return (share * loss(logits, codes) + (1 - share) * loss(logits, codes[other])).mean()


def train(rows: Rows, recipe: Recipe, n_draws: int, seed: int) -> nn.Sequential:
    """Train a network by one recipe."""
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed) if recipe.mixup else None
    if recipe.n_copies:
        rows = grow(rows, recipe.n_copies, seed)
    network = build_network(rows.images.shape[-1], rows.n_classes)
    optimizer = torch.optim.AdamW(network.parameters(), lr=3e-3, weight_decay=1e-2)
    n_steps = -(-n_draws // BATCH)
    # An epoch's last batch may be short, so there may be some steps more than that.
    rate = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: 0.5 * (1 + np.cos(np.pi * min(step / n_steps, 1.0)))
    )
    even = torch.ones(rows.n_classes)
    estimator = ClassWeightEstimator("balanced", power=recipe.power).fit(rows.codes)
    weights = torch.tensor([estimator.class_weight_[code] for code in range(rows.n_classes)])
    offsets = torch.zeros(rows.n_classes)
    if recipe.balanced_softmax:
        offsets = torch.from_numpy(logit_offsets(rows.count() / len(rows.codes)))
    for step, (images, codes) in enumerate(draw_batches(rows, recipe, n_draws, seed)):
        is_weighted = step >= recipe.weights_from * n_steps
        loss = measure_loss(
            network,
            to_tensor(images),
            torch.from_numpy(codes),
            weights.float() if is_weighted else even,
            offsets.float(),
            rng,
        )
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        rate.step()
    return network.eval()


@torch.inference_mode()
def run_network(network: nn.Module, images: np.ndarray) -> np.ndarray:
    """Run a network in batches; gives an array (n, outputs)."""
    parts = [network(to_tensor(images[k : k + 512])) for k in range(0, len(images), 512)]
    return torch.cat(parts).numpy()


def predict_proba(network: nn.Module, images: np.ndarray) -> np.ndarray:
    """Give class probabilities as float64, rows summing to 1."""
    logits = torch.from_numpy(run_network(network, images)).double()
    return torch.softmax(logits, dim=1).numpy()


def choose_strength(rows: Rows, n_draws: int, seed: int) -> float:
    """Choose the strength of the adjustment by a network that has not seen a fifth of the rows."""
    fit, held = train_test_split(
        np.arange(len(rows.codes)), test_size=0.2, stratify=rows.codes, random_state=seed
    )
    inner = Rows(rows.images[fit], rows.codes[fit], rows.n_classes)
    P = predict_proba(train(inner, RECIPES[0], n_draws, seed), rows.images[held])
    return pick_strength(rows.codes[held], P, np.arange(rows.n_classes), inner.count())


def retrain_head(network: nn.Sequential, rows: Rows, n_draws: int, seed: int) -> nn.Sequential:
    """Train the last layer anew on balanced draws, on top of what the network has learned (cRT)."""
    torch.manual_seed(seed)
    trunk = network[:-1]
    described = run_network(trunk, rows.images)
    head = nn.Linear(described.shape[1], rows.n_classes)
    optimizer = torch.optim.AdamW(head.parameters(), lr=1e-2)
    schedule = EpochSchedule("majority", augment="none", stratify_batches=False, random_state=seed)
    schedule.fit(rows.codes)
    epoch = done = 0
    while done < n_draws:
        indices = schedule.draws(epoch).indices
        for start in range(0, len(indices), BATCH):
            chosen = indices[start : start + BATCH]
            logits = head(torch.from_numpy(described[chosen]))
            loss = nn.functional.cross_entropy(logits, torch.from_numpy(rows.codes[chosen]))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        done += len(indices)
        epoch += 1
    return nn.Sequential(*trunk, head).eval()


def run_seed(
    task: Task, seed: int, n_draws: int, model: str, only: Sequence[str] = ()
) -> Iterator[dict]:
    """Train and score everything on one split."""
    fold: Fold = task.split(seed)
    classes, codes = np.unique(task.labels[fold.train], return_inverse=True)
    images = task.images if task.images.ndim == 4 else task.images[..., None]
    rows, tested = Rows(images[fold.train], codes, len(classes)), images[fold.test]
    shares = rows.count() / len(codes)

    def note(method: str, P: np.ndarray) -> dict:
        scores = score(task.labels[fold.test], P, classes, fold.weight)
        head = {"model": model, "method": method, "seed": seed, "level": "original"}
        return {**head, "rows": n_draws, **scores}

    for recipe in RECIPES:
        if only and recipe.name not in only:
            continue
        network = train(rows, recipe, n_draws, seed)
        P = predict_proba(network, tested)
        yield note(recipe.name, P)
        if recipe.name == "nothing":
            for strength in (0.5, 1.0):
                adjusted = adjust_prior(P, shares, strength=strength)
                yield note(f"prior adjustment: {strength:g}", adjusted)
            if not only or CHOSEN in only:  # it costs a training of its own
                chosen = choose_strength(rows, n_draws, seed)
                yield note(CHOSEN, adjust_prior(P, shares, strength=chosen))
            head = retrain_head(network, rows, n_draws // 2, seed)
            yield note("last layer trained anew, balanced", predict_proba(head, tested))
        if recipe.name == "all augmented":
            yield note("all augmented + prior adjustment: 1", adjust_prior(P, shares))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("task", choices=sorted(TASKS))
    parser.add_argument("data", type=Path, help="the folder of the data")
    parser.add_argument("--seeds", type=int, default=3, help="how many; 3 unless told")
    parser.add_argument("--draws", type=int, default=45_000, help="images drawn for each network")
    parser.add_argument("--model", default="network", help="what the CSV calls it")
    parser.add_argument("--only", nargs="+", default=(), help="the recipes to try, by name")
    parser.add_argument("--out", type=Path, help="the CSV to write")
    arguments = parser.parse_args()
    results = Path(__file__).parents[2] / "docs" / "experiments"
    out = arguments.out or results / f"{arguments.task}_networks.csv"
    # One thread: the same sums in the same order everywhere.
    torch.set_num_threads(1)
    task = TASKS[arguments.task](arguments.data)
    rows: list[dict] = []
    for seed in range(arguments.seeds):
        for row in run_seed(task, seed, arguments.draws, arguments.model, arguments.only):
            rows.append(row)
            write_rows(out, COLUMNS, rows)
            print(f"seed {seed}, {row['method']}: {row['balanced_accuracy']}", flush=True)


if __name__ == "__main__":
    main()
