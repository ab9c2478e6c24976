// SPDX-License-Identifier: Apache-2.0

import Tracking

/// Runs to search among.
extension TestTracking {
    /// Five runs whose names the filters find.
    static func withFiveRuns<Result>(_ body: (TestTracking) async throws -> Result) async throws -> Result {
        try await run { test in
            let tracking = test.tracking
            let ada = try await tracking.createRun(RunDraft(experimentID: "0", name: "ada", startMs: 10, userID: "u1"))
            try await tracking.log(
                .init(
                    metrics: [metric("recall", 0.9), metric("val loss", 1), metric("n", .nan)],
                    params: [KeyValue("C", "1"), KeyValue("kind", "Linear")],
                    tags: [KeyValue("team", "risk"), KeyValue("git.commit", "abc")]
                ),
                run: ada.id
            )
            _ = try await tracking.updateRun(id: ada.id, status: .finished, endMs: 50)
            try await tracking.logInputs([data("train", "d1", "training"), data("test", "d2", "eval")], run: ada.id)
            let bob = try await tracking.createRun(RunDraft(experimentID: "0", name: "bob", startMs: 20, userID: "u2"))
            try await tracking.log(
                .init(
                    metrics: [metric("recall", 0.5), metric("n", 0)],
                    params: [KeyValue("C", "10"), KeyValue("kind", "linear_svm")],
                    tags: [KeyValue("team", "fraud")]
                ),
                run: bob.id
            )
            try await tracking.logInputs([data("train", "d3", "eval")], run: bob.id)
            let cyd = try await tracking.createRun(RunDraft(experimentID: "0", name: "cyd", startMs: 30))
            try await tracking.log(
                .init(metrics: [metric("recall", .infinity)], tags: [KeyValue("team", "it's 5%")]),
                run: cyd.id
            )
            _ = try await tracking.createRun(RunDraft(experimentID: "0", name: "dee", startMs: 40))
            let gone = try await tracking.createRun(RunDraft(experimentID: "0", name: "gone", startMs: 50))
            try await tracking.log(.init(tags: [KeyValue("team", "risk")]), run: gone.id)
            try await tracking.setRun(id: gone.id, stage: .deleted)
            return try await body(test)
        }
    }

    private static func metric(_ key: String, _ value: Double) -> Metric {
        Metric(key: key, value: value, timestampMs: 1)
    }

    private static func data(_ name: String, _ digest: String, _ context: String) -> DatasetInput {
        DatasetInput(
            name: name,
            digest: digest,
            sourceType: "local",
            source: "s",
            tags: [KeyValue("mlflow.data.context", context)]
        )
    }

    /// Runs in the order that they began in: with a recall, without a number, without any, with both infinities.
    static func withOrderedRuns<Result>(_ body: (TestTracking) async throws -> Result) async throws -> Result {
        try await run { test in
            let recalls: [(name: String, recall: Double?)] = [
                ("three", 3), ("nan", .nan), ("none", nil), ("one", 1), ("inf", .infinity), ("-inf", -.infinity),
            ]
            for (index, run) in recalls.enumerated() {
                let id = try await test.begin(name: run.name, startMs: Int64(index))
                if let recall = run.recall {
                    let metric = Metric(key: "recall", value: recall, timestampMs: 1)
                    let params = [KeyValue("p", index < 2 ? "same" : "zoo")]
                    try await test.tracking.log(.init(metrics: [metric], params: params), run: id)
                }
            }
            return try await body(test)
        }
    }
}
