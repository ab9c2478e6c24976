// SPDX-License-Identifier: Apache-2.0

import Logging
import Monitoring
import ServiceLifecycle

/// Writes the inference log in the background, and turns full segments into Parquet now and then.
struct InferenceLogService: Service {
    let services: ProjectServices
    let logger: Logger

    func run() async throws {
        await cancelWhenGracefulShutdown {
            await withTaskGroup(of: Void.self) { group in
                group.addTask {
                    await services.inferenceLog.run { error in
                        logger.error("cannot write the inference log", metadata: ["error": "\(error)"])
                    }
                }
                group.addTask { await compactNowAndThen() }
            }
        }
        try await services.inferenceLog.flush()
    }

    private func compactNowAndThen() async {
        while !Task.isCancelled {
            // Cancellation is seen by the loop's condition.
            try? await Task.sleep(for: .seconds(60))
            guard !Task.isCancelled, services.inferenceLog.hasFullSegments else { continue }
            do {
                let moved = try await services.inferenceLog.compact(using: try await services.runtimes.tables())
                logger.debug("compacted the inference log", metadata: ["rows": "\(moved)"])
            } catch {
                logger.error("cannot compact the inference log", metadata: ["error": "\(error)"])
            }
        }
    }
}
