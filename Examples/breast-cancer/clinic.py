# SPDX-License-Identifier: Apache-2.0
"""Plays the clinic: sends each held-back biopsy to the live model and later, as pathology would, reports the truth.

    python clinic.py [rows]          # all rows of data/holdback.csv, or as many as named
"""

import csv
import json
import os
import sys
from urllib.request import Request, urlopen

SERVER = os.environ.get("MLFLOW_TRACKING_URI", "http://127.0.0.1:5000").rstrip("/")
MODEL, TARGET = "breast-cancer", "malignant"


def post(path, body):
    request = Request(SERVER + path, json.dumps(body).encode(), {"Content-Type": "application/json"})
    with urlopen(request, timeout=30) as response:
        return json.load(response)


with open("data/holdback.csv", newline="") as table:
    patients = list(csv.DictReader(table))[: int(sys.argv[1]) if len(sys.argv) > 1 else None]

labels, wrong = [], 0
for number, patient in enumerate(patients):
    truth = int(patient.pop(TARGET))
    # Open Inference Protocol: one tensor, a row of measurements in the order of the training data.
    values = [float(value) for value in patient.values()]
    tensor = {"name": "input", "shape": [1, len(values)], "datatype": "FP64", "data": values}
    answer = post(f"/v2/models/{MODEL}/infer", {"inputs": [tensor]})
    outputs = {output["name"]: output["data"][0] for output in answer["outputs"]}
    prediction = outputs["prediction_id"]
    if int(outputs["label"]) != truth:
        wrong += 1
        if wrong <= 2:  # a doctor notices at once, and says so
            complaint = {"usable": False, "truth": truth, "comment": "does not fit what I see"}
            post("/api/gyre/v1/feedback", {"prediction_id": prediction, **complaint})
    if number % 10 != 9:  # of every tenth patient the pathology never reports back
        labels.append({"prediction_id": prediction, "truth": truth})

post("/api/gyre/v1/labels", {"labels": labels})
print(f"{len(patients)} patients asked about, {wrong} answered wrongly, the truth about {len(labels)} is reported")
