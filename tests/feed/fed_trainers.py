"""Trains small networks with a trainer of torch's, and prints the rows that its steps really saw.

Each image holds the number of its row, so that a training step can tell which images it was given.
"""

import json
import logging
import os
import socket
import sys
import tempfile
import warnings

import numpy as np
import torch
from torch import multiprocessing, nn

from sklmerge import EpochSchedule, ImageBatches

warnings.filterwarnings("ignore")
N, N_RARE = 200, 40
TARGET = np.array([0] * N_RARE + [1] * (N - N_RARE))
IMAGES = np.broadcast_to(np.arange(N, dtype=np.float32).reshape(-1, 1, 1, 1), (N, 4, 6, 1))


def make_batches(batch_size=10):
    schedule = EpochSchedule("minority", random_state=0)
    return ImageBatches(np.array(IMAGES), TARGET, schedule=schedule, batch_size=batch_size)


def read_rows(images):
    return images.reshape(len(images), -1)[:, 0].int().tolist()


def train_with_lightning():
    import lightning

    for name in ("lightning.pytorch", "lightning.fabric", "lightning"):
        logging.getLogger(name).setLevel(logging.ERROR)
    folder = tempfile.mkdtemp()
    quiet = {
        "accelerator": "cpu",
        "logger": False,
        "enable_progress_bar": False,
        "enable_model_summary": False,
        "enable_checkpointing": False,
    }
    two = quiet | {"devices": 2, "strategy": "ddp_fork"}

    class Net(lightning.LightningModule):
        def __init__(self, make_loader=None):
            super().__init__()
            self.layer = nn.Linear(24, 2)
            self.seen = []
            self.make_loader = make_loader

        def forward(self, batch):
            raise AssertionError("nothing is predicted here")

        def training_step(self, batch, number):
            images, targets = batch
            self.seen.append((self.current_epoch, read_rows(images)))
            return nn.functional.cross_entropy(self.layer(images.flatten(1) / 100), targets)

        def configure_optimizers(self):
            return torch.optim.SGD(self.parameters(), 0.01)

    class Making(Net):
        def train_dataloader(self):
            return self.make_loader()

    class Keep(lightning.Callback):
        """Saves what each rank saw, and a checkpoint after some step."""

        def __init__(self, name, stop=None):
            self.name, self.stop = name, stop

        def on_train_batch_end(self, trainer, net, *rest):
            if trainer.global_step == self.stop:
                trainer.save_checkpoint(f"{folder}/{self.name}.ckpt")

        def on_train_end(self, trainer, net):
            with open(f"{folder}/{self.name}{trainer.global_rank}.json", "w") as file:
                json.dump(net.seen, file)

    def fit(name, settings, net=None, stop=None, ckpt=None, num_workers=0, **more):
        made = net is None
        net = Net() if made else net
        trainer = lightning.Trainer(callbacks=[Keep(name, stop)], **settings, **more)
        loader = [make_batches().to_torch(num_workers)] if made else []
        trainer.fit(net, *loader, ckpt_path=ckpt and f"{folder}/{ckpt}.ckpt")
        n_ranks = settings.get("devices", 1)
        seen = []
        for rank in range(n_ranks):
            with open(f"{folder}/{name}{rank}.json") as file:
                seen.append(json.load(file))
        return trainer, seen

    report = {}
    _, report["two ranks"] = fit("two", two, stop=6, num_workers=2, max_epochs=2)
    _, report["two ranks, within"] = fit("two_", two, ckpt="two", max_epochs=3)
    trainer, report["one"] = fit("one", quiet, stop=11, num_workers=2, max_epochs=2)
    trainer.save_checkpoint(f"{folder}/end.ckpt")
    _, report["one, within"] = fit("one_", quiet, ckpt="one", max_epochs=4)
    _, report["one, between"] = fit("end_", quiet, ckpt="end", num_workers=2, max_epochs=4)
    net = Making(lambda: make_batches().to_torch())
    each = {"reload_dataloaders_every_n_epochs": 1}
    trainer, report["reloaded"] = fit("reloaded", quiet, net=net, max_epochs=3, **each)
    try:
        trainer.predict(net, make_batches().to_torch())
    except TypeError as error:
        report["predict"] = str(error)
    return report


def train_with_accelerate():
    context = multiprocessing.get_context("fork")
    report = {}
    modes = ("even", "uneven", "own", "sampler", "auto", "dispatch", "not prepared")
    for mode in modes:
        queue, port = context.SimpleQueue(), find_port()
        ranks = [
            context.Process(target=run_accelerated, args=(rank, queue, port, mode))
            for rank in range(2)
        ]
        for rank in ranks:
            rank.start()
        came = dict(queue.get() for _ in ranks)
        for rank in ranks:
            rank.join()
        report[mode] = [came[0], came[1]]
    return report


def find_port():
    """Find a port that nobody listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def run_accelerated(rank, queue, port, mode):
    os.environ |= {
        "RANK": str(rank),
        "LOCAL_RANK": str(rank),
        "WORLD_SIZE": "2",
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": str(port),
        "ACCELERATE_USE_CPU": "1",
    }
    from accelerate import Accelerator
    from accelerate.utils import DataLoaderConfiguration

    config = DataLoaderConfiguration(
        dispatch_batches=True if mode == "dispatch" else None,
        even_batches=mode not in ("uneven", "sampler"),
    )
    accelerator = Accelerator(cpu=True, dataloader_config=config)
    try:
        queue.put((rank, feed_accelerated(accelerator, mode)))
    except (RuntimeError, ValueError) as error:
        queue.put((rank, str(error)))
    if mode != "dispatch":
        accelerator.end_training()


def feed_accelerated(accelerator, mode):
    from accelerate.data_loader import skip_first_batches
    from torch.utils.data import DataLoader, TensorDataset

    from sklmerge.feed.torch import EpochBatchSampler

    shard = {"own": True, "auto": "auto"}.get(mode, False)

    def make(num_workers):
        if mode == "sampler":
            data = TensorDataset(torch.tensor(np.array(IMAGES)))
            sampler = EpochBatchSampler(TARGET, batch_size=10, shard=shard)
            loader = DataLoader(data, batch_sampler=sampler, num_workers=num_workers)
        else:
            loader = make_batches().to_torch(num_workers, shard=shard)
        return loader if mode in ("own", "not prepared") else accelerator.prepare(loader)

    loader = make(0 if mode in ("dispatch", "not prepared") else 2)
    epochs = [[read_rows(batch[0]) for batch in loader] for _ in range(2)]
    if mode == "sampler":
        return epochs
    # Resumed in accelerate's own way: as many batches are passed over.
    resumed = make(0)
    resumed.set_epoch(2)
    rest = skip_first_batches(resumed, 2)
    if hasattr(rest, "set_epoch"):
        rest.set_epoch(2)
    epochs.append([read_rows(batch[0]) for batch in rest])
    resumed.set_epoch(3)
    epochs.append([read_rows(batch[0]) for batch in resumed])
    return epochs


def train_with_transformers():
    from transformers import Trainer, TrainingArguments

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = nn.Linear(24, 2)
            self.seen = []

        def forward(self, pixel_values, labels):
            self.seen.append(read_rows(pixel_values))
            logits = self.layer(pixel_values.flatten(1) / 100)
            return {"loss": nn.functional.cross_entropy(logits, labels), "logits": logits}

    def name_parts(batch):
        return {"pixel_values": batch[0], "labels": batch[1]}

    class FedTrainer(Trainer):
        def __init__(self, batches, *, prepares=True, **settings):
            super().__init__(**settings)
            self.batches, self.prepares = batches, prepares

        def get_train_dataloader(self):
            loader = self.batches.to_torch(2, shard=False, collate_fn=name_parts)
            return self.accelerator.prepare(loader) if self.prepares else loader

    report = {}
    for prepares in (True, False):
        folder = tempfile.mkdtemp()
        arguments = TrainingArguments(
            folder,
            use_cpu=True,
            report_to=[],
            disable_tqdm=True,
            num_train_epochs=3,
            save_strategy="steps",
            save_steps=11,
            logging_strategy="no",
        )
        for resume in (None, f"{folder}/checkpoint-11"):
            net = Net()
            batches = make_batches()
            trainer = FedTrainer(batches, prepares=prepares, model=net, args=arguments)
            trainer.train(resume_from_checkpoint=resume)
            report[f"{'prepared' if prepares else 'as it is'}, {bool(resume)}"] = net.seen
    return report


if __name__ == "__main__":
    train = {
        "lightning": train_with_lightning,
        "accelerate": train_with_accelerate,
        "transformers": train_with_transformers,
    }
    print(json.dumps(train[sys.argv[1]]()))
