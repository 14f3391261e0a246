"""scikit-learn's metrics on small tables, with and without sample weights.

    python metrics.py         (numpy, scikit-learn; writes metrics.json beside it)

Scores hold ties, one class is never predicted in the three-class case (its precision is 0 by
zero_division=0), and one probability in `log_loss_clipped` is exactly 0 for the true class (scikit-learn
clips at the f64 epsilon).
"""

import json
import pathlib

import numpy as np
import sklearn
from sklearn import metrics as m

HERE = pathlib.Path(__file__).parent


def f1_family(y, p, s, **average):
    values = m.precision_recall_fscore_support(y, p, sample_weight=s, zero_division=0, **average)[:3]
    return dict(zip(["precision", "recall", "f1"], map(float, values)))


def classification(y, p, proba, s):
    out = {
        "accuracy": m.accuracy_score(y, p, sample_weight=s),
        "balanced_accuracy": m.balanced_accuracy_score(y, p, sample_weight=s),
        "confusion": m.confusion_matrix(y, p, sample_weight=s).tolist(),
        **{a: f1_family(y, p, s, average=a) for a in ["macro", "micro", "weighted"]},
        "log_loss": m.log_loss(y, proba, sample_weight=s),
    }
    if proba.shape[1] == 2:
        out["binary"] = f1_family(y, p, s, average="binary")
        out["roc_auc"] = m.roc_auc_score(y, proba[:, 1], sample_weight=s)
    else:
        out["roc_auc_ovr_macro"] = m.roc_auc_score(y, proba, multi_class="ovr", average="macro", sample_weight=s)
    return out


def regression(y, p, s):
    return {
        "mse": m.mean_squared_error(y, p, sample_weight=s),
        "mae": m.mean_absolute_error(y, p, sample_weight=s),
        "r2": m.r2_score(y, p, sample_weight=s),
    }


def table(rng, classes, n):
    y = np.arange(n) % classes
    raw = rng.integers(1, 9, (n, classes)) + 4.0 * (np.arange(classes) == y[:, None]) * rng.integers(0, 2, (n, 1))
    if classes == 3:
        raw[:, 2] = np.minimum(raw[:, 2], raw[:, :2].max(axis=1) - 1)
    # Sixteenths are exact in binary, so that every row sums to exactly 1 and ties are ties.
    proba = np.floor(16 * raw / raw.sum(axis=1, keepdims=True)) / 16
    proba = np.maximum(proba, 1 / 16)
    top = proba.argmax(axis=1)
    proba[np.arange(n), top] += 1 - proba.sum(axis=1)
    return y, proba.argmax(axis=1), proba


if __name__ == "__main__":
    rng = np.random.default_rng(3)
    content = {"made_by": f"tests/data/metrics.py, scikit-learn {sklearn.__version__}"}
    for name, classes, n in [("two_classes", 2, 21), ("three_classes", 3, 24)]:
        y, p, proba = table(rng, classes, n)
        s = rng.integers(1, 8, n) / 4
        content[name] = {
            "y": y.tolist(),
            "predicted": p.tolist(),
            "proba": proba.tolist(),
            "sample_weight": s.tolist(),
            "plain": classification(y, p, proba, None),
            "weighted": classification(y, p, proba, s),
        }
    content["log_loss_clipped"] = {
        "y": [0, 1, 1],
        "proba": [[0.75, 0.25], [1.0, 0.0], [0.5, 0.5]],
        "log_loss": m.log_loss([0, 1, 1], np.array([[0.75, 0.25], [1.0, 0.0], [0.5, 0.5]])),
    }
    y, p = rng.integers(-40, 40, (2, 15, 2)) / 8
    s = rng.integers(1, 8, 15) / 4
    content["regression"] = {
        "y": y.tolist(),
        "predicted": p.tolist(),
        "sample_weight": s.tolist(),
        "first_output": {"plain": regression(y[:, 0], p[:, 0], None), "weighted": regression(y[:, 0], p[:, 0], s)},
        "both_outputs": {"plain": regression(y, p, None), "weighted": regression(y, p, s)},
    }
    constant = {"y": [0.5, 0.5, 0.5], "predicted": [0.5, 0.5, 0.75]}
    content["constant_target"] = {
        **constant,
        "r2": m.r2_score(constant["y"], constant["predicted"]),
        "r2_exact": m.r2_score(constant["y"], constant["y"]),
    }
    text = json.dumps(content, indent=0).replace(",\n", ", ").replace("[\n", "[").replace("\n]", "]")
    (HERE / "metrics.json").write_text(text + "\n")
    print(json.dumps(content["two_classes"]["weighted"]), json.dumps(content["three_classes"]["plain"]), content["regression"]["both_outputs"])
