"""What the bundled sets must decode to: scikit-learn's own arrays, and the CSV files of the two others.

    python datasets.py gapminder.csv penguins.csv      (numpy, scikit-learn; writes datasets.json beside it)

For each column: the count of empty cells, a number's correctly rounded sum or a text's counts, and FNV-1a
over all cells in order (a number's eight bytes, little end first, NaN if empty; a text's bytes and a line
feed, nothing but the line feed if empty).
"""

import collections
import csv
import json
import math
import pathlib
import struct
import sys

import sklearn
from sklearn import datasets

CLASSES = ["iris", "wine", "breast_cancer", "digits"]


def fnv(chunks):
    state = 0xCBF29CE484222325
    for byte in b"".join(chunks):
        state = (state ^ byte) * 0x100000001B3 % 2**64
    return f"{state:016x}"


def numbers(name, cells):
    filled = [float(c) for c in cells if c is not None]
    quiet_nan = struct.pack("<Q", 0x7FF8000000000000)
    chunks = [quiet_nan if c is None else struct.pack("<d", float(c)) for c in cells]
    return {"name": name, "kind": "number", "empty": len(cells) - len(filled), "sum": math.fsum(filled), "hash": fnv(chunks)}


def texts(name, cells):
    counts = collections.Counter(c for c in cells if c is not None)
    chunks = [(c or "").encode() + b"\n" for c in cells]
    return {"name": name, "kind": "text", "empty": cells.count(None), "counts": dict(sorted(counts.items())), "hash": fnv(chunks)}


def from_sklearn(name):
    options = {"scaled": False} if name == "diabetes" else {}
    bunch = getattr(datasets, f"load_{name}")(**options)
    columns = [numbers(str(f), list(x)) for f, x in zip(bunch.feature_names, bunch.data.T)]
    if name in CLASSES:
        columns.append(texts("target", [str(bunch.target_names[t]) for t in bunch.target]))
    else:
        columns.append(numbers("target", list(bunch.target)))
    return {"rows": len(bunch.target), "columns": columns}


def from_csv(path):
    with open(path, newline="", encoding="utf-8") as file:
        header, *rows = csv.reader(file)
    columns = []
    for name, cells in zip(header, zip(*rows)):
        cells = [c or None for c in cells]
        try:
            columns.append(numbers(name, cells))
        except ValueError:
            columns.append(texts(name, cells))
    return {"rows": len(rows), "columns": columns}


if __name__ == "__main__":
    content = {"made_by": f"tests/data/datasets.py, scikit-learn {sklearn.__version__}"}
    content |= {name: from_sklearn(name) for name in [*CLASSES, "diabetes"]}
    content |= {pathlib.Path(path).stem: from_csv(path) for path in sys.argv[1:]}
    text = json.dumps(content, indent=0).replace(",\n", ", ").replace("}, {", "},\n{")
    (pathlib.Path(__file__).parent / "datasets.json").write_text(text + "\n")
