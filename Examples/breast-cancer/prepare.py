# SPDX-License-Identifier: Apache-2.0
"""Writes the project's tables to data/: the Wisconsin breast cancer set that comes with scikit-learn.

569 biopsies, 30 measurements of cell nuclei each. 60 % are for training, 20 % for the acceptance test, and 20 % are held
back: they play the patients who arrive once the model is in service. The second half of those comes from a clinic whose
microscope draws cell contours rougher than the model has learned. The same params.yaml writes the same bytes.
"""

from pathlib import Path

import yaml
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import train_test_split

params = yaml.safe_load(Path("params.yaml").read_text())["prepare"]
CONTOUR = ["smoothness", "compactness", "concavity", "concave_points", "symmetry", "fractal_dimension"]

table = load_breast_cancer(as_frame=True).frame
table.columns = [name.replace(" ", "_") for name in table.columns]
table["malignant"] = 1 - table.pop("target")  # scikit-learn calls malignant 0; here 1 is the class we must not miss

train, rest = train_test_split(table, train_size=0.6, stratify=table["malignant"], random_state=params["seed"])
test, holdback = train_test_split(rest, train_size=0.5, stratify=rest["malignant"], random_state=params["seed"])

contour = [f"{statistic}_{name}" for statistic in ("mean", "worst") for name in CONTOUR]
clinic = holdback.index[len(holdback) // 2 :]
holdback.loc[clinic, contour] = (holdback.loc[clinic, contour] * params["clinic_contour"]).round(6)

Path("data").mkdir(exist_ok=True)
for name, rows in {"train": train, "test": test, "holdback": holdback, "errors": table.head(0)}.items():
    rows.to_csv(f"data/{name}.csv", index=False)
    print(f"data/{name}.csv: {len(rows)} rows, {int(rows['malignant'].sum())} malignant")
