// SPDX-License-Identifier: Apache-2.0

import Database
import Testing
import Tracking

struct ConcurrencyTests {
    @Test func `many tasks that log at the same time share commits and lose nothing`() async throws {
        try await TestTracking.run { test in
            let tracking = test.tracking
            let ids = try await withThrowingTaskGroup(of: String.self) { group in
                for _ in 0..<8 { group.addTask { try await test.begin() } }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            let before = test.database.commitCount
            try await withThrowingTaskGroup(of: Void.self) { group in
                for task in 0..<64 {
                    group.addTask {
                        for step in 0..<5 {
                            let metric = Metric(
                                key: "m",
                                value: Double(task),
                                timestampMs: Int64(step),
                                step: Int64(task)
                            )
                            let tag = KeyValue("task \(task)", "\(step)")
                            try await tracking.log(.init(metrics: [metric], tags: [tag]), run: ids[task % 8])
                        }
                    }
                }
                try await group.waitForAll()
            }
            #expect(test.database.commitCount - before < 320 / 2)
            for (index, id) in ids.enumerated() {
                let run = try await tracking.run(id: id)
                #expect(run.tags.count == 8 + 1)
                #expect(run.metric("m") == Double(56 + index))
                #expect(try await tracking.metricHistory(run: id, key: "m").count == 40)
            }
        }
    }

    @Test func `one of many that is refused takes nothing from the others`() async throws {
        try await TestTracking.run { test in
            let id = try await test.begin()
            try await test.tracking.log(.init(params: [KeyValue("p", "0")]), run: id)
            let refused = try await withThrowingTaskGroup(of: Bool.self) { group in
                for task in 0..<40 {
                    group.addTask {
                        let param = KeyValue(task % 2 == 0 ? "p" : "p\(task)", "\(task)")
                        do {
                            try await test.tracking.log(
                                .init(params: [param], tags: [KeyValue("t\(task)", "1")]),
                                run: id
                            )
                            return false
                        } catch is TrackingError {
                            return true
                        }
                    }
                }
                return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
            }
            // The first of them logs the value that is there already.
            #expect(refused == 19)
            let run = try await test.tracking.run(id: id)
            #expect(run.params.count == 1 + 20)
            #expect(run.tags.filter { $0.key.hasPrefix("t") }.count == 21)
        }
    }

    @Test func `of many values for one parameter the first stays`() async throws {
        try await TestTracking.run { test in
            let id = try await test.begin()
            let kept = await withTaskGroup(of: String?.self) { group in
                for task in 0..<20 {
                    group.addTask {
                        do {
                            try await test.tracking.log(.init(params: [KeyValue("p", "\(task)")]), run: id)
                            return "\(task)"
                        } catch {
                            return nil
                        }
                    }
                }
                return await group.reduce(into: [String]()) { if let value = $1 { $0.append(value) } }
            }
            #expect(kept.count == 1)
            #expect(try await test.tracking.run(id: id).param("p") == kept.first)
        }
    }
}
