// SPDX-License-Identifier: Apache-2.0

import Feedback
import Monitoring
import Testing

struct GatheringTests {
    private let clinic: Clinic
    init() async throws { clinic = try await Clinic() }

    @Test(arguments: [
        ("sick", "sick", nil), ("well", "well", nil), ("sick", "well", "p false_positive well -"),
        ("well", "sick", "p false_negative sick -"), ("well", "unclear", "p wrong_class unclear -"),
    ])
    func `a label tells how its prediction was wrong, or that it was right`(
        predicted: String,
        truth: String,
        error: String?
    ) async throws {
        clinic.log("p", predicted)
        try await clinic.label(("p", truth))
        #expect(try await clinic.feedback.gather() == 1)
        #expect(try await clinic.errors() == (error.map { [$0] } ?? []))
    }

    @Test(arguments: [("1", "1.0"), ("1.0", "1"), ("1e0", "1")])
    func `numbers that are equal are one class`(predicted: String, truth: String) async throws {
        let clinic = try await Clinic(positive: "1")
        clinic.log("p", predicted)
        try await clinic.label(("p", truth))
        _ = try await clinic.feedback.gather()
        let quality = try #require(try await clinic.feedback.liveQuality(of: "churn").first)
        #expect(quality.counts == [.truePositive: 1])
    }

    @Test func `an error keeps all that is needed to learn from it`() async throws {
        clinic.log("p", "well", version: "7", features: [("a", .number(1.5)), ("ü \"", .text("x")), ("n", .null)])
        try await clinic.label(("p", "sick"))
        _ = try await clinic.feedback.gather()
        let error = try #require(try await clinic.feedback.error(of: "p"))
        #expect(error.model == "churn" && error.version == "7" && error.predicted == "well" && error.score == 0.25)
        #expect(error.predictedMs == 5 && error.dataVersion == nil)
        let errorCase = try #require(try await clinic.feedback.newCases(model: "churn").first)
        #expect(errorCase.features.map(\.name) == ["a", "ü \"", "n"] && errorCase.truth == "sick")
        #expect(errorCase.features[0].value == .number(1.5) && errorCase.features[1].value == .text("x"))
        if case .number(let missing) = errorCase.features[2].value { #expect(missing.isNaN) }
        #expect(try await clinic.feedback.newCases(model: "other").isEmpty)
    }

    @Test func `labels are all taken or none`() async throws {
        let labels = [("a", "sick"), ("b", "")]
        await #expect(throws: FeedbackError.self) {
            try await clinic.feedback.take(labels.map { try Label(predictionID: $0.0, truth: $0.1) })
        }
        #expect(try await clinic.feedback.counts().labels == 0)
    }

    @Test func `what was taken is there after the database was opened anew`() async throws {
        let (first, id) = (clinic, "p")
        try await first.label((id, "sick"))
        try await first.complain("q", "words")
        let path = try #require(first.path)
        let again = try await Clinic(at: path)
        #expect(try await again.feedback.counts().labels == 1)
        again.log(id, "well")
        again.log("q", "well")
        #expect(try await again.feedback.gather() == 1)
        #expect(try await again.errors() == ["p false_negative sick -", "q complaint - words"])
    }

    @Test func `a repeated label changes nothing`() async throws {
        clinic.log("p", "well")
        for _ in 0..<3 {
            try await clinic.label(("p", "sick"))
            _ = try await clinic.feedback.gather()
        }
        #expect(try await clinic.errors() == ["p false_negative sick -"])
        #expect(try await clinic.feedback.counts().labels == 1)
        #expect(try await clinic.feedback.gather() == 0)
    }

    @Test func `a label that comes before its prediction waits for it`() async throws {
        try await clinic.label(("late", "sick"))
        #expect(try await clinic.feedback.gather() == 0)
        clinic.log("late", "well")
        #expect(try await clinic.feedback.gather() == 1)
        #expect(try await clinic.errors() == ["late false_negative sick -"])
    }

    @Test func `labels of predictions that nobody knows do not keep others waiting`() async throws {
        for number in 0..<10 { try await clinic.label(("unknown-\(number)", "sick")) }
        try await clinic.complain("nobody", "?")
        clinic.log("known", "well")
        try await clinic.label(("known", "sick"))
        var joined = 0
        // Four a call: the one that is known comes at the latest with the third.
        for _ in 0..<3 { joined += try await clinic.feedback.gather(limit: 4) }
        #expect(joined == 1)
        #expect(try await clinic.errors() == ["known false_negative sick -"])
        #expect(clinic.lastSearch.count <= 5)
    }

    @Test func `a corrected label replaces the error that the first one made`() async throws {
        clinic.log("p", "well")
        clinic.log("q", "sick")
        try await clinic.label(("p", "sick"), ("q", "well"))
        _ = try await clinic.feedback.gather()
        try await clinic.label(("p", "well"), ("q", "unclear"))
        #expect(try await clinic.errors().isEmpty)
        _ = try await clinic.feedback.gather()
        #expect(try await clinic.errors() == ["q false_positive unclear -"])
        let quality = try #require(try await clinic.feedback.liveQuality(of: "churn").first)
        #expect(quality.counts == [.trueNegative: 1, .falsePositive: 1])
    }

    @Test func `a label that changes while it is joined is joined anew`() async throws {
        let clinic = try await Clinic()
        clinic.log("p", "well")
        try await clinic.label(("p", "sick"))
        // Arrives between the search and the note of its outcome.
        clinic.whileSearching { try await clinic.label(("p", "well")) }
        _ = try await clinic.feedback.gather()
        #expect(try await clinic.errors().isEmpty, "the first truth no longer counts")
        clinic.whileSearching {}
        #expect(try await clinic.feedback.gather() == 1)
        #expect(try await clinic.errors().isEmpty)
    }

    @Test func `gathering twice at once gathers each error once`() async throws {
        let clinic = clinic
        for number in 0..<50 {
            clinic.log("p\(number)", "well")
            try await clinic.label(("p\(number)", "sick"))
        }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<4 { group.addTask { _ = try await clinic.feedback.gather() } }
            try await group.waitForAll()
        }
        #expect(try await clinic.errors().count == 50)
        #expect(try await clinic.feedback.liveQuality(of: "churn").first?.labelled == 50)
    }

    // MARK: Complaints

    @Test func `a complaint without a truth is gathered, and is no case to learn from`() async throws {
        clinic.log("p", "well")
        try await clinic.complain("p", "it missed the blood values")
        _ = try await clinic.feedback.gather()
        #expect(try await clinic.errors() == ["p complaint - it missed the blood values"])
        #expect(try await clinic.feedback.newCases(model: "churn").isEmpty)
        let counts = try await clinic.feedback.counts()
        #expect(counts.verdicts == 1 && counts.new == 0 && counts.byKind == [.complaint: 1])
    }

    @Test(arguments: [true, false]) func `a label and a complaint become one error with the user's words`(
        first: Bool
    ) async throws {
        clinic.log("p", "well")
        if first { try await clinic.label(("p", "sick")) } else { try await clinic.complain("p", "words") }
        _ = try await clinic.feedback.gather()
        if first { try await clinic.complain("p", "words") } else { try await clinic.label(("p", "sick")) }
        _ = try await clinic.feedback.gather()
        #expect(try await clinic.errors() == ["p false_negative sick words"])
    }

    @Test func `a complaint with the truth counts as a label`() async throws {
        clinic.log("p", "well")
        try await clinic.complain("p", "words", truth: "sick")
        #expect(try await clinic.feedback.gather() == 1)
        #expect(try await clinic.errors() == ["p false_negative sick words"])
        let counts = try await clinic.feedback.counts()
        #expect(counts.labels == 1 && counts.verdicts == 1 && counts.new == 1)
    }

    @Test func `words stay when a second complaint has none, and when the label is corrected`() async throws {
        clinic.log("p", "well")
        try await clinic.complain("p", "words", truth: "sick")
        _ = try await clinic.feedback.gather()
        try await clinic.complain("p", "")
        _ = try await clinic.feedback.gather()
        #expect(try await clinic.errors() == ["p false_negative sick words"])
        try await clinic.label(("p", "unclear"))
        #expect(try await clinic.errors() == ["p complaint - words"])
        _ = try await clinic.feedback.gather()
        #expect(try await clinic.errors() == ["p wrong_class unclear words"])
    }

    @Test func `praise is kept and is no error`() async throws {
        clinic.log("p", "well")
        try await clinic.feedback.take(try UserVerdict(predictionID: "p", isUsable: true, truth: nil, comment: "good"))
        _ = try await clinic.feedback.gather()
        #expect(try await clinic.errors().isEmpty)
        #expect(try await clinic.feedback.counts().verdicts == 1)
    }

    // MARK: Reading

    @Test func `pages hold each error once, newest first`() async throws {
        for number in 0..<7 {
            clinic.log("p\(number)", number.isMultiple(of: 2) ? "well" : "sick")
            try await clinic.label(("p\(number)", number.isMultiple(of: 2) ? "sick" : "well"))
            if number != 3 { _ = try await clinic.feedback.gather() }
        }
        var (ids, page): ([String], ErrorPage.Cursor?) = ([], nil)
        repeat {
            let next = try await clinic.feedback.errors(page: page, limit: 2)
            ids += next.errors.map(\.id)
            page = next.next
        } while page != nil
        #expect(ids == ["p6", "p5", "p4", "p3", "p2", "p1", "p0"])
        let positives = try await clinic.feedback.errors(kinds: [.falsePositive])
        #expect(positives.errors.map(\.id) == ["p5", "p3", "p1"] && positives.next == nil)
        #expect(try await clinic.feedback.errors(model: "churn", version: "1", limit: 2).map(\.id) == ["p6", "p5"])
        #expect(try await clinic.feedback.errors(model: "churn", version: "2", limit: 2).isEmpty)
    }

    @Test func `live quality is told by version, and only where there are labels for it`() async throws {
        let cases = [("10", "sick", "sick"), ("10", "well", "sick"), ("9", "sick", "well"), ("9", "well", "well")]
        for (number, (version, predicted, truth)) in cases.enumerated() {
            clinic.log("p\(number)", predicted, version: version)
            try await clinic.label(("p\(number)", truth))
        }
        _ = try await clinic.feedback.gather()
        let quality = try await clinic.feedback.liveQuality(of: "churn")
        #expect(quality.map(\.version) == ["9", "10"])
        #expect(quality[0].recall == nil && quality[0].precision == 0)
        #expect(quality[1].recall == 0.5 && quality[1].precision == 1 && quality[1].labelled == 2)
        #expect(try await clinic.feedback.liveQuality(of: "other").isEmpty)
    }

    @Test(arguments: [
        ("", "x"), ("x", ""), (String(repeating: "x", count: 256), "x"), ("x", String(repeating: "é", count: 128)),
    ])
    func `a label that cannot be right is refused with the field`(id: String, truth: String) {
        let error = #expect(throws: FeedbackError.self) { try Label(predictionID: id, truth: truth) }
        #expect(error?.code == .invalidLabel)
        #expect(error?.why.contains(id == "x" ? "`truth`" : "`prediction_id`") == true)
    }

    @Test func `a comment has a limit`() {
        let comment = String(repeating: "x", count: 4_001)
        let error = #expect(throws: FeedbackError.self) {
            try UserVerdict(predictionID: "p", isUsable: false, truth: nil, comment: comment)
        }
        #expect(error?.why.contains("`comment`") == true)
        #expect(throws: FeedbackError.self) {
            try UserVerdict(predictionID: "", isUsable: false, truth: nil, comment: "")
        }
        #expect(throws: FeedbackError.self) {
            try UserVerdict(predictionID: "p", isUsable: false, truth: "", comment: "")
        }
    }
}
