// SPDX-License-Identifier: Apache-2.0

/// References of other repositories.
extension Git {
    /// The references of a remote below a folder of names, with the commits that they lead to.
    ///
    /// - Parameters:
    ///   - remote: A remote's name, or an address.
    ///   - folder: The beginning of the names, with its slash.
    /// - Returns: Commits by full names.
    /// - Throws: ``DataVersionsError`` `.git`, with git's own words.
    package func references(of remote: String, below folder: String) async throws -> [String: String] {
        let call = ["ls-remote", "--quiet", "--refs", "--end-of-options", remote, "\(folder)*"]
        let lines = try await program.checked(call, paths: .own).split(whereSeparator: \.isNewline)
        var result: [String: String] = [:]
        for line in lines {
            let parts = line.split(separator: "\t").map(String.init)
            if parts.count == 2, parts[1].hasPrefix(folder) { result[parts[1]] = parts[0] }
        }
        return result
    }

    /// A reference of a remote, and what it is to become.
    package struct ReferenceChange: Sendable {
        /// The full name.
        package let name: String
        /// The commit; nil to remove it.
        package let commit: String?
        /// What it leads to now; nil for nothing.
        package let old: String?

        /// A change.
        package init(_ name: String, to commit: String?, from old: String?) {
            (self.name, self.commit, self.old) = (name, commit, old)
        }
    }

    /// Changes references of a remote, all or none where the remote can; hooks do not run.
    ///
    /// - Throws: ``DataVersionsError`` `.git`, with git's own words, also if one leads elsewhere meanwhile.
    package func push(_ changes: [ReferenceChange], to remote: String) async throws {
        for start in stride(from: 0, to: changes.count, by: 200) {
            let part = changes[start..<min(start + 200, changes.count)]
            let leases = part.map { "--force-with-lease=\($0.name):\($0.old ?? "")" }
            let specs = part.map { "\($0.commit ?? ""):\($0.name)" }
            let call = ["push", "--quiet", "--no-verify"] + leases + ["--end-of-options", remote] + specs
            _ = try await program.checked(call, paths: .own)
        }
    }

    /// Brings references of a remote here under the same names.
    ///
    /// - Parameters:
    ///   - names: Their full names.
    ///   - remote: A remote's name, or an address.
    ///   - force: Whether they may lead elsewhere now.
    /// - Throws: ``DataVersionsError`` `.git`, with git's own words.
    package func fetch(_ names: [String], from remote: String, force: Bool) async throws {
        for start in stride(from: 0, to: names.count, by: 200) {
            let part = names[start..<min(start + 200, names.count)]
            let call = ["fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--end-of-options", remote]
            _ = try await program.checked(call + part.map { (force ? "+" : "") + "\($0):\($0)" }, paths: .own)
        }
    }
}
