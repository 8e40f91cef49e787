"""Turn the CSVs of the experiments into the tables of docs/experiments.md, and draw them.

python examples/experiments/report.py            # tables
python examples/experiments/report.py --plots    # and pictures
"""

import argparse
import csv
import re
from itertools import combinations
from pathlib import Path

import numpy as np

DOCS = Path(__file__).parents[2] / "docs"
RESULTS = DOCS / "experiments"
PAGE = DOCS / "experiments.md"
DATA = {"rbc12": "red cells", "trashnet": "rubbish", "fashion": "clothes"}
MODELS = ("linear", "boosted")
PENALTIES = ("linear (C=0.01)", "linear", "linear (C=1)")
HEADINGS = {
    "balanced_accuracy": "balanced accuracy",
    "worst_recall": "worst recall",
    "macro_f1": "macro F1",
    "accuracy": "accuracy",
    "ece": "calibration error",
    "log_loss": "log loss",
}
# Scores in which the correction of probabilities is of no interest.
UNCORRECTED = ("worst_recall", "macro_f1", "accuracy")
RULES = {"0.05": (0.05, 0), "0.1": (0.1, 0), "0.15": (0.15, 0), "0.2": (0.2, 0)}
RULES |= {"0.1 and twice the mean": (0.1, 2), "0.1 and three times the mean": (0.1, 3)}


def read_rows(name: str, folder: Path = RESULTS) -> list[dict[str, str]]:
    with (folder / f"{name}.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def select(rows: list[dict], model: str, score: str, level: str = "original") -> dict:
    """Return the scores of each method as an array over seeds."""
    found: dict[str, list[float]] = {}
    for row in rows:
        if row["model"] == model and row["level"] == level:
            found.setdefault(row["method"], []).append(float(row[score]))
    return {method: np.array(values) for method, values in found.items()}


def show_value(values: np.ndarray) -> str:
    return f"{values.mean():.3f} ± {values.std(ddof=1):.3f}"


def show_gain(values: np.ndarray, baseline: np.ndarray) -> str:
    """Show the paired difference; bold where it has the same sign on every split."""
    gains = values - baseline
    text = f"{gains.mean():+.3f} ± {gains.std(ddof=1):.3f}"
    return f"**{text}**" if abs(np.sign(gains).sum()) == len(gains) else text


def make_table(head: list[str], body: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *body]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def compare(score: str, level: str = "original", baseline: str = "nothing") -> str:
    """Tabulate paired differences to a method, for every data set and model."""
    head = [HEADINGS[score]] + [f"{title}, {model}" for title in DATA.values() for model in MODELS]
    columns = [select(read_rows(name), model, score, level) for name in DATA for model in MODELS]
    body = [[f"{baseline}: value"] + [show_value(column[baseline]) for column in columns]]
    for method in columns[0]:
        if method != baseline and not ("(corrected)" in method and score in UNCORRECTED):
            gains = [show_gain(column[method], column[baseline]) for column in columns]
            body.append([method, *gains])
    return make_table(head, body)


def tabulate(name: str, model: str) -> str:
    """Tabulate all scores of one data set and model."""
    rows = read_rows(name)
    n_rows = select(rows, model, "rows")
    scores = {heading: select(rows, model, score) for score, heading in HEADINGS.items()}
    scores["balanced accuracy, merged"] = select(rows, model, "balanced_accuracy", "merged")
    body = [
        [method, f"{n_rows[method].mean():,.0f}"]
        + [show_value(values[method]) for values in scores.values()]
        for method in n_rows
    ]
    return make_table([f"{DATA[name]}, {model}", "training rows", *scores], body)


def sweep(score: str = "balanced_accuracy") -> str:
    """Tabulate the linear model under three penalties."""
    head = [HEADINGS[score]] + [f"{title}, {p}" for title in DATA.values() for p in PENALTIES]
    columns = [select(read_rows(name), model, score) for name in DATA for model in PENALTIES]
    methods = [method for method in columns[0] if "(corrected)" not in method]
    body = [[method] + [f"{column[method].mean():.3f}" for column in columns] for method in methods]
    return make_table(head, body)


def cut(joins: list[dict], least: float, times: float) -> dict:
    """Follow an advisor's joins while they are above a threshold; return the last one."""
    start = joins[0]
    k, recall = int(start["n_classes"]), float(start["balanced_accuracy"])
    mean = (1 - recall) / (k - 1)
    done = [j for j in joins[1:] if float(j["confusability"]) >= max(least, times * mean)]
    pairs = {pair for j in done for pair in combinations(sorted(j["members"].split("+")), 2)}
    return {**(done[-1] if done else start), "pairs": pairs, "mean": mean}


def judge_thresholds() -> str:
    """Tabulate what other thresholds of the advisor would suggest, and how stable that is."""
    body = []
    for name, title in DATA.items():
        rows = read_rows(f"{name}_merges")
        for weights in ("none", "balanced"):
            seeds = sorted({row["seed"] for row in rows}, key=int)
            chains = [
                [row for row in rows if row["seed"] == seed and row["weights"] == weights]
                for seed in seeds
            ]
            line = [f"{title}, weights: {weights}"]
            line.append(f"{np.mean([cut(chain, 1, 0)['mean'] for chain in chains]):.3f}")
            for least, times in RULES.values():
                cuts = [cut(chain, least, times) for chain in chains]
                left = [int(c["n_classes"]) for c in cuts]
                unions = [(a["pairs"] & b["pairs"], a["pairs"] | b["pairs"])
                          for a, b in combinations(cuts, 2)]  # fmt: skip
                same = np.mean([len(i) / len(u) if u else 1.0 for i, u in unions])
                line.append(f"{np.mean(left):.1f} of {chains[0][0]['n_classes']}; {same:.2f}")
            body.append(line)
    return make_table(["data", "mean confusability", *RULES], body)


def make_tables() -> dict[str, str]:
    """Make every table of the page, by the name of its place there."""
    tables = {score: compare(score) for score in HEADINGS}
    tables["merged balanced_accuracy"] = compare("balanced_accuracy", "merged")
    tables["merged ece"] = compare("ece", "merged")
    tables["penalties"] = sweep()
    tables["thresholds"] = judge_thresholds()
    for name in DATA:
        for model in MODELS:
            tables[f"{name} {model}"] = tabulate(name, model)
    return tables


def fill_page(text: str, tables: dict[str, str]) -> str:
    """Put each table between its marks; one that the page does not ask for is left out."""

    def fill(match: re.Match) -> str:
        return f"<!-- table: {match[1]} -->\n\n{tables[match[1]]}\n\n<!-- end -->"

    return re.sub(r"<!-- table: (.+?) -->.*?<!-- end -->", fill, text, flags=re.DOTALL)


def plot(name: str) -> None:
    """Draw the gains of one data set, in balanced accuracy and in the recall of the worst class."""
    import matplotlib.pyplot as plt

    rows = read_rows(name)
    # The correction is for probabilities; its tables say more than a picture.
    all_methods = select(rows, "linear", "accuracy")
    methods = [m for m in all_methods if m != "nothing" and "(corrected)" not in m][::-1]
    places = np.arange(len(methods))
    figure, axes = plt.subplots(1, 2, figsize=(10.5, 6), sharey=True, layout="constrained")
    styles = {"linear": ("o", "black", "black"), "boosted": ("s", "black", "white")}
    for ax, score in zip(axes, ("balanced_accuracy", "worst_recall"), strict=True):
        for shift, (model, (marker, edge, face)) in zip((0.15, -0.15), styles.items(), strict=True):
            values = select(rows, model, score)
            gains = [values[method] - values["nothing"] for method in methods]
            ax.errorbar(
                [gain.mean() for gain in gains],
                places + shift,
                xerr=[gain.std(ddof=1) for gain in gains],
                fmt=marker,
                color=edge,
                markerfacecolor=face,
                ecolor="0.6",
                markersize=5,
                label=f"{model}; nothing: {values['nothing'].mean():.3f}",
            )
        ax.axvline(0, color="0.5", linewidth=1, linestyle="--")
        ax.set_xlabel(f"{HEADINGS[score]}: difference to nothing")
        ax.grid(axis="y", color="0.9")
        ax.set_axisbelow(True)
        ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), frameon=False)
    axes[0].set_yticks(places, methods)
    figure.savefig(DOCS / "images" / f"experiments_{name}.png", dpi=110)
    plt.close(figure)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--plots", action="store_true", help="draw the pictures too")
    arguments = parser.parse_args()
    PAGE.write_text(fill_page(PAGE.read_text(), make_tables()))
    if arguments.plots:
        for data in DATA:
            plot(data)
