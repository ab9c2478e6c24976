// SPDX-License-Identifier: Apache-2.0

import Database
import Testing

@testable import Tracking

/// Runs and experiments as people name them.
struct LookupTests {
    private func refusal(_ body: () async throws -> Void) async -> TrackingError? {
        do {
            try await body()
            return nil
        } catch {
            return error as? TrackingError
        }
    }

    @Test func `a run is found by its id, its beginning in any case, and its name`() async throws {
        try await TestTracking.run { test in
            let id = try await test.begin(name: "quiet harbor's `é`")
            _ = try await test.begin(name: "other")
            for text in [id, id.uppercased(), String(id.prefix(16)), "quiet harbor's `é`"] {
                #expect(try await test.tracking.run(meant: text).id == id)
            }
        }
    }

    @Test func `several that may be meant are all told`() async throws {
        try await TestTracking.run { test in
            var ids: [String] = []
            for _ in 0..<12 { ids.append(try await test.begin(name: "twin")) }
            let error = await refusal { _ = try await test.tracking.run(meant: "twin") }
            #expect(error?.code == .invalidParameter && error?.why.hasPrefix("10 or more have that name") == true)
            let named = ids.filter { error?.why.contains($0.prefix(12)) == true }
            #expect(named.count == 5)
        }
    }

    @Test func `an id goes before what has it as its name or beginning`() async throws {
        try await TestTracking.run { test in
            let id = try await test.begin(name: "one")
            _ = try await test.begin(name: id)
            #expect(try await test.tracking.run(meant: id).name == "one")
        }
    }

    @Test func `a deleted run stands back behind one in use, and is told where it may not be meant`() async throws {
        try await TestTracking.run { test in
            let old = try await test.begin(name: "twin")
            try await test.tracking.setRun(id: old, stage: .deleted)
            #expect(try await test.tracking.run(meant: "twin").id == old)
            #expect(
                await refusal { _ = try await test.tracking.run(meant: "twin", view: .activeOnly) }?.code
                    == .invalidState
            )
            let new = try await test.begin(name: "twin")
            #expect(try await test.tracking.run(meant: "twin").id == new)
            #expect(try await test.tracking.run(meant: "twin", view: .activeOnly).id == new)
            #expect(try await test.tracking.run(meant: "twin", view: .deletedOnly).id == old)
            #expect(
                await refusal { _ = try await test.tracking.run(meant: new, view: .deletedOnly) }?.code == .invalidState
            )
        }
    }

    @Test(arguments: ["", "gg", "harbour", "%", "_", "' OR 1=1", "\u{1}", String(repeating: "a", count: 33)])
    func `what is not there is not found`(text: String) async throws {
        try await TestTracking.run { test in
            _ = try await test.begin(name: "harbor")
            let error = await refusal { _ = try await test.tracking.run(meant: text) }
            #expect(error?.code == .notFound)
            #expect(error?.next == (text == "harbour" ? "did you mean `harbor`?" : "see `gyre runs`"))
        }
    }

    @Test func `ids are looked up in an index`() async throws {
        try await TestTracking.run { test in
            let sql = TrackingService.ids(from: "0a", limit: 10)
            let plan = try await test.database.read { reader in
                try reader.rows("EXPLAIN QUERY PLAN \(sql)").map { $0.string(3) }
            }
            #expect(plan.count == 1 && plan[0].contains("INDEX") && plan[0].hasSuffix("(id>? AND id<?)"), "\(plan)")
        }
    }

    @Test func `an experiment is found by its name, or else its id`() async throws {
        try await TestTracking.run { test in
            let tracking = test.tracking
            let one = try await tracking.createExperiment(name: "churn")
            let two = try await tracking.createExperiment(name: one)
            #expect(try await tracking.experiment(meant: "churn").id == one)
            #expect(try await tracking.experiment(meant: one).id == two)
            #expect(try await tracking.experiment(meant: two).id == two)
            let error = await refusal { _ = try await tracking.experiment(meant: "chrun") }
            #expect(error?.code == .notFound && error?.next == "did you mean `churn`?")
            try await tracking.setExperiment(id: two, stage: .deleted)
            #expect(
                await refusal { _ = try await tracking.experiment(meant: two, view: .activeOnly) }?.code
                    == .invalidState
            )
            #expect(
                await refusal { _ = try await tracking.experiment(meant: "churn", view: .deletedOnly) }?.code
                    == .invalidState
            )
        }
    }
}
