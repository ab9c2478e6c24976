// SPDX-License-Identifier: Apache-2.0

import Files
package import SystemPackage

/// Finds the shared libraries that a program needs, so that an image needs no base.
///
/// The rules are those of the dynamic loader: `RPATH` of the object and of those that led to it, `RUNPATH` of the object,
/// then the system's folders. Libraries of another kind of processor are passed over.
package struct LibraryClosure: Sendable {
    private let folders: [FilePath]

    /// A search in these folders, besides those that a file names itself.
    package init(folders: [FilePath] = Self.systemFolders) { self.folders = folders }

    /// Where this machine keeps its libraries: what `/etc/ld.so.conf` names, and the loader's own folders.
    package static let systemFolders: [FilePath] =
        configured(in: "/etc/ld.so.conf") + [
            "/lib/x86_64-linux-gnu", "/usr/lib/x86_64-linux-gnu", "/lib/aarch64-linux-gnu",
            "/usr/lib/aarch64-linux-gnu",
            "/lib64", "/usr/lib64", "/lib", "/usr/lib", "/usr/local/lib",
        ]

    /// A file that something needs, and where to look for it.
    private struct Need {
        let name: String
        let user: FilePath
        let machine: UInt16
        /// Folders of the object itself.
        let own: [FilePath]
        /// Folders that those who led to the object hand down.
        let inherited: [FilePath]
    }

    /// The files of programs and all libraries below them, as files of an image: each library in `/usr/lib`.
    ///
    /// - Parameter programs: Paths on this machine with their paths in the image; programs and libraries that are opened later.
    /// - Returns: The programs, their loaders and libraries, each once.
    /// - Throws: ``PackagingError`` `.missingLibrary`, `.invalidProgram`; ``FilesError`` for a program that is not there.
    package func files(for programs: [(source: FilePath, target: String)]) throws -> [ImageFile] {
        var files: [ImageFile] = []
        var seen: Set<String> = []
        var open: [Need] = []
        func take(_ source: FilePath, _ target: String, mode: UInt32, elf: ELFFile, inherited: [FilePath]) throws {
            guard seen.insert(target).inserted else { return }
            files.append(ImageFile(path: target, content: .file(try FileSystem.realPath(source)), mode: mode))
            if let loader = elf.loader, seen.insert(loader).inserted {
                files.append(
                    ImageFile(path: loader, content: .file(try FileSystem.realPath(FilePath(loader))), mode: 0o755)
                )
            }
            let origin = source.removingLastComponent()
            let handedDown = Self.expanded(elf.inheritedPath, origin) + inherited
            let own = Self.expanded(elf.ownPath, origin)
            open += elf.needed.map {
                Need(name: $0, user: source, machine: elf.machine, own: own, inherited: handedDown)
            }
        }
        for program in programs {
            let elf = try ELFFile(program.source)
            try take(program.source, program.target, mode: 0o755, elf: elf, inherited: [])
        }
        while let need = open.popLast() {
            // A name with a slash is a path, and stays one.
            let target = need.name.contains("/") ? need.name : "/usr/lib/\(need.name)"
            if seen.contains(target) { continue }
            guard let (path, elf) = find(need) else {
                throw PackagingError(
                    .missingLibrary,
                    what: "cannot pack `\(need.user)`",
                    why: "it needs `\(need.name)`, which is in none of this machine's library folders",
                    next: "install the package that holds it"
                )
            }
            try take(path, target, mode: 0o644, elf: elf, inherited: need.own.isEmpty ? need.inherited : [])
        }
        return files
    }

    private func find(_ need: Need) -> (FilePath, ELFFile)? {
        if need.name.contains("/") {
            // What cannot be read is not the library that is needed.
            return (try? ELFFile(FilePath(need.name))).map { (FilePath(need.name), $0) }
        }
        let paths = need.own.isEmpty ? need.inherited : need.own
        for folder in paths + folders {
            let path = folder.appending(need.name)
            // A script for the linker, or a library of another processor, makes way for the next folder.
            guard FileSystem.exists(path), let elf = try? ELFFile(path), elf.machine == need.machine else { continue }
            return (path, elf)
        }
        return nil
    }

    private static func expanded(_ paths: [String], _ origin: FilePath) -> [FilePath] {
        paths.map { path in
            FilePath(path.replacing("${ORIGIN}", with: origin.string).replacing("$ORIGIN", with: origin.string))
        }
    }

    /// The folders of a configuration of the loader, with those of the files that it includes.
    static func configured(in file: FilePath, depth: Int = 0) -> [FilePath] {
        // A machine without such a file has no folders of its own.
        guard depth < 8, let text = try? FileReader.text(of: file, limit: 1 << 20) else { return [] }
        return text.split(whereSeparator: \.isNewline).flatMap { line -> [FilePath] in
            let words = line.prefix { $0 != "#" }.split(whereSeparator: \.isWhitespace).map(String.init)
            guard let first = words.first else { return [] }
            guard first == "include" else { return [FilePath(first)] }
            return words.dropFirst().flatMap { word -> [FilePath] in
                let pattern = file.removingLastComponent().pushing(FilePath(word))
                guard let name = pattern.lastComponent?.string, name.contains("*") else {
                    return configured(in: pattern, depth: depth + 1)
                }
                let folder = pattern.removingLastComponent()
                let parts = name.split(separator: "*", maxSplits: 1, omittingEmptySubsequences: false)
                // The folder of inclusions may be missing.
                let names = ((try? FileSystem.list(folder)) ?? []).filter {
                    $0.hasPrefix(parts[0]) && $0.hasSuffix(parts[1]) && !$0.hasPrefix(".")
                }
                return names.flatMap { configured(in: folder.appending($0), depth: depth + 1) }
            }
        }
    }
}
