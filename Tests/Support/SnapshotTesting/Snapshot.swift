// SPDX-License-Identifier: Apache-2.0

import Files
import SystemPackage
package import Testing

#if canImport(Glibc)
import Glibc
#endif

/// Texts that people and programs read of the program, kept as files that are reviewed like code.
///
/// The files lie in the folder `Snapshots` beside the test. `GYRE_RECORD=1 scripts/test --filter EndToEndTests` writes them
/// anew; look at the difference before you commit it.
package enum Snapshot {
    /// Expects that a text is as it was when it was recorded.
    ///
    /// - Parameters:
    ///   - text: The text, without what differs from run to run.
    ///   - name: The file's name, without its extension.
    ///   - test: The file of the test.
    ///   - sourceLocation: Where the expectation stands.
    /// - Throws: Errors of files, while recording.
    package static func expect(
        _ text: String,
        named name: String,
        test: String = #filePath,
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let folder = FilePath(test).removingLastComponent().appending("Snapshots")
        let file = folder.appending("\(name).txt")
        guard getenv("GYRE_RECORD") == nil else {
            try FileSystem.createDirectory(folder)
            return try AtomicFile.write(text, to: file)
        }
        let expected = FileSystem.exists(file) ? try FileReader.text(of: file) : nil
        guard let expected else {
            Issue.record("there is no snapshot `\(name)`; record it with GYRE_RECORD=1", sourceLocation: sourceLocation)
            return
        }
        guard text != expected else { return }
        Issue.record(
            "\(difference(expected, text)), in the snapshot `\(name)`; if that is right, record it with GYRE_RECORD=1",
            sourceLocation: sourceLocation
        )
    }

    private static func difference(_ expected: String, _ text: String) -> Comment {
        let (old, new) = (lines(expected), lines(text))
        let index = zip(old, new).prefix { $0 == $1 }.count
        func line(_ lines: [Substring]) -> String { index < lines.count ? "`\(lines[index])`" : "the end" }
        return "line \(index + 1) is \(line(new)), and was \(line(old))"
    }

    private static func lines(_ text: String) -> [Substring] {
        text.split(separator: "\n", omittingEmptySubsequences: false)
    }
}
