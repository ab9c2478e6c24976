// SPDX-License-Identifier: Apache-2.0

package import Files
package import SystemPackage

/// A project on disk: its root, and where Gyre keeps what.
package struct Workspace: Sendable, Hashable {
    /// The folder that holds `gyre.yaml` or `.gyre`.
    package let root: FilePath

    /// A project whose root is known; nothing is read.
    package init(root: FilePath) { self.root = root }

    /// The project that holds `folder`: the nearest folder upwards with a `gyre.yaml` or a `.gyre`.
    ///
    /// - Throws: ``ServerError`` `.notAProject` if there is none.
    package static func find(from folder: FilePath) throws(ServerError) -> Workspace {
        var candidate = folder.lexicallyNormalized()
        while true {
            if FileSystem.exists(candidate.appending("gyre.yaml"))
                || FileSystem.isDirectory(candidate.appending(".gyre"))
            {
                return Workspace(root: candidate)
            }
            guard candidate.removeLastComponent() else { break }
        }
        throw ServerError(
            .notAProject,
            what: "cannot find a project",
            why: "neither `\(folder)` nor a folder above it holds a `gyre.yaml`",
            next: "run `gyre init` in the project's folder"
        )
    }

    /// The project file.
    package var projectFile: FilePath { root.appending("gyre.yaml") }
    /// Everything that Gyre keeps for the project besides its versioned data; never in git.
    package var state: FilePath { root.appending(".gyre") }
    /// The embedded database.
    package var database: FilePath { state.appending("gyre.db") }
    /// Artefacts of runs and models.
    package var artifacts: FilePath { state.appending("artifacts") }
    /// Parts of artefacts that are being uploaded.
    package var uploads: FilePath { state.appending("uploads") }
    /// The inference log.
    package var inference: FilePath { state.appending("inference") }
    /// Converted models, by digest.
    package var serving: FilePath { state.appending("serving") }
    /// Images that were built.
    package var images: FilePath { state.appending("images") }
    /// Work trees of the loop.
    package var scratch: FilePath { state.appending("scratch") }
    /// What secrets of webhooks are encrypted with, unless a key is given.
    package var webhookKey: FilePath { state.appending("webhook.key") }
    /// Address and process of the server that runs on the project.
    package var serverFile: FilePath { state.appending("server.json") }

    /// Makes the state folder, which ignores itself in git.
    package func prepareState() throws(FilesError) {
        for folder in [state, artifacts, inference, serving, images, scratch] {
            try FileSystem.createDirectory(folder)
        }
        let ignore = state.appending(".gitignore")
        if !FileSystem.exists(ignore) { try AtomicFile.write("*\n", to: ignore) }
    }
}
