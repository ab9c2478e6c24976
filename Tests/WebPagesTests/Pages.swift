// SPDX-License-Identifier: Apache-2.0

import WebPages

/// A project in the middle of its life, and what an enemy would name things.
enum Pages {
    static let nowMs: Int64 = 1_795_000_000_000
    static let champion = "8146ce4b0c354e83b140740d2a5b0995"
    static let challenger = "d941d91523744948a3edcf648d7eb7a9"

    static var busy: HomePage {
        HomePage(
            project: "breast-cancer",
            nowMs: nowMs,
            experiments: [
                ExperimentRow(id: "1", name: "breast-cancer", runCount: 4, lastRunMs: nowMs - 240_000),
                ExperimentRow(id: "0", name: "Default", runCount: 0),
            ],
            runs: runs,
            runCount: 1_204,
            models: [model],
            services: [service],
            errors: errors,
            errorSummary: ErrorSummary(
                falseNegatives: 5,
                falsePositives: 4,
                new: 1,
                needed: 8,
                labels: 114,
                verdicts: 2
            ),
            turns: [
                TurnRow(
                    number: 1,
                    state: "promoted",
                    startedMs: nowMs - 240_000,
                    endedMs: nowMs - 233_400,
                    errors: 8,
                    runID: challenger,
                    version: "3",
                    note: "all requirements are met"
                )
            ]
        )
    }

    static var runPage: RunPage {
        RunPage(
            project: "breast-cancer",
            nowMs: nowMs,
            run: runs[1],
            experimentID: "1",
            params: [
                .init("C", "0.01"), .init("class_weight", "None"), .init("error_weight", "10.0"),
                .init("max_iter", "1000"),
            ],
            metrics: [
                .init("accuracy", 0.964_912_280_701_754_4, step: 0, timestampMs: nowMs - 3_600_000),
                .init("recall", 0.904_761_904_761_904_8, step: 0, timestampMs: nowMs - 3_600_000),
                .init("loss", .nan),
                .init("gradient", nil),
            ],
            tags: [
                .init("mlflow.source.git.commit", "1f0c6a5f0e3b8e9d7c54a3b2f1908d7e6c5b4a39"),
                .init("mlflow.source.name", "train.py"),
            ],
            inputs: [
                .init(
                    "data/train.csv",
                    context: "training",
                    digest: "md5:a4f9fd42c44397bf0661726dc124e432",
                    source: "dvc:data/train.csv"
                )
            ],
            versions: [("breast-cancer", "2")],
            artifactLocation: "mlflow-artifacts:/1/\(champion)/artifacts"
        )
    }

    private static var runs: [RunRow] {
        [
            run(challenger, "stately-koi-871", minutes: 4, rows: ["C": "0.01", "error_rows": "8"], 0.9286, 1, 0.9983),
            run(
                champion,
                "grandiose-shrike-514",
                minutes: 60,
                rows: ["C": "0.01", "error_rows": "0"],
                0.9048,
                1,
                0.9967
            ),
            run(
                "a2b6acfbcf8443e88b9e879183ccd70a",
                "powerful-goat-772",
                minutes: 61,
                rows: ["C": "0.0001", "error_rows": "0"],
                0,
                0,
                0.9937
            ),
            RunRow(
                id: "b31bec3c6bd84620a53a071af49b4cf6",
                name: "redolent-bat-473",
                experiment: "breast-cancer",
                status: "RUNNING",
                startMs: nowMs - 2_000
            ),
        ]
    }

    private static func run(
        _ id: String,
        _ name: String,
        minutes: Int64,
        rows: [String: String],
        _ recall: Double,
        _ precision: Double,
        _ area: Double
    ) -> RunRow {
        RunRow(
            id: id,
            name: name,
            experiment: "breast-cancer",
            status: "FINISHED",
            startMs: nowMs - minutes * 60_000,
            endMs: nowMs - minutes * 60_000 + 2_900,
            user: "ada",
            commit: "1f0c6a5f0e3b8e9d7c54a3b2f1908d7e6c5b4a39",
            params: rows.merging(["max_iter": "1000"]) { first, _ in first },
            metrics: ["recall": recall, "precision": precision, "roc_auc": area]
        )
    }

    private static var model: ModelRow {
        ModelRow(
            name: "breast-cancer",
            versions: [
                .init(
                    number: "3",
                    aliases: ["champion"],
                    createdMs: nowMs - 235_000,
                    runID: challenger,
                    passed: true,
                    metrics: ["recall": 0.9286, "precision": 1, "roc_auc": 0.9983]
                ),
                .init(
                    number: "2",
                    createdMs: nowMs - 3_600_000,
                    runID: champion,
                    passed: true,
                    metrics: ["recall": 0.9048, "precision": 1, "roc_auc": 0.9967]
                ),
                .init(
                    number: "1",
                    createdMs: nowMs - 3_700_000,
                    runID: "a2b6acfbcf8443e88b9e879183ccd70a",
                    passed: false,
                    note: "recall >= 0.90 is not met: measured 0.0",
                    metrics: ["recall": 0, "precision": 0]
                ),
            ]
        )
    }

    private static var service: ServiceCard {
        ServiceCard(
            model: "breast-cancer",
            version: "3",
            runID: challenger,
            isReady: true,
            address: "http://127.0.0.1:5000/v2/models/breast-cancer/infer",
            exampleBody:
                #"{"inputs": [{"name": "input", "shape": [1, 30], "datatype": "FP64", "data": [17.99, 10.38, 122.8]}]}"#,
            sinceMs: nowMs - 233_000,
            requestCount: 12_430,
            medianMilliseconds: 0.412,
            p99Milliseconds: 1.87,
            droppedCount: 0,
            driftShare: 0.4
        )
    }

    private static var errors: [ErrorRow] {
        [
            ErrorRow(
                predictionID: "019ab2c4-71d3-7c3e-9f10-5d1c2b3a4e5f",
                kind: "false_positive",
                version: "2",
                predicted: "1",
                truth: "0",
                score: 0.562,
                predictedMs: nowMs - 90_000
            ),
            ErrorRow(
                predictionID: "019ab2c4-6a00-7b11-8e21-0f9e8d7c6b5a",
                kind: "false_negative",
                version: "2",
                predicted: "0",
                truth: "1",
                score: 0.38,
                predictedMs: nowMs - 300_000,
                comment: "The second reader saw it at once; the margin is plainly spiculated.",
                dataVersion: "md5:9a0364b9e99bb480dd25e1f0284c8555"
            ),
            ErrorRow(
                predictionID: "019ab2c4-5555-7000-8000-000000000001",
                kind: "complaint",
                version: "2",
                predicted: "0"
            ),
        ]
    }

    /// A page to try a model on.
    static func trial(of model: String) -> TryPage {
        TryPage(
            project: nil,
            models: [
                TryPage.Model(
                    name: model,
                    version: "3",
                    address: "/predict/\(model)",
                    columns: [
                        TryPage.Column(name: "months", type: "number", example: "7"),
                        TryPage.Column(name: "plan", type: "text", example: "\"gold\""),
                    ],
                    example: "{\n  \"months\": 7,\n  \"plan\": \"gold\"\n}"
                )
            ]
        )
    }
}
