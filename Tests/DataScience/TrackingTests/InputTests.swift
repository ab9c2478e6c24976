// SPDX-License-Identifier: Apache-2.0

import Testing
import Tracking

struct InputTests {
    private func data(_ name: String, _ digest: String = "d1", context: String? = nil) -> DatasetInput {
        DatasetInput(
            name: name,
            digest: digest,
            sourceType: "local",
            source: #"{"uri":"data/train.csv"}"#,
            schema: #"{"columns":[]}"#,
            profile: #"{"rows":5}"#,
            tags: context.map { [KeyValue("mlflow.data.context", $0)] } ?? []
        )
    }

    @Test func `inputs come back whole`() async throws {
        try await TestTracking.run { test in
            let id = try await test.begin()
            let input = data("train", context: "training")
            try await test.tracking.logInputs([input, data("other")], run: id)
            #expect(try await test.tracking.run(id: id).inputs == [data("other"), input])
        }
    }

    @Test func `data that is noted already stays as it is`() async throws {
        try await TestTracking.run { test in
            let id = try await test.begin()
            try await test.tracking.logInputs([data("train", context: "training")], run: id)
            try await test.tracking.logInputs([data("train", context: "eval")], run: id)
            let inputs = try await test.tracking.run(id: id).inputs
            #expect(inputs.map(\.tags) == [[KeyValue("mlflow.data.context", "training")]])
        }
    }

    @Test func `runs are found by the digest of their data, newest first`() async throws {
        try await TestTracking.run { test in
            var ids: [String] = []
            for start in 1...3 {
                let id = try await test.begin(startMs: Int64(start))
                try await test.tracking.logInputs([data("train", start == 2 ? "d2" : "d1")], run: id)
                ids.append(id)
            }
            #expect(try await test.tracking.runs(using: "d1").map(\.id) == [ids[2], ids[0]])
            #expect(try await test.tracking.runs(using: "d1", limit: 1).map(\.id) == [ids[2]])
            try await test.tracking.setRun(id: ids[2], stage: .deleted)
            #expect(try await test.tracking.runs(using: "d1").map(\.id) == [ids[0]])
        }
    }

    @Test(
        arguments: [
            DatasetInput(name: "", digest: "d", sourceType: "s", source: "s"),
            DatasetInput(name: "n", digest: "", sourceType: "s", source: "s"),
            DatasetInput(name: String(repeating: "n", count: 501), digest: "d", sourceType: "s", source: "s"),
            DatasetInput(name: "n", digest: String(repeating: "d", count: 37), sourceType: "s", source: "s"),
            DatasetInput(name: "n", digest: "d", sourceType: "s", source: String(repeating: "s", count: 65_536)),
            DatasetInput(
                name: "n",
                digest: "d",
                sourceType: "s",
                source: "s",
                schema: String(repeating: "s", count: 1_048_576)
            ),
            DatasetInput(
                name: "n",
                digest: "d",
                sourceType: "s",
                source: "s",
                tags: [KeyValue("k", String(repeating: "v", count: 501))]
            ),
        ]
    )
    func `data beyond MLflow's limits is refused`(input: DatasetInput) async throws {
        try await TestTracking.run { test in
            let id = try await test.begin()
            let error = await #expect(throws: TrackingError.self) {
                try await test.tracking.logInputs([input], run: id)
            }
            #expect(error?.code == .invalidParameter)
            #expect(try await test.tracking.run(id: id).inputs.isEmpty)
        }
    }

    @Test func `models go in and come out, each once, with the latest step`() async throws {
        try await TestTracking.run { test in
            let id = try await test.begin()
            let model = try await test.tracking.createModel(LoggedModelDraft(experimentID: "0")).id
            try await test.tracking.logInputs([], models: [model], run: id)
            try await test.tracking.logOutputs([(model, 1)], run: id)
            try await test.tracking.logOutputs([(model, 3)], run: id)
            let run = try await test.tracking.run(id: id)
            #expect(run.modelInputs == [model])
            #expect(run.modelOutputs.map(\.modelID) == [model])
            #expect(run.modelOutputs.map(\.step) == [3])
            let error = await #expect(throws: TrackingError.self) {
                try await test.tracking.logOutputs([("m-nothing", 0)], run: id)
            }
            #expect(error?.code == .notFound)
        }
    }
}
