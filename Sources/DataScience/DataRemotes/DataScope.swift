// SPDX-License-Identifier: Apache-2.0

import Diagnostics
package import DataVersions
import Files

#if canImport(Glibc)
import Glibc
#endif

/// Which data a command is about: targets of the work tree, and that of commits.
package struct DataScope: Sendable {
    /// Paths of data, of `.dvc` files or `dvc.yaml`, names of stages; empty for all.
    package var targets: [String] = []
    /// Whether a folder among the targets stands for all that is named below it.
    package var isRecursive = false
    /// Whether the data that a target's stage is made of counts too, at all distances.
    package var hasDependencies = false
    /// Whether targets are patterns.
    package var isPattern = false
    /// The commits whose data counts besides that of the work tree.
    package var commits: [String] = []
    /// Whether the work tree counts.
    package var hasWorkTree = true

    /// All of the work tree.
    package init() {}
}

/// Data that a scope holds: an output, and which of a folder's files.
package struct SelectedOutput: Sendable, Hashable {
    /// The output.
    package let output: UsedOutput
    /// Of a folder: the files at or below this path from the folder; nil for all.
    package let part: String?
}

/// Finds the data of a scope.
package struct ScopeReader: Sendable {
    private let repository: DataRepository
    private let warn: @Sendable (String) -> Void

    /// A reader of a repository; `warn` is told of files that cannot be read, and of targets that are no data.
    package init(_ repository: DataRepository, warn: @escaping @Sendable (String) -> Void) {
        self.repository = repository
        self.warn = warn
    }

    /// The data of a scope, without repeats.
    ///
    /// - Throws: ``DataRemotesError`` `.unknownTarget`, ``DataVersionsError``.
    package func outputs(_ scope: DataScope) async throws -> [SelectedOutput] {
        var found: [SelectedOutput] = []
        var seen: Set<SelectedOutput> = []
        var named: Set<String> = []
        func take(_ texts: [String: String]) {
            let outputs = OutputReader.outputs(texts) { path, error in
                warn("`\(path)` is passed over: \((error as? any Explained)?.why ?? "it cannot be read")")
            }
            for output in selected(outputs, scope, &named) where seen.insert(output).inserted { found.append(output) }
        }
        if scope.hasWorkTree { take(try await texts(.workTree(repository.root))) }
        for commit in scope.commits { take(try await texts(.commit(commit, in: repository.root))) }
        if let unknown = scope.targets.first(where: { !named.contains($0) }) {
            throw DataRemotesError(
                .unknownTarget,
                what: "cannot find `\(unknown)`",
                why: "no data, `.dvc` file or stage has that name",
                next: "run `gyre status`, or version it by `gyre add \(unknown)`"
            )
        }
        return found
    }

    /// The files of a tree that name data.
    private func texts(_ tree: FileTree) async throws -> [String: String] {
        try await tree.texts(of: try await tree.paths(where: OutputReader.isOne))
    }

    private func selected(_ all: [UsedOutput], _ scope: DataScope, _ named: inout Set<String>) -> [SelectedOutput] {
        guard !scope.targets.isEmpty else { return all.map { SelectedOutput(output: $0, part: nil) } }
        var result: [SelectedOutput] = []
        for target in scope.targets {
            let matching = all.compactMap { matched($0, target, scope) }
            if !matching.isEmpty { named.insert(target) }
            result += matching
        }
        guard scope.hasDependencies else { return result }
        var open = result.map(\.output)
        var known = Set(open)
        while let output = open.popLast() {
            for other in all where output.dependencies.contains(where: { ProjectPath.overlap($0, other.path) }) {
                guard known.insert(other).inserted else { continue }
                open.append(other)
                result.append(SelectedOutput(output: other, part: nil))
            }
        }
        return result
    }

    private func matched(_ output: UsedOutput, _ target: String, _ scope: DataScope) -> SelectedOutput? {
        let whole = SelectedOutput(output: output, part: nil)
        let path = ProjectPath.normalized(target) ?? target
        if path == output.path || path == output.file || target == output.stage { return whole }
        if let stage = output.stage {
            // `train` is all of `train@1`, `train@2`; `dvc.yaml:train` names the file too.
            let base = stage.split(separator: "@", maxSplits: 1).first.map(String.init)
            if [stage, base].contains(target)
                || [stage, base].contains(where: { "\(output.file):\($0 ?? "")" == target })
            {
                return whole
            }
        }
        let parts = ProjectPath.parts(path)
        let own = ProjectPath.parts(output.path)
        if scope.isRecursive, own.starts(with: parts) || ProjectPath.parts(output.file).starts(with: parts) {
            return whole
        }
        if output.object.isListing, parts.count > own.count, parts.starts(with: own) {
            return SelectedOutput(output: output, part: parts.dropFirst(own.count).joined(separator: "/"))
        }
        // A star is no slash, as in a shell.
        if scope.isPattern, fnmatch(target, output.path, FNM_PATHNAME) == 0 { return whole }
        return nil
    }
}
