"""Least squares and ridge answers of scikit-learn, polished to full double precision.

    python ridge.py           (numpy, scikit-learn; writes ridge.json beside it)

Objective: sum_i s_i ||y_i - coef x_i - intercept||^2 + alpha ||coef||^2, intercept unpenalised, each
output on its own. scikit-learn's answer starts; the normal equations are then refined with residuals in
80-bit extended precision until the f64 parameters stand still.
"""

import json
import pathlib

import numpy as np
import sklearn
from sklearn import datasets
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.preprocessing import StandardScaler

HERE = pathlib.Path(__file__).parent


def case(name, columns, x, y, alpha, weights=None):
    model = Ridge(alpha=alpha) if alpha > 0 else LinearRegression()
    model.fit(x, y, weights)
    w = np.vstack([np.atleast_2d(model.coef_).T, np.atleast_1d(model.intercept_)])
    s = np.ones(len(x)) if weights is None else weights
    ones = np.hstack([x, np.ones((len(x), 1))])
    y = y.reshape(len(x), -1)
    penalty = np.append(np.full(x.shape[1], float(alpha)), 0.0)[:, None]
    wide, normal = ones.astype(np.longdouble), (ones * s[:, None]).T @ ones + np.diag(penalty[:, 0])
    start = w
    for _ in range(5):
        residual = y - wide @ w
        w = w + np.linalg.solve(normal, ((wide * s[:, None]).T @ residual - penalty * w).astype(np.float64))
    assert np.abs(start - w).max() < 1e-8 * np.abs(w).max()
    residual = y - wide @ w
    squares = (s[:, None] * residual**2).sum()
    centred = y - (s @ y) / s.sum()
    r2 = 1 - (s[:, None] * residual**2).sum(axis=0) / (s[:, None] * centred**2).sum(axis=0)
    return {
        "case": name,
        "data": columns,
        "alpha": float(alpha),
        "sample_weight": None if weights is None else weights.tolist(),
        "coef": w[:-1].T.tolist(),
        "intercept": w[-1].tolist(),
        "objective": float(squares + (penalty * w.astype(np.longdouble) ** 2).sum()),
        "r2": r2.astype(float).tolist(),
    }


def cases():
    diabetes = datasets.load_diabetes(scaled=False)
    x, y = StandardScaler().fit_transform(diabetes.data), diabetes.target
    columns = "diabetes: ten columns as distributed (unscaled), standardised; target"
    yield case("diabetes", columns, x, y, 1.0)
    yield case("diabetes, strong penalty", columns, x, y, 1000.0)
    yield case("diabetes, no penalty", columns, x, y, 0.0)
    yield case("diabetes, row i weighs 1 + (i mod 3)", columns, x, y, 1.0, 1.0 + np.arange(len(x)) % 3)
    iris = datasets.load_iris().data
    columns = "iris: sepal length and width as they are; targets petal length and width"
    yield case("iris, two outputs", columns, iris[:, :2], iris[:, 2:], 1.0)


if __name__ == "__main__":
    made_by = f"tests/data/ridge.py, scikit-learn {sklearn.__version__}"
    content = {"made_by": made_by, "cases": list(cases())}
    text = json.dumps(content, indent=0).replace(",\n", ", ").replace("[\n", "[").replace("\n]", "]")
    (HERE / "ridge.json").write_text(text + "\n")
    for c in content["cases"]:
        print(c["case"], c["objective"], c["r2"])
