// SPDX-License-Identifier: Apache-2.0

import Files
import SystemPackage
import Testing

/// What the room's sources must not do, because a batch of metrics passes through them.
struct SourcesTests {
    private static var sources: [(name: String, text: String)] {
        get throws {
            var package = FilePath(#filePath)
            for _ in 0..<3 { package.removeLastComponent() }
            return try ["Sources/MLflowAPI", "Sources/DataScience/Tracking", "Sources/DataScience/Tracking/Search"]
                .flatMap { folder in
                    try FileSystem.list(package.appending(folder)).filter { $0.hasSuffix(".swift") }
                        .map { ($0, try FileReader.text(of: package.appending(folder).appending($0))) }
                }
        }
    }

    @Test(arguments: ["import Foundation\n", "JSONDecoder", "JSONEncoder", "JSONSerialization", "Codable", "Decodable"])
    func `no request passes Foundation's coders`(word: String) throws {
        let sources = try Self.sources
        #expect(sources.count > 15)
        #expect(sources.filter { $0.text.contains(word) }.map(\.name).isEmpty)
    }
}
