// SPDX-License-Identifier: Apache-2.0

import Feedback
import Testing

struct RetrainRuleTests {
    @Test(arguments: [
        ("errors.new >= 50", [49.0], [50.0, 51]), ("errors.new > 50", [50], [50.5]),
        ("  drift.share>=0.3 ", [0.29], [0.3]),
        ("errors.new>0", [0], [1]),
    ])
    func `a rule fires from its bound on`(text: String, quiet: [Double], firing: [Double]) throws {
        let rule = try RetrainRule(text)
        #expect(quiet.allSatisfy { !rule.fires(at: $0) } && firing.allSatisfy(rule.fires))
        #expect(try RetrainRule(rule.description) == rule)
    }

    @Test func `a rule is written as people write it`() throws {
        #expect(try RetrainRule("errors.new>=50").description == "errors.new >= 50")
        #expect(try RetrainRule("drift.share > 0.25").description == "drift.share > 0.25")
    }

    @Test(arguments: [
        ("error.new >= 50", "`error.new` is not a quantity", "did you mean `errors.new`?"),
        ("drift.shares > 0.3", "`drift.shares` is not a quantity", "did you mean `drift.share`?"),
        ("weather >= 50", "`errors.new` and `drift.share` are", "write for example `errors.new >= 50`"),
        ("errors.new < 50", "`<` is not a comparison", nil), ("errors.new == 50", "`==` is not a comparison", nil),
        ("errors.new >= many", "`many` is not a number", nil),
        ("errors.new >= -1", "`-1` is not a number of 0 or more", nil),
        ("errors.new >= nan", "`nan` is not a number", nil), ("errors.new >= inf", "`inf` is not a number", nil),
        ("errors.new", "three parts", nil), ("", "three parts", nil), ("errors.new >= 5 0", "three parts", nil),
    ])
    func `a rule that cannot be read says which part and what was meant`(
        text: String,
        why: String,
        next: String?
    ) throws {
        let error = try #require(throws: FeedbackError.self) { try RetrainRule(text) }
        #expect(error.code == .invalidRule && error.what.contains("`\(text)`") && error.why.contains(why), "\(error)")
        if let next { #expect(error.next == next) }
    }
}
