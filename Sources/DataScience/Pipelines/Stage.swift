// SPDX-License-Identifier: Apache-2.0

/// One step of a pipeline: a command, what it reads and what it writes.
package struct Stage: Sendable {
    /// A path as `dvc.yaml` writes it, which `dvc.lock` repeats.
    package struct Place: Sendable, Hashable {
        /// As it is written.
        package let written: String
        /// Relative to the project, without `.`, `..` and slashes at the end.
        package let path: String
    }

    /// A file or folder that a stage writes.
    package struct Output: Sendable, Hashable {
        /// Where it lies.
        package let place: Place
        /// Whether its content goes into the cache, and git ignores it.
        package let isCached: Bool
        /// Whether it stays when the stage runs again.
        package let persists: Bool
        /// Whether it holds metrics.
        package let isMetrics: Bool

        /// The path, relative to the project.
        package var path: String { place.path }
    }

    /// A parameter that a stage depends on.
    package struct Parameter: Sendable, Hashable {
        /// The file.
        package let file: String
        /// The dotted key; nil for all keys of the file.
        package let key: String?
    }

    /// The name in `dvc.yaml`.
    package let name: String
    /// The commands, one after the other by the shell.
    package let commands: [String]
    /// Whether `dvc.yaml` writes the command as a list.
    package let writesList: Bool
    /// What it reads, sorted by what is written.
    package let dependencies: [Place]
    /// The parameters that it depends on.
    package let params: [Parameter]
    /// What it writes, sorted by what is written.
    package let outputs: [Output]
    /// Whether it never runs.
    package let isFrozen: Bool
    /// Whether it runs every time.
    package let alwaysChanged: Bool
    /// What people say of it.
    package let description: String?
}
