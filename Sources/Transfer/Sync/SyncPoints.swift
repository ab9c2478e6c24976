// SPDX-License-Identifier: Apache-2.0

import JSONText
import Tracking

/// Sends the points of a run that the server lacks, at most ``SyncWire/pointLimit`` in a request and as many in memory.
///
/// A history that the server has up to some point is sent from there on. One that differs before is sent whole, and the server
/// takes what it lacks of it.
struct SyncPoints: Sendable {
    let session: SyncSession
    let run: String
    let isNew: Bool

    private var tracking: TrackingService { session.tracking }

    /// - Returns: How many points the server did not have.
    func send(_ keys: [String]) async throws -> Int {
        var batch = Batch()
        var added = 0
        for start in stride(from: 0, to: keys.count, by: SyncWire.itemLimit) {
            let part = Array(keys[start..<min(start + SyncWire.itemLimit, keys.count)])
            let known = isNew ? [:] : try await states(part)
            if session.isDryRun {
                let own = try await tracking.historyStates(run: run, keys: part)
                for (key, state) in own where known[key] != state {
                    added += max(state.count - (known[key]?.count ?? 0), 0)
                }
                continue
            }
            for key in part { added += try await send(key, known[key] ?? HistoryState(), &batch) }
        }
        added += try await flush(&batch)
        session.notes.note(.points, .added, Int64(added))
        return added
    }

    private func states(_ keys: [String]) async throws -> [String: HistoryState] {
        do {
            let answer = try await session.calls.post("histories") { body in
                body.field("run", run)
                body.texts("keys", keys)
            }
            var result: [String: HistoryState] = [:]
            for item in try answer.items("histories") {
                result[try item.required("key")] = try SyncWire.historyState(item)
            }
            return result
        } catch is SyncRefusal where session.isDryRun {
            return [:]
        }
    }

    private func send(_ key: String, _ known: HistoryState, _ batch: inout Batch) async throws -> Int {
        let start = try await beginning(key, known)
        var added = 0
        var token = start.page
        repeat {
            try Task.checkCancellation()
            let page = try await tracking.metricHistory(run: run, key: key, after: token, limit: SyncWire.pointLimit)
            var points: [MetricPoint] = []
            for metric in page {
                let point = MetricPoint(timestampMs: metric.timestampMs, step: metric.step, value: metric.value)
                if start.after.map({ $0 < point }) ?? true { points.append(point) }
            }
            if batch.count + points.count > SyncWire.pointLimit { added += try await flush(&batch) }
            batch.add(key, points)
            token = page.next
        } while token != nil
        return added
    }

    /// Behind which point the server lacks some, and the page that it is on.
    private func beginning(
        _ key: String,
        _ known: HistoryState
    ) async throws -> (after: MetricPoint?, page: PageToken?) {
        guard let last = known.last else { return (nil, nil) }
        var own = HistoryState()
        var token: PageToken?
        while true {
            let page = try await tracking.metricHistory(run: run, key: key, after: token, limit: SyncWire.pointLimit)
            for metric in page {
                let point = MetricPoint(timestampMs: metric.timestampMs, step: metric.step, value: metric.value)
                if last < point { return own == known ? (last, token) : (nil, nil) }
                own.add(point)
            }
            guard let next = page.next else { return own == known ? (last, token) : (nil, nil) }
            token = next
        }
    }

    private struct Batch {
        var histories: [(key: String, points: [MetricPoint])] = []
        var count = 0

        mutating func add(_ key: String, _ points: [MetricPoint]) {
            guard !points.isEmpty else { return }
            histories.append((key, points))
            count += points.count
        }
    }

    private func flush(_ batch: inout Batch) async throws -> Int {
        guard batch.count > 0 else { return 0 }
        let histories = batch.histories
        batch = Batch()
        let answer = try await session.calls.post("points") { body in
            body.field("run", run)
            body.key("histories")
            body.array { body in
                for (key, points) in histories {
                    body.object { body in
                        body.field("key", key)
                        body.key("points")
                        body.array { body in for point in points { point.write(into: &body) } }
                    }
                }
            }
        }
        return Int(try answer.requiredNumber("added"))
    }
}
