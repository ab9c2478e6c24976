// SPDX-License-Identifier: Apache-2.0

package import SystemPackage

/// A file of an image.
package struct ImageFile: Sendable, Hashable {
    /// What the file holds.
    package enum Content: Sendable, Hashable {
        /// The content of a file on this machine.
        case file(FilePath)
        /// These bytes.
        case bytes([UInt8])
        /// A link to another path.
        case symlink(String)
    }

    /// The absolute path in the image.
    package let path: String
    /// The content.
    package let content: Content
    /// The permission bits.
    package let mode: UInt32

    /// A file of an image.
    package init(path: String, content: Content, mode: UInt32 = 0o644) {
        self.path = path
        self.content = content
        self.mode = mode
    }
}

/// What goes into an image, and how it runs.
package struct ImagePlan: Sendable {
    /// The name, such as `churn`; lower case, as OCI wants it.
    package var name: String
    /// The tag, such as `3`.
    package var tag: String
    /// The layers from the bottom; what changes least comes first.
    package var layers: [[ImageFile]]
    /// The program and its arguments.
    package var entrypoint: [String]
    /// The environment, `NAME=value`.
    package var environment: [String]
    /// Ports that the program listens on.
    package var ports: [Int]
    /// Facts for people and programs, such as `org.opencontainers.image.revision`.
    package var labels: [(key: String, value: String)]
    /// The user that the program runs as.
    package var user: String

    /// A plan without files.
    package init(name: String, tag: String, entrypoint: [String]) {
        self.name = name
        self.tag = tag
        self.entrypoint = entrypoint
        layers = []
        environment = []
        ports = []
        labels = []
        user = ""
    }

    /// The name with the registry that it means.
    var fullName: String {
        let parts = name.split(separator: "/")
        if parts.count > 1, parts[0].contains(".") || parts[0] == "localhost" { return name }
        return parts.count > 1 ? "docker.io/\(name)" : "docker.io/library/\(name)"
    }

    /// Looks at the name, the tag and every path.
    ///
    /// - Throws: ``PackagingError`` `.invalidName`, `.invalidPath`.
    func check() throws(PackagingError) {
        guard Self.isName(name) else {
            let near = name.lowercased().map { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "/") ? $0 : "-" }
            let parts = String(near).split(separator: "/").map { $0.split(separator: "-").joined(separator: "-") }
            let meant = String(parts.filter { !$0.isEmpty }.joined(separator: "/").prefix(100))
            throw PackagingError(
                .invalidName,
                what: "cannot name an image `\(name.prefix(100))`",
                why: "parts between `/` have lower-case letters and digits, with single `.`, `_` or `-` between them",
                next: Self.isName(meant) ? "use for example `\(meant)`" : nil
            )
        }
        guard tag.utf8.count <= 128, tag.wholeMatch(of: /[A-Za-z0-9_][A-Za-z0-9_.-]*/) != nil else {
            throw PackagingError(
                .invalidName,
                what: "cannot tag an image `\(tag.prefix(100))`",
                why: "a tag has at most 128 letters, digits, `.`, `_`, `-`, and begins with neither `.` nor `-`"
            )
        }
        for files in layers { try Self.check(files) }
    }

    /// A repository name of the OCI distribution specification 1.1.
    private static func isName(_ name: String) -> Bool {
        let part = /[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*/
        let parts = name.split(separator: "/", omittingEmptySubsequences: false)
        return name.utf8.count <= 255 && parts.allSatisfy { $0.wholeMatch(of: part) != nil }
    }

    private static func check(_ files: [ImageFile]) throws(PackagingError) {
        var seen: Set<[UInt8]> = []
        for file in files {
            func refusal(_ why: String) -> PackagingError {
                PackagingError(.invalidPath, what: "cannot pack `\(file.path)`", why: why)
            }
            let parts = file.path.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false).dropFirst()
            let isPlain = parts.allSatisfy { part in
                !part.isEmpty && !part.elementsEqual(".".utf8) && !part.elementsEqual("..".utf8) && !part.contains(0)
            }
            guard file.path.utf8.first == UInt8(ascii: "/"), !parts.isEmpty, isPlain else {
                throw refusal("it is no absolute path of the image")
            }
            guard seen.insert(Array(file.path.utf8)).inserted else { throw refusal("the layer holds it twice") }
        }
        for file in files {
            let bytes = Array(file.path.utf8)
            for (index, byte) in bytes.enumerated() where byte == UInt8(ascii: "/") && index > 0 {
                guard !seen.contains(Array(bytes[..<index])) else {
                    throw PackagingError(
                        .invalidPath,
                        what: "cannot pack `\(file.path)`",
                        why:
                            "`\(String(decoding: bytes[..<index], as: UTF8.self))` is a file of the layer, not a folder"
                    )
                }
            }
        }
    }
}

/// An image that was built.
package struct BuiltImage: Sendable {
    /// The archive.
    package let archive: FilePath
    /// The digest of the manifest, by which registries know the image.
    package let digest: String
    /// The size of the archive in bytes.
    package let sizeInBytes: Int64
    /// The sizes of the layers in bytes, compressed, from the bottom.
    package let layerSizes: [Int64]
}
