// SPDX-License-Identifier: Apache-2.0

import Database
import Diagnostics

/// Runs and experiments as people name them.
extension TrackingService {
    /// The run that a person means: by its id, the beginning of its id, or its name.
    ///
    /// A run in use goes before deleted ones of the same name.
    ///
    /// - Parameters:
    ///   - text: What the person wrote.
    ///   - view: Which runs may be meant.
    /// - Returns: The only run that may be meant.
    /// - Throws: ``TrackingError`` `.notFound` with the nearest name, `.invalidParameter` with the runs that may be meant if
    ///   there are several, `.invalidState` for a run that is deleted, or is not.
    package func run(meant text: String, view: ViewType = .all) async throws -> Run {
        let found = try await runs(meant: text)
        let preferred: LifecycleStage = view == .deletedOnly ? .deleted : .active
        var fitting = found.filter { $0.stage == preferred }
        if fitting.isEmpty, view == .all { fitting = found }
        if let only = fitting.first, fitting.count == 1 { return only }
        guard fitting.isEmpty else {
            let names = fitting.prefix(5).map { "`\($0.id.prefix(12))` (\($0.name.prefix(40)))" }
            let count = fitting.count > 9 ? "10 or more" : "\(fitting.count)"
            throw TrackingError.invalid(
                "cannot tell which run is `\(text.prefix(100))`",
                "\(count) have that name, or an id that begins so: \(names.joined(separator: ", "))"
                    + (fitting.count > 5 ? ", …" : ""),
                next: "write more of the id"
            )
        }
        if let other = found.first {
            let isDeleted = other.stage == .deleted
            throw TrackingError(
                .invalidState,
                what: "cannot use the run `\(text.prefix(100))`",
                why: isDeleted ? "it is deleted" : "it is not deleted",
                next: isDeleted ? "run `gyre runs restore \(other.id.prefix(12))` first" : nil
            )
        }
        throw TrackingError(
            .notFound,
            what: "cannot find the run `\(text.prefix(100))`",
            why: "no run has that name, or an id that begins so",
            next: nearest(to: text, among: try await newestRunNames()).map { "did you mean `\($0)`?" }
                ?? "see `gyre runs`"
        )
    }

    /// The runs that a text may mean, at most 10: the one of that id, or all whose id begins so or whose name it is.
    private func runs(meant text: String) async throws -> [Run] {
        guard !text.isEmpty else { return [] }
        let limit = 10
        let named = try SearchQuery(.runs, columns: ["id"], where: ["item.name = \(text)"], limit: limit)
        let isBeginning = text.utf8.count <= 32 && text.allSatisfy { $0.isASCII && $0.isHexDigit }
        return try await database.read { [names] reader in
            var ids: [String] = []
            if isBeginning {
                let beginning = text.lowercased()
                ids = try reader.rows(Self.ids(from: beginning, limit: limit)).map { $0.string(0) }
                if ids.first == beginning { return [try Store.run(beginning, reader, names)] }
            }
            for row in try named.page(reader) where !ids.contains(row.string(0)) { ids.append(row.string(0)) }
            return try ids.prefix(limit).map { try Store.run($0, reader, names) }
        }
    }

    /// Ids that begin so, as a range of an index.
    static func ids(from beginning: String, limit: Int) -> SQL {
        // `g` is behind all digits that an id has.
        "SELECT id FROM tracking_runs WHERE id >= \(beginning) AND id < \(beginning + "g") ORDER BY id LIMIT \(limit)"
    }

    private func newestRunNames() async throws -> [String] {
        let newest = try SearchQuery(.runs, columns: ["name"], where: ViewType.activeOnly.conditions, limit: 500)
        return try await database.read { reader in try newest.page(reader).map { $0.string(0) } }
    }

    /// The experiment that a person means: by its name, or its id.
    ///
    /// - Parameters:
    ///   - text: What the person wrote.
    ///   - view: Which experiments may be meant.
    /// - Returns: The experiment; a name goes before an id.
    /// - Throws: ``TrackingError`` `.notFound` with the nearest name, `.invalidState` for one that is deleted, or is not.
    package func experiment(meant text: String, view: ViewType = .all) async throws -> Experiment {
        var found = try await experiment(named: text)
        if found == nil, let number = Int64(text) {
            found = try await database.read { try Store.experiments(where: "id = \(number)", $0).first }
        }
        guard let found else {
            let names = try await searchExperiments(limit: 1_000).map(\.name)
            throw TrackingError(
                .notFound,
                what: "cannot find the experiment `\(text.prefix(100))`",
                why: "none has that name or id",
                next: nearest(to: text, among: names).map { "did you mean `\($0)`?" } ?? "see `gyre experiments`"
            )
        }
        let isDeleted = found.stage == .deleted
        guard view == .all || (view == .deletedOnly) == isDeleted else {
            throw TrackingError(
                .invalidState,
                what: "cannot use the experiment `\(text.prefix(100))`",
                why: isDeleted ? "it is deleted" : "it is not deleted",
                next: isDeleted ? "run `gyre experiments restore \(found.id)` first" : nil
            )
        }
        return found
    }
}
