// SPDX-License-Identifier: Apache-2.0

import Database
import Files
import Logging
import ObjectStorage
import Registry
import SystemPackage
import Tracking

@testable import Webhooks

#if canImport(Glibc)
import Glibc
#endif

/// Webhooks beside a tracking service and a registry that tell them, over a database of the test's own.
struct TestHooks: Sendable {
    let folder: FilePath
    let database: SQLDatabase
    let webhooks: WebhookService
    let tracking: TrackingService
    let registry: RegistryService

    /// Settings for tests: addresses of this machine, and waits of milliseconds.
    static var quick: WebhookSettings {
        var settings = WebhookSettings()
        settings.schemes = ["http", "https"]
        settings.allowsPrivateAddresses = true
        settings.backoff = .milliseconds(5)
        settings.interval = .milliseconds(5)
        return settings
    }

    /// Runs `body` with new webhooks, and removes all that they kept.
    static func run<Result>(
        _ settings: WebhookSettings = quick,
        now: @escaping @Sendable () -> Int64 = clock,
        _ body: (TestHooks) async throws -> Result
    ) async throws -> Result {
        let folder = try FileSystem.realPath(try FileSystem.temporaryDirectory(prefix: "webhooks-test"))
        defer {
            // What cannot be removed lies in the system's temporary folder.
            try? FileSystem.removeTree(folder)
        }
        return try await open(in: folder, settings, now: now, body)
    }

    /// Runs `body` with the webhooks of a folder, as another process of the same project would, or the next one.
    static func open<Result>(
        in folder: FilePath,
        as role: DatabaseRole = .server,
        _ settings: WebhookSettings = quick,
        now: @escaping @Sendable () -> Int64 = clock,
        _ body: (TestHooks) async throws -> Result
    ) async throws -> Result {
        let database = try await SQLDatabase.open(
            at: folder.appending("gyre.db"),
            role: role,
            migrations: [TrackingService.migrations, RegistryService.migrations, WebhookService.migrations]
        )
        let webhooks = WebhookService(
            database: database,
            secrets: SecretBox(key: settings.encryptionKey, file: folder.appending("webhook.key")),
            settings: settings,
            now: now
        )
        let tracking = TrackingService(
            database: database,
            artifacts: try FolderStore(root: folder.appending("artifacts")),
            onRunEvent: { try webhooks.record($0, $1) },
            now: now
        )
        let registry = RegistryService(database: database, onEvent: { try webhooks.record($0, $1) }, now: now)
        let hooks = TestHooks(
            folder: folder,
            database: database,
            webhooks: webhooks,
            tracking: tracking,
            registry: registry
        )
        do {
            let result = try await body(hooks)
            await database.close()
            return result
        } catch {
            await database.close()
            throw error
        }
    }

    /// The wall clock, milliseconds UTC.
    static let clock: @Sendable () -> Int64 = {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1_000 + Int64(time.tv_nsec) / 1_000_000
    }

    /// Delivers for as long as `body` works.
    func delivering<Result: Sendable>(
        _ body: (TestHooks) async throws -> Result
    ) async throws -> Result {
        let courier = WebhookCourier(service: webhooks, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await courier.run() }
            let result: Swift.Result<Result, any Error>
            do { result = .success(try await body(self)) } catch { result = .failure(error) }
            group.cancelAll()
            try await group.waitForAll()
            return try result.get()
        }
    }

    /// A webhook for the receiver's address.
    @discardableResult
    func hook(
        _ url: String,
        _ events: [WebhookEvent] = [.registeredModelCreated],
        name: String = "hook",
        secret: String? = nil
    ) async throws -> Webhook {
        try await webhooks.create(WebhookDraft(name: name, url: url, events: events, secret: secret))
    }

    /// Waits until so many deliveries of a webhook have ended; the test's time limit bounds it.
    func ended(_ hook: Webhook, _ count: Int = 1) async throws -> [WebhookDelivery] {
        while true {
            let ended = try await webhooks.deliveries(of: hook.id, limit: 1_000).filter { $0.endedMs != nil }
            if ended.count >= count { return ended }
            try await Task.sleep(for: .milliseconds(2))
        }
    }

    /// Waits until the newest delivery of a webhook was sent so often; the test's time limit bounds it.
    func attempts(_ hook: Webhook, _ count: Int) async throws {
        while try await webhooks.deliveries(of: hook.id).first?.attempts ?? 0 < count {
            try await Task.sleep(for: .milliseconds(2))
        }
    }
}
