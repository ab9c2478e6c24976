// SPDX-License-Identifier: Apache-2.0

package import Database
package import Feedback
import Files
package import Monitoring
package import ObjectStorage
package import Registry
package import Tracking
package import Webhooks

/// The rooms of one project, put together: the one place where they learn of each other.
///
/// A server opens them as ``DatabaseRole/server``; a verb that works beside it, or without one, as
/// ``DatabaseRole/client``.
package struct ProjectServices: Sendable {
    /// The project on disk.
    package let workspace: Workspace
    /// `gyre.yaml`.
    package let project: ProjectFile
    /// Libraries that open when they are needed.
    package let runtimes: Runtimes
    /// The embedded database.
    package let database: SQLDatabase
    /// Artefacts of runs and models.
    package let artifacts: FolderStore
    /// Artefacts that arrive in parts.
    package let uploads: PartUploads
    /// Experiments and runs.
    package let tracking: TrackingService
    /// Registered models.
    package let registry: RegistryService
    /// Who is told of changes.
    package let webhooks: WebhookService
    /// Predictions.
    package let inferenceLog: InferenceLog
    /// Labels and gathered errors.
    package let feedback: FeedbackService
    /// The clock, milliseconds UTC.
    package let now: @Sendable () -> Int64

    /// What artefacts leave of the disk, so that runs can still be logged beside them.
    private static let diskReserve: Int64 = 128 << 20

    /// Opens a project; makes its state folder if there is none.
    ///
    /// - Throws: ``ServerError`` `.invalidProjectFile`; ``DatabaseError`` if another server holds the project, or the
    ///   database cannot be opened.
    package static func open(
        _ workspace: Workspace,
        as role: DatabaseRole,
        places: RuntimePlaces,
        webhooks settings: WebhookSettings = WebhookSettings(),
        now: @escaping @Sendable () -> Int64
    ) async throws -> ProjectServices {
        let project = try ProjectFile.load(workspace)
        try workspace.prepareState()
        let database = try await SQLDatabase.open(
            at: workspace.database,
            role: role,
            migrations: [
                TrackingService.migrations, RegistryService.migrations, FeedbackService.migrations,
                WebhookService.migrations,
            ]
        )
        let runtimes = Runtimes(places: places, root: workspace.root)
        let artifacts = try FolderStore(root: workspace.artifacts, reserve: Self.diskReserve)
        let parts = try FolderStore(root: workspace.uploads, reserve: Self.diskReserve)
        let webhooks = WebhookService(
            database: database,
            secrets: SecretBox(key: settings.encryptionKey, file: workspace.webhookKey),
            settings: settings,
            now: now
        )
        let tracking = TrackingService(
            database: database,
            artifacts: artifacts,
            onRunEvent: { try webhooks.record($0, $1) },
            now: now
        )
        let gate = ModelFiles(tracking: tracking, artifacts: artifacts).gate(for: project)
        let registry = RegistryService(
            database: database,
            gate: gate,
            onEvent: { try webhooks.record($0, $1) },
            now: now
        )
        let log = try InferenceLog(directory: workspace.inference)
        let feedback = FeedbackService(
            database: database,
            positive: project.model.positive,
            findPredictions: { ids in try await log.predictions(ids: ids) { try await runtimes.tables() } },
            now: now
        )
        return ProjectServices(
            workspace: workspace,
            project: project,
            runtimes: runtimes,
            database: database,
            artifacts: artifacts,
            uploads: PartUploads(into: artifacts, parts: parts, now: now),
            tracking: tracking,
            registry: registry,
            webhooks: webhooks,
            inferenceLog: log,
            feedback: feedback,
            now: now
        )
    }

    /// Closes the database; what was acknowledged is on disk already.
    package func close() async { await database.close() }
}
