"""What to do about what was found, for a shell, for Python and for each framework."""

from collections.abc import Mapping
from shlex import quote

from sklmerge.balance import RULES
from sklmerge.images import ImageIndex, ImageReport
from sklmerge.report._place import Merge, Place, write_merge
from sklmerge.weights import ClassWeightEstimator


def choose_grouping(place: Place, report: ImageReport) -> str | None:
    """Choose `group_by` according to the duplicates that were found; None for a divided source."""
    if place.whole is not None:
        return None
    if report.similar or report.same_pixels:
        return "similar"
    return "content" if report.duplicates else None


def explain_findings(
    place: Place, report: ImageReport, bad_elsewhere: Mapping[str, int]
) -> list[str]:
    """Say what to do about problems other than imbalance."""
    reasons = []
    grouping = choose_grouping(place, report)
    if place.whole is not None and (report.similar or report.same_pixels or report.duplicates):
        reasons.append(
            "some images of train exist more than once: leave the duplicates out with "
            "drop='duplicates', and images that are also in another part with drop='leaks'"
        )
    if grouping is not None:
        reasons.append(
            f"some images exist more than once: split with group_by={grouping!r}, so that no image "
            "is in both train and val, or leave the duplicates out with drop"
        )
    if report.conflicts:
        reasons.append(
            f"groups of equal images with different labels: {len(report.conflicts)}; correct the "
            "labels, or leave these images out with drop='conflicts'"
        )
    if bad_elsewhere:
        told = ", ".join(f"{n} in {part}" for part, n in bad_elsewhere.items())
        reasons.append(
            f"files of other parts that cannot be read: {told}; leave them out with on_error='skip'"
        )
    return reasons


def write_commands(
    place: Place,
    merge: Merge | None,
    remedy: str,
    report: ImageReport,
    bad_elsewhere: Mapping[str, int],
    fits: bool = True,
) -> list[str]:
    """Write the commands that follow the advice and skip unreadable files."""
    if place.is_index:
        return []
    if remedy == "weights":
        return [f"sklmerge weights {place.write_shell()}{write_merge(merge)}"]
    # Epochs have no command: copies and weights stand in for them, if there is room for the
    # copies.
    if remedy == "nothing" or not fits:
        return []
    grouping = choose_grouping(place, report)
    job = place.take_whole()
    folder, out = job.write_shell(), quote(job.name_output())
    more = write_merge(merge)
    more += " --on-error skip" if report.bad_files or bad_elsewhere else ""
    more += f" --group-by {grouping}" if grouping else ""
    return [
        f"sklmerge balance {folder} {out}{more} --max-copies {RULES.max_copies}",
        f"sklmerge weights {out}/train",
    ]


# A classifier of each kind, trained without weights.
_CLASSIFIERS = {
    "linear": ("sklearn.linear_model", "LogisticRegression(max_iter=1000)"),
    "trees": ("sklearn.ensemble", "HistGradientBoostingClassifier()"),
    "embedding": ("sklearn.linear_model", "LogisticRegression(max_iter=1000)"),
}


def write_code(
    place: Place,
    merge: Merge | None,
    remedy: str,
    report: ImageReport,
    bad_elsewhere: Mapping[str, int],
    model: str = "network",
) -> list[str]:
    """Write Python code that follows the advice; after code for copies, also balanced epochs."""
    if remedy == "nothing":
        return []
    first = _write_adjustment(place, merge, model)
    if remedy == "weights":
        return [
            *first,
            "from sklmerge import ClassWeightEstimator, ImageIndex",
            f"class_weight = ClassWeightEstimator().fit({place.write_code(merge)}).to_keras()",
        ]
    epochs = _write_epochs(place, merge, report)
    if remedy == "epochs":
        return [*first, *epochs]
    skips = bool(report.bad_files or bad_elsewhere)
    return [
        *first,
        *_write_copies(place.take_whole(), merge, skips, choose_grouping(place, report)),
        "# or, in a training loop:",
        *epochs,
    ]


def _write_adjustment(place: Place, merge: Merge | None, model: str) -> list[str]:
    """Write what divides probabilities by the class shares, after a training without weights."""
    if model == "network":
        return [
            "from sklmerge import ImageIndex, logit_offsets",
            f"counts = {place.write_code(merge)}.counts",
            "offsets = logit_offsets(list(counts.values()))",
            "# first: train without weights, add the offsets to the logits, then decide. Next:",
        ]
    module, classifier = _CLASSIFIERS[model]
    features = "EmbeddingFeatures(network)" if model == "embedding" else "features"
    return [
        f"from {module} import {classifier.partition('(')[0]}",
        "from sklmerge import PriorAdjustedClassifier",
        f"classifier = PriorAdjustedClassifier({classifier})",
        f"# first: fit it on {features}; it decides as if the classes were balanced. Next:",
    ]


def _write_copies(
    place: Place, merge: Merge | None, skips: bool, grouping: str | None
) -> list[str]:
    """Write the job that makes copies, and the weights of what it leaves uneven."""
    out = place.name_output()
    more = ', on_error="skip"' if skips else ""
    more += f', group_by="{grouping}"' if grouping else ""
    balanced = f"ImageIndex({f'{out}/train'!r})"
    return [
        "from sklmerge import ClassWeightEstimator, ImageIndex, balance_folder",
        "balance_folder(",
        f"    {place.write_job(merge, out)}, max_copies={RULES.max_copies}{more}",
        ")",
        f"class_weight = ClassWeightEstimator().fit({balanced}).to_keras()",
    ]


def _write_epochs(place: Place, merge: Merge | None, report: ImageReport) -> list[str]:
    """Write balanced epochs for a training loop."""
    index = place.write_code(merge)
    # Images of several sizes are brought to the median; files that cannot be read are passed over.
    sizes = {name: tuple(size) for name, size in report.sizes.items()}
    options = [f", image_size={sizes['median']}"] if len(set(sizes.values())) > 1 else []
    options += [', on_error="skip"'] if report.bad_files else []
    return [
        "from sklmerge import EpochSchedule, ImageBatches, ImageIndex",
        *([] if index == "index" else [f"index = {index}"]),
        'schedule = EpochSchedule("minority", random_state=0)',
        "batches = ImageBatches(",
        '    index, schedule=schedule, augmenter="light"' + "".join(options),
        ")",
    ]


def write_weights(framework: str, estimator: ClassWeightEstimator, index: ImageIndex) -> str:
    """Write the line of Python that passes class weights to a framework."""
    by_label = {label: round(weight, 6) for label, weight in estimator.class_weight_.items()}
    # Keras and torch number classes as folders are numbered. XGBoost has no weights for classes,
    # so its line weighs samples; y holds numbers of classes.
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
