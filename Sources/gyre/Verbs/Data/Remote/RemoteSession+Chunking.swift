// SPDX-License-Identifier: Apache-2.0

import DataRemotes
import DataVersions
import Server
import Synchronization
import Terminal

extension RemoteSession {
    /// How large contents are sent, if `gyre.yaml` has them sent as chunks.
    func chunking() throws -> Pusher.Chunking? {
        // Data needs no `gyre.yaml`.
        guard let workspace = try? Workspace.find(from: repository.root) else { return nil }
        guard try ProjectFile.load(workspace).data.isChunked else { return nil }
        let isSaid = Once()
        return Pusher.Chunking(LocalChunks(of: repository)) { [output] in
            guard isSaid.first() else { return }
            output.warning(
                "contents of 4 MiB and more go as chunks, which `dvc` cannot read; `gyre remote unchunk` turns them back"
            )
        }
    }

    /// Says yes once.
    private final class Once: Sendable {
        private let isOver = Mutex(false)

        func first() -> Bool {
            isOver.withLock { isOver in
                defer { isOver = true }
                return !isOver
            }
        }
    }
}
