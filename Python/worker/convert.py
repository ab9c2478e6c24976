# SPDX-License-Identifier: Apache-2.0
"""Turns a scikit-learn model, as MLflow saves it, into ONNX, and proves that both predict the same.

usage: convert.py MODEL_FOLDER OUTPUT_FOLDER [ROWS.csv]

Writes OUTPUT_FOLDER/model.onnx and OUTPUT_FOLDER/prepared.json. Exit code 3 and one line on stderr if the model cannot be
converted, or if the converted one predicts anything else on the rows: the model's own input example, or ROWS.csv.
"""

import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd


def stop(reason):
    print(reason, file=sys.stderr)
    raise SystemExit(3)


def read_model(folder):
    """The estimator and the MLmodel document."""
    import mlflow.sklearn
    import yaml

    document = yaml.safe_load((folder / "MLmodel").read_text())
    if "sklearn" not in document.get("flavors", {}):
        known = ", ".join(document.get("flavors", {})) or "none"
        stop(f"only scikit-learn models are converted; this one has the flavours {known}")
    return mlflow.sklearn.load_model(str(folder)), document


def signature_columns(document, model):
    """(name, is_text) of each column, by the signature or, without one, by what the estimator remembers."""
    inputs = json.loads((document.get("signature") or {}).get("inputs") or "[]")
    if inputs and inputs[0].get("type") != "tensor":
        return [(str(column.get("name", index)), column["type"] == "string") for index, column in enumerate(inputs)]
    names = getattr(model, "feature_names_in_", None)
    if names is not None:
        return [(str(name), False) for name in names]
    width = getattr(model, "n_features_in_", None)
    if width is None:
        stop("the model has no signature and does not remember its columns; log it with a signature")
    return [(str(index), False) for index in range(width)]


def own_example(folder, document, names):
    """The rows that were logged with the model as its example; None if there are none that can be read."""
    info = document.get("saved_input_example_info") or {}
    path = folder / info.get("artifact_path", "input_example.json")
    if not path.exists():
        return None
    content = json.loads(path.read_text())
    if isinstance(content, dict) and "data" in content:
        return pd.DataFrame(content["data"], columns=content.get("columns", names))[names]
    if isinstance(content, dict) and "inputs" in content:
        return pd.DataFrame(content["inputs"], columns=names)
    return None


def as_example(rows, name, is_text):
    """The first values of a column for people to see, as JSON has them."""
    values = rows[name].head(4)
    if is_text:
        return [None if pd.isna(value) else str(value) for value in values]
    return [float(value) if np.isfinite(float(value)) else None for value in values]


def example_rows(folder, document, columns, table):
    """Rows to prove equality on, with the model's columns in order; never empty."""
    names = [name for name, _ in columns]
    if table is not None:
        rows = pd.read_csv(table)
        missing = [name for name in names if name not in rows.columns]
        if missing:
            stop(f"{table} lacks the column {missing[0]}")
        return rows[names].head(2000)
    own = own_example(folder, document, names)
    if own is not None:
        return own
    if any(is_text for _, is_text in columns):
        stop("the model has columns of text and no input example to prove the conversion on")
    return pd.DataFrame(np.random.default_rng(0).normal(size=(64, len(names))), columns=names)


def between_rows(rows, columns, count=2000):
    """Rows mixed anew, column by column, from the values seen and the middles between neighbours.

    Trees split in the middle between values they were trained on; only there does it show whether both models round alike.
    """
    random = np.random.default_rng(0)
    mixed = {}
    for name, is_text in columns:
        values = rows[name].dropna().unique()
        if not is_text and len(values):
            values = np.sort(values.astype(np.float64))
            values = np.concatenate([values, (values[1:] + values[:-1]) / 2])
        mixed[name] = random.choice(values, count) if len(values) else [rows[name].iloc[0]] * count
    return pd.DataFrame(mixed)


def as_taken(model, rows):
    return rows if hasattr(model, "feature_names_in_") else rows.to_numpy()


def rounds_inputs(model, rows, columns):
    """Whether the model itself rounds numbers to single precision, as trees do: then the converted one must do so too."""
    numbers = [name for name, is_text in columns if not is_text]
    rounded = rows.copy()
    rounded[numbers] = rows[numbers].astype(np.float32).astype(np.float64)
    if rounded.equals(rows):
        return False
    answer = model.predict_proba if hasattr(model, "predict_proba") else model.predict
    return np.array_equal(answer(as_taken(model, rows)), answer(as_taken(model, rounded)))


class Different(Exception):
    """The converted model predicts something else."""


def initial_types(columns, as_matrix, width):
    from skl2onnx.common.data_types import DoubleTensorType, FloatTensorType, StringTensorType

    number = DoubleTensorType if width == 64 else FloatTensorType
    if as_matrix:
        return [("input", number([None, len(columns)]))]
    return [(name, StringTensorType([None, 1]) if is_text else number([None, 1])) for name, is_text in columns]


class Converted:
    """An ONNX model and how it wants to be fed."""

    def __init__(self, model, columns, as_matrix, width):
        import onnxruntime
        from skl2onnx import to_onnx

        options = {id(model): {"zipmap": False}} if hasattr(model, "classes_") else None
        onnx = to_onnx(model, initial_types=initial_types(columns, as_matrix, width), options=options)
        self.columns, self.as_matrix, self.number = columns, as_matrix, np.float64 if width == 64 else np.float32
        self.content = onnx.SerializeToString()
        # The order of adding depends on it, and so do equal votes; the server uses one thread too.
        settings = onnxruntime.SessionOptions()
        settings.intra_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(self.content, settings, providers=["CPUExecutionProvider"])
        self.outputs = [output.name for output in self.session.get_outputs()]
        names = [port.name for port in self.session.get_inputs()]
        # The converter renames columns that are no identifiers, and keeps their order.
        if not as_matrix and len(names) != len(columns):
            raise Different(f"the converted model has {len(names)} inputs for {len(columns)} columns")
        self.inputs = [None] * len(columns) if as_matrix else names

    def run(self, rows):
        if self.as_matrix:
            feed = {"input": rows.to_numpy(dtype=self.number)}
        else:
            feed = {
                port: rows[[name]].to_numpy(dtype=object if is_text else self.number)
                for port, (name, is_text) in zip(self.inputs, self.columns)
            }
        return self.session.run(self.outputs, feed)


def first_of_equals(model, results):
    """The classes as the server answers: of equally probable ones the first, where single precision blurs them."""
    labels = np.asarray(results[0]).ravel().astype(str)
    if len(results) < 2 or np.asarray(results[1]).dtype != np.float32:
        return labels
    classes = np.asarray(model.classes_).astype(str)
    equal = results[1] >= results[1].max(axis=1, keepdims=True) - 1e-6
    is_best = (equal & (classes[None, :] == labels[:, None])).any(axis=1)
    return np.where(is_best, classes[equal.argmax(axis=1)], labels)


def prove(model, converted, rows, count_ties=True):
    """Compares both models on the rows; raises if they differ.

    Rows whose two best classes are equally probable may be left out: rounding alone decides them.
    """
    results = converted.run(rows)
    inputs = as_taken(model, rows)
    expected = np.asarray(model.predict(inputs))
    if not hasattr(model, "classes_"):
        if not np.allclose(np.asarray(results[0]).ravel(), expected.ravel(), rtol=1e-5, atol=1e-8):
            raise Different("values of the converted model differ by more than 1e-5")
        return
    different = first_of_equals(model, results) != expected.astype(str)
    if not count_ties and hasattr(model, "predict_proba"):
        best = np.sort(model.predict_proba(inputs), axis=1)
        different &= best[:, -1] - best[:, -2] > 1e-5
    wrong = int(different.sum())
    if wrong:
        raise Different(f"{wrong} of {len(rows)} rows get another class from the converted model")
    if hasattr(model, "predict_proba") and len(converted.outputs) > 1:
        probabilities = model.predict_proba(inputs)
        # Below 1e-6 a difference is rounding, not another answer.
        if not np.allclose(results[1], probabilities, rtol=1e-5, atol=1e-6):
            difference = float(np.abs(np.asarray(results[1]) - probabilities).max())
            raise Different(f"probabilities of the converted model differ by up to {difference:.2g}")


def takes_missing(model, converted, rows):
    """Whether both models agree on rows with missing numbers; scikit-learn refuses them for most estimators."""
    numbers = [name for name, is_text in converted.columns if not is_text]
    gaps = rows.copy()
    for index, name in enumerate(numbers):
        gaps[name] = gaps[name].astype(float).mask((np.arange(len(gaps)) + index) % 4 == 0)
    if not numbers or not len(gaps) or not gaps[numbers].isna().to_numpy().any():
        return False
    try:
        prove(model, converted, gaps)
    except Exception:  # refused by either of them, or told differently
        return False
    return True


def main(arguments):
    if len(arguments) not in (2, 3):
        raise SystemExit(__doc__)
    folder, target = Path(arguments[0]), Path(arguments[1])
    model, document = read_model(folder)
    columns = signature_columns(document, model)
    rows = example_rows(folder, document, columns, arguments[2] if len(arguments) == 3 else None)
    problems = []
    between = between_rows(rows, columns)
    widths = (32, 64) if rounds_inputs(model, between, columns) else (64, 32)
    # One matrix is the cheaper input; a model that picks columns by name takes them one by one. Some parts exist only in
    # single precision. Whatever is taken must predict the same.
    shapes = [False] if any(is_text for _, is_text in columns) else [True, False]
    for width, as_matrix in [(width, as_matrix) for width in widths for as_matrix in shapes]:
        try:
            converted = Converted(model, columns, as_matrix, width)
            prove(model, converted, rows)
            prove(model, converted, between, count_ties=False)
            break
        except Exception as error:  # the converter raises its own kinds for each unsupported part
            problems.append(error)
    else:
        problem = next((error for error in problems if isinstance(error, Different)), problems[0])
        words = (str(problem).strip().splitlines() or ["it gives no reason"])[0]
        stop(words if isinstance(problem, Different) else f"{type(problem).__name__}: {words}")
    (target / "model.onnx").write_bytes(converted.content)
    classes = [str(value) for value in getattr(model, "classes_", [])]
    # Other rows, such as test data, are nobody's to publish.
    own = own_example(folder, document, [name for name, _ in columns])
    description = {
        "columns": [
            {"name": name, "kind": "text" if is_text else "number", "input": port}
            | ({} if own is None else {"example": as_example(own, name, is_text)})
            for (name, is_text), port in zip(columns, converted.inputs)
        ],
        "matrix": converted.as_matrix,
        "label": converted.outputs[0],
        "probabilities": converted.outputs[1] if classes and len(converted.outputs) > 1 else None,
        "classes": classes,
        "missing": takes_missing(model, converted, rows),
        "proved_rows": len(rows),
    }
    (target / "prepared.json").write_text(json.dumps(description, indent=1) + "\n")


main(sys.argv[1:])
