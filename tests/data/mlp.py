"""scikit-learn's multilayer perceptrons, step by step: where they start, where they are after a few epochs.

    python mlp.py             (numpy, scikit-learn; writes mlp.json beside it)

Small tables with their rows in the file, no shuffling, so that every mini-batch is known. Weights are as
PyTorch and the files of models have them, out x in. Each case starts from scikit-learn's own first weights,
and tells the loss of every epoch and the parameters at the end. Adam's epsilon is next to nothing:
scikit-learn adds it before the correction of the means, the paper behind it.
"""

import json
import pathlib
import warnings

import numpy as np
import sklearn
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier, MLPRegressor

HERE = pathlib.Path(__file__).parent
warnings.simplefilter("ignore", ConvergenceWarning)


def parameters(model):
    return [[w.T.ravel().tolist(), b.tolist()] for w, b in zip(model.coefs_, model.intercepts_)]


def start(model, x, y):
    """The parameters that `fit` starts from: one epoch with a rate too small to move them."""
    still = type(model)(**{**model.get_params(), "learning_rate_init": 1e-300, "solver": "adam", "max_iter": 1, "alpha": 0.0})
    return parameters(still.fit(x, y))


def case(name, model, x, y):
    first = start(model, x, y)
    model.fit(x, y)
    kinds = {"classes": int(y.max()) + 1} if isinstance(model, MLPClassifier) else {"outputs": y.reshape(len(y), -1).shape[1]}
    keys = ["hidden_layer_sizes", "activation", "solver", "alpha", "batch_size", "learning_rate", "learning_rate_init",
            "power_t", "epsilon", "max_iter", "momentum", "nesterovs_momentum"]  # fmt: skip
    settings = {key: model.get_params()[key] for key in keys}
    losses = [] if model.solver == "lbfgs" else model.loss_curve_
    return {
        "case": name,
        **kinds,
        "settings": settings,
        "x": x.tolist(),
        "y": y.tolist(),
        "start": first,
        "losses": [float(v) for v in losses],
        "loss": float(model.loss_),
        "end": parameters(model),
    }


def cases():
    rng = np.random.default_rng(8)
    x = np.round(rng.normal(size=(13, 3)), 3)
    two = (x[:, 0] + 0.3 * rng.normal(size=13) > 0).astype(int)
    three = np.digitize(x[:, 0] + 0.3 * rng.normal(size=13), [-0.5, 0.5])
    numbers = np.round(x @ rng.normal(size=(3, 2)) + 0.1 * rng.normal(size=(13, 2)), 3)
    fixed = dict(shuffle=False, random_state=1, tol=0.0, max_iter=6, batch_size=5, epsilon=1e-30)
    yield case("adam, two classes, relu", MLPClassifier(hidden_layer_sizes=(4,), learning_rate_init=0.02, **fixed), x, two)
    yield case("adam, three classes, tanh, two layers", MLPClassifier(hidden_layer_sizes=(4, 3), activation="tanh", alpha=0.1, **fixed), x, three)
    yield case("sgd, nesterov, logistic", MLPClassifier(hidden_layer_sizes=(4,), activation="logistic", solver="sgd", learning_rate_init=0.1, **fixed), x, three)
    yield case("sgd, plain momentum, inverse scaling",
               MLPClassifier(hidden_layer_sizes=(4,), solver="sgd", nesterovs_momentum=False, learning_rate="invscaling", learning_rate_init=0.2, **fixed), x, two)  # fmt: skip
    yield case("adam, two numbers, relu", MLPRegressor(hidden_layer_sizes=(5,), learning_rate_init=0.02, **fixed), x, numbers)
    yield case("sgd, one number, identity", MLPRegressor(hidden_layer_sizes=(5,), activation="identity", solver="sgd", **fixed), x, numbers[:, 0])
    yield case("lbfgs, a linear model to its optimum",
               MLPClassifier(hidden_layer_sizes=(), solver="lbfgs", alpha=1.0, random_state=1, max_iter=1000, tol=1e-10), x, three)  # fmt: skip


if __name__ == "__main__":
    content = {"made_by": f"tests/data/mlp.py, scikit-learn {sklearn.__version__}", "cases": list(cases())}
    text = json.dumps(content, indent=0).replace(",\n", ", ").replace("[\n", "[").replace("\n]", "]")
    (HERE / "mlp.json").write_text(text + "\n")
    for c in content["cases"]:
        print(c["case"], c["losses"][-1:], c["loss"])
