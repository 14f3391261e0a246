"""scikit-learn's scalers on a small table, and the sizes of its splits.

    python data.py            (numpy, scikit-learn; writes data.json beside it)
"""

import json
import pathlib

import numpy as np
import sklearn
from sklearn.model_selection import KFold, train_test_split
from sklearn.preprocessing import MinMaxScaler, StandardScaler

X = np.array([[1.5, 0.1, -3e8], [2.25, 0.1, 1e8], [-4.0, 0.1, 2e8], [0.125, 0.1, 7e8], [9.0, 0.1, -1e8]])
WEIGHTS = np.array([1.0, 0.0, 2.5, 0.5, 1.0])

if __name__ == "__main__":
    content = {"made_by": f"tests/data/data.py, scikit-learn {sklearn.__version__}", "x": X.tolist(), "weights": WEIGHTS.tolist()}
    for name, weights in [("plain", None), ("weighted", WEIGHTS)]:
        scaler = StandardScaler().fit(X, sample_weight=weights)
        content[name] = {"mean": scaler.mean_.tolist(), "scale": scaler.scale_.tolist(), "z": scaler.transform(X).tolist()}
    content["min_max"] = [
        {"low": low, "high": high, "z": MinMaxScaler((low, high)).fit_transform(X).tolist()} for low, high in [(0, 1), (-2, 3)]
    ]
    content["test_sizes"] = [
        [n, share, len(train_test_split(np.arange(n), test_size=share)[1])]
        for n in [2, 3, 10, 11, 97, 150, 1000]
        for share in [0.1, 0.2, 0.25, 1 / 3, 0.5]
        if n > np.ceil(share * n)
    ]
    content["fold_sizes"] = [
        [n, *(len(test) for _, test in KFold(k).split(np.arange(n)))] for n, k in [(10, 5), (11, 5), (150, 4), (7, 7), (23, 10)]
    ]
    text = json.dumps(content, indent=0).replace(",\n", ", ").replace("[\n", "[").replace("\n]", "]")
    (pathlib.Path(__file__).parent / "data.json").write_text(text + "\n")
