"""
Probabilities after resampling, and shifting them back
======================================================

A model that was taught on balanced classes believes that they are balanced. It finds more of the
rare class, and calls everything else rare too readily as well: its probabilities are far too high.
``PriorCorrectedClassifier`` takes the shift back.
"""

import matplotlib.pyplot as plt
from imblearn.over_sampling import RandomOverSampler
from imblearn.pipeline import make_pipeline
from sklearn.calibration import calibration_curve
from sklearn.datasets import make_classification
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import balanced_accuracy_score, log_loss
from sklearn.model_selection import train_test_split

from sklmerge import ClassWeightedClassifier, PriorCorrectedClassifier

X, y = make_classification(
    20_000, 10, n_informative=5, weights=[0.92], flip_y=0.02, class_sep=0.7, random_state=0
)
X_train, X_test, y_train, y_test = train_test_split(X, y, stratify=y, random_state=0)
print(f"share of the rare class: {y.mean():.3f}")

# %%
# Four models
# -----------
# ``train_prior="balanced"`` says what full resampling makes the classes look like;
# ``train_prior="estimator"`` asks a ``ClassWeightedClassifier`` what its weights made of them.
oversampled = make_pipeline(RandomOverSampler(random_state=0), LogisticRegression())
weighed = ClassWeightedClassifier(LogisticRegression())
models = {
    "nothing": LogisticRegression(),
    "over-sampled": oversampled,
    "over-sampled, shifted back": PriorCorrectedClassifier(oversampled, train_prior="balanced"),
    "weighed, shifted back": PriorCorrectedClassifier(weighed, train_prior="estimator"),
}
fig, ax = plt.subplots(figsize=(5, 4.5), layout="constrained")
ax.plot([0, 1], [0, 1], color="grey", linestyle=":", label="as it should be")
markers = iter("osD^")
print(f"{'':28}mean p  log loss  balanced accuracy at 0.5, at {y_train.mean():.3f}")
for name, model in models.items():
    p = model.fit(X_train, y_train).predict_proba(X_test)[:, 1]
    true, said = calibration_curve(y_test, p, n_bins=8, strategy="uniform")
    ax.plot(said, true, marker=next(markers), label=name)
    at = [balanced_accuracy_score(y_test, p > bar) for bar in (0.5, y_train.mean())]
    print(f"{name:28}{p.mean():6.3f}{log_loss(y_test, p):10.3f}{at[0]:18.3f}{at[1]:14.3f}")
ax.set(xlabel="predicted probability of the rare class", ylabel="share that was rare")
ax.legend(frameon=False)
ax.spines[["top", "right"]].set_visible(False)

# %%
# Left alone, the model gets the mean right and finds few at a threshold of 0.5. Over-sampled, it
# finds more and says three times too often that a sample is rare. Shifted back, the mean is nearly
# right again, and so is the log loss. It is not exact, because a linear model is not quite right
# about these data, however often their classes are drawn.
#
# The last column is worth a thought. With the share of the rare class as the threshold, the model
# that was left alone finds almost as many as the balanced one does at 0.5: for a linear model,
# resampling and weights are little more than a way to choose a threshold.
