// SPDX-License-Identifier: Apache-2.0

import Files
package import SystemPackage

/// The name under which a server remembers what came from a project.
package enum SyncSource {
    /// The name in a file, which is made if it is missing; a lost one costs a look at everything, no more.
    package static func name(in file: FilePath) throws -> String {
        // A file that cannot be read is made anew.
        if let text = try? FileReader.text(of: file, limit: 100) {
            let name = text.prefix { !$0.isNewline }
            if name.utf8.count == 32, name.utf8.allSatisfy({ (48...57).contains($0) || (97...102).contains($0) }) {
                return String(name)
            }
        }
        let digits = Array("0123456789abcdef")
        let name = String((0..<32).map { _ in digits[Int.random(in: 0..<16)] })
        try AtomicFile.write(name + "\n", to: file)
        return name
    }
}
