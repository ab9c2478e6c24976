// SPDX-License-Identifier: Apache-2.0

import Database
import Testing

@testable import Tracking

/// The statements that must stay quick as tables grow go through indexes.
struct QueryPlanTests {
    private func plan(_ sql: SQL, _ test: TestTracking) async throws -> [String] {
        try await test.database.read { try $0.rows("EXPLAIN QUERY PLAN \(sql)").map { $0.string(3) } }
    }

    private func plan(_ search: RunSearch, by way: RunQuery.Way? = nil, _ test: TestTracking) async throws -> [String] {
        let query = try RunQuery(search)
        return try await test.database.read { try query.plan($0, by: way) }
    }

    @Test(arguments: [false, true])
    func `a page of an experiment's newest runs is read from an index without sorting`(isLater: Bool) async throws {
        try await TestTracking.run { test in
            for _ in 0..<2 { _ = try await test.begin() }
            let first = try await test.tracking.searchRuns(RunSearch(experimentIDs: ["0"], limit: 1))
            let search = RunSearch(experimentIDs: ["0"], after: isLater ? first.next : nil, limit: 100)
            let plan = try await plan(search, test)
            #expect(
                plan.contains { $0.contains("USING INDEX tracking_runs_recent (experiment_id=? AND stage=?") },
                "\(plan)"
            )
            #expect(!plan.contains { $0.contains("TEMP B-TREE") }, "\(plan)")
            // A later page begins where the one before ended, instead of passing over it.
            #expect(plan.contains { $0.contains("start_ms<?") } == isLater, "\(plan)")
        }
    }

    @Test func `a page of all newest runs is read from an index without sorting`() async throws {
        try await TestTracking.run { test in
            let plan = try await plan(RunSearch(limit: 100), test)
            #expect(plan.contains { $0.contains("USING INDEX tracking_runs_newest (stage=?)") }, "\(plan)")
            #expect(!plan.contains { $0.contains("TEMP B-TREE") }, "\(plan)")
        }
    }

    @Test(arguments: [false, true])
    func `runs by a metric are read in the order of its values`(isLater: Bool) async throws {
        try await TestTracking.run { test in
            for value in [1.0, 2] {
                let metric = Metric(key: "m", value: value, timestampMs: 1)
                try await test.tracking.log(.init(metrics: [metric]), run: try await test.begin())
            }
            var search = RunSearch(experimentIDs: ["0"], orderBy: ["metrics.m DESC"], limit: 1)
            if isLater { search.after = try await test.tracking.searchRuns(search).next }
            let plan = try await plan(search, test)
            let first = try #require(plan.first)
            #expect(
                first.contains("tracking_latest_value (experiment_id=? AND key=? AND is_nan=?"),
                "\(plan)"
            )
            #expect(first.contains("value<?") == isLater, "\(plan)")
            #expect(!plan.contains { $0.hasPrefix("SCAN") && !$0.contains("CONSTANT ROW") }, "\(plan)")
        }
    }

    @Test func `a history is read by its keys, without sorting`() async throws {
        try await TestTracking.run { test in
            let batchPlan = try await plan("SELECT bytes FROM tracking_batches WHERE run = 1 ORDER BY number", test)
            #expect(batchPlan == ["SEARCH tracking_batches USING PRIMARY KEY (run=?)"])
            let blocks: SQL = """
                SELECT bytes FROM tracking_blocks WHERE run = 1 AND key = 1
                ORDER BY first_ms, first_step, first_value, first_is_nan, id
                """
            let blockPlan = try await plan(blocks, test)
            #expect(blockPlan == ["SEARCH tracking_blocks USING INDEX tracking_blocks_first (run=? AND key=?)"])
        }
    }

    @Test(
        arguments: [
            ("metrics.m > 1", "SEARCH entry USING PRIMARY KEY (run=? AND key=?)"),
            ("params.p = '1'", "SEARCH entry USING PRIMARY KEY (run=? AND key=?)"),
            ("tags.t LIKE 'a%'", "SEARCH entry USING PRIMARY KEY (run=? AND key=?)"),
            ("datasets.name = 'd'", "SEARCH entry USING PRIMARY KEY (run=? AND name=?)"),
            ("run_id = 'r'", "SEARCH item"),
        ]
    )
    func `a comparison looks its value up`(filter: String, expected: String) async throws {
        try await TestTracking.run { test in
            let search = RunSearch(experimentIDs: ["0"], filter: filter, limit: 10)
            let plan = try await plan(search, by: .runs, test)
            #expect(plan.contains { $0.contains(expected) }, "\(plan)")
            #expect(!plan.contains { $0.hasPrefix("SCAN entry") || $0.hasPrefix("SCAN item") }, "\(plan)")
        }
    }

    @Test(
        arguments: [
            (
                "metrics.m > 1",
                "COVERING INDEX tracking_latest_value (experiment_id=? AND key=? AND is_nan=? AND value>?)"
            ),
            (
                "metrics.m <= 1",
                "COVERING INDEX tracking_latest_value (experiment_id=? AND key=? AND is_nan=? AND value<?)"
            ),
            ("params.p = '1'", "COVERING INDEX tracking_params_value (experiment_id=? AND key=? AND value=?)"),
            ("tags.t IN ('a', 'b')", "COVERING INDEX tracking_tags_value (experiment_id=? AND key=? AND value=?)"),
        ]
    )
    func `a comparison finds its runs from an index alone`(filter: String, expected: String) async throws {
        try await TestTracking.run { test in
            let search = RunSearch(experimentIDs: ["0"], filter: filter, limit: 10)
            let plan = try await plan(search, by: .lookup, test)
            #expect(plan.contains { $0.contains("SEARCH entry USING \(expected)") }, "\(plan)")
            #expect(plan.contains { $0.contains("SEARCH item USING INTEGER PRIMARY KEY") }, "\(plan)")
        }
    }

    @Test func `a comparison that few runs fulfil is where a search begins, and one that most fulfil is not`()
        async throws
    {
        try await TestTracking.run { test in
            for number in 0..<60 {
                let params = [KeyValue("rare", number == 0 ? "yes" : "no"), KeyValue("common", "yes")]
                try await test.tracking.log(.init(params: params), run: try await test.begin())
            }
            func begins(_ filter: String) async throws -> Bool {
                try await plan(RunSearch(experimentIDs: ["0"], filter: filter, limit: 10), test)
                    .contains { $0.contains("tracking_params_value") }
            }
            #expect(try await begins("params.rare = 'yes'"))
            #expect(try await begins("params.common = 'yes' AND params.rare = 'yes'"))
            #expect(!(try await begins("params.common = 'yes'")))
        }
    }

    @Test func `what belongs to a page's rows is looked up by their ids`() async throws {
        try await TestTracking.run { test in
            let owners = Store.members([.text("a"), .text("b")])
            for table in ["tracking_params", "tracking_tags", "tracking_latest", "tracking_inputs"] {
                let plan = try await plan("SELECT * FROM \(raw: table) WHERE run IN \(owners) ORDER BY run", test)
                #expect(plan.contains { $0.contains("SEARCH \(table) USING PRIMARY KEY (run=?)") }, "\(plan)")
            }
            let models: SQL = "SELECT * FROM tracking_model_metrics WHERE model_id IN \(owners)"
            #expect(try await plan(models, test).contains { $0.contains("USING PRIMARY KEY (model_id=?)") })
            let digest: SQL = "SELECT run FROM tracking_inputs WHERE digest = 'd'"
            #expect(try await plan(digest, test).contains { $0.contains("tracking_inputs_digest") })
        }
    }

    @Test func `every foreign key is the beginning of an index`() async throws {
        try await TestTracking.run { test in
            let missing = try await test.database.read { reader in
                try ForeignKeys.withoutIndex(reader)
            }
            #expect(missing.isEmpty)
        }
    }
}

/// Reads the schema for keys that a deletion of the other row would search the whole table for.
enum ForeignKeys {
    static func withoutIndex(_ reader: SQLReader) throws -> [String] {
        var missing: [String] = []
        for table in try reader.rows("SELECT name FROM sqlite_master WHERE type = 'table'").map({ $0.string(0) }) {
            let keys = try reader.rows("SELECT id, \"from\" FROM pragma_foreign_key_list(\(table)) ORDER BY id, seq")
            var indexes: [[String]] = []
            for index in try reader.rows("SELECT name FROM pragma_index_list(\(table))").map({ $0.string(0) }) {
                indexes.append(
                    try reader.rows("SELECT name FROM pragma_index_info(\(index)) ORDER BY seqno").map { $0.string(0) }
                )
            }
            for (_, columns) in Dictionary(grouping: keys, by: { $0.int64(0) }) {
                let names = columns.map { $0.string(1) }
                if !indexes.contains(where: { $0.starts(with: names) }) {
                    missing.append("\(table) (\(names.joined(separator: ", ")))")
                }
            }
        }
        return missing
    }
}
