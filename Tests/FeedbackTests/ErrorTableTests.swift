// SPDX-License-Identifier: Apache-2.0

import Feedback
import Files
import Monitoring
import ProjectTesting
import SystemPackage
import Testing

/// Gathered errors as rows of the project's own table.
struct ErrorTableTests {
    private let folder: TestFolder
    private let clinic: Clinic

    init() async throws {
        folder = try TestFolder()
        clinic = try await Clinic()
    }

    private func add(
        _ features: [(String, LoggedPrediction.FeatureValue)],
        truth: String,
        to text: String,
        target: String = "label"
    ) async throws -> String {
        let file = try folder.write(text, to: "errors.csv")
        clinic.log("p", "other", features: features)
        try await clinic.label(("p", truth))
        _ = try await clinic.feedback.gather()
        let cases = try await clinic.feedback.newCases(model: "churn")
        let count = try await ErrorTable(engine: { try await Ward.engine.value }).add(cases, to: file, target: target)
        let result = try FileReader.text(of: file)
        #expect(count == result.split(separator: "\n").count - 1)
        return result
    }

    @Test func `columns keep their order, what is missing is empty, what is unknown is left out`() async throws {
        let result = try await add(
            [("b", .text("x, \"y\"")), ("unknown", .number(1)), ("a", .number(2))],
            truth: "sick",
            to: "a,label,b,c\n1,well,w,0.5\n"
        )
        #expect(result == "a,label,b,c\n1,well,w,0.5\n2,sick,\"x, \"\"y\"\"\",\n")
    }

    @Test(arguments: [("1", "0\n1\n", "1"), ("1.0", "0\n1\n", "1"), ("01", "a\n02\n", "01"), ("nan", "a\nb\n", "nan")])
    func `the truth is written as the column spells it`(truth: String, rows: String, written: String) async throws {
        let lines = rows.split(separator: "\n").map { "1,\($0)\n" }.joined()
        let result = try await add([("a", .number(2))], truth: truth, to: "a,label\n" + lines)
        #expect(result == "a,label\n" + lines + "2,\(written)\n")
    }

    @Test func `a table with a header alone takes its first rows`() async throws {
        let result = try await add([("a", .number(2.5))], truth: "sick", to: "a,label\n")
        #expect(result == "a,label\n2.5,sick\n")
    }

    @Test func `a missing number is empty`() async throws {
        let result = try await add([("a", .null)], truth: "sick", to: "a,label\n1,well\n")
        #expect(result == "a,label\n1,well\n,sick\n")
    }

    @Test func `a table without the target is refused and stays as it is`() async throws {
        let error = try await #require(throws: FeedbackError.self) {
            try await add([("a", .number(1))], truth: "sick", to: "a,b\n1,2\n", target: "label")
        }
        #expect(error.code == .notReady && error.why.contains("`label`"))
        #expect(try folder.text("errors.csv") == "a,b\n1,2\n")
    }
}
