"""Hold the speed: the short run of every benchmark, each line a ratio with a floor.

    python tests/benchmarks/check.py [names]

`floors.toml` says what each line must reach. A floor is about half of what was measured when it was
written, so that a busy machine passes, and a cost that grows with the number of files does not.
Exits 0 where all hold, 1 where a line is below its floor or a benchmark fails, and 2 for wrong use:
an unknown name, or a peer that is not installed.
"""

import importlib.util
import json
import subprocess
import sys
import time
import tomllib
from pathlib import Path
from typing import NoReturn

from measuring import Line

FOLDER = Path(__file__).parent
INSTALL = 'pip install -c tests/constraints.txt -e ".[test]"'


def refuse(message: str, code: int = 2) -> NoReturn:
    """Say in one line what is wrong, and exit."""
    print(f"error: {message}", file=sys.stderr)
    sys.exit(code)


def list_benchmarks() -> list[str]:
    """List the benchmarks that there are."""
    return sorted(path.stem.removeprefix("bench_") for path in FOLDER.glob("bench_*.py"))


def read_floors() -> dict:
    """Read the table of each benchmark: its peers, and the floors of its lines."""
    return tomllib.loads((FOLDER / "floors.toml").read_text(encoding="utf-8"))


def choose_benchmarks(names: list[str], floors: dict) -> list[str]:
    """Choose the benchmarks of these names, or all; refuse what cannot be run."""
    known = list_benchmarks()
    if unknown := [name for name in names if name not in known]:
        refuse(f"there is no benchmark {unknown[0]!r}; there are {', '.join(known)}")
    chosen = names or known
    for name in chosen:
        for peer in floors.get(name, {}).get("peers", []):
            if importlib.util.find_spec(peer) is None:
                refuse(f"the benchmark {name!r} needs {peer}, which is not installed: {INSTALL}")
    return chosen


def run_benchmark(name: str, *options: str) -> list[Line]:
    """Run a benchmark in a process of its own, where no other one's threads are left."""
    command = [sys.executable, str(FOLDER / f"bench_{name}.py"), "--json", *options]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    if run.returncode:
        reason = (run.stderr.strip().splitlines() or ["it said nothing"])[-1]
        refuse(f"the benchmark {name!r} failed: {reason}", 1)
    # Peers print, too.
    return [Line(*json.loads(text)) for text in run.stdout.splitlines() if text.startswith('["')]


def judge(lines: list[Line], floors: dict) -> list[str]:
    """Say what is wrong with the lines of a benchmark: below a floor, without one, or missing."""
    found = {line.name: line.ratio for line in lines}
    faults = [
        f"{name!r} has no floor; write {name!r} = {{ floor = {ratio / 2:.2g} }}"
        for name, ratio in found.items()
        if name not in floors
    ]
    for name, limits in floors.items():
        if name not in found:
            faults.append(f"{name!r} was not measured")
        elif found[name] < limits["floor"]:
            faults.append(f"{name!r} is {found[name]:.2f}, below its floor {limits['floor']}")
    return faults


def check_benchmark(name: str, floors: dict) -> list[str]:
    """Run a benchmark, once more where it seems too slow, and print its lines; return faults."""
    start = time.perf_counter()
    lines = run_benchmark(name, "--short")
    if judge(lines, floors):
        # Noise passes: each line counts by its better run.
        again = {line.name: line for line in run_benchmark(name, "--short")}
        lines = [max(line, again[line.name], key=lambda each: each.ratio) for line in lines]
    print(f"{name} ({time.perf_counter() - start:.0f} s)")
    for line in lines:
        limits = floors.get(line.name, {})
        asked = f", asked {limits['asked']}" if "asked" in limits else ""
        limit = f"floor {limits.get('floor', 'missing')}{asked}"
        print(f"  {line.name:70} {line.ratio:8.2f}   {limit}", flush=True)
    return judge(lines, floors)


def main(names: list[str]) -> None:
    floors = read_floors()
    faults = []
    start = time.perf_counter()
    for name in choose_benchmarks(names, floors):
        faults += check_benchmark(name, floors.get(name, {}).get("lines", {}))
    print(f"checked in {time.perf_counter() - start:.0f} s")
    for fault in faults:
        print(f"error: {fault}", file=sys.stderr)
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main(sys.argv[1:])
