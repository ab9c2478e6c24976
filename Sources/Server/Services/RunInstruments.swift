// SPDX-License-Identifier: Apache-2.0

import Metrics
import Serving

/// Measures the runs of a model's version: how many requests and rows share one, how long they wait, how long it takes.
struct RunInstruments: Sendable {
    private let requests: Recorder
    private let rows: Recorder
    private let waiting: Metrics.Timer
    private let running: Metrics.Timer

    init(model: String, version: String) {
        let labels = [("model", model), ("version", version)]
        requests = Recorder(label: "gyre.serving.batch.requests", dimensions: labels, aggregate: true)
        rows = Recorder(label: "gyre.serving.batch.rows", dimensions: labels, aggregate: true)
        waiting = Metrics.Timer(label: "gyre.serving.wait", dimensions: labels)
        running = Metrics.Timer(label: "gyre.serving.run", dimensions: labels)
    }

    func note(_ record: BatchRecord) {
        requests.record(record.requests)
        rows.record(record.rows)
        waiting.recordNanoseconds(Int64(record.waited / .nanoseconds(1)))
        running.recordNanoseconds(Int64(record.took / .nanoseconds(1)))
    }
}
