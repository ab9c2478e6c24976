// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import Server
import Subprocess

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

#if canImport(Glibc)
import Glibc
#endif

/// What a verb needs to work on a project from its own process.
enum Session {
    /// The environment variables of this process.
    static var environment: [String: String] { ProcessInfo.processInfo.environment }

    /// Where runtime libraries may be, as the environment says.
    static var places: RuntimePlaces { RuntimePlaces(environment: environment) }

    /// The wall clock, milliseconds UTC.
    static let now: @Sendable () -> Int64 = {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1_000 + Int64(time.tv_nsec) / 1_000_000
    }

    /// Opens the project beside a server that may run, works, and closes it.
    static func withProject<Result>(
        _ common: CommonOptions,
        _ body: (ProjectServices) async throws -> Result
    ) async throws -> Result {
        let services = try await ProjectServices.open(try common.workspace(), as: .client, places: places, now: now)
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
