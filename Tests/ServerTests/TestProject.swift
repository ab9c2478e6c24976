// SPDX-License-Identifier: Apache-2.0

import Database
import Files
import Hummingbird
import Logging
@testable import Server
import SystemPackage
import Telemetry

/// A project in a folder of its own, opened as a server opens it.
struct TestProject: Sendable {
    let folder: FilePath
    let services: ProjectServices

    /// Calls `body` with a project whose `gyre.yaml` has this text; the folder is gone afterwards.
    static func with<Result>(
        _ text: String = "project: trial\n",
        _ body: (TestProject) async throws -> Result
    ) async throws -> Result {
        try await inFolder { folder in
            try AtomicFile.write(text, to: folder.appending("gyre.yaml"))
            let services = try await ProjectServices.open(
                Workspace(root: folder),
                as: .server,
                // Nothing that these tests are about needs a library that is not in the binary.
                places: RuntimePlaces(environment: ["GYRE_PYTHON": "/nowhere/python"]),
                now: { 1_000 }
            )
            do {
                let result = try await body(TestProject(folder: folder, services: services))
                await services.close()
                return result
            } catch {
                await services.close()
                throw error
            }
        }
    }

    /// Calls `body` with an empty folder, which is gone afterwards.
    static func inFolder<Result>(_ body: (FilePath) async throws -> Result) async throws -> Result {
        let folder = try FileSystem.realPath(try FileSystem.temporaryDirectory(prefix: "server-tests"))
        defer {
            // What cannot be removed lies in the system's temporary folder.
            try? FileSystem.removeTree(folder)
        }
        return try await body(folder)
    }

    /// All routes of `gyre up`, with nothing running beside them.
    var router: Router<BasicRequestContext> {
        let server = GyreServer(
            services: services,
            settings: ListenSettings(port: 0),
            version: "test",
            metrics: MetricsRegistry(),
            logger: .silent
        )
        return server.makeRouter(
            live: LiveModels(services: services, logger: .silent),
            loop: LoopWorker(services: services, logger: .silent)
        )
    }
}

extension Logger {
    /// A logger that nobody reads.
    static let silent = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
}
