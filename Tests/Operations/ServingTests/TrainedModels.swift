// SPDX-License-Identifier: Apache-2.0

import Files
import JSONText
import Serving
import Subprocess
import SystemPackage

/// Models that scikit-learn really trained and MLflow really saved, made once for all suites, with what scikit-learn says of
/// the rows that it has not seen.
struct TrainedModels: Sendable {
    let folder: FilePath
    let runtime: OnnxRuntime

    /// The folder and the library; the first caller waits for the training.
    static var shared: TrainedModels {
        get async throws { try await making.value }
    }

    private static let making = Task { try await make() }

    private static func make() async throws -> TrainedModels {
        let folder = try FileSystem.temporaryDirectory(prefix: "serving-tests")
        try AtomicFile.write(program, to: folder.appending("make.py"))
        let result = try await Subprocess.run(
            .path(TestPython.path),
            arguments: [folder.appending("make.py").string, folder.string],
            output: .string(limit: 1 << 20),
            error: .string(limit: 1 << 20)
        )
        guard case .exited(0) = result.terminationStatus else {
            throw ServingError(.invalidModel, what: "cannot train", why: "\(result.standardError)")
        }
        let cache = folder.appending("cache")
        try FileSystem.createDirectory(cache)
        // Tests run at once; each model is converted once, here.
        for name in ["tumour", "named", "gaps", "mixed", "forest", "matrix"] {
            _ = try await ModelPreparation(cache: cache) { TestPython.path }
                .prepare(try ModelDirectory(folder.appending(name)))
        }
        return TrainedModels(folder: folder, runtime: try OnnxRuntime.find(python: TestPython.path, explicit: nil))
    }

    /// The folder that MLflow wrote.
    func directory(_ name: String) throws -> ModelDirectory { try ModelDirectory(folder.appending(name)) }

    /// The model, converted and loaded.
    func served(_ name: String, version: String = "1", rule: DecisionRule? = nil) async throws -> ServedModel {
        let prepared = try await ModelPreparation(cache: folder.appending("cache")) { TestPython.path }
            .prepare(try directory(name))
        return try ServedModel(
            name: name,
            version: version,
            runID: nil,
            prepared: prepared,
            runtime: runtime,
            rule: rule
        )
    }

    /// What scikit-learn says of unseen rows: `request` is a body of `/invocations`.
    func expected(_ name: String) throws -> JSONElement {
        try JSONDocument(try FileReader.text(of: folder.appending("\(name).json"))).root
    }

    private static let program = """
        import json
        import sys
        from pathlib import Path

        import mlflow
        import numpy as np
        import pandas as pd
        from mlflow.models import infer_signature
        from sklearn.compose import ColumnTransformer
        from sklearn.datasets import load_breast_cancer, load_diabetes
        from sklearn.ensemble import RandomForestClassifier
        from sklearn.impute import SimpleImputer
        from sklearn.linear_model import LinearRegression, LogisticRegression
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import OneHotEncoder, StandardScaler

        root = Path(sys.argv[1])
        # MLflow's default, skops, is a package of its own.
        form_of_file = {"serialization_format": mlflow.sklearn.SERIALIZATION_FORMAT_CLOUDPICKLE}


        def save(name, model, x, y, form):
            model.fit(x[::2], y[::2])
            seen, unseen = x[::2], x[1::2]
            signature = infer_signature(seen, model.predict(seen))
            mlflow.sklearn.save_model(model, root / name, signature=signature, input_example=seen[:40], **form_of_file)
            request = {form: unseen.tolist()} if form == "inputs" else {form: unseen.to_dict(orient="split")}
            classes = hasattr(model, "classes_")
            expected = {
                "request": request,
                "predictions": model.predict(unseen).tolist(),
                "probabilities": model.predict_proba(unseen).tolist() if classes else [],
            }
            text = json.dumps(expected).replace("NaN", "null")
            (root / f"{name}.json").write_text(text)


        x, y = load_breast_cancer(as_frame=True, return_X_y=True)
        save("tumour", make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000)), x, y, "dataframe_split")

        gaps = x.iloc[:, :6].mask(np.random.default_rng(1).random((len(x), 6)) < 0.1)
        filled = make_pipeline(SimpleImputer(), StandardScaler(), LogisticRegression())
        save("gaps", filled, gaps, y, "dataframe_split")

        named = make_pipeline(ColumnTransformer([("scaled", StandardScaler(), list(x.columns))]), LogisticRegression())
        save("named", named, x, y, "dataframe_split")

        save("forest", RandomForestClassifier(20, random_state=1), x, y, "dataframe_split")

        random = np.random.default_rng(7)
        mixed = pd.DataFrame({"colour": random.choice(["red", "green", "blau–ß"], 300), "size": random.normal(size=300)})
        answer = np.where(mixed["colour"] == "red", "stop", np.where(mixed["size"] > 0, "go", "wait"))
        parts = [("colour", OneHotEncoder(handle_unknown="ignore"), ["colour"]), ("size", StandardScaler(), ["size"])]
        save("mixed", make_pipeline(ColumnTransformer(parts), LogisticRegression()), mixed, answer, "dataframe_split")

        x, y = load_diabetes(return_X_y=True)
        save("matrix", LinearRegression(), x, y, "inputs")
        """
}

/// The Python that tests train with.
enum TestPython {
    /// `.venv/bin/python` of the package.
    static let path: FilePath = {
        var root = FilePath(#filePath)
        for _ in 0..<4 { root.removeLastComponent() }
        return root.appending(".venv/bin/python")
    }()
}
