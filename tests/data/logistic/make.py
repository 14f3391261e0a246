"""True optima of L2-regularised logistic regression, to full double precision.

    python make.py            (numpy, scikit-learn; writes the JSON files beside it)

The objective is scikit-learn's:  C * sum_i s_i loss_i + 1/2 ||coef||^2, intercept unpenalised, where
loss_i is the softmax cross-entropy for three classes and more, and the binary logistic loss (one row
of coefficients, for the class of the higher index) for two.

scikit-learn's own L-BFGS at tol 1e-10 gives the start. Newton's method then polishes it: Hessian in
f64, gradient in 80-bit extended precision, until the step no longer changes the f64 parameters. The
softmax is unchanged when one number is added to all intercepts, so they are centred: a penalty
1/2 (sum of intercepts)^2, zero at the solution, makes the Hessian regular without moving the optimum.
"""

import json
import pathlib

import numpy as np
import sklearn
from sklearn import datasets
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler
from sklearn.utils.class_weight import compute_class_weight

HERE = pathlib.Path(__file__).parent
Extended = np.longdouble


class Problem:
    """The objective over W = [coef, intercept], an array of classes (or 1) x (features + 1)."""

    def __init__(self, x, y, classes, c, weights):
        self.x = np.hstack([x, np.ones((len(x), 1))])
        self.rows = 1 if classes == 2 else classes
        self.y = np.arange(classes)[1 if classes == 2 else 0 :] == y[:, None]  # n x rows
        self.c = c
        self.s = weights
        self.penalised = np.ones(self.x.shape[1])
        self.penalised[-1] = 0.0

    def parts(self, w, kind):
        """Losses and probabilities (n, n x rows) in the floating-point type `kind`."""
        z = self.x.astype(kind) @ w.astype(kind).T
        if self.rows == 1:
            loss = np.logaddexp(kind(0), z) - self.y * z
            return loss[:, 0], 1 / (1 + np.exp(-z))
        top = z.max(axis=1, keepdims=True)
        e = np.exp(z - top)
        total = e.sum(axis=1, keepdims=True)
        loss = np.log(total) + top - np.where(self.y, z, 0).sum(axis=1, keepdims=True)
        return loss[:, 0], e / total

    def value(self, w):
        loss, _ = self.parts(w, Extended)
        wide = w.astype(Extended) * self.penalised
        return self.c * (self.s * loss).sum() + (wide * wide).sum() / 2

    def gradient(self, w):
        _, p = self.parts(w, Extended)
        residual = (self.c * self.s)[:, None] * (p - self.y)
        return residual.T @ self.x.astype(Extended) + w * self.penalised

    def hessian(self, w):
        _, p = self.parts(w, np.float64)
        k, d = w.shape
        h = np.zeros((k, d, k, d))
        for a in range(k):
            for b in range(k):
                curvature = self.c * self.s * p[:, a] * ((a == b) - p[:, b])
                h[a, :, b, :] = (self.x * curvature[:, None]).T @ self.x
            h[a, :, a, :] += np.diag(self.penalised)
        if k > 1:
            h[:, -1, :, -1] += 1.0
        return h.reshape(k * d, k * d)


def optimum(x, y, classes, c, weights):
    start = LogisticRegression(C=c, tol=1e-10, max_iter=100_000).fit(x, y, weights)
    w = np.hstack([start.coef_, start.intercept_[:, None]])
    problem = Problem(x, y, classes, c, weights)
    if problem.rows > 1:
        w[:, -1] -= w[:, -1].mean()
    for _ in range(20):
        step = np.linalg.solve(problem.hessian(w), problem.gradient(w).astype(np.float64).ravel())
        before, w = w, w - step.reshape(w.shape)
        if np.abs(w - before).max() <= 2 * np.finfo(np.float64).eps * np.abs(w).max():
            break
    else:
        raise SystemExit("Newton's method did not settle")
    distance = np.abs(np.hstack([start.coef_, start.intercept_[:, None]]) - w).max()
    assert distance < 1e-4 * np.abs(w).max(), distance
    return {
        "coef": w[:, :-1].tolist(),
        "intercept": w[:, -1].tolist(),
        "objective": float(problem.value(w)),
        "gradient_norm": float(np.sqrt((problem.gradient(w) ** 2).sum())),
    }


def bundled(name):
    data = getattr(datasets, "load_" + name)()
    x = StandardScaler().fit_transform(data.data)
    return {
        "set": name,
        "made_by": f"tests/data/logistic/make.py, scikit-learn {sklearn.__version__}",
        "c": 1.0,
        "rows": len(x),
        "features": x.shape[1],
        "classes": [str(t) for t in data.target_names],
        **optimum(x, data.target, len(data.target_names), 1.0, np.ones(len(x))),
    }


def weighted_cases():
    """Small tables with their rows in the file; class weights as scikit-learn's `balanced`."""
    rng = np.random.default_rng(5)
    for classes, n in [(2, 14), (3, 18)]:
        y = np.sort(rng.choice(classes, n, p=[0.6, 0.4] if classes == 2 else [0.5, 0.3, 0.2]))
        x = np.round(rng.normal(size=(n, 3)) + y[:, None] * [0.8, -0.5, 0.1], 3)
        sample = np.round(rng.uniform(0.2, 3.0, n), 2)
        sample[3] = 0.0
        for balanced in (False, True):
            for weights in (np.ones(n), sample):
                total = weights.copy()
                if balanced:
                    per_class = compute_class_weight("balanced", classes=np.arange(classes), y=y, sample_weight=weights)
                    total = weights * per_class[y]
                answer = optimum(x, y, classes, 0.3, total)
                model = LogisticRegression(C=0.3, tol=1e-10, max_iter=10_000, class_weight="balanced" if balanced else None)
                model.fit(x, y, weights)
                assert np.allclose(model.coef_, answer["coef"], atol=1e-6)
                yield {
                    "classes": classes,
                    "balanced": balanced,
                    "sample_weight": weights.tolist(),
                    "x": x.tolist(),
                    "y": y.tolist(),
                    "total_weight": total.tolist(),
                    **answer,
                }


def write(path, content):
    """One key a line, numbers as repr: the shortest decimals that give the same f64."""
    path.write_text(json.dumps(content, indent=0).replace(",\n", ", ").replace("[\n", "[").replace("\n]", "]") + "\n")


if __name__ == "__main__":
    for name in ["iris", "wine", "breast_cancer", "digits"]:
        answer = bundled(name)
        write(HERE / f"{name}.json", answer)
        print(name, answer["objective"], answer["gradient_norm"])
    cases = list(weighted_cases())
    write(HERE / "weighted.json", {"made_by": "tests/data/logistic/make.py", "c": 0.3, "cases": cases})
    print("weighted", [(c["classes"], c["balanced"], c["objective"], c["gradient_norm"]) for c in cases])
