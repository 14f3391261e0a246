"""Writes mixed_statsmodels.json: statsmodels' MixedLM on the rows of mixed.json, with one variance for the
intercept alone and one for all coefficients (a variance component whose design is the features).

    python mixed_statsmodels.py        # numpy, statsmodels
"""

import json
import pathlib

import numpy as np
from statsmodels.regression.mixed_linear_model import MixedLM, VCSpec

HERE = pathlib.Path(__file__).parent


def model(case, covariance):
    x, y = np.array(case["X"]), np.array(case["y"])
    task = np.array(case["task"]).astype(int)
    if covariance == "intercept":
        return MixedLM(y, x, task, exog_re=np.ones((len(y), 1)))
    tasks = np.unique(task)
    names = [[f"x{j}" for j in range(x.shape[1])] for _ in tasks]
    parts = VCSpec(["all"], [names], [[x[task == t] for t in tasks]])
    return MixedLM(y, x, task, exog_vc=parts)


def answer(fit, covariance):
    variance = fit.cov_re[0, 0] if covariance == "intercept" else fit.vcomp[0]
    return {
        "phi": fit.fe_params.tolist(),
        "variance": float(variance),
        "noise_variance": float(fit.scale),
        "log_likelihood": float(fit.llf),
    }


def main():
    cases = json.loads((HERE / "mixed.json").read_text())["cases"]
    made = {}
    for name, case in cases.items():
        made[name] = {}
        for likelihood in ["ml", "reml"]:
            for covariance in ["intercept", "scalar"]:
                fit = model(case, covariance).fit(reml=likelihood == "reml", method="bfgs", gtol=1e-10)
                made[name][f"{likelihood}_{covariance}"] = answer(fit, covariance)
    (HERE / "mixed_statsmodels.json").write_text(json.dumps(made, indent=1) + "\n")


if __name__ == "__main__":
    main()
