// SPDX-License-Identifier: Apache-2.0

import JSONText
import Serving
import Testing

/// Records by column name, and the document that describes them.
@Suite(.timeLimit(.minutes(2)))
struct PlainPredictionTests {
    private func ask(_ body: String, _ name: String = "mixed") async throws -> JSONElement {
        let model = try await TrainedModels.shared.served(name, version: "7")
        var writer = JSONWriter()
        try await ServingService { 0 }.answer(model, try JSONDocument(body).root, into: &writer)
        return try JSONDocument(writer.bytes).root
    }

    @Test func `a record gets its prediction, probabilities by class, and an id`() async throws {
        let answer = try await ask(#"{"size": 1, "colour": "red"}"#)
        #expect(answer["prediction"]?.string == "stop")
        #expect(answer["probabilities"]?.members.map(\.0) == ["go", "stop", "wait"])
        #expect(answer["prediction_id"]?.string?.count == 36)
        #expect(answer["model_name"]?.string == "mixed" && answer["model_version"]?.string == "7")
        #expect(answer["predictions"] == nil)
    }

    @Test func `a list of records gets a list, in its order`() async throws {
        let answer = try await ask(#"[{"colour": "red", "size": 1}, {"size": 2, "colour": "green"}]"#)
        #expect(answer["predictions"]?.elements.map { $0["prediction"]?.string } == ["stop", "go"])
        #expect(Set(answer["predictions"]?.elements.compactMap { $0["prediction_id"]?.string } ?? []).count == 2)
        #expect(try await ask("[]")["predictions"]?.count == 0)
    }

    @Test func `a regression answers with its value`() async throws {
        let fields = (0..<10).map { #""\#($0)": 0.01"# }.joined(separator: ",")
        let answer = try await ask("{\(fields)}", "matrix")
        #expect(answer["prediction"]?.double?.isFinite == true)
        #expect(answer["probabilities"] == nil)
    }

    @Test(arguments: [
        ("5", "neither a record"), ("[5]", "record 0 is no object"),
        (#"{"colour": "red"}"#, "record 0 lacks the column `size`"),
        (#"[{"colour": "red", "size": 1}, {"colour": "red"}]"#, "record 1 lacks the column `size`"),
        (#"{"colour": "red", "size": 1, "seize": 2}"#, "`seize`, which is none of"),
        (#"{"colour": "red", "size": [1]}"#, "list or object"),
        (#"{"colour": "red", "size": "large"}"#, "takes numbers"),
        (#"{"colour": 1, "size": 1}"#, "takes texts"), (#"{"colour": "red", "size": null}"#, "is missing"),
        (#"{"colour": "red", "size": 1, "size": 2}"#, "`size` twice"),
    ])
    func `a record that does not fit says where`(body: String, words: String) async throws {
        let error = await #expect(throws: ServingError.self) { try await ask(body) }
        #expect(error?.code == .invalidRequest && error?.why.contains(words) == true, "\(error?.why ?? "")")
    }

    @Test func `the document has the columns of the signature, with types and examples that are taken`() async throws {
        let model = try await TrainedModels.shared.served("mixed")
        var writer = JSONWriter()
        ServingDescription(of: [model], gyreVersion: "1").write(into: &writer)
        let root = try JSONDocument(writer.bytes).root
        #expect(root["openapi"]?.string == "3.1.0")
        let record = try #require(root["components"]?["schemas"]?["mixed.record"])
        #expect(record["required"]?.json == #"["colour","size"]"#)
        #expect(record["properties"]?["colour"]?["type"]?.string == "string")
        #expect(record["properties"]?["size"]?["type"]?.string == "number")
        #expect(record["properties"]?["size"]?["examples"]?.count == 1)
        let labels = root["components"]?["schemas"]?["mixed.answer"]?["properties"]?["prediction"]?["enum"]
        #expect(labels?.json == #"["go","stop","wait"]"#)
        let post = try #require(root["paths"]?["/predict"]?["post"])
        let example = try #require(post["requestBody"]?["content"]?["application/json"]?["example"])
        #expect(try await ask(example.json)["prediction"]?.string?.isEmpty == false)
        let infer = root["paths"]?["/v2/models/mixed/infer"]?["post"]?["requestBody"]?["content"]?["application/json"]?[
            "example"
        ]
        let request = try InferenceRequest(try #require(infer))
        _ = try await ServingService { 0 }.infer(model, request)
    }

    @Test func `models that take tensors have no records`() async throws {
        let engine = try await OnnxGraphs.shared.model("same-FLOAT")
        let model = try ServedModel(name: "same", version: "1", runID: nil, engine: engine)
        var writer = JSONWriter()
        let error = await #expect(throws: ServingError.self) {
            try await ServingService { 0 }.answer(model, try JSONDocument("{}").root, into: &writer)
        }
        #expect(error?.next?.contains("/v2/models/same/infer") == true)
        var text = JSONWriter()
        ServingDescription(of: [model], gyreVersion: "1").write(into: &text)
        let paths = try JSONDocument(text.bytes).root["paths"]?.members.map(\.0)
        #expect(paths == ["/v2/models/same/infer"])
    }
}
