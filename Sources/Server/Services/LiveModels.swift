// SPDX-License-Identifier: Apache-2.0

import Logging
import Monitoring
import Registry
package import Serving
import ServiceLifecycle
import Synchronization

/// Keeps the champion of the project's model live.
///
/// Looks at the alias when told that the registry changed, and four times a second by itself, because a command beside the
/// server may move it. A version that cannot be loaded leaves the old one in service and is told in the log, once.
package struct LiveModels: Service {
    private final class Seen: Sendable {
        let state = Mutex<(version: Int?, failed: Int?, sinceMs: Int64?)>((nil, nil, nil))
    }

    /// Answers requests.
    package let serving: ServingService
    private let services: ProjectServices
    private let logger: Logger
    private let wake = Wake()
    private let seen = Seen()
    private let window: RequestWindow

    /// How many requests were answered since the start, and how long the last thousand took.
    var times: RequestWindow.Summary { window.summary }

    init(services: ProjectServices, logger: Logger) {
        self.services = services
        self.logger = logger
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
                if seen.state.withLock({ $0.version }) != nil {
                    serving.retire(name)
                    seen.state.withLock { $0 = (nil, nil, nil) }
                }
                return
            }
            let isKnown = seen.state.withLock { $0.version == champion.version || $0.failed == champion.version }
            guard !isKnown else { return }
            do {
                serving.goLive(try await ModelStore(services: services).served(champion))
                let now = services.now()
                seen.state.withLock { $0 = (champion.version, nil, now) }
                logger.notice("a model went live", metadata: ["model": "\(name)", "version": "\(champion.version)"])
            } catch {
                seen.state.withLock { $0.failed = champion.version }
                throw error
            }
        } catch is CancellationError {
            return
        } catch {
            logger.error("cannot serve the champion", metadata: ["model": "\(name)", "error": "\(error)"])
        }
    }
}

extension LoggedPrediction {
    /// A prediction as it happened, for the log.
    init(_ record: PredictionRecord) {
        let features = zip(record.model.prepared.columns, record.batch.columns).map { column, values in
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

/// How long the last requests took.
final class RequestWindow: Sendable {
    /// Numbers for people.
    struct Summary: Sendable {
        /// Requests since the start.
        let count: Int
        /// Half took at most this, milliseconds; nil before the first.
        let median: Double?
        /// 99 % took at most this, milliseconds; nil before the first.
        let p99: Double?
    }

    private static let size = 1_000
    private let state = Mutex<(count: Int, nanoseconds: [Int64])>((0, []))

    func note(_ nanoseconds: Int64) {
        state.withLock { state in
            if state.nanoseconds.count < Self.size {
                state.nanoseconds.append(nanoseconds)
            } else {
                state.nanoseconds[state.count % Self.size] = nanoseconds
            }
            state.count += 1
        }
    }

    var summary: Summary {
        let (count, nanoseconds) = state.withLock { $0 }
        let sorted = nanoseconds.sorted()
        func rank(_ share: Double) -> Double? {
            guard !sorted.isEmpty else { return nil }
            let index = min(sorted.count - 1, Int((share * Double(sorted.count)).rounded(.up)) - 1)
            return Double(sorted[max(index, 0)]) / 1e6
        }
        return Summary(count: count, median: rank(0.5), p99: rank(0.99))
    }
}
