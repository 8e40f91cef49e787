"""Class weights in, the line to paste into a framework's code out."""

from sklmerge.images import ImageIndex
from sklmerge.weights import ClassWeightEstimator


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
        raise ValueError(f"framework must be one of {', '.join(lines)}, got {framework!r}")
    return lines[framework]
