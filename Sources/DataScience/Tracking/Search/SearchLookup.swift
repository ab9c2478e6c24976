// SPDX-License-Identifier: Apache-2.0

import Database

/// How an index finds the runs for which a comparison holds, within an experiment.
struct SearchLookup {
    /// Longer texts are in no index; the schema says the same.
    private static let indexedLength = 64

    private let table: String
    private let key: SQL
    private let test: SQL

    /// Nil for a comparison that no index answers, such as `!=` or `LIKE`.
    init?(_ field: SearchField, _ sign: SearchToken, _ test: SQL) {
        guard let index = field.index else { return nil }
        if field.isNumber {
            guard case .sign(let sign) = sign, sign != "!=" else { return nil }
            self.test = test
        } else {
            switch sign {
            case .sign("="): break
            case .word where sign.keyword == "IN": break
            default: return nil
            }
            let isShort = test.bindings.allSatisfy { value in
                if case .text(let text) = value { text.unicodeScalars.count <= Self.indexedLength } else { false }
            }
            guard isShort else { return nil }
            // The index holds such texts only, and is used only if the statement says so.
            self.test = "\(test) AND length(entry.value) <= 64"
        }
        table = index.table
        key = SearchField.isNamed(index.key)
    }

    /// The numbers of the runs, as a statement.
    func runs(in experiments: ExperimentSet) -> SQL {
        """
        SELECT entry.run FROM \(raw: table) AS entry \
        WHERE \(experiments.condition(on: "entry")) AND \(key) AND \(test)
        """
    }

    /// How many runs there are, counted up to a limit.
    func count(in experiments: ExperimentSet, upTo limit: Int, _ reader: SQLReader) throws -> Int {
        Int(try reader.row("SELECT count(*) FROM (\(runs(in: experiments)) LIMIT \(limit))")?.int64(0) ?? 0)
    }
}

/// The experiments that a search looks in.
enum ExperimentSet {
    case all
    case some([Int64])

    /// The experiments with these ids; nil for all.
    init(ids: [String]?) throws(TrackingError) {
        guard let ids else {
            self = .all
            return
        }
        var numbers: [Int64] = []
        for id in ids { numbers.append(try Store.number(id)) }
        self = .some(numbers)
    }

    /// The only one; nil if there are several.
    var single: Int64? {
        if case .some(let numbers) = self, numbers.count == 1 { numbers[0] } else { nil }
    }

    /// The condition that a row is in one of them.
    func condition(on alias: String) -> SQL {
        switch self {
        case .all: "\(raw: alias).experiment_id IN (SELECT id FROM tracking_experiments)"
        // For one experiment an index gives the rows in their order.
        case .some(let numbers) where numbers.count == 1: "\(raw: alias).experiment_id = \(numbers[0])"
        case .some(let numbers):
            "\(raw: alias).experiment_id IN \(Store.members(numbers.map { .integer($0) }))"
        }
    }
}
