"""
Balanced decisions without balanced training, and correct probabilities after it
================================================================================

A model that was trained without weights finds few samples of a rare class at a threshold of 0.5. A
model that was trained on balanced classes finds more, but its probabilities are far too high.
``PriorAdjustedClassifier`` converts each into the other: it exchanges the class shares behind the
probabilities.
"""

import matplotlib.pyplot as plt
from imblearn.over_sampling import RandomOverSampler
from imblearn.pipeline import make_pipeline
from sklearn.calibration import calibration_curve
from sklearn.datasets import make_classification
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import balanced_accuracy_score, log_loss
from sklearn.model_selection import train_test_split

from sklmerge import PriorAdjustedClassifier

X, y = make_classification(
    20_000, 10, n_informative=5, weights=[0.92], flip_y=0.02, class_sep=0.7, random_state=0
)
X_train, X_test, y_train, y_test = train_test_split(X, y, stratify=y, random_state=0)
print(f"share of the rare class: {y.mean():.3f}")

# %%
# Four models
# -----------
# The shares that a model learned from are read from the fitted pipeline, including its oversampler.
# The target is ``"balanced"`` by default, and ``"observed"`` for the shares of y.
plain = LogisticRegression()
oversampled = make_pipeline(RandomOverSampler(random_state=0), LogisticRegression())
models = {
    "plain": plain,
    "plain, adjusted": PriorAdjustedClassifier(plain),
    "over-sampled": oversampled,
    "over-sampled, set right": PriorAdjustedClassifier(oversampled, target_prior="observed"),
}
fig, ax = plt.subplots(figsize=(5, 4.5), layout="constrained")
ax.plot([0, 1], [0, 1], color="grey", linestyle=":", label="as it should be")
markers = iter("osD^")
print(f"{'':24}mean p  log loss  balanced accuracy")
for name, model in models.items():
    p = model.fit(X_train, y_train).predict_proba(X_test)[:, 1]
    true, said = calibration_curve(y_test, p, n_bins=8, strategy="uniform")
    ax.plot(said, true, marker=next(markers), label=name)
    score = balanced_accuracy_score(y_test, p > 0.5)
    print(f"{name:24}{p.mean():6.3f}{log_loss(y_test, p):10.3f}{score:19.3f}")
ax.set(xlabel="predicted probability of the rare class", ylabel="share that was rare")
ax.legend(frameon=False)
ax.spines[["top", "right"]].set_visible(False)

# %%
# After the adjustment, the plain model decides much like the oversampled one, without being trained
# again. The corrected oversampled model has nearly the mean probability and the log loss of the
# plain one; not exactly, because a linear model does not quite fit these data, however often their
# classes are drawn. For a linear model, resampling does little more than move the threshold.
