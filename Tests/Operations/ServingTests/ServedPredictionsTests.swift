// SPDX-License-Identifier: Apache-2.0

import JSONText
import Serving
import Testing

/// Whether a served model says what the scikit-learn model says that it was made from.
struct ServedPredictionsTests {
    // What exists in single precision only rounds near 0; the others agree to 1e-5 of the probability even there.
    @Test(arguments: [("tumour", 1e-8), ("named", 1e-8), ("gaps", 1e-6), ("mixed", 1e-6), ("forest", 1e-6)])
    func `classes and probabilities are scikit-learn's`(name: String, rounding: Double) async throws {
        let models = try await TrainedModels.shared
        let model = try await models.served(name)
        let expected = try models.expected(name)
        let request = try #require(expected["request"])
        let answers = try await model.answer(try MLflowScoring.decode(request, for: model))

        #expect(answers.map(\.label) == expected["predictions"]?.elements.map { $0.string ?? $0.json })
        let probabilities = try #require(expected["probabilities"]).elements.map { $0.elements.compactMap(\.double) }
        #expect(answers.count > 100)
        #expect(answers.count == probabilities.count)
        for (answer, wanted) in zip(answers, probabilities) {
            #expect(zip(answer.probabilities, wanted).allSatisfy { abs($0 - $1) <= 1e-5 * abs($1) + rounding })
            #expect(answer.probabilities.count == wanted.count)
        }
    }

    @Test func `values of a regression on a matrix are scikit-learn's`() async throws {
        let models = try await TrainedModels.shared
        let model = try await models.served("matrix")
        let expected = try models.expected("matrix")
        let request = try #require(expected["request"])
        let answers = try await model.answer(try MLflowScoring.decode(request, for: model))

        let wanted = try #require(expected["predictions"]).elements.compactMap(\.double)
        #expect(answers.count == wanted.count)
        #expect(zip(answers, wanted).allSatisfy { abs(($0.value ?? .nan) - $1) <= 1e-5 * abs($1) })
        #expect(answers.allSatisfy { $0.probabilities.isEmpty })
    }

    @Test func `the threshold decides between the two classes`() async throws {
        let models = try await TrainedModels.shared
        let request = try #require(try models.expected("tumour")["request"])
        var positives: [Double: Int] = [:]
        for threshold in [0.01, 0.5, 0.99] {
            let rule = DecisionRule(positive: "0", threshold: threshold)
            let model = try await models.served("tumour", rule: rule)
            let answers = try await model.answer(try MLflowScoring.decode(request, for: model))
            #expect(answers.allSatisfy { ($0.label == "0") == ($0.probabilities[0] >= threshold) })
            positives[threshold] = answers.count { $0.label == "0" }
        }
        #expect(positives[0.01] ?? 0 > positives[0.5] ?? 0)
        #expect(positives[0.5] ?? 0 > positives[0.99] ?? 0)
    }

    @Test func `a positive class that the model does not have is refused`() async throws {
        let models = try await TrainedModels.shared
        let error = await #expect(throws: ServingError.self) {
            try await models.served("tumour", rule: DecisionRule(positive: "malign", threshold: 0.3))
        }
        #expect(error?.code == .invalidModel)
        #expect(error?.why.contains("`malign`") == true)
    }

    @Test func `an unknown text counts as none of the known ones, as in scikit-learn`() async throws {
        let model = try await TrainedModels.shared.served("mixed")
        let body = try JSONDocument(#"{"dataframe_records": [{"size": 2, "colour": "ultraviolet"}]}"#).root
        let answers = try await model.answer(try MLflowScoring.decode(body, for: model))
        #expect(answers.count == 1)
        #expect(abs((answers.first?.probabilities.reduce(0, +) ?? 0) - 1) < 1e-6)
    }

    @Test func `an empty batch has no answers`() async throws {
        let model = try await TrainedModels.shared.served("matrix")
        let batch = try MLflowScoring.decode(try JSONDocument(#"{"instances": []}"#).root, for: model)
        #expect(try await model.answer(batch).isEmpty)
    }
}
