// SPDX-License-Identifier: Apache-2.0

import Files
package import SystemPackage

/// The hooks of a git repository that keep data beside code: `git checkout` switches data, `git commit` says what data is not
/// committed, `git push` pushes data first.
///
/// A hook that is there already is kept beside ours and runs before it, with the same arguments and the same input; if it
/// refuses, ours does not run. Uninstalling puts it back.
package struct GitHooks: Sendable {
    /// A hook of ours.
    package enum Name: String, Sendable, CaseIterable {
        /// After another commit is checked out: its data comes.
        case postCheckout = "post-checkout"
        /// Before a commit: what data is not committed is shown.
        case preCommit = "pre-commit"
        /// Before a push: data is pushed, and a push without its data refused.
        case prePush = "pre-push"
    }

    /// What there is for one hook.
    package enum State: String, Sendable {
        /// No hook.
        case missing
        /// Ours.
        case installed
        /// Ours, which runs the one that was there before.
        case chained
        /// Somebody else's alone.
        case foreign
    }

    private static let mark = "# gyre hook:"
    private static let kept = ".before-gyre"

    private let folder: FilePath
    /// The project in the work tree; empty if it is its root.
    private let project: String

    /// The hooks of the repository that holds a project.
    ///
    /// - Throws: ``DataVersionsError`` `.git` if there is no repository, or its hooks are those of all repositories.
    package init(root: FilePath) async throws {
        let program = GitProgram(root: root)
        let top = FilePath(String(try await program.checked(["rev-parse", "--show-toplevel"], paths: .own).lineText))
        // What is not absolute is below the folder that git is asked in.
        let named = try await program.checked(["rev-parse", "--git-path", "hooks"], paths: .own).lineText
        let common = try await program.checked(["rev-parse", "--git-common-dir"], paths: .own).lineText
        let folder = root.pushing(FilePath(named)).lexicallyNormalized()
        let real = try FileSystem.realPath(root)
        let homes = [top, root.pushing(FilePath(common)).lexicallyNormalized()]
        guard homes.contains(where: { folder.starts(with: $0) }) else {
            throw DataVersionsError(
                .git,
                what: "cannot install hooks into `\(root)`",
                why: "`core.hooksPath` leads to `\(folder)`, whose hooks run in other repositories too",
                next: "run `git config --local core.hooksPath .git/hooks` to have hooks of its own"
            )
        }
        self.folder = folder
        var rest = real
        project = rest.removePrefix(top) ? rest.string : ""
    }

    /// What there is for each hook.
    package func states() throws -> [(name: Name, state: State)] {
        try Name.allCases.map { ($0, try state(of: $0)) }
    }

    /// Writes the hooks; those that are ours already are written anew.
    ///
    /// - Parameter program: The `gyre` that runs if there is none in `PATH`.
    /// - Returns: What there is now.
    /// - Throws: ``DataVersionsError`` `.git` if a hook cannot be kept, ``FilesError``.
    package func install(program: FilePath) throws -> [(name: Name, state: State)] {
        try FileSystem.createDirectory(folder)
        for name in Name.allCases {
            let file = folder.appending(name.rawValue)
            if try state(of: name) == .foreign {
                guard !FileSystem.exists(keptFile(name)) else {
                    throw DataVersionsError(
                        .git,
                        what: "cannot install the hook `\(name.rawValue)`",
                        why: "it is not ours, and neither is `\(keptFile(name))`, where it would be kept",
                        next: "remove the one that is not wanted"
                    )
                }
                // Ours is whole before the other one's name is free: two steps that may stop between them lose nothing.
                try FileSystem.rename(file, to: keptFile(name))
            }
            try AtomicFile.write(text(name, program), to: file, permissions: Self.runnable)
        }
        return try states()
    }

    /// Removes the hooks, and puts back what was there before; others stay.
    ///
    /// - Returns: The hooks that were removed.
    package func uninstall() throws -> [Name] {
        var removed: [Name] = []
        for name in Name.allCases {
            let state = try state(of: name)
            guard state == .installed || state == .chained else { continue }
            let file = folder.appending(name.rawValue)
            if state == .chained {
                try FileSystem.rename(keptFile(name), to: file)
            } else {
                try FileSystem.remove(file)
            }
            removed.append(name)
        }
        return removed
    }

    // MARK: Parts

    private static let runnable: FilePermissions = [
        .ownerReadWriteExecute, .groupRead, .groupExecute, .otherRead, .otherExecute,
    ]

    private func keptFile(_ name: Name) -> FilePath { folder.appending(name.rawValue + Self.kept) }

    private func state(of name: Name) throws -> State {
        let file = folder.appending(name.rawValue)
        guard FileSystem.exists(file) else { return .missing }
        let bytes = try FileReader.bytes(of: file, limit: 64 << 20)
        guard String(decoding: bytes.prefix(4_096), as: UTF8.self).contains(Self.mark) else { return .foreign }
        return FileSystem.exists(keptFile(name)) ? .chained : .installed
    }

    /// The script: POSIX shell, so that it runs wherever git does.
    private func text(_ name: Name, _ program: FilePath) -> String {
        let path = Self.quoted(program.string)
        return """
            #!/bin/sh
            \(Self.mark) \(name.rawValue); `gyre hooks uninstall` removes it and puts back the one kept beside it.
            kept="$(dirname "$0")/\(name.rawValue)\(Self.kept)"
            git=$(git rev-parse --absolute-git-dir)
            \(chain(name))
            cd ./\(Self.quoted(project)) || exit 1
            [ -d .dvc ] || exit 0
            gyre=$(command -v gyre) || gyre=\(path)
            if [ ! -x "$gyre" ]; then
                echo "warning: the hook \(name.rawValue) finds no gyre; data stays as it is" >&2
                exit \(name == .prePush ? 1 : 0)
            fi
            \(action(name))

            """
    }

    private func chain(_ name: Name) -> String {
        // The one before gets the references that git writes to the hook's input.
        name == .prePush
            ? """
            refs=$(cat)
            if [ -x "$kept" ]; then printf '%s\\n' "$refs" | "$kept" "$@" || exit $?; fi
            """
            : """
            if [ -x "$kept" ]; then "$kept" "$@" || exit $?; fi
            """
    }

    private func action(_ name: Name) -> String {
        switch name {
        case .postCheckout:
            // 1 says that a commit was checked out, not single files; in the middle of a rebase files must stay as they are.
            """
            [ "$3" = 1 ] || exit 0
            if [ -d "$git/rebase-merge" ] || [ -d "$git/rebase-apply" ]; then exit 0; fi
            exec "$gyre" checkout --quiet
            """
        case .preCommit:
            """
            "$gyre" status >&2 || true
            """
        case .prePush:
            // The code is being pushed already.
            """
            [ -z "$GYRE_PUSH" ] || exit 0
            exec "$gyre" push --data-only
            """
        }
    }

    private static func quoted(_ text: String) -> String { "'" + text.replacing("'", with: "'\\''") + "'" }
}

extension String {
    fileprivate var lineText: String { String(trimmingSuffix(while: \.isNewline)) }
}
