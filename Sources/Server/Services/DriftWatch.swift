// SPDX-License-Identifier: Apache-2.0

import Logging
import Monitoring

/// How far live inputs are from the reference, for whoever asks often: looked at once a minute at most, because it reads
/// both tables.
actor DriftWatch {
    private let services: ProjectServices
    private let failure: RepeatedFailure
    private var last: (share: Double?, at: ContinuousClock.Instant)?
    private var isLooking = false

    init(services: ProjectServices, logger: Logger) {
        self.services = services
        failure = RepeatedFailure("cannot compare live inputs with the reference", logger)
    }

    /// The share of features that drifted, 0 to 1; nil if it is not known, or somebody else looks for the first time.
    func share() async -> Double? {
        if isLooking { return last?.share }
        if let last, ContinuousClock.now - last.at < .seconds(60) { return last.share }
        isLooking = true
        defer { isLooking = false }
        do {
            last = (try await services.drift()?.share, .now)
        } catch is CancellationError {
            return last?.share
        } catch {
            failure.note(error)
            last = (nil, .now)
        }
        return last?.share
    }
}
