"""What every benchmark shares: its lines, how contenders take turns, and its command line.

A benchmark is a file `bench_NAME.py` beside this one, with

- a docstring, which the documentation's page prints above the table;
- `measure(short)`, which yields one `Line` for each comparison. The short run takes seconds, for
  `check.py`; the full run is for the page, and may yield lines of its own;
- `if __name__ == "__main__": main(measure)`.

Its table in `floors.toml` names the peers that it needs, and a floor for each line of the short
form. A line is a ratio within one run: us beside a peer or bare calls, or the cost of one thing
among many beside that among few. Absolute figures differ from machine to machine, ratios hardly.
"""

import argparse
import gc
import json
import os
import time
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

# Units of which less is better; of all others, such as "images/s", more is.
COSTS = ("s", "ms", "us", "MB", "bytes")


class Line(NamedTuple):
    """One comparison: what it is called, our figure, the other one, and their unit."""

    name: str
    ours: float
    other: float
    unit: str = "s"

    @property
    def ratio(self) -> float:
        """How many times better ours is: above 1 it is faster or smaller."""
        return self.other / self.ours if self.unit in COSTS else self.ours / self.other


def take_turns(
    jobs: dict[Any, Callable[[], object]], rounds: int, warm_up: bool = True
) -> dict[Any, float]:
    """Time each job once a round; return the best seconds of each.

    Contenders take turns so that a busy machine is busy for all of them. The warm-up imports,
    compiles and fills caches, and does not count. Rounds go there and back: whoever always came
    after Keras found caches and memory cold, and took half as long again.
    """
    if warm_up:
        for job in jobs.values():
            job()
    best = dict.fromkeys(jobs, float("inf"))
    # What is loaded by now stays: to look for garbage in TensorFlow took longer than most jobs.
    gc.collect()
    gc.freeze()
    try:
        for turn in range(rounds):
            for name in list(jobs)[:: -1 if turn % 2 else 1]:
                best[name] = min(best[name], time_once(jobs[name]))
    finally:
        gc.unfreeze()
    return best


def time_once(job: Callable[[], object]) -> float:
    """Time one call in seconds, without the garbage of whoever came before."""
    gc.collect()
    start = time.perf_counter()
    job()
    return time.perf_counter() - start


def compare(
    what: str,
    jobs: dict[str, Callable[[], object]],
    *,
    rounds: int = 5,
    n: int | None = None,
    unit: str = "",
) -> Iterator[Line]:
    """Let the first job, which is ours, take turns with the others; yield a line for each of them.

    With ``n`` things in a call, figures are ``unit`` a second, else milliseconds.
    """
    seconds = take_turns(jobs, rounds)
    figures = {name: 1e3 * each if n is None else n / each for name, each in seconds.items()}
    (_, ours), *others = figures.items()
    for name, figure in others:
        yield Line(f"{what} vs {name}", ours, figure, "ms" if n is None else f"{unit}/s")


def print_lines(lines: Iterator[Line]) -> None:
    """Print lines for people, as they come."""
    for line in lines:
        figures = f"{line.ours:>12,.4g} {line.other:>12,.4g} {line.unit:10}"
        print(f"{line.name:64} {figures} {line.ratio:8.2f}", flush=True)


def main(measure: Callable[[bool], Iterator[Line]]) -> None:
    """Run one benchmark, for people or, with `--json`, for check.py and run.py."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--short", action="store_true", help="the form of check.py: seconds")
    parser.add_argument("--json", action="store_true", help="one line of JSON for each line")
    settings = parser.parse_args()
    # Peers that print, look for updates or start threads of their own are told not to.
    os.environ |= {
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "NO_ALBUMENTATIONS_UPDATE": "1",
        # Where a backend computes, the benchmark names it to a process of its own.
        "KERAS_BACKEND": "numpy",
    }
    lines = measure(settings.short)
    if not settings.json:
        print_lines(lines)
        return
    for line in lines:
        print(json.dumps(line), flush=True)
