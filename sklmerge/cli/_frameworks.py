"""Class weights in, the line to paste into a framework's code out."""

from sklmerge import ClassWeightEstimator, ImageIndex
from sklmerge.cli._output import print_json, print_lines, print_table


def write_code(framework: str, estimator: ClassWeightEstimator, index: ImageIndex) -> str:
    """Write the line that weighs classes in a framework.

    Parameters
    ----------
    framework : {"keras", "torch", "sklearn", "lightgbm", "catboost", "xgboost"}
        Where the line goes.
    estimator : ClassWeightEstimator
        Fitted.
    index : ImageIndex
        Whose classes they are; Keras and torch number them as folders are numbered.

    Returns
    -------
    str
        Python code.

    Raises
    ------
    ValueError
        If the framework is another.

    Notes
    -----
    XGBoost has no weights for classes, so its line weighs samples; y holds numbers of classes.
    """
    by_label = {label: round(weight, 6) for label, weight in estimator.class_weight_.items()}
    numbered = estimator.to_keras(index.class_indices)
    by_index = {number: round(weight, 6) for number, weight in numbered.items()}
    lines = {
        "keras": f"model.fit(..., class_weight={by_index})",
        "torch": f"torch.nn.CrossEntropyLoss(weight=torch.tensor({list(by_index.values())}))",
        "sklearn": f"LogisticRegression(class_weight={by_label})",
        "lightgbm": f"LGBMClassifier(class_weight={by_label})",
        "catboost": f"CatBoostClassifier(class_weights={by_label})",
        "xgboost": f"XGBClassifier().fit(X, y, sample_weight=[{by_index}[number] for number in y])",
    }
    if framework not in lines:
        raise ValueError(f"--framework must be one of {', '.join(lines)}, got {framework!r}")
    return lines[framework]


def tell_weights(
    estimator: ClassWeightEstimator, index: ImageIndex, code: str, as_json: bool
) -> None:
    """Print the weight of each class, and the code, for people or for programs."""
    class_weight, indices = estimator.class_weight_, index.class_indices
    if as_json:
        print_json(
            {
                "class_indices": indices,
                "counts": index.counts,
                "class_weight": class_weight,
                "keras": {str(i): w for i, w in estimator.to_keras(indices).items()},
                "code": code,
            }
        )
        return
    rows = [
        [indices[label], label, index.counts[label], round(class_weight[label], 6)]
        for label in index.classes
    ]
    print_table(["index", "class", "images", "weight"], rows)
    print_lines(code.split("\n"))
