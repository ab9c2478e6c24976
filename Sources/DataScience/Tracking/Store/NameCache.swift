// SPDX-License-Identifier: Apache-2.0

import Database
import Synchronization

/// The names of metrics, params and tags and their numbers, as far as somebody has looked them up.
///
/// A name that was committed never changes, so what is here stays right. What a writer learns may still be undone: it is kept
/// once its transaction is committed.
final class NameCache: Sendable {
    /// The most names that are kept; a client that makes up a new one for each value must not fill the memory.
    static let limit = 50_000

    private let known = Mutex(Pairs())

    /// What is known.
    func snapshot() -> Names { Names(known: known.withLock { $0 }) }

    /// Remembers what was looked up meanwhile, and is committed.
    func keep(_ names: Names) {
        guard !names.learnt.names.isEmpty else { return }
        known.withLock { known in
            if known.names.count + names.learnt.names.count > Self.limit { known = Pairs() }
            for (number, name) in names.learnt.names.prefix(Self.limit) { known.add(name, number) }
        }
    }

    fileprivate struct Pairs: Sendable {
        private(set) var names: [Int64: String] = [:]
        private(set) var numbers: [String: Int64] = [:]

        mutating func add(_ name: String, _ number: Int64) {
            names[number] = name
            numbers[name] = number
        }
    }

    /// The names that one reader or writer knows.
    struct Names: Sendable {
        private let known: Pairs
        /// Beside what all share, which would be copied to grow.
        fileprivate private(set) var learnt = Pairs()

        /// Knows none.
        init() { self.init(known: Pairs()) }

        fileprivate init(known: Pairs) { self.known = known }

        /// The name with a number.
        mutating func name(of number: Int64, _ reader: SQLReader) throws -> String {
            if let name = known.names[number] ?? learnt.names[number] { return name }
            let name = try reader.row("SELECT name FROM tracking_names WHERE id = \(number)")?.string(0) ?? ""
            learnt.add(name, number)
            return name
        }

        /// The number of a name, which is given one if it has none.
        mutating func number(of name: String, _ writer: SQLWriter) throws -> Int64 {
            if let number = known.numbers[name] ?? learnt.numbers[name] { return number }
            let number = try Store.number(ofName: name, writer)
            learnt.add(name, number)
            return number
        }
    }
}

extension Store {
    /// The number of a name; nil if nothing is called so.
    static func number(ofName name: String, _ reader: SQLReader) throws -> Int64? {
        try reader.row("SELECT id FROM tracking_names WHERE name = \(name)")?.int64(0)
    }

    /// The number of a name, which is given one if it has none.
    static func number(ofName name: String, _ writer: SQLWriter) throws -> Int64 {
        if let number = try number(ofName: name, writer.reader) { return number }
        guard let row = try writer.row("INSERT INTO tracking_names (name) VALUES (\(name)) RETURNING id") else {
            throw TrackingError.invalid("cannot store the name `\(name.prefix(100))`", "the database gave it no number")
        }
        return row.int64(0)
    }
}
