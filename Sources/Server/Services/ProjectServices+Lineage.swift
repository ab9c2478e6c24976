// SPDX-License-Identifier: Apache-2.0

import DataVersions
package import Lineage
package import Monitoring

extension ProjectServices {
    /// Logged predictions by id; those that are not there are left out.
    package func findPredictions(_ ids: [String]) async throws -> [LoggedPrediction] {
        let runtimes = runtimes
        return try await inferenceLog.predictions(ids: ids) { try await runtimes.tables() }
    }

    /// Walks the links of the project.
    package var lineage: LineageService {
        let services = self
        return LineageService(
            tracking: tracking,
            registry: registry,
            feedback: feedback,
            git: Git(root: workspace.root),
            findPredictions: { try await services.findPredictions($0) }
        )
    }
}
