// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import ExampleFiles
import Files
import SystemPackage

/// A complete small project that the binary carries.
package struct Example: Sendable {
    /// The name, such as `breast-cancer`.
    package let name: String
    let files: [(path: String, bytes: [UInt8])]

    /// The examples.
    package static var all: [Example] {
        var files: [String: [(path: String, bytes: [UInt8])]] = [:]
        for index in 0..<gyre_example_file_count() {
            let file = gyre_example_file(index)
            let bytes = Array(UnsafeBufferPointer(start: file.bytes, count: file.length))
            files[String(cString: file.example), default: []].append((String(cString: file.path), bytes))
        }
        return files.map { Example(name: $0.key, files: $0.value) }.sorted { $0.name < $1.name }
    }

    /// The example of a name.
    ///
    /// - Throws: ``ServerError`` `.notFound` with the nearest name.
    package static func named(_ name: String) throws(ServerError) -> Example {
        let all = all
        if let example = all.first(where: { $0.name == name }) { return example }
        let names = all.map(\.name)
        throw ServerError(
            .notFound,
            what: "cannot start from the example `\(name.prefix(100))`",
            why: "there is none of that name; there are \(names.map { "`\($0)`" }.joined(separator: ", "))",
            next: nearest(to: name, among: names).map { "did you mean `\($0)`?" }
        )
    }
}
