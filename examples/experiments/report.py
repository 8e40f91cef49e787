"""Turn the CSVs of the experiments into the tables and pictures of the documentation.

python examples/experiments/report.py            # tables
python examples/experiments/report.py --plots    # and pictures
"""

import argparse
import csv
import re
from collections.abc import Sequence
from itertools import combinations
from pathlib import Path
from typing import NamedTuple

import numpy as np

DOCS = Path(__file__).parents[2] / "docs"
RESULTS = DOCS / "experiments"
PAGES = (DOCS / "experiments.md", DOCS / "experiments_tables.md")


class Column(NamedTuple):
    """One data set and one model, and where their rows are."""

    data: str
    model: str
    name: str

    @property
    def title(self) -> str:
        return f"{self.data}, {self.model}"


TUNED = "linear, C chosen inside"
DATA = {"rbc12": "red cells 20:1", "trashnet": "waste 4:1", "fashion": "clothes 100:1"}
FEATURES = [Column(t, m, n) for n, t in DATA.items() for m in ("linear", TUNED, "boosted")]
NETWORKS = [
    Column(DATA["rbc12"], "network", "rbc12_networks"),
    Column(DATA["rbc12"], "network, long", "rbc12_networks_long"),
    Column(DATA["fashion"], "network", "fashion_networks"),
    Column("clothes 4:1", "network", "fashion_4_networks"),
]
EMBEDDINGS = [Column(title, "embedding", f"{name}_embedding") for name, title in DATA.items()]
EMBEDDINGS.append(Column("clothes 4:1", "embedding", "fashion_4_embedding"))
ALL = [*FEATURES, *NETWORKS, *EMBEDDINGS]
SHORT = [column for column in FEATURES if column.model != "linear"]
HEADINGS = {
    "balanced_accuracy": "balanced accuracy",
    "worst_recall": "worst recall",
    "macro_f1": "macro F1",
    "accuracy": "accuracy",
    "ece": "calibration error",
    "log_loss": "log loss",
}
# What the page compares; all else stands on the page of tables.
MAIN = (
    "nothing",
    "prior adjustment: 0.5",
    "prior adjustment: 1",
    "prior adjustment: strength chosen inside",
    "weights: square root",
    "weights: balanced",
    "copies: 3 + weights",
    "balanced epochs, all augmented",
)
RULES = {"0.05": (0.05, 0), "0.1": (0.1, 0), "0.15": (0.15, 0), "0.2": (0.2, 0)}
RULES |= {"0.1 and twice the mean": (0.1, 2), "0.1 and three times the mean": (0.1, 3)}


def read_rows(name: str, folder: Path = RESULTS) -> list[dict[str, str]]:
    with (folder / f"{name}.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def select(column: Column, score: str, level: str = "original") -> dict[str, np.ndarray]:
    """Return the scores of each method as an array over seeds."""
    found: dict[str, list[float]] = {}
    for row in read_rows(column.name):
        if row["model"] == column.model and row["level"] == level:
            found.setdefault(row["method"], []).append(float(row[score]))
    return {method: np.array(values) for method, values in found.items()}


def show_value(values: np.ndarray) -> str:
    return f"{values.mean():.3f}{show_spread(values)}"


def measure_spread(values: np.ndarray) -> float:
    """Give the standard deviation over the splits; 0 if there is one only."""
    return float(values.std(ddof=1)) if len(values) > 1 else 0.0


def show_spread(values: np.ndarray) -> str:
    return f" ± {measure_spread(values):.3f}" if len(values) > 1 else ""


def show_gain(values: np.ndarray, baseline: np.ndarray) -> str:
    """Show the paired difference; bold if it has the same sign on every split of several."""
    gains = values - baseline[: len(values)]
    text = f"{gains.mean():+.3f}{show_spread(gains)}"
    is_sure = len(gains) > 1 and abs(np.sign(gains).sum()) == len(gains)
    return f"**{text}**" if is_sure else text


def make_table(head: list[str], body: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *body]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def compare(
    score: str, columns: Sequence[Column], methods: Sequence[str] = (), level: str = "original"
) -> str:
    """Tabulate the differences to doing nothing on the same split."""
    found = [select(column, score, level) for column in columns]
    names = methods or list(dict.fromkeys(name for column in found for name in column))
    body = [["nothing: value", *(show_value(column["nothing"]) for column in found)]]
    for name in names:
        if name != "nothing" and any(name in column for column in found):
            gains = [
                show_gain(column[name], column["nothing"]) if name in column else ""
                for column in found
            ]
            body.append([name, *gains])
    return make_table([HEADINGS[score], *(column.title for column in columns)], body)


def describe() -> str:
    """Tabulate what each kind of model reaches, plainly trained and with adjusted probabilities."""
    kinds = {
        "HOG and colour, linear": {c.data: c for c in FEATURES if c.model == TUNED},
        "HOG and colour, boosted trees": {c.data: c for c in FEATURES if c.model == "boosted"},
        "network from scratch": {c.data: c for c in NETWORKS if c.model == "network"},
        "the same, 3 times as long": {c.data: c for c in NETWORKS if c.model != "network"},
        "frozen embedding, linear": {c.data: c for c in EMBEDDINGS},
    }
    body = []
    for kind, columns in kinds.items():
        line = [kind]
        for data in DATA.values():
            if data not in columns:
                line.append("")
                continue
            found = select(columns[data], "balanced_accuracy")
            means = (found[m].mean() for m in ("nothing", "prior adjustment: 1"))
            line.append(" → ".join(f"{mean:.3f}" for mean in means))
        body.append(line)
    return make_table(["balanced accuracy: nothing → adjusted", *DATA.values()], body)


def tell_costs(columns: Sequence[Column]) -> str:
    """Tabulate what a remedy brings and costs: worst recall, accuracy, calibration error."""
    scores = ("worst_recall", "accuracy", "ece")
    found = {(column, score): select(column, score) for column in columns for score in scores}
    head = ["", *(f"{HEADINGS[score]}: {c.title}" for score in scores for c in columns)]
    body = [
        [name]
        + [
            f"{found[c, score][name].mean():.3f}" if name in found[c, score] else ""
            for score in scores
            for c in columns
        ]
        for name in MAIN
    ]
    return make_table(head, body)


def tabulate(column: Column) -> str:
    """Tabulate all scores of one data set and model."""
    n_rows = select(column, "rows")
    scores = {heading: select(column, score) for score, heading in HEADINGS.items()}
    merged = select(column, "balanced_accuracy", "merged")
    if merged:
        scores["balanced accuracy, merged"] = merged
    body = [
        [method, f"{n_rows[method].mean():,.0f}"]
        + [show_value(values[method]) for values in scores.values()]
        for method in n_rows
    ]
    return make_table([column.title, "training rows", *scores], body)


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
    """Make every table of the pages, by the name of its place there."""
    red = [c for c in (*SHORT, *NETWORKS, *EMBEDDINGS) if c.data == DATA["rbc12"]]
    tables = {
        "kinds": describe(),
        "features": compare("balanced_accuracy", SHORT, MAIN),
        "networks": compare("balanced_accuracy", NETWORKS),
        "embeddings": compare("balanced_accuracy", EMBEDDINGS),
        "costs": tell_costs([c for c in red if c.model in ("boosted", "network", "embedding")]),
        "thresholds": judge_thresholds(),
    }
    for level in ("original", "merged"):
        for score in HEADINGS:
            tables[f"{level} {score}"] = compare(score, FEATURES, level=level)
    for score in HEADINGS:
        tables[f"networks {score}"] = compare(score, NETWORKS)
        tables[f"embeddings {score}"] = compare(score, EMBEDDINGS)
    return tables | {column.title: tabulate(column) for column in ALL}


def fill_page(text: str, tables: dict[str, str]) -> str:
    """Put each table between its marks; one that the page does not ask for is left out."""

    def fill(match: re.Match) -> str:
        return f"<!-- table: {match[1]} -->\n\n{tables[match[1]]}\n\n<!-- end -->"

    return re.sub(r"<!-- table: (.+?) -->.*?<!-- end -->", fill, text, flags=re.DOTALL)


def plot(data: str, name: str) -> None:
    """Draw what each kind of model reaches with each remedy: balanced accuracy, and accuracy."""
    import matplotlib.pyplot as plt

    columns = [c for c in (*SHORT, *NETWORKS, *EMBEDDINGS) if c.data == data]
    styles = dict(
        zip(
            (TUNED, "boosted", "network", "network, long", "embedding"),
            (("o", "white"), ("s", "white"), ("^", "0.6"), ("v", "0.3"), ("D", "black")),
            strict=True,
        )
    )
    methods = MAIN[::-1]
    places = np.arange(len(methods))
    figure, axes = plt.subplots(1, 2, figsize=(10.5, 4.5), sharey=True, layout="constrained")
    for ax, score in zip(axes, ("balanced_accuracy", "accuracy"), strict=True):
        for shift, column in zip(np.linspace(0.25, -0.25, len(columns)), columns, strict=True):
            values = select(column, score)
            shown = [place for place, method in enumerate(methods) if method in values]
            marker, face = styles[column.model]
            ax.errorbar(
                [values[methods[place]].mean() for place in shown],
                places[shown] + shift,
                xerr=[measure_spread(values[methods[place]]) for place in shown],
                fmt=marker,
                color="black",
                markerfacecolor=face,
                ecolor="0.6",
                markersize=5,
                label=column.model,
            )
        ax.set_xlabel(HEADINGS[score])
        ax.grid(color="0.9")
        ax.set_axisbelow(True)
    axes[0].set_yticks(places, methods)
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=len(labels), frameon=False)
    figure.savefig(DOCS / "images" / f"experiments_{name}.png", dpi=110)
    plt.close(figure)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--plots", action="store_true", help="draw the pictures too")
    arguments = parser.parse_args()
    found = make_tables()
    for page in PAGES:
        page.write_text(fill_page(page.read_text(), found))
    if arguments.plots:
        for name, data in DATA.items():
            plot(data, name)
