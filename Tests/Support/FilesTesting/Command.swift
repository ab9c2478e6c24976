// SPDX-License-Identifier: Apache-2.0

import Files
import Foundation
package import SystemPackage

/// Another program that judges ours.
package enum Command {
    /// A program that failed.
    package struct Failure: Error {
        package let status: Int32
        package let errors: String
    }

    /// What a program prints; blocks.
    ///
    /// - Parameters:
    ///   - arguments: Its name and arguments.
    ///   - folder: Where it runs.
    ///   - input: What it reads.
    /// - Returns: All of its output.
    /// - Throws: ``Failure`` if it fails.
    package static func output(
        _ arguments: String...,
        in folder: FilePath,
        input: String = ""
    ) throws -> String {
        let scratch = try FileSystem.temporaryDirectory(prefix: "gyre-command")
        defer { try? FileSystem.removeTree(scratch) }
        // A file takes any amount, where a pipe wants somebody who reads meanwhile.
        let (inputFile, outputFile, errorFile) = (
            scratch.appending("in"), scratch.appending("out"), scratch.appending("err")
        )
        for (file, text) in [(inputFile, input), (outputFile, ""), (errorFile, "")] {
            try AtomicFile.write(text, to: file)
        }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = arguments
        process.currentDirectoryURL = URL(fileURLWithPath: folder.string)
        process.standardInput = FileHandle(forReadingAtPath: inputFile.string)
        process.standardOutput = FileHandle(forWritingAtPath: outputFile.string)
        process.standardError = FileHandle(forWritingAtPath: errorFile.string)
        try process.run()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw Failure(status: process.terminationStatus, errors: try FileReader.text(of: errorFile))
        }
        return try FileReader.text(of: outputFile)
    }
}
