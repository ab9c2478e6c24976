// SPDX-License-Identifier: Apache-2.0

import JSONText
import Synchronization
import Testing

@testable import Serving

struct ServingServiceTests {
    private static let body = #"{"dataframe_records": [{"colour": "red", "size": 1}, {"colour": "green", "size": -2}]}"#

    private func batch(_ model: ServedModel) throws -> FeatureBatch {
        try MLflowScoring.decode(try JSONDocument(Self.body).root, for: model)
    }

    @Test func `nothing live, an unknown name and another version are told apart`() async throws {
        let service = ServingService { 0 }
        #expect(throws: ServingError.self) { try service.model("mixed") }
        let empty = #expect(throws: ServingError.self) { try service.model(nil) }
        #expect(empty?.code == .notReady)

        service.goLive(try await TrainedModels.shared.served("mixed"))
        #expect(try service.model("mixed").version == "1")
        #expect(try service.model(nil, version: "1").name == "mixed")
        let unknown = #expect(throws: ServingError.self) { try service.model("mixt") }
        #expect(unknown?.code == .unknownModel)
        #expect(unknown?.why.contains("`mixed`") == true)
        let version = #expect(throws: ServingError.self) { try service.model("mixed", version: "2") }
        #expect(version?.code == .unknownModel)

        service.retire("mixed")
        #expect(service.models.isEmpty)
    }

    @Test func `each row is told with an id of its own before the answer`() async throws {
        let seen = Mutex<[PredictionRecord]>([])
        let service = ServingService(
            onPrediction: { record in seen.withLock { $0.append(record) } },
            now: { 1_700_000_000_123 }
        )
        let model = try await TrainedModels.shared.served("mixed")
        let prediction = try await service.predict(model, try batch(model))
        let records = seen.withLock { $0 }
        #expect(records.map(\.id) == prediction.ids)
        #expect(records.map(\.row) == [0, 1])
        #expect(records.map(\.answer) == prediction.answers)
        #expect(records.allSatisfy { $0.timeMs == 1_700_000_000_123 && $0.durationNs > 0 })
        #expect(prediction.answers.map(\.label) == ["stop", "wait"])
    }

    @Test func `a version goes live while requests run and none of them fails`() async throws {
        let models = try await TrainedModels.shared
        let service = ServingService { 0 }
        service.goLive(try await models.served("mixed", version: "1"))
        let next = try await models.served("mixed", version: "2")
        let body = try batch(next)
        let versions = try await withThrowingTaskGroup(of: String.self) { group in
            for number in 0..<400 {
                if number == 200 { service.goLive(next) }
                let model = try service.model("mixed")
                group.addTask { try await service.predict(model, body).model.version }
            }
            return try await group.reduce(into: [:]) { $0[$1, default: 0] += 1 }
        }
        #expect(versions == ["1": 200, "2": 200])
        #expect(try service.model("mixed").version == "2")
    }

    @Test func `an old version is freed when its last request is answered`() async throws {
        let models = try await TrainedModels.shared
        let service = ServingService { 0 }
        weak var old: ServedModel?
        do {
            let first = try await models.served("mixed", version: "1")
            old = first
            service.goLive(first)
        }
        #expect(old != nil)
        service.goLive(try await models.served("mixed", version: "2"))
        #expect(old == nil)
    }

    @Test func `MLflow's answer holds predictions as they are in Python`() async throws {
        let models = try await TrainedModels.shared
        let service = ServingService { 0 }
        let model = try await models.served("mixed")
        var writer = JSONWriter()
        MLflowScoring.encode(try await service.predict(model, try batch(model)), into: &writer)
        let root = try JSONDocument(writer.bytes).root
        #expect(root["predictions"]?.json == #"["stop","wait"]"#)
        #expect(root["prediction_ids"]?.count == 2)
        #expect(root["model_version"]?.string == "1")

        let tumour = try await models.served("tumour")
        let expected = try models.expected("tumour")
        let request = try #require(expected["request"])
        writer = JSONWriter()
        let prediction = try await service.predict(tumour, try MLflowScoring.decode(request, for: tumour))
        MLflowScoring.encode(prediction, into: &writer)
        #expect(try JSONDocument(writer.bytes).root["predictions"]?.json == expected["predictions"]?.json)
    }

    @Test func `several versions answer side by side, and the highest if none is named`() async throws {
        let models = try await TrainedModels.shared
        let service = ServingService { 0 }
        for version in ["2", "10", "9"] { service.add(try await models.served("mixed", version: version)) }
        #expect(service.models.map(\.version) == ["10"])
        #expect(service.versions(of: "mixed").map(\.version).sorted() == ["10", "2", "9"])
        #expect(try service.model("mixed").version == "10")
        #expect(try service.model("mixed", version: "9").version == "9")
        let error = #expect(throws: ServingError.self) { try service.model("mixed", version: "3") }
        #expect(error?.why == "the versions 10, 2, 9 are live")
    }

    @Test func `the answer of Open Inference has label, probability and id`() async throws {
        let model = try await TrainedModels.shared.served("mixed")
        let text = """
            {"id": "42", "inputs": [
              {"name": "colour", "shape": [1], "datatype": "BYTES", "data": ["red"]},
              {"name": "size", "shape": [1], "datatype": "FP32", "data": [0.5]}]}
            """
        let request = try InferenceRequest(try JSONDocument(text).root)
        let answer = try await ServingService { 0 }.infer(model, request)
        #expect(answer.rest.isEmpty)
        let root = try JSONDocument(answer.json).root
        #expect(root["model_name"]?.string == "mixed")
        #expect(root["model_version"]?.string == "1")
        #expect(root["id"]?.string == "42")
        let outputs = try #require(root["outputs"]).elements.map { $0 }
        #expect(outputs.map { $0["name"]?.string } == ["label", "probability", "prediction_id"])
        #expect(outputs.map { $0["datatype"]?.string } == ["BYTES", "FP64", "BYTES"])
        #expect(outputs.map { $0["shape"]?.json } == ["[1]", "[1,3]", "[1]"])
        #expect(outputs.first?["data"]?.json == #"["stop"]"#)
        let batch = FeatureBatch(rowCount: 1, columns: [.texts(["red"]), .numbers([0.5])])
        let alone = try await model.answer(batch)
        #expect(outputs[1]["data"]?.elements.compactMap(\.double) == alone.first?.probabilities)
    }

    @Test func `the metadata name every column with its type`() async throws {
        let model = try await TrainedModels.shared.served("mixed")
        var writer = JSONWriter()
        OpenInference.metadata(of: model, versions: ["1"], into: &writer)
        let root = try JSONDocument(writer.bytes).root
        #expect(root["name"]?.string == "mixed")
        #expect(root["versions"]?.json == #"["1"]"#)
        #expect(root["inputs"]?.elements.map { $0["datatype"]?.string } == ["BYTES", "FP64"])
        #expect(root["outputs"]?.elements.map { $0["name"]?.string } == ["label", "probability", "prediction_id"])
    }

    @Test func `ids are UUIDs of version 7 that sort by time and row`() throws {
        let early = PredictionID.make(300, timeMs: 1_700_000_000_000)
        let late = PredictionID.make(300, timeMs: 1_700_000_000_001)
        #expect((early + late).sorted() == early + late)
        #expect(Set(early + late).count == 600)
        for id in early {
            let parts = id.split(separator: "-", omittingEmptySubsequences: false)
            #expect(parts.map(\.count) == [8, 4, 4, 4, 12])
            #expect(parts[2].first == "7")
            #expect("89ab".contains(try #require(parts[3].first)))
        }
        #expect(early.first?.hasPrefix("018bcfe5-6800-7") == true)
    }
}
