"""
Balanced decisions after plain training, correct probabilities after balanced training
======================================================================================

A model that was trained without weights finds few samples of a rare class at a threshold of 0.5. A
model that was trained on balanced classes finds more, but its probabilities of the rare class are
far too high. ``PriorAdjustedClassifier`` corrects both models: it converts their probabilities
from the class shares in training to other class shares.
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
# ``PriorAdjustedClassifier`` reads from the fitted pipeline, including its oversampler, which
# class shares the model learned from. By default, the target shares are ``"balanced"``.
# ``"observed"`` means the class shares of y.
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
# After the adjustment, the plain model decides much like the oversampled model, without being
# trained again. After the correction, the oversampled model has nearly the same mean probability
# and log loss as the plain model. They are not exactly equal, because a linear model does not fit
# these data exactly, with or without oversampling. For a linear model, resampling does little more
# than move the threshold.
