// SPDX-License-Identifier: Apache-2.0

extension DataRepository {
    /// Puts the content of outputs into the cache, and tells the text that their `.dvc` file would have; the file stays as it is.
    ///
    /// - Parameters:
    ///   - outputs: Outputs of the file.
    ///   - file: The file, relative to the project.
    /// - Returns: The text; nil if it is what the file holds.
    /// - Throws: ``DataVersionsError`` `.invalidPath`, `.changed`.
    package func text(storing outputs: [TrackedOutput], in file: String) async throws -> String? {
        let old = try text(of: file)
        var new = old
        for output in outputs {
            new = try PointerFile.text(of: try await store(output.path), in: new, file: file)
        }
        return new == old ? nil : new
    }
}
