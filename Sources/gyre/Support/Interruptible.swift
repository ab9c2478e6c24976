// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Diagnostics
import Server
import UnixSignals

#if canImport(Glibc)
import Glibc
#endif

/// A verb that ends by signals in a way of its own, as servers do.
protocol HandlesSignals {}

/// Runs commands so that a signal ends what they began.
enum Interruptible {
    /// Runs a command.
    ///
    /// The first SIGINT or SIGTERM cancels it: stages and other programs are ended, runs are noted as killed. The second ends
    /// the process at once.
    ///
    /// - Throws: What the command throws; ``Interrupted`` if that came of a signal.
    static func run(_ command: @escaping @Sendable () async throws -> Void) async throws {
        let signals = await UnixSignalsSequence(trapping: .sigint, .sigterm)
        let work = Task { try await command() }
        let watch = Task {
            var patience = Patience()
            for await _ in signals {
                switch patience.takes(signalAt: .now) {
                case .first: work.cancel()
                case .same: break
                case .second: _exit(FailureKind.interrupted.exitCode)
                }
            }
        }
        defer { watch.cancel() }
        do {
            try await work.value
        } catch let code as ExitCode {
            // It has said what there is to say.
            throw code
        } catch {
            throw work.isCancelled ? Interrupted(cause: error) : error
        }
    }
}
