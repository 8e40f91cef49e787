"""One of two processes of a gloo group: prints the rows and batches that it is fed."""

import json
import sys

import torch.distributed as dist
from torch.utils.data import DataLoader

from sklmerge import EpochSchedule, ImageBatches
from sklmerge.datasets import load_textures
from sklmerge.feed.torch import EpochBatchSampler, TorchBatches


def report(rank, address):
    dist.init_process_group("gloo", init_method=address, rank=rank, world_size=2)

    images, target = load_textures(return_X_y=True)
    schedule = EpochSchedule("minority", random_state=0)
    sampler = EpochBatchSampler(target, batch_size=6, schedule=schedule)
    batches = ImageBatches(images, target, schedule=schedule, batch_size=6)
    dataset = TorchBatches(batches)
    loader = DataLoader(dataset, batch_size=None, num_workers=2, persistent_workers=True)
    came = {
        "sampled": [list(sampler) for _ in range(2)],
        "fed": [[y.tolist() for _, y in loader] for _ in range(2)],
        "sums": [[int(x.sum()) for x, _ in loader] for _ in range(1)],
    }
    dist.barrier()
    print(json.dumps(came))
    dist.destroy_process_group()


if __name__ == "__main__":
    report(int(sys.argv[1]), sys.argv[2])
