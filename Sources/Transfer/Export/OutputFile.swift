// SPDX-License-Identifier: Apache-2.0

import Files
import Synchronization
import SystemPackage

/// A file that is written on threads that may block, and appears when it is committed.
final class OutputFile: Sendable {
    private let writer: Mutex<AtomicFileWriter?>

    init(_ path: FilePath) throws(FilesError) {
        let opened = try AtomicFileWriter(replacing: path)
        writer = Mutex(consume opened)
    }

    func append(_ bytes: [UInt8]) async throws {
        try await BlockingPool.shared.run { [self] in
            try writer.withLock { writer in try writer?.append(bytes) }
        }
    }

    func commit() async throws {
        try await BlockingPool.shared.run { [self] in
            try writer.withLock { writer in try writer.take()?.commit() }
        }
    }
}
