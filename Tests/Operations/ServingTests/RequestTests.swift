// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import JSONText
import Serving
import Testing

/// The bodies of `/invocations` and of the Open Inference Protocol, good and bad.
struct RequestTests {
    private func scoring(_ body: String, _ name: String = "mixed") async throws -> FeatureBatch {
        let model = try await TrainedModels.shared.served(name)
        return try MLflowScoring.decode(try JSONDocument(body).root, for: model)
    }

    private func inference(_ body: String, _ name: String = "mixed") async throws -> InferenceAnswer {
        let model = try await TrainedModels.shared.served(name)
        return try await ServingService(now: { 0 }).infer(model, try InferenceRequest(try JSONDocument(body).root))
    }

    @Test(arguments: [
        #"{"dataframe_split": {"columns": ["size", "extra", "colour"], "index": [7, 8], "data": [[1, 0, "red"], [2, 0, "green"]]}}"#,
        #"{"dataframe_records": [{"size": 1, "colour": "red"}, {"colour": "green", "size": 2}]}"#,
        #"{"instances": [{"size": 1, "colour": "red"}, {"colour": "green", "size": 2}]}"#,
        #"{"inputs": {"colour": ["red", "green"], "size": [1, 2]}}"#,
        #"{"inputs": {"colour": [["red"], ["green"]], "size": [[1], [2]]}}"#,
        #"{"instances": [["red", 1], ["green", 2]]}"#,
    ])
    func `every form of a scoring request says the same`(body: String) async throws {
        let batch = try await scoring(body)
        #expect(batch.rowCount == 2)
        guard case .texts(let colours) = batch.columns.first, case .numbers(let sizes) = batch.columns.last else {
            Issue.record("the columns are of other kinds")
            return
        }
        #expect(colours == ["red", "green"])
        #expect(sizes == [1, 2])
    }

    @Test(arguments: [
        #"{"inputs": [{"name": "size", "shape": [2], "datatype": "FP64", "data": [1, 2]}, {"name": "colour", "shape": [2, 1], "datatype": "BYTES", "data": [["red"], ["green"]]}]}"#,
        #"{"inputs": [{"name": "colour", "shape": [2], "datatype": "BYTES", "data": ["red", "green"]}, {"name": "size", "shape": [2], "datatype": "INT64", "data": [1, 2]}], "outputs": [{"name": "label"}], "id": "a"}"#,
    ])
    func `an inference request brings a tensor for each column`(body: String) async throws {
        let answer = try JSONDocument(try await inference(body).json).root
        let label = try #require(answer["outputs"]?.elements.first { _ in true })
        #expect(label["name"]?.string == "label" && label["datatype"]?.string == "BYTES")
        #expect(label["data"]?.elements.map(\.string) == ["stop", "go"])
        #expect(answer["id"]?.string == (body.contains("\"id\"") ? "a" : nil))
        #expect(answer["outputs"]?.count == (body.contains("\"outputs\"") ? 1 : 3))
    }

    @Test(arguments: [
        ("[1]", "object"), ("{}", "exactly one"), (#"{"inputs": [], "instances": []}"#, "exactly one"),
        (#"{"dataframe_split": {"columns": ["size"]}}"#, "`data`"),
        (#"{"dataframe_split": {"columns": ["colour", "size"], "data": [["red"]]}}"#, "row 0"),
        (#"{"dataframe_split": {"columns": ["colour", "size"], "data": [["red", [1]]]}}"#, "list or object"),
        (#"{"dataframe_records": {"colour": "red"}}"#, "no list"),
        (#"{"dataframe_records": [{"colour": "red", "size": 1}, 5]}"#, "item 1"),
        (#"{"dataframe_records": [{"colour": "red", "seize": 1}]}"#, "`size` is missing"),
        (#"{"instances": [["red", "large"]]}"#, "takes numbers"), (#"{"instances": [[1, 1]]}"#, "takes texts"),
        (#"{"instances": [["red", 1, 2]]}"#, "row 0"), (#"{"instances": 5}"#, "neither"),
        (#"{"inputs": {"colour": ["red"], "size": [1, 2]}}"#, "`size` has 2 values"),
    ])
    func `a scoring request that does not fit says where`(body: String, words: String) async throws {
        let error = await #expect(throws: ServingError.self) { try await scoring(body) }
        #expect(error?.code == .invalidRequest)
        #expect(error?.kind == .invalid)
        #expect(error?.why.contains(words) == true, "\(error?.why ?? "")")
    }

    @Test func `the name that was probably meant is named`() async throws {
        let error = await #expect(throws: ServingError.self) {
            try await scoring(#"{"dataframe_records": [{"colour": "red", "seize": 1}]}"#)
        }
        #expect(error?.next?.contains("`seize`") == true)
    }

    @Test(arguments: [
        (#"{"inputs": 3}"#, "`inputs`"), (#"{"inputs": []}"#, "`inputs`"),
        (#"{"inputs": [{"name": "input", "shape": [1, 3], "datatype": "FP64", "data": [1, 2, 3]}]}"#, "3 columns"),
        (#"{"inputs": [{"name": "input", "shape": [1, 10], "datatype": "FP64", "data": [1, 2, 3]}]}"#, "3 values"),
        (#"{"inputs": [{"name": "input", "shape": [-1, 10], "datatype": "FP64", "data": []}]}"#, "no size"),
        (#"{"inputs": [{"name": "input", "shape": [1, 1, 2], "datatype": "FP64", "data": [1, 2]}]}"#, "one or two"),
        (#"{"inputs": [{"name": "input", "shape": [1, 10], "datatype": "FP46", "data": []}]}"#, "`FP46`"),
        (#"{"inputs": [{"name": "input", "shape": [1, 10], "datatype": "FP64"}]}"#, "`data`"),
        (#"{"inputs": [{"shape": [1, 10], "datatype": "FP64", "data": []}]}"#, "`name`"),
        (#"{"inputs": [{"name": "0", "shape": [1], "datatype": "FP64", "data": [1]}]}"#, "`1` is missing"),
        (
            #"{"inputs": [{"name": "input", "shape": [0, 10], "datatype": "FP64", "data": []}], "outputs": [{"name": "lable"}]}"#,
            "`lable`"
        ),
    ])
    func `an inference request that does not fit says where`(body: String, words: String) async throws {
        let error = await #expect(throws: ServingError.self) { try await inference(body, "matrix") }
        #expect(error?.code == .invalidRequest)
        #expect(error?.why.contains(words) == true, "\(error?.why ?? "")")
    }

    @Test func `more rows than are taken at once are refused`() async throws {
        let rows = Array(repeating: #"["red",1]"#, count: ServingService.rowLimit + 1).joined(separator: ",")
        let error = await #expect(throws: ServingError.self) { try await scoring(#"{"instances": [\#(rows)]}"#) }
        #expect(error?.code == .tooManyRows)
        #expect(error?.kind == .tooLarge)
    }

    @Test(arguments: ["null", #""NaN""#, #""Infinity""#, #""-Infinity""#])
    func `a missing or endless number is refused by a model that cannot take it`(value: String) async throws {
        let model = try await TrainedModels.shared.served("mixed")
        let body = try JSONDocument(#"{"instances": [["red", 1], ["red", \#(value)]]}"#).root
        let error = await #expect(throws: ServingError.self) {
            try await model.answer(try MLflowScoring.decode(body, for: model))
        }
        #expect(error?.code == .invalidRequest)
        #expect(error?.why.contains("`size`") == true)
        #expect(error?.why.contains("row 1") == true)
    }

    @Test func `a missing number is taken by a model that was trained with some`() async throws {
        let model = try await TrainedModels.shared.served("gaps")
        #expect(model.table?.takesMissing == true)
        let body = try JSONDocument(#"{"instances": [[null, null, 1, 2, 3, 4]]}"#).root
        let answers = try await model.answer(try MLflowScoring.decode(body, for: model))
        #expect(answers.first?.probabilities.allSatisfy(\.isFinite) == true)
        let endless = try JSONDocument(#"{"instances": [["Infinity", null, 1, 2, 3, 4]]}"#).root
        await #expect(throws: ServingError.self) {
            try await model.answer(try MLflowScoring.decode(endless, for: model))
        }
    }
}
