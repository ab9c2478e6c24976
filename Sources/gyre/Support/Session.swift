// SPDX-License-Identifier: Apache-2.0

import Database
import Logging
import Server
import SystemPackage
import Telemetry
import Webhooks

#if canImport(Glibc)
import Glibc
#endif

/// What a verb needs to work on a project from its own process.
enum Session {
    /// Where runtime libraries may be, as the environment says.
    static var places: RuntimePlaces { RuntimePlaces(environment: environment) }

    /// The environment variables of this process.
    static var environment: [String: String] {
        var result: [String: String] = [:]
        var entry = environ
        while let text = entry.pointee {
            let parts = String(cString: text).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            if parts.count == 2 { result[String(parts[0])] = String(parts[1]) }
            entry += 1
        }
        return result
    }

    /// Where a user's caches lie, as the XDG base directories say: for what belongs to no project.
    static var cacheFolder: FilePath {
        let named = environment["XDG_CACHE_HOME"].flatMap { $0.hasPrefix("/") ? FilePath($0) : nil }
        return (named ?? FilePath(environment["HOME"] ?? "/tmp").appending(".cache")).appending("gyre")
    }

    /// The wall clock, milliseconds UTC.
    static let now: @Sendable () -> Int64 = {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1_000 + Int64(time.tv_nsec) / 1_000_000
    }

    /// A logger for work that a command does on the side: warnings only.
    static var quietLogger: Logger {
        Logger(label: "gyre") { StreamLogHandler(label: $0, level: .warning, format: .console) }
    }

    /// Opens the project beside a server that may run, works, and closes it.
    static func withProject<Result>(
        _ common: CommonOptions,
        at workspace: Workspace? = nil,
        _ body: (ProjectServices) async throws -> Result
    ) async throws -> Result {
        let services = try await ProjectServices.open(
            try workspace ?? common.workspace(),
            as: .client,
            places: places,
            webhooks: try WebhookSettings(environment: environment),
            now: now
        )
        do {
            let result = try await body(services)
            await services.close()
            return result
        } catch {
            await services.close()
            throw error
        }
    }
}
