// SPDX-License-Identifier: Apache-2.0

import Database
import Synchronization

/// The names of metrics, params and tags by their numbers, as far as somebody has read them.
///
/// A name that was committed never changes, so what is here stays right. Only readers fill it: what a writer sees may still
/// be undone.
final class NameCache: Sendable {
    /// The most names that are kept; a client that makes up a new one for each value must not fill the memory.
    static let limit = 50_000

    private let names = Mutex<[Int64: String]>([:])

    /// What is known.
    func snapshot() -> Names { Names(known: names.withLock { $0 }) }

    /// Remembers what was read meanwhile.
    func keep(_ read: Names) {
        guard read.isGrown else { return }
        names.withLock { names in
            if read.known.count > names.count { names = read.known.count > Self.limit ? [:] : read.known }
        }
    }

    /// The names that one reader knows.
    struct Names {
        fileprivate var known: [Int64: String]
        fileprivate var isGrown = false

        fileprivate init(known: [Int64: String]) { self.known = known }

        /// The name with a number.
        mutating func name(of number: Int64, _ reader: SQLReader) throws -> String {
            if let name = known[number] { return name }
            let name = try reader.row("SELECT name FROM tracking_names WHERE id = \(number)")?.string(0) ?? ""
            known[number] = name
            isGrown = true
            return name
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
