// SPDX-License-Identifier: Apache-2.0

import Files
package import SystemPackage

#if canImport(Glibc)
import Glibc
#endif

/// Files under way, whose names tell the process that needs them.
package enum ScratchFile {
    /// A name that no other file has.
    package static func name(_ kind: String) -> String {
        "\(kind)-\(getpid())-\(UInt64.random(in: .min ... .max))"
    }

    /// Removes those of some kinds whose processes died.
    package static func sweep(_ folder: FilePath, _ kinds: [String]) throws {
        for name in try FileSystem.list(folder) {
            let parts = name.split(separator: "-")
            guard parts.count > 2, kinds.contains(String(parts[0])), let process = pid_t(parts[1]) else { continue }
            if kill(process, 0) != 0, errno == ESRCH { try FileSystem.removeTree(folder.appending(name)) }
        }
    }
}
