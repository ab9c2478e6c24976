// SPDX-License-Identifier: Apache-2.0

package import Pipelines
import Synchronization
import SystemPackage

/// The output of an experiment, line by line in a file.
final class ExperimentLog: Sendable {
    private let file: Mutex<FileDescriptor?>

    init(_ path: FilePath) throws {
        file = Mutex(
            try FileDescriptor.open(
                path,
                .writeOnly,
                options: [.create, .append, .closeOnExec],
                permissions: [.ownerReadWrite, .groupRead, .otherRead]
            )
        )
    }

    deinit { file.withLock { try? $0?.close() } }

    /// Adds a line; what the disk does not take is lost, and the experiment goes on.
    func write(_ line: String) {
        file.withLock { file in _ = try? file?.writeAll(Array((line + "\n").utf8)) }
    }
}

extension PipelineEvent {
    /// The line that a log has of it; nil if it has none.
    package var line: String? {
        switch self {
        case .began(let stage, let reason): "stage \(stage) runs: \(reason)"
        case .skipped(let stage, let reason): "stage \(stage) is skipped: \(reason)"
        case .restored(let stage, let reason): "stage \(stage) comes from the cache: \(reason)"
        case .command(let stage, let text): "\(stage) > \(text)"
        case .line(let stage, let text): "\(stage) | \(text)"
        case .failed(let stage, let reason): "stage \(stage) failed: \(reason)"
        case .ended: nil
        }
    }
}
