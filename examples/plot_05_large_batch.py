"""
A large batch is not enough
===========================

Do batches that are large enough to contain every class solve the imbalance? The probability that a
random batch misses a class can be computed exactly, and so can the class shares in the batch.
"""

import matplotlib.pyplot as plt
import numpy as np

from sklmerge import EpochSchedule, batch_coverage

cases = {
    "1,000 cats, 2,000 dogs": {"cats": 1000, "dogs": 2000},
    "500 rare, 20,000 common": {"rare": 500, "common": 20_000},
    "500 rare, 1,000,000 common": {"rare": 500, "common": 1_000_000},
}
sizes = [2**k for k in range(2, 14)]

# %%
# Is the class in the batch?
# --------------------------
# With 1,000 cats and 2,000 dogs, practically every batch of 32 contains cats. With 500 images of
# one class and a million of another, most batches of 1,024 still contain none of the 500.
fig, axes = plt.subplots(1, 2, figsize=(9, 3.8), layout="constrained")
for (name, counts), marker in zip(cases.items(), "os^", strict=True):
    rarest = min(counts, key=counts.get)
    possible = [size for size in sizes if size <= sum(counts.values())]
    missed = [batch_coverage(counts, size)[rarest] for size in possible]
    (line,) = axes[0].plot(possible, missed, marker=marker, markersize=4, label=name)
    share = counts[rarest] / sum(counts.values())
    axes[1].axhline(share, color=line.get_color())
    axes[1].annotate(f"{share:.2%}, {name}", (4, share), (0, -12), textcoords="offset points")
axes[1].axhline(0.5, color="black", linestyle="--")
axes[1].annotate("50%, balanced epochs", (4, 0.5), (0, 4), textcoords="offset points")
axes[0].set(ylabel="chance that it has none of the rare class", ylim=(-0.03, 1.03))
axes[1].set(ylabel="share of the rare class", yscale="log", ylim=(2e-4, 1.2))
for ax in axes:
    ax.set(xscale="log", xlabel="batch size", xlim=(3, 10_000))
    ax.spines[["top", "right"]].set_visible(False)
fig.legend(loc="outside upper center", ncols=3, frameon=False)

# %%
# What if every batch contains the class?
# ---------------------------------------
# Even then, the rare class only has its natural share of the batch, whatever the batch size, as the
# right picture shows. The common class still dominates the loss: a large batch contains the rare
# class, but does not make it count more. With balanced epochs, batches of any size contain the rare
# class, and it counts as much as the common class:
y = np.repeat(["rare", "common"], [500, 20_000])
schedule = EpochSchedule("minority", random_state=0).fit(y)
for size in (8, 32, 128):
    rare = {int((y[batch.indices] == "rare").sum()) for batch in schedule.plan_batches(0, size)}
    print(f"batches of at most {size:3}: {sorted(rare)} rare images in each")
