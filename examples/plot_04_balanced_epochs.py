"""
Balanced epochs: which images are drawn, and when
=================================================

Every epoch draws all images of the rare class and the *next* images of the common class, so after
some epochs every image has been drawn. A weighted random sampler also balances the classes. But it
draws with replacement, so it does not draw the images of a class equally often.
"""

import matplotlib.pyplot as plt
import numpy as np

from sklmerge import EpochCoverageDisplay, EpochSchedule

y = np.repeat(["rare", "common"], [20, 200])
schedule = EpochSchedule("minority", random_state=0).fit(y)
print("draws in an epoch:", schedule.samples_per_class_)

# %%
# Twelve epochs
# -------------
# Each column is an epoch, each row is an image, and dark means drawn. The twenty rare images are
# drawn in every epoch. The common images are drawn once in ten epochs, then again in another
# order.
drawn = np.stack([np.bincount(schedule.draws(epoch).indices, minlength=220) for epoch in range(12)])
fig, ax = plt.subplots(figsize=(6, 5), layout="constrained")
ax.imshow(drawn.T, aspect="auto", cmap="Greys", interpolation="nearest", vmin=0, vmax=1)
ax.axhline(19.5, color="tab:red")
ax.axvline(9.5, color="tab:red", linestyle=":")
ax.set(xlabel="epoch", xticks=range(12))
ax.set_yticks([10, 120], ["20 rare", "200 common"], rotation=90, va="center")

# %%
# How often each image has been drawn after several epochs:
EpochCoverageDisplay.from_estimator(schedule, n_epochs=30)

# %%
# How often is each image drawn?
# ------------------------------
# After any number of epochs, the counts within a class differ by at most 1. A
# ``WeightedRandomSampler`` with balanced weights draws with replacement, so some images are drawn
# often and others never.
n_epochs = 10
seen = schedule.coverage(n_epochs)
rng = np.random.default_rng(0)
chance = 1 / np.array([20, 200])[(y == "common").astype(int)]
random = np.bincount(rng.choice(220, n_epochs * 40, p=chance / chance.sum()), minlength=220)

fig, axes = plt.subplots(1, 2, figsize=(8, 3), layout="constrained")
for ax, name in zip(axes, ("rare", "common"), strict=True):
    counts = [random[y == name], seen[y == name]]
    places = np.arange(max(map(np.max, counts)) + 1)
    for shift, (way, of_way) in enumerate(
        zip(("with replacement", "schedule"), counts, strict=True)
    ):
        share = np.bincount(of_way, minlength=len(places)) / len(of_way)
        ax.bar(places + 0.4 * shift - 0.2, share, 0.4, label=way)
    ax.set(
        title=f"{name} images", xlabel=f"times drawn in {n_epochs} epochs", ylabel="share of images"
    )
    ax.xaxis.get_major_locator().set_params(integer=True)
    ax.spines[["top", "right"]].set_visible(False)
axes[1].legend(frameon=False)
print(f"common images never seen: {(random[y == 'common'] == 0).sum()}", end=" with replacement, ")
print(f"{(seen[y == 'common'] == 0).sum()} with the schedule")

# %%
# An epoch depends only on the seed and its number. To resume training after epoch 36, use
# ``schedule.draws(37)``.
first, again = schedule.draws(37), EpochSchedule("minority", random_state=0).fit(y).draws(37)
print("the same draws again:", np.array_equal(first.indices, again.indices))
