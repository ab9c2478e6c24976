// SPDX-License-Identifier: Apache-2.0

import Evaluation
import Testing

struct RequirementTests {
    @Test(arguments: [
        ("recall >= 0.90", "recall", Requirement.Comparison.atLeast, Requirement.Bound.number(0.9)),
        ("latency.p99 <= 20 ms", "latency.p99", .atMost, .number(20)),
        ("latency.p99<0.5s", "latency.p99", .below, .number(500)),
        ("slice.recall > 80 %", "slice.recall", .above, .number(0.8)),
        ("errors.recall == 1", "errors.recall", .equal, .number(1)),
        ("mcc >= -0.5", "mcc", .atLeast, .number(-0.5)),
        (
            "roc_auc >= champion.roc_auc - 0.005", "roc_auc", .atLeast,
            .baseline(name: "champion", metric: "roc_auc", offset: -0.005)
        ),
        (
            "errors.recall > champion.errors.recall", "errors.recall", .above,
            .baseline(name: "champion", metric: "errors.recall", offset: 0)
        ),
        ("rmse <= champion.rmse + 1 %", "rmse", .atMost, .baseline(name: "champion", metric: "rmse", offset: 0.01)),
    ])
    func `a requirement is read`(
        text: String,
        metric: String,
        comparison: Requirement.Comparison,
        bound: Requirement.Bound
    ) throws {
        let requirement = try Requirement.parse(text)
        #expect(requirement.metric == metric && requirement.comparison == comparison && requirement.bound == bound)
        #expect(requirement.text == text)
    }

    @Test(arguments: [
        ("recal >= 0.9", "did you mean `recall`?"),
        ("error.recall >= 0.9", "did you mean `errors.recall`?"),
        ("recall >= champon.recall", "did you mean `champion.recall`?"),
        ("recall >= champion.recal", "did you mean `recall`?"),
        ("latency.p98 <= 3 ms", "latency.p99"),
        ("recall => 0.9", "use `>=`"),
        ("recall >= high", "write for example"),
        ("recall >= champion.recall - much", "write for example"),
        ("recall >= champion.recall 0.1", "write for example"),
        ("recall >= nan", "write for example"),
        ("a.b.recall >= 1", "write for example"),
        (".recall >= 1", "write"),
        ("recall >=", "write for example"),
        ("", "write for example"),
    ])
    func `a mistake is named, with the nearest name`(text: String, hint: String) throws {
        let error = try #require(throws: EvaluationError.self) { try Requirement.parse(text) }
        #expect(error.code == .invalidRequirement)
        #expect(error.what.contains("`\(text)`"))
        #expect(try #require(error.next).contains(hint))
    }
}
