// SPDX-License-Identifier: Apache-2.0

package import DataVersions
import Files
package import SystemPackage

/// A project in a folder of its own: a git repository with versioned data.
package struct TestProject: Sendable {
    /// The project's folder.
    package let folder: TestFolder
    /// The project's data.
    package let data: DataRepository
    /// Where tools keep what is not of the project.
    private let aside: TestFolder

    /// The folder's path.
    package var root: FilePath { folder.path }

    /// Makes a git repository with `.dvc`, and commits both.
    package init() async throws {
        folder = try TestFolder()
        aside = try TestFolder()
        // Made once and written again: five processes a project would be most of a suite's time.
        let (files, target) = (try await Self.template.value, folder.path)
        try await BlockingPool.shared.run { for file in files { try file.write(below: target) } }
        data = try DataRepository.open(at: folder.path)
    }

    /// A file of the template; a folder has no bytes.
    private struct File: Sendable {
        let path: String
        let bytes: [UInt8]?
        let permissions: FilePermissions

        func write(below folder: FilePath) throws {
            let place = folder.pushing(FilePath(path))
            guard let bytes else { return try FileSystem.createDirectory(place) }
            try AtomicFile.write(bytes, to: place, permissions: permissions)
        }

        static func all(below folder: FilePath, _ prefix: String = "") throws -> [File] {
            try FileSystem.list(folder).flatMap { name -> [File] in
                let (place, path) = (folder.appending(name), prefix + name)
                let status = try FileSystem.status(of: place)
                if status.isDirectory {
                    return [File(path: path, bytes: nil, permissions: [])] + (try all(below: place, path + "/"))
                }
                return [File(path: path, bytes: try FileReader.bytes(of: place), permissions: status.permissions)]
            }
        }
    }

    private static let template = Task {
        let folder = try TestFolder()
        try await Tool.git.run(["init", "-q", "-b", "main", "--template="], in: folder.path)
        // What Gyre commits has this author too.
        try await Tool.git.run(["config", "user.name", "Test"], in: folder.path)
        try await Tool.git.run(["config", "user.email", "test@localhost"], in: folder.path)
        _ = try DataRepository.initialize(at: folder.path)
        try await Tool.git.run(["add", "-A"], in: folder.path)
        try await Tool.git.run(["commit", "-q", "-m", "Begin"], in: folder.path)
        return try File.all(below: folder.path)
    }

    /// Runs git.
    @discardableResult
    package func git(_ arguments: String..., expecting code: Int32? = 0) async throws -> Tool.Answer {
        try await Tool.git.run(arguments, in: root, expecting: code)
    }

    /// Runs the real dvc.
    @discardableResult
    package func dvc(_ arguments: String..., expecting code: Int32? = 0) async throws -> Tool.Answer {
        try await Tool.dvc(state: aside.path).run(arguments, in: root, expecting: code)
    }

    /// Commits all that changed; the commit.
    @discardableResult
    package func commit(_ message: String) async throws -> String {
        try await git("add", "-A")
        try await git("commit", "-q", "-m", message)
        return String(try await git("rev-parse", "HEAD").output.prefix(40))
    }

    /// Adds data by name.
    @discardableResult
    package func add(_ names: String...) async throws -> [DataPointer] { try await data.add(names.map(root.appending)) }

    /// Checks out everything.
    @discardableResult
    package func checkout(force: Bool = false) async throws -> [String] {
        try await data.checkout(try await data.pointers(), force: force)
    }
}
