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

    /// - Throws: ``PackagingError`` `.invalidName`.
    func check() throws(PackagingError) {
        let parts = name.split(separator: "/", omittingEmptySubsequences: false)
        let isName = parts.allSatisfy { part in
            part.first.map { $0.isASCII && ($0.isLowercase || $0.isNumber) } == true
                && part.allSatisfy { $0.isASCII && ($0.isLowercase || $0.isNumber || "._-".contains($0)) }
        }
        guard !name.isEmpty, isName, name.utf8.count <= 255 else {
            let near = name.lowercased().map {
                $0.isASCII && ($0.isLetter || $0.isNumber || "./-_".contains($0)) ? $0 : "-"
            }
            throw PackagingError(
                .invalidName,
                what: "cannot name an image `\(name.prefix(100))`",
                why: "a name has lower-case letters, digits, `.`, `_`, `-`, and `/` between parts",
                next: "use for example `\(String(near.prefix(100)))`"
            )
        }
        let isTag =
            tag.first.map { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") } == true
            && tag.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "._-".contains($0)) }
        guard isTag, tag.utf8.count <= 128 else {
            throw PackagingError(
                .invalidName,
                what: "cannot tag an image `\(tag.prefix(100))`",
                why: "a tag has at most 128 letters, digits, `.`, `_`, `-`, and begins with neither `.` nor `-`"
            )
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
