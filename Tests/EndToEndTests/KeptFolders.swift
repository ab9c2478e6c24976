// SPDX-License-Identifier: Apache-2.0

import Files
import Synchronization
import SystemPackage

#if canImport(Glibc)
import Glibc
#endif

/// Folders that go when the process ends, because no test is the last one that needs them.
enum KeptFolders {
    private static let paths = Mutex<[FilePath]>([])

    /// Keeps a folder until then.
    static func keep(_ path: FilePath) {
        let isFirst = paths.withLock { paths in
            paths.append(path)
            return paths.count == 1
        }
        guard isFirst else { return }
        atexit {
            for path in KeptFolders.paths.withLock({ $0 }) {
                // What cannot be removed lies in the system's temporary folder.
                try? FileSystem.removeTree(path)
            }
        }
    }
}
