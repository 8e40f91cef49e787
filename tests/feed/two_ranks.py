"""One of two processes of a gloo group: prints the rows and batches that it is fed."""

import json
import sys

import torch.distributed as dist

from sklmerge import EpochSchedule, ImageBatches
from sklmerge.datasets import load_textures
from sklmerge.feed.torch import EpochBatchSampler


def report(rank, address):
    images, target = load_textures(return_X_y=True)
    schedule = EpochSchedule("minority", random_state=0)
    # All of it is made before the processes know of each other, as trainers have it.
    sampler = EpochBatchSampler(target, batch_size=6, schedule=schedule)

    def make():
        batches = ImageBatches(images, target, schedule=schedule, batch_size=6)
        return batches.to_torch(2, persistent_workers=True)

    loader, resumed = make(), make()
    few = ImageBatches(images[:5], ["a", "b", "b", "b", "b"], schedule=schedule, batch_size=2)
    few = few.to_torch()
    dist.init_process_group("gloo", init_method=address, rank=rank, world_size=2)
    came = {
        "sampled": [list(sampler) for _ in range(3)],
        "fed": [[y.tolist() for _, y in loader] for _ in range(3)],
    }
    loader.set_epoch(1)
    for _, _ in zip(range(2), loader, strict=False):
        state = loader.state_dict()
    resumed.load_state_dict(state)
    came["resumed"] = [y.tolist() for _, y in resumed]
    try:
        list(few)
    except ValueError as error:
        came["too few"] = str(error)
    dist.barrier()
    print(json.dumps(came))
    dist.destroy_process_group()


if __name__ == "__main__":
    report(int(sys.argv[1]), sys.argv[2])
