// SPDX-License-Identifier: Apache-2.0

import Files
import Subprocess
import SystemPackage
import Testing

extension Program {
    /// Runs a command and sends it a signal once it has said something; standard output and error come as one.
    func interrupt(
        _ arguments: String...,
        by signal: Signal,
        onceSaid mark: String,
        environment: [String: String?] = [:]
    ) async throws -> (code: Int32, text: String) {
        let result = try await Subprocess.run(
            configuration(.path(try Self.file), arguments, environment),
            input: .none,
            output: .sequence,
            error: .combinedWithOutput
        ) { execution in
            var isSent = false
            var text: [UInt8] = []
            for try await chunk in execution.standardOutput {
                chunk.withUnsafeBytes { text.append(contentsOf: $0) }
                if !isSent, String(decoding: text, as: UTF8.self).contains(mark) {
                    isSent = true
                    try execution.send(signal: signal)
                }
            }
            return text
        }
        let code: Int32 = if case .exited(let code) = result.terminationStatus { Int32(code) } else { -1 }
        return (code, String(decoding: result.closureResult, as: UTF8.self))
    }

    /// Waits until no process works in the folder any more, for ten seconds at most.
    ///
    /// - Returns: The commands that still do.
    func processesThatStay() async throws -> [String] {
        var found: [String] = []
        for _ in 0..<200 {
            found = try FileSystem.list("/proc").filter { $0.allSatisfy(\.isNumber) }.compactMap { process in
                let place = FilePath("/proc").appending(process)
                // A process may end while it is looked at.
                guard let working = try? FileSystem.realPath(place.appending("cwd")), working.starts(with: folder)
                else {
                    return nil
                }
                return try? FileReader.text(of: place.appending("cmdline")).replacing("\0", with: " ")
            }
            if found.isEmpty { break }
            try await Task.sleep(for: .milliseconds(50))
        }
        return found
    }
}
