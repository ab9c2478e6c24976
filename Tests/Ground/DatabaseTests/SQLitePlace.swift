// SPDX-License-Identifier: Apache-2.0

import Database
import DatabaseTesting
import FilesTesting
import SystemPackage

extension DatabasePlace {
    /// A database file in a fresh folder.
    static func sqlite() throws -> DatabasePlace {
        let folder = try TemporaryFolder()
        return DatabasePlace {
            try await SQLDatabase.open(at: folder.path.appending("gyre.db"), role: $0, migrations: $1)
        }
    }
}
