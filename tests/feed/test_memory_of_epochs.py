"""Resident memory of feeding is that of the cache and a few batches, whatever there is to feed."""

import json
import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).with_name("memory_of_epochs.py")
N_THREADS = 2


def test_memory_is_bounded_by_the_cache_and_the_batches_in_flight():
    cache_bytes = 20_000_000
    run = subprocess.run(
        [sys.executable, str(SCRIPT), str(cache_bytes)], capture_output=True, text=True, timeout=300
    )
    assert run.returncode == 0, run.stderr
    report = json.loads(run.stdout.splitlines()[-1])
    # What threads make ahead, the batch of the loop, the next one, and what the allocator keeps.
    bound = cache_bytes + (N_THREADS + 3) * report["of a batch"]
    assert bound < report["of all images"] / 2
    assert report["grown"] < bound
