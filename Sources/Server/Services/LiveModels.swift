// SPDX-License-Identifier: Apache-2.0

import Logging
import Metrics
import Monitoring
import Registry
package import Serving
import ServiceLifecycle
import Synchronization

/// Keeps the champion of the project's model live.
///
/// Looks at the alias when told that the registry changed, and four times a second by itself, because a command beside the
/// server may move it. A version that cannot be loaded leaves the old one in service; it is told in the log, and tried again
/// after half a minute, because what is missing may be installed meanwhile.
package struct LiveModels: Service {
    /// A version as it was registered; a number alone may come again after its model was removed.
    private struct Identity: Hashable {
        let number: Int
        let createdMs: Int64

        init(_ version: ModelVersion) { (number, createdMs) = (version.version, version.createdMs) }
    }

    private struct State {
        var live: Identity?
        var sinceMs: Int64?
        var failed: (version: Identity, at: ContinuousClock.Instant)?
    }

    private final class Seen: Sendable {
        let state = Mutex(State())
    }

    /// Answers requests.
    package let serving: ServingService
    private let services: ProjectServices
    private let logger: Logger
    private let failure: RepeatedFailure
    private let wake = Wake()
    private let seen = Seen()
    private let window: RequestWindow
    private let switches = Counter(label: "gyre.serving.switches")
    private let dropped = Gauge(label: "gyre.monitoring.dropped.predictions")
    private let waiting = Gauge(label: "gyre.monitoring.waiting.predictions")

    /// How many requests were answered since the start, and how long the last thousand took.
    var times: RequestWindow.Summary { window.summary }

    init(services: ProjectServices, logger: Logger) {
        self.services = services
        self.logger = logger
        failure = RepeatedFailure("cannot serve the champion", logger)
        let log = services.inferenceLog
        let window = RequestWindow()
        self.window = window
        serving = ServingService(
            onPrediction: { record in
                log.record(LoggedPrediction(record))
                if record.row == 0 { window.note(record.durationNs) }
            },
            now: services.now
        )
    }

    /// The registry changed.
    func changed() { wake.signal() }

    /// Since when the live version answers, milliseconds UTC.
    var sinceMs: Int64? { seen.state.withLock { $0.sinceMs } }

    /// Sets the metrics that are not counted as they happen.
    func measure() {
        dropped.record(services.inferenceLog.dropped)
        waiting.record(services.inferenceLog.waiting)
    }

    package func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                await look()
                // The end of a wait by cancellation is seen by the loop's condition.
                try? await wake.wait(atMost: .milliseconds(250))
            }
        }
    }

    private func look() async {
        let name = services.project.model.name
        do {
            guard let champion = try await services.registry.version(model: name, alias: RegistryService.champion)
            else {
                let wasLive = seen.state.withLock { state in
                    defer { state = State() }
                    return state.live != nil
                }
                if wasLive { serving.retire(name) }
                return
            }
            let identity = Identity(champion)
            let isSettled = seen.state.withLock { state in
                if state.live == identity { return true }
                guard let failed = state.failed, failed.version == identity else { return false }
                return ContinuousClock.now - failed.at < .seconds(30)
            }
            if isSettled { return }
            // Noted first, so that a version that fails is not tried with every look.
            seen.state.withLock { $0.failed = (identity, .now) }
            serving.goLive(try await ModelStore(services: services).served(champion))
            let now = services.now()
            seen.state.withLock { $0 = State(live: identity, sinceMs: now) }
            failure.reset()
            switches.increment()
            logger.notice("a model went live", metadata: ["model": "\(name)", "version": "\(champion.version)"])
        } catch {
            failure.note(error, ["model": "\(name)"])
        }
    }
}

extension LoggedPrediction {
    /// A prediction as it happened, for the log.
    init(_ record: PredictionRecord) {
        let features = zip(record.model.columns, record.batch.columns).map { column, values in
            switch values {
            case .numbers(let numbers): Feature(name: column.name, value: .number(numbers[record.row]))
            case .texts(let texts): Feature(name: column.name, value: .text(texts[record.row]))
            }
        }
        let probabilities = record.answer.probabilities
        let positive = record.model.positiveIndex
        self.init(
            id: record.id,
            model: record.model.name,
            version: record.model.version,
            runID: record.model.runID,
            timeMs: record.timeMs,
            durationNs: record.durationNs,
            features: features,
            label: record.answer.label,
            score: positive.flatMap { probabilities.indices.contains($0) ? probabilities[$0] : nil }
                ?? record.answer.value
        )
    }
}
