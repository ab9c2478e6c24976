// SPDX-License-Identifier: Apache-2.0

import Diagnostics
package import SystemPackage

/// Which outputs a command is about, as people name them: data, a part of it, a `.dvc` file, a stage.
package struct OutputTargets: Sendable {
    /// An output, or a part of it.
    package struct Choice: Sendable {
        /// The output.
        package let output: TrackedOutput
        /// The path of the part from the output's own; nil for all of it.
        package let part: String?

        /// An output, or a part of it.
        package init(output: TrackedOutput, part: String?) {
            self.output = output
            self.part = part
        }
    }

    private let data: DataRepository
    private let outputs: [TrackedOutput]
    private let current: FilePath

    /// Targets among outputs, named from the folder `current`.
    package init(_ outputs: [TrackedOutput], of data: DataRepository, from current: FilePath) {
        self.outputs = outputs
        self.data = data
        self.current = current
    }

    /// The outputs that targets name, each once, in the order of all; all if no target is given.
    ///
    /// - Parameters:
    ///   - targets: What a person wrote.
    ///   - recursive: Whether a folder stands for all outputs in it.
    /// - Returns: The choices.
    /// - Throws: ``DataVersionsError`` `.unknownTarget`.
    package func select(_ targets: [String], recursive: Bool = false) throws -> [Choice] {
        guard !targets.isEmpty else { return outputs.map { Choice(output: $0, part: nil) } }
        var parts: [Int: String?] = [:]
        for target in targets {
            let found = try find(target, recursive)
            for (position, part) in found where parts[position] != .some(.none) { parts[position] = .some(part) }
        }
        return parts.keys.sorted().map { Choice(output: outputs[$0], part: parts[$0] ?? nil) }
    }

    private func find(_ target: String, _ recursive: Bool) throws -> [(Int, String?)] {
        var rest = current.pushing(FilePath(target)).lexicallyNormalized()
        let isInside = rest.removePrefix(data.root)
        let path = isInside ? rest.string : nil
        var found: [(Int, String?)] = []
        for (position, output) in outputs.enumerated() {
            if let path {
                if output.stage == nil, output.file == path { found.append((position, nil)) }
                if output.path == path { found.append((position, nil)) }
                if path.hasPrefix(output.path + "/") {
                    found.append((position, String(path.dropFirst(output.path.count + 1))))
                }
                if recursive, path.isEmpty || output.path.hasPrefix(path + "/") || output.file.hasPrefix(path + "/") {
                    found.append((position, nil))
                }
            }
            if output.stage != nil,
                output.address == target || output.address == "dvc.yaml:\(target)"
                    || ":\(output.stage ?? "")" == target
            {
                found.append((position, nil))
            }
        }
        guard found.isEmpty else { return found }
        let names = outputs.map(\.path) + outputs.map(\.address)
        let isFolder = path.map { path in outputs.contains { $0.path.hasPrefix(path + "/") } } ?? false
        throw DataVersionsError(
            .unknownTarget,
            what: "cannot find the data of `\(target)`",
            why: "no `.dvc` file and no stage names it",
            next: isFolder
                ? "pass `-R` for all that lies in the folder"
                : nearest(to: path ?? target, among: names).map { "did you mean `\($0)`?" }
                    ?? "version it by `gyre add \(target)`"
        )
    }
}
