// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import DataVersions
import Files
import JSONText
import Server
import SystemPackage
import Tables
import Terminal

/// How `gyre diff` compares rows.
struct RowOptions: ParsableArguments {
    @Flag(help: "Compare tables row by row.")
    var rows = false

    @Option(help: ArgumentHelp("A column that tells rows apart; may be given several times.", valueName: "column"))
    var key: [String] = []

    @Option(help: ArgumentHelp("Show so many rows of each kind.", valueName: "count"))
    var limit = 10

    func validate() throws {
        if !rows, !key.isEmpty { throw ValidationError("--key needs --rows") }
        if limit < 0 { throw ValidationError("--limit must be 0 or more") }
    }
}

/// Compares tables row by row, and says what differs.
struct RowReport {
    /// Two versions of a table.
    struct Pair {
        let path: String
        /// Nil if the table is new.
        let old: TableVersion?
        /// Nil if the table is gone.
        let new: TableVersion?
    }

    let options: RowOptions
    let common: CommonOptions

    /// Two files that a person names in place of commits; nil if they are none.
    static func files(_ old: String, _ new: String, _ common: CommonOptions) throws -> Pair? {
        let (before, after) = (common.path(old), common.path(new))
        guard FileSystem.exists(before), FileSystem.exists(after) else { return nil }
        return Pair(
            path: new,
            old: TableVersion(file: before, format: try TableFormat(of: before)),
            new: TableVersion(file: after, format: try TableFormat(of: after))
        )
    }

    /// The tables among the data that differs.
    ///
    /// - Throws: ``DataVersionsError`` `.missingContent` if the cache lacks a version of one.
    static func pairs(_ diff: DataDiff, of data: DataRepository, isWorkTree: Bool) throws -> [Pair] {
        var pairs: [Pair] = []
        for kind in [DataDiff.Kind.added, .deleted, .modified] {
            for entry in diff.entries[kind] ?? [] {
                // What has no suffix of a table is none.
                guard let format = try? TableFormat(of: FilePath(entry.path)) else { continue }
                func kept(_ hash: String?) throws -> TableVersion? {
                    try hash.map { TableVersion(file: try object($0, entry.path, data), format: format) }
                }
                let there = TableVersion(file: data.root.appending(entry.path), format: format)
                let now = isWorkTree ? there : try kept(kind == .added ? entry.hash : entry.newHash)
                pairs.append(
                    Pair(
                        path: entry.path,
                        old: kind == .added ? nil : try kept(entry.hash),
                        new: kind == .deleted ? nil : now
                    )
                )
            }
        }
        return pairs.sorted { $0.path < $1.path }
    }

    private static func object(_ hash: String, _ path: String, _ data: DataRepository) throws -> FilePath {
        for isLegacy in [false, true] where data.cache.holds(hash, isLegacy: isLegacy) {
            return data.cache.object(hash, isLegacy: isLegacy)
        }
        throw DataVersionsError(
            .missingContent,
            what: "cannot compare the rows of `\(path)`",
            why: "the cache has no content with the hash \(hash)",
            next: "fetch it by `gyre fetch`"
        )
    }

    /// Compares, and prints what differs.
    func print(_ pairs: [Pair]) async throws {
        // The folder need not be a project: then the libraries are looked for from here.
        let root = (try? common.workspace().root) ?? common.folder
        let engine = try await Runtimes(places: Session.places, root: root).tables()
        var texts: [RowDifferenceText] = []
        for pair in pairs {
            let difference = try await engine.difference(
                from: pair.old,
                to: pair.new,
                keys: options.key,
                limit: options.limit
            )
            texts.append(RowDifferenceText(path: pair.path, difference: difference))
        }
        var writer = JSONWriter()
        writer.object { writer in
            writer.key("tables")
            writer.array { writer in for text in texts { text.write(into: &writer) } }
        }
        let output = common.output
        let text = texts.map { $0.text(output) }.joined(separator: "\n\n")
        try common.answer(json: writer.text, text: text.isEmpty ? "no table differs" : text)
    }
}
