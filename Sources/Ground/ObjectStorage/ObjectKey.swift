// SPDX-License-Identifier: Apache-2.0

/// The name of an object: parts with `/` between them, which cannot lead out of the store.
package struct ObjectKey: Sendable, Hashable, CustomStringConvertible {
    /// The key as text.
    package let text: String

    /// A key.
    ///
    /// - Throws: ``ObjectStorageError`` `.invalidKey` for an empty key or part, `.`, `..`, a `/` at an end, a backslash,
    ///   a NUL, a part over 255 bytes or a key over 1,024 bytes.
    package init(_ text: String) throws(ObjectStorageError) {
        // Bytes, because a slash and a combining mark behind it are one character of Swift and two of a path.
        let parts = text.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        let why: String? =
            if text.isEmpty {
                "it is empty"
            } else if text.utf8.count > 1_024 {
                "it has more than 1,024 bytes"
            } else if parts.contains(where: { $0.isEmpty || $0.elementsEqual(".".utf8) || $0.elementsEqual("..".utf8) })
            {
                "a part between its slashes is empty, `.` or `..`"
            } else if parts.contains(where: { $0.count > 255 }) {
                "a part between its slashes has more than 255 bytes"
            } else if text.utf8.contains(where: { $0 == 0 || $0 == UInt8(ascii: "\\") }) {
                "it holds a backslash or a NUL"
            } else {
                nil
            }
        if let why {
            throw ObjectStorageError(.invalidKey, what: "cannot use the path `\(text.prefix(200))`", why: why)
        }
        self.text = text
    }

    package var description: String { text }

    /// Keys are equal byte by byte; texts of Swift are equal too if they look alike.
    package static func == (left: ObjectKey, right: ObjectKey) -> Bool { left.text.utf8.elementsEqual(right.text.utf8) }

    package func hash(into hasher: inout Hasher) { for byte in text.utf8 { hasher.combine(byte) } }
}

/// What a store says of an object.
package struct ObjectInfo: Sendable, Hashable {
    /// The name.
    package let key: ObjectKey
    /// The size in bytes.
    package let sizeInBytes: Int64
    /// The last change, milliseconds UTC.
    package let modifiedMs: Int64
    /// What the store calls this content, without quotes: another one has another tag.
    ///
    /// Nil where it gives none.
    package var entityTag: String?

    init(key: ObjectKey, sizeInBytes: Int64, modifiedMs: Int64, entityTag: String? = nil) {
        self.key = key
        self.sizeInBytes = sizeInBytes
        self.modifiedMs = modifiedMs
        self.entityTag = entityTag?.filter { $0 != "\"" }
    }
}

/// One line of a listing.
package enum ObjectEntry: Sendable, Hashable {
    /// An object.
    case object(ObjectInfo)
    /// A common prefix of objects, without a slash at the end.
    case folder(String)

    /// The key or prefix.
    package var name: String {
        switch self {
        case .object(let info): info.key.text
        case .folder(let name): name
        }
    }
}

/// A part of a listing.
package struct ObjectPage: Sendable {
    /// The entries, sorted by the bytes of their names, that of a folder with a slash at its end.
    package let entries: [ObjectEntry]
    /// What to pass as `after` for the next part, in the store's own words; nil at the end.
    package let next: String?
}
