// SPDX-License-Identifier: Apache-2.0

import Files
import Subprocess
import SystemPackage

/// Reads commits of a repository by its objects, without a work tree.
struct GitObjects: Sendable {
    /// A file of a commit.
    struct File: Sendable {
        let path: String
        /// The object that holds its bytes.
        let object: String
        /// Its size; nil if it was not asked for.
        let size: Int64?
        let isExecutable: Bool
        /// Whether the bytes name another file.
        let isLink: Bool
    }

    let program: GitProgram

    init(root: FilePath) { program = GitProgram(root: root) }

    /// The full id of a commit; nil if there is none of that name.
    func commit(_ name: String) async throws -> String? {
        guard !name.hasPrefix("-"), !name.utf8.contains(0) else { return nil }
        let answer = try await program.run(["rev-parse", "--verify", "--quiet", "\(name)^{commit}"], paths: .own)
        return answer.code == 0 ? answer.line : nil
    }

    /// The files of a commit; those of other repositories in it are left out.
    ///
    /// - Parameters:
    ///   - commit: A full commit id.
    ///   - sizes: Whether sizes come too, for which a partial clone has to fetch every file.
    /// - Returns: The files, as git orders them.
    /// - Throws: ``DataVersionsError`` `.git`.
    func files(of commit: String, sizes: Bool) async throws -> [File] {
        let arguments = ["ls-tree", "-r", "-z", "--full-tree"] + (sizes ? ["-l"] : []) + [commit]
        let text = try await program.checked(arguments, paths: .own, limit: 1 << 30)
        return text.split(separator: "\0").compactMap { line in
            guard let tab = line.firstIndex(of: "\t") else { return nil }
            let facts = line[..<tab].split(separator: " ", omittingEmptySubsequences: true)
            guard facts.count >= 3, facts[1] == "blob" else { return nil }
            return File(
                path: String(line[line.index(after: tab)...]),
                object: String(facts[2]),
                size: facts.count > 3 ? Int64(facts[3]) : nil,
                isExecutable: facts[0] == "100755",
                isLink: facts[0] == "120000"
            )
        }
    }

    /// The bytes of small objects.
    func contents(of objects: [String]) async throws -> [String: [UInt8]] {
        guard !objects.isEmpty else { return [:] }
        let arguments = ["cat-file", "--batch"]
        let result = try await Subprocess.run(
            program.executable,
            arguments: Arguments(["-C", program.root.string] + arguments),
            environment: .inherit.updating(program.variables(nil)),
            input: .string(objects.joined(separator: "\n") + "\n"),
            output: .bytes(limit: 256 << 20),
            error: .string(limit: 1 << 20)
        )
        try Task.checkCancellation()
        guard case .exited(0) = result.terminationStatus else {
            throw program.failure(arguments, .init(code: -1, output: "", error: result.standardError))
        }
        return Self.batch(result.standardOutput)
    }

    /// Writes an object of any size to a file.
    func write(_ object: String, to file: FilePath) async throws {
        let arguments = ["cat-file", "blob", object]
        let descriptor = try FileDescriptor.open(
            file,
            .writeOnly,
            options: [.create, .truncate],
            permissions: [.ownerReadWrite]
        )
        let result = try await Subprocess.run(
            program.executable,
            arguments: Arguments(["-C", program.root.string] + arguments),
            environment: .inherit.updating(program.variables(nil)),
            input: .none,
            output: .fileDescriptor(descriptor, closeAfterSpawningProcess: true),
            error: .string(limit: 1 << 20)
        )
        try Task.checkCancellation()
        guard case .exited(0) = result.terminationStatus else {
            throw program.failure(arguments, .init(code: -1, output: "", error: result.standardError))
        }
    }

    /// `<object> <type> <size>`, a line end, the bytes, a line end; again and again.
    private static func batch(_ bytes: [UInt8]) -> [String: [UInt8]] {
        var result: [String: [UInt8]] = [:]
        var rest = bytes[...]
        while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
            let facts = String(decoding: rest[..<end], as: UTF8.self).split(separator: " ")
            rest = rest[(end + 1)...]
            guard facts.count == 3, let size = Int(facts[2]), size <= rest.count else { continue }
            result[String(facts[0])] = Array(rest.prefix(size))
            rest = rest.dropFirst(size + 1)
        }
        return result
    }
}
