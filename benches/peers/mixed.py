"""Random effects in statsmodels; `peers.py` runs it.

1000 tasks x 30 rows x 5 features, intercept and slopes of each task with a full covariance, REML. A fit takes
so long that one is timed, whatever the budget.
"""

import time
import warnings

import data
import numpy as np

TASKS, ROWS, FEATURES = 1000, 30, 5


def table():
    """[1, x] (30,000 x 6), y, task."""
    lcg = data.Lcg(6)
    x = lcg.normals(TASKS * ROWS, FEATURES)
    own = 1 + lcg.normals(TASKS, FEATURES + 1) / 2
    noise = lcg.normals(TASKS * ROWS)
    task = np.repeat(np.arange(TASKS), ROWS)
    z = np.column_stack([np.ones(len(x)), x])
    return z, (z * own[task]).sum(axis=1) + noise, task


def fit(report):
    from statsmodels.regression.mixed_linear_model import MixedLM

    warnings.simplefilter("ignore")
    z, y, task = table()
    start = time.perf_counter()
    fitted = MixedLM(y, z, task, exog_re=z).fit(reml=True)
    report("random_effects", "statsmodels", [time.perf_counter() - start], fitted.llf)


def workloads(report):
    return {"random_effects": {"statsmodels": lambda _: fit(report)}}
