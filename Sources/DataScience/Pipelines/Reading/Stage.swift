// SPDX-License-Identifier: Apache-2.0

package import Diagnostics
package import Documents

/// One step of a pipeline: a command, what it reads and what it writes.
package struct Stage: Sendable {
    /// A path as `dvc.yaml` writes it, which `dvc.lock` repeats.
    package struct Place: Sendable, Hashable {
        /// As it is written, from the folder that the stage runs in.
        package let written: String
        /// Relative to the project, without `.`, `..` and slashes at the end.
        package let path: String
    }

    /// A file or folder that a stage writes.
    package struct Output: Sendable {
        /// What an output is for.
        package enum Kind: Sendable {
            /// Anything.
            case data
            /// Numbers that are shown and compared.
            case metrics
            /// Series or pictures that are shown and compared, with what `dvc.yaml` says about showing them.
            case plot(YAMLNode?)
        }

        /// Where it lies.
        package let place: Place
        /// Whether its content goes into the cache, and git ignores it.
        package let isCached: Bool
        /// Whether it stays when the stage runs again.
        package let persists: Bool
        /// What it is for.
        package let kind: Kind
        /// The remote that it is pushed to in place of the usual one.
        package let remote: String?
        /// Whether it may be pushed at all.
        package let isPushed: Bool

        /// The path, relative to the project.
        package var path: String { place.path }

        /// Whether it holds metrics.
        package var isMetrics: Bool { if case .metrics = kind { true } else { false } }

        /// Whether it is a plot.
        package var isPlot: Bool { if case .plot = kind { true } else { false } }
    }

    /// A parameter that a stage depends on.
    package struct Parameter: Sendable, Hashable {
        /// The file.
        package let place: Place
        /// The dotted key; nil for all keys of the file.
        package let key: String?

        /// The file as it is written.
        package var file: String { place.written }
    }

    /// The name in `dvc.yaml`.
    package let name: String
    /// The `dvc.yaml` that has it, relative to the project.
    package let file: String
    /// The loop that made it.
    package let group: String?
    /// The folder that its command runs in, relative to the project; empty for the project's own.
    package let folder: String
    /// The commands, one after the other by the shell.
    package let commands: [String]
    /// Whether `dvc.yaml` writes the command as a list.
    package let writesList: Bool
    /// What it reads, sorted by what is written.
    package let dependencies: [Place]
    /// What it reads, in the order of `dvc.yaml`.
    package let readingOrder: [Place]
    /// The parameters that it depends on.
    package let params: [Parameter]
    /// What it writes, sorted by what is written.
    package let outputs: [Output]
    /// What it writes, in the order of `dvc.yaml`: outputs, metrics, plots.
    package let writingOrder: [Output]
    /// Whether it never runs.
    package let isFrozen: Bool
    /// Whether it runs every time.
    package let alwaysChanged: Bool
    /// What people say of it.
    package let description: String?
    /// Where its file has it.
    package let position: SourcePosition

    /// Whether it has nothing that could be compared, and so runs every time.
    package var isCallback: Bool { dependencies.isEmpty && params.isEmpty && outputs.isEmpty }

    /// The name that is its own in the project: that of a stage of the project's folder stands alone.
    package var address: String { file == PipelineFile.name ? name : "\(file):\(name)" }

    /// The `dvc.lock` of its file, relative to the project.
    package var lockFile: String { String(file.dropLast(PipelineFile.name.count)) + LockFile.name }
}
