// SPDX-License-Identifier: Apache-2.0

import ExampleFiles
import FoundationEssentials
import Testing

@testable import WebPages

/// What the binary carries is what lies in the repository.
struct EmbeddedFilesTests {
    private static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    @Test func `every file of an example is embedded byte for byte`() throws {
        var embedded: [String: [UInt8]] = [:]
        for index in 0..<gyre_example_file_count() {
            let file = gyre_example_file(index)
            #expect(String(cString: file.example) == "breast-cancer")
            embedded[String(cString: file.path)] = Array(UnsafeBufferPointer(start: file.bytes, count: file.length))
        }
        let folder = Self.root.appending(path: "Examples/breast-cancer")
        for (path, bytes) in embedded {
            let written = try Data(contentsOf: folder.appending(path: path))
            #expect(bytes == Array(written), "\(path)")
        }
        #expect(
            Set(embedded.keys) == [
                "README.md", ".gitignore", "dvc.yaml", "gyre.yaml", "params.yaml", "prepare.py", "train.py",
                "clinic.py",
            ]
        )
    }

    @Test(arguments: [
        ("gyre.css", "text/css; charset=utf-8"), ("gyre.js", "text/javascript; charset=utf-8"),
        ("gyre.svg", "image/svg+xml"),
    ])
    func `an asset has its type and a version`(name: String, type: String) throws {
        let asset = try #require(WebAsset.named(name))
        #expect(asset.contentType == type)
        #expect(asset.etag.count == 18)
        let written = try Data(contentsOf: Self.root.appending(path: "Sources/C/WebAssets/assets/\(name)"))
        #expect(asset.bytes == Array(written))
        #expect(try HomePage(project: "p", nowMs: 0).render().contains("/assets/\(name)?v=\(asset.version)"))
    }

    @Test(arguments: ["", "nothing.css", "home.mustache", "../gyre.css", "gyre.css\u{0}"])
    func `what is no asset is not served`(name: String) {
        #expect(WebAsset.named(name) == nil)
    }
}
