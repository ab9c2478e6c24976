// SPDX-License-Identifier: Apache-2.0

import Database
import Testing

@testable import Tracking

/// The statements that must stay quick as tables grow go through indexes.
struct QueryPlanTests {
    private func plan(_ query: SearchQuery, _ test: TestTracking) async throws -> [String] {
        try await test.database.read { try query.plan($0) }
    }

    private func plan(_ sql: SQL, _ test: TestTracking) async throws -> [String] {
        try await test.database.read { try $0.rows("EXPLAIN QUERY PLAN \(sql)").map { $0.string(3) } }
    }

    @Test(arguments: [false, true])
    func `a page of an experiment's newest runs is read from an index without sorting`(isLater: Bool) async throws {
        try await TestTracking.run { test in
            for _ in 0..<2 { _ = try await test.begin() }
            let first = try await test.tracking.searchRuns(RunSearch(experimentIDs: ["0"], limit: 1))
            let query = try SearchQuery(
                .runs,
                columns: Store.runColumns,
                where: ["item.experiment_id = 0", "item.stage = 'active'"],
                after: isLater ? first.next : nil,
                limit: 100
            )
            let plan = try await plan(query, test)
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
            let query = try SearchQuery(.runs, columns: Store.runColumns, where: ["item.stage = 'active'"], limit: 100)
            let plan = try await plan(query, test)
            #expect(plan.contains { $0.contains("USING INDEX tracking_runs_newest (stage=?)") }, "\(plan)")
            #expect(!plan.contains { $0.contains("TEMP B-TREE") }, "\(plan)")
        }
    }

    @Test(arguments: [false, true])
    func `a page of a history is a range of the key`(isLater: Bool) async throws {
        try await TestTracking.run { test in
            let token = PageToken(values: [.integer(5), .integer(1), .real(2), .integer(0)])
            let sql = try TrackingService.history("r", "m", after: isLater ? token : nil, limit: 100)
            let plan = try await plan(sql, test)
            #expect(plan.count == 1, "\(plan)")
            #expect(
                plan.first?.contains("SEARCH tracking_metrics USING PRIMARY KEY (run_id=? AND key=?") == true,
                "\(plan)"
            )
            #expect(plan.first?.contains("timestamp_ms,step,value,is_nan") == isLater, "\(plan)")
        }
    }

    @Test(
        arguments: [
            ("metrics.m > 1", "SEARCH entry USING PRIMARY KEY (run_id=? AND key=?)"),
            ("params.p = '1'", "SEARCH entry USING PRIMARY KEY (run_id=? AND key=?)"),
            ("tags.t LIKE 'a%'", "SEARCH entry USING PRIMARY KEY (run_id=? AND key=?)"),
            ("datasets.name = 'd'", "SEARCH entry USING PRIMARY KEY (run_id=? AND name=?)"),
            ("run_id = 'r'", "SEARCH tracking_runs"),
        ]
    )
    func `a comparison looks its value up`(filter: String, expected: String) async throws {
        try await TestTracking.run { test in
            let query = try SearchQuery(
                .runs,
                columns: Store.runColumns,
                where: ["item.experiment_id = 0"],
                filter: filter,
                limit: 10
            )
            let plan = try await plan(query, test)
            #expect(
                plan.contains { $0.contains(expected) || $0.contains("SEARCH item") && filter.hasPrefix("run_id") },
                "\(plan)"
            )
            #expect(!plan.contains { $0.hasPrefix("SCAN entry") || $0.hasPrefix("SCAN item") }, "\(plan)")
        }
    }

    @Test func `what belongs to a page's rows is looked up by their ids`() async throws {
        try await TestTracking.run { test in
            let owners = Store.members([.text("a"), .text("b")])
            for table in ["tracking_params", "tracking_tags", "tracking_latest_metrics", "tracking_inputs"] {
                let plan = try await plan("SELECT * FROM \(raw: table) WHERE run_id IN \(owners) ORDER BY run_id", test)
                #expect(plan.contains { $0.contains("SEARCH \(table) USING PRIMARY KEY (run_id=?)") }, "\(plan)")
            }
            let models: SQL = "SELECT * FROM tracking_model_metrics WHERE model_id IN \(owners)"
            #expect(try await plan(models, test).contains { $0.contains("USING PRIMARY KEY (model_id=?)") })
            let digest: SQL = "SELECT run_id FROM tracking_inputs WHERE digest = 'd'"
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
