// SPDX-License-Identifier: Apache-2.0

import Database
import Files
import HTTPConnections
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import JSONText
import Logging
import MLflowAPI
import NIOCore
import ObjectStorage
import Registry
import Synchronization
import SystemPackage
import Testing
import Tracking
import Webhooks

#if canImport(Glibc)
import Glibc
#endif

/// MLflow's API over a database and a folder of the test's own.
struct TestServer {
    let tracking: TrackingService
    let registry: RegistryService
    let folder: FilePath
    let client: any TestClientProtocol
    /// How often the registry said that the live service must look.
    let changes: Counter

    /// Runs `body` with a new server, in memory or listening on this machine, and removes all that it kept.
    static func run<Result: Sendable>(
        _ setup: TestingSetup = .router,
        guarded: Set<String> = [],
        delivering: Bool = false,
        reserve: Int64 = 0,
        _ body: @escaping @Sendable (TestServer) async throws -> Result
    ) async throws -> Result {
        let folder = try FileSystem.realPath(try FileSystem.temporaryDirectory(prefix: "mlflow-test"))
        defer {
            // What cannot be removed lies in the system's temporary folder.
            try? FileSystem.removeTree(folder)
        }
        let database = try await SQLDatabase.open(
            at: folder.appending("gyre.db"),
            role: .server,
            migrations: [TrackingService.migrations, RegistryService.migrations, WebhookService.migrations]
        )
        let now = Counter(1_000_000)
        let webhooks = Self.webhooks(over: database, in: folder)
        let tracking = TrackingService(
            database: database,
            artifacts: try FolderStore(root: folder.appending("artifacts"), reserve: reserve),
            onRunEvent: { try webhooks.record($0, $1) }
        ) { now.next() }
        let parts = try FolderStore(root: folder.appending("uploads"))
        // The age of parts is that of their files.
        let uploads = PartUploads(into: tracking.artifacts, parts: parts) { WallClock.milliseconds }
        let gate = ChampionGate(models: guarded) { _ in "sha256:1" }
        let registry = RegistryService(database: database, gate: gate, onEvent: { try webhooks.record($0, $1) }) {
            now.next()
        }
        let changes = Counter(0)
        let router = Router()
        router.get("health") { _, _ in "OK" }
        MLflowRoutes(
            tracking: tracking,
            registry: registry,
            webhooks: webhooks,
            uploads: uploads,
            onRegistryChange: { _ = changes.next() }
        ).add(to: router)
        let application = Application(router: router, server: .connections())
        do {
            let result = try await application.test(setup) { client in
                let server = TestServer(
                    tracking: tracking,
                    registry: registry,
                    folder: folder,
                    client: client,
                    changes: changes
                )
                guard delivering else { return try await body(server) }
                let courier = WebhookCourier(
                    service: webhooks,
                    logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
                )
                return try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask { await courier.run() }
                    defer { group.cancelAll() }
                    return try await body(server)
                }
            }
            await database.close()
            return result
        } catch {
            await database.close()
            throw error
        }
    }

    /// Webhooks that may lead to this machine.
    private static func webhooks(over database: SQLDatabase, in folder: FilePath) -> WebhookService {
        var settings = WebhookSettings()
        settings.schemes = ["https", "http"]
        settings.allowsPrivateAddresses = true
        settings.interval = .milliseconds(20)
        let secrets = SecretBox(key: nil, file: folder.appending("webhook.key"))
        // Receivers compare the time of a delivery with their own clock.
        return WebhookService(database: database, secrets: secrets, settings: settings) {
            var time = timespec()
            clock_gettime(CLOCK_REALTIME, &time)
            return Int64(time.tv_sec) * 1_000 + Int64(time.tv_nsec) / 1_000_000
        }
    }

    /// What the server answered.
    struct Answer: Sendable {
        let status: Int
        let headers: HTTPFields
        let body: ByteBuffer

        /// The answer as JSON; null if it is none.
        var json: JSONElement {
            get throws { try JSONDocument(Array(body.readableBytesView)).root }
        }

        /// MLflow's code; empty if there is none.
        var code: String { (try? json)?["error_code"]?.string ?? "" }
        /// MLflow's message; empty if there is none.
        var message: String { (try? json)?["message"]?.string ?? "" }
    }

    /// Sends a request as it is.
    func send(
        _ method: HTTPRequest.Method,
        _ uri: String,
        headers: HTTPFields = [:],
        body: ByteBuffer? = nil
    ) async throws -> Answer {
        try await client.execute(uri: uri, method: method, headers: headers, body: body) { response in
            Answer(status: response.status.code, headers: response.headers, body: response.body)
        }
    }

    /// Sends a call below `/api/2.0/mlflow/`.
    func call(_ method: HTTPRequest.Method, _ path: String, _ json: String? = nil) async throws -> Answer {
        try await send(
            method,
            "/api/2.0/mlflow/" + path,
            headers: [.contentType: "application/json"],
            body: json.map { ByteBuffer(string: $0) }
        )
    }

    /// Sends a call that must succeed.
    @discardableResult
    func get(_ path: String) async throws -> JSONElement { try await succeed(.get, path, nil) }

    /// Sends a call that must succeed.
    @discardableResult
    func post(_ path: String, _ json: String) async throws -> JSONElement { try await succeed(.post, path, json) }

    private func succeed(_ method: HTTPRequest.Method, _ path: String, _ json: String?) async throws -> JSONElement {
        let answer = try await call(method, path, json)
        try #require(answer.status == 200, "\(path): \(String(buffer: answer.body))")
        return try answer.json
    }
}

/// The time, for what is compared with the times of files.
enum WallClock {
    static var milliseconds: Int64 {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        return Int64(now.tv_sec) * 1_000 + Int64(now.tv_nsec) / 1_000_000
    }
}

/// A number that goes up.
final class Counter: Sendable {
    private let value: Atomic<Int64>

    init(_ start: Int64) { value = Atomic(start) }

    var count: Int64 { value.load(ordering: .relaxed) }
    func next() -> Int64 { value.wrappingAdd(1, ordering: .relaxed).newValue }
}
