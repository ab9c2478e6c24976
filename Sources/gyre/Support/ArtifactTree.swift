// SPDX-License-Identifier: Apache-2.0

import JSONText
import ObjectStorage
import Terminal
import Tracking

/// The files below a place of the artefact store.
struct ArtifactTree {
    /// The most files that are named.
    static let limit = 1_000

    /// The first files, by their paths from the place.
    private(set) var files: [(path: String, sizeInBytes: Int64)] = []
    /// How many there are.
    private(set) var count = 0
    /// Their size together.
    private(set) var sizeInBytes: Int64 = 0

    /// Lists the files of a URI; nil if it is of another store.
    static func list(_ uri: String, _ tracking: TrackingService) async throws -> ArtifactTree? {
        guard let prefix = TrackingService.artifactPrefix(of: uri) else { return nil }
        var tree = ArtifactTree()
        var after: String?
        repeat {
            let page = try await tracking.artifacts.list(prefix: prefix, recursive: true, after: after, limit: 1_000)
            for case .object(let info) in page.entries {
                tree.count += 1
                tree.sizeInBytes += info.sizeInBytes
                guard tree.files.count < limit else { continue }
                tree.files.append((String(info.key.text.dropFirst(prefix.count + 1)), info.sizeInBytes))
            }
            after = page.next
        } while after != nil
        return tree
    }

    /// In one line.
    var summary: String {
        count == 0 ? "none" : "\(count) \(count == 1 ? "file" : "files"), \(Humanize.bytes(sizeInBytes))"
    }

    /// The files below their folders, with sizes.
    ///
    /// - Parameter shown: At most so many files.
    /// - Returns: A row for each folder and file.
    func table(shown: Int = 100) -> Table {
        var table = Table(columns: [.init("path"), .init("size", .right, .never)])
        var open: [Substring] = []
        for file in files.prefix(shown) {
            let parts = file.path.split(separator: "/")
            let folders = parts.dropLast()
            let common = zip(open, folders).prefix { $0 == $1 }.count
            for depth in common..<max(folders.count, common) {
                table.add([.init(String(repeating: "  ", count: depth) + folders[depth] + "/", .name)])
            }
            open = Array(folders)
            let indent = String(repeating: "  ", count: folders.count)
            table.add([.init(indent + (parts.last ?? "")), .init(Humanize.bytes(file.sizeInBytes))])
        }
        if count > min(shown, files.count) { table.add([.init("… and \(count - min(shown, files.count)) more")]) }
        return table
    }

    /// Writes the files, their number and size as members of an object.
    func write(into writer: inout JSONWriter) {
        writer.key("artifacts")
        writer.array { writer in
            for file in files {
                writer.object { writer in
                    writer.field("path", file.path)
                    writer.field("size_in_bytes", file.sizeInBytes)
                }
            }
        }
        writer.field("artifact_count", count)
        writer.field("artifact_size_in_bytes", sizeInBytes)
    }
}
