// SPDX-License-Identifier: Apache-2.0

import Logging
import Monitoring
import ServiceLifecycle

/// Writes the inference log in the background, and turns full segments into Parquet now and then.
struct InferenceLogService: Service {
    let services: ProjectServices
    let logger: Logger

    func run() async throws {
        let writing = RepeatedFailure("cannot write the inference log", logger)
        await cancelWhenGracefulShutdown {
            await withTaskGroup(of: Void.self) { group in
                group.addTask { await services.inferenceLog.run { writing.note($0) } }
                group.addTask { await compactNowAndThen() }
            }
        }
        try await services.inferenceLog.flush()
    }

    private func compactNowAndThen() async {
        let compacting = RepeatedFailure("cannot compact the inference log", logger)
        while !Task.isCancelled {
            // Cancellation is seen by the loop's condition.
            try? await Task.sleep(for: .seconds(60))
            guard !Task.isCancelled, services.inferenceLog.hasFullSegments else { continue }
            do {
                let moved = try await services.inferenceLog.compact(using: try await services.runtimes.tables())
                logger.debug("compacted the inference log", metadata: ["rows": "\(moved)"])
            } catch {
                compacting.note(error)
            }
        }
    }
}
