"""Multi-task lasso and elastic net of scikit-learn, and its lasso with weights.

    python lasso.py           (numpy, scikit-learn; writes lasso.json beside it)

scikit-learn minimises 1/(2 n) ||Y - X W - 1 b'||^2 + alpha (l1_ratio sum_j ||W_j|| + (1 - l1_ratio) / 2 ||W||^2), with weights
sum_i w_i r_i^2 / (2 sum w) for the first term. `objective` is that of sums over rows: n, or sum w, times scikit-learn's.
"""

import json
import pathlib

import numpy as np
import sklearn
from sklearn.linear_model import Lasso, MultiTaskElasticNet, MultiTaskLasso

HERE = pathlib.Path(__file__).parent


def table(seed, rows, features, tasks):
    random = np.random.default_rng(seed)
    x = random.standard_normal((rows, features)) @ (np.eye(features) + 0.3)
    w = np.zeros((features, tasks))
    w[: features // 3] = random.standard_normal((features // 3, tasks))
    y = x @ w + 0.5 * random.standard_normal((rows, tasks)) + random.standard_normal(tasks)
    return x.round(3), y.round(3)


def case(model, x, y, weights=None):
    n = len(x) if weights is None else weights.sum()
    model.fit(x, y, **({} if weights is None else {"sample_weight": weights}))
    coef = np.atleast_2d(model.coef_)
    ratio = model.l1_ratio
    residual = y.reshape(len(x), -1) - x @ coef.T - model.intercept_
    w = np.ones(len(x)) if weights is None else weights
    norm = np.linalg.norm(coef, axis=0).sum()
    penalty = n * model.alpha * (ratio * norm + (1 - ratio) / 2 * (coef**2).sum())
    return {
        "model": type(model).__name__,
        "features": x.shape[1],
        "x": x.ravel().tolist(),
        "y": y.ravel().tolist(),
        "sample_weight": None if weights is None else weights.tolist(),
        "intercept": model.fit_intercept,
        "lambda": float(n * model.alpha),
        "l1_ratio": ratio,
        "coef": coef.tolist(),
        "bias": np.broadcast_to(model.intercept_, len(coef)).tolist(),
        "objective": float(0.5 * (w[:, None] * residual**2).sum() + penalty),
    }


def cases():
    exact = {"tol": 1e-15, "max_iter": 1_000_000}
    for seed, (rows, features, tasks) in enumerate([(30, 6, 3), (12, 20, 4), (60, 5, 2)]):
        x, y = table(seed, rows, features, tasks)
        centred = (x - x.mean(axis=0)).T @ (y - y.mean(axis=0))
        top = np.linalg.norm(centred, axis=1).max() / rows
        for intercept in [True, False]:
            yield case(MultiTaskLasso(alpha=top / 4, fit_intercept=intercept, **exact), x, y)
            for ratio in [0.3, 0.8]:
                yield case(MultiTaskElasticNet(alpha=top / 6, l1_ratio=ratio, fit_intercept=intercept, **exact), x, y)
    x, y = table(9, 25, 6, 1)
    weights = (1.0 + np.arange(25) % 3) / 2
    yield case(Lasso(alpha=0.1, **exact), x, y[:, 0], weights)


if __name__ == "__main__":
    content = {"made_by": f"tests/data/mtl/lasso.py, scikit-learn {sklearn.__version__}", "cases": list(cases())}
    text = json.dumps(content, indent=0).replace(",\n", ", ").replace("[\n", "[").replace("\n]", "]")
    (HERE / "lasso.json").write_text(text + "\n")
    for c in content["cases"]:
        print(c["model"], c["lambda"], c["objective"], np.count_nonzero(np.any(c["coef"], axis=0)))
