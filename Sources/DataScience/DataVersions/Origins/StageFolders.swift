// SPDX-License-Identifier: Apache-2.0

import Files

/// Finds the folders in which the stages of another repository run, where `dvc.yaml` names them by templates; this room
/// does not know how.
package struct StageFolders: Sendable {
    /// The folders of the stages of a file, by the names that its lock has; paths count from the root.
    ///
    /// `read` gives the texts of the repository's files, and throws for those that it has to fetch first.
    private let find:
        @Sendable (_ file: String, _ read: @escaping (String) throws -> String?) throws -> [String: String]

    /// Folders by what finds them.
    package init(
        find:
            @escaping @Sendable (_ file: String, _ read: @escaping (String) throws -> String?) throws -> [String:
            String]
    ) {
        self.find = find
    }

    /// Those that no template names.
    package static let written = StageFolders { _, _ in [:] }

    /// A file of the commit that must be read first.
    private struct Wanted: Error { let path: String }

    /// The folders of the stages of a file; nil if it cannot be understood.
    ///
    /// - Parameters:
    ///   - file: The `dvc.yaml`.
    ///   - texts: Texts that are there already.
    ///   - known: All files of the commit.
    ///   - fetch: Reads another one.
    /// - Returns: The folders by the names of the stages.
    /// - Throws: What `fetch` throws.
    func folders(
        of file: String,
        _ texts: [String: String],
        known: Set<String>,
        fetch: (String) async throws -> String
    ) async throws -> [String: String]? {
        var texts = texts
        while true {
            let result = try await BlockingPool.shared.run { [texts, find] in
                Result {
                    try find(file) { path in
                        if let text = texts[path] { return text }
                        if known.contains(path) { throw Wanted(path: path) }
                        return nil
                    }
                }
            }
            do {
                return try result.get()
            } catch let wanted as Wanted {
                texts[wanted.path] = try await fetch(wanted.path)
            } catch {
                return nil
            }
        }
    }
}
