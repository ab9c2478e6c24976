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

    init(output: UsedOutput, part: String?) {
        self.output = output
        self.part = part
    }

    /// A content that no file names, such as one that a stage made of earlier inputs.
    package init?(_ pointer: DataPointer) {
        let tracked = TrackedOutput(path: pointer.path, pointer: pointer, file: "dvc.lock")
        guard let output = UsedOutput(tracked) else { return nil }
        self.init(output: output, part: nil)
    }
}

/// Finds the data of a scope.
package struct ScopeReader: Sendable {
    private let repository: DataRepository
    private let sources: [any OutputSource]
    private let warn: @Sendable (String) -> Void

    /// A reader of a repository.
    ///
    /// - Parameters:
    ///   - repository: The repository.
    ///   - sources: Who else names outputs, besides `.dvc` files.
    ///   - warn: Told of files that cannot be read.
    package init(
        _ repository: DataRepository,
        _ sources: [any OutputSource],
        warn: @escaping @Sendable (String) -> Void
    ) {
        self.repository = repository
        self.sources = sources
        self.warn = warn
    }

    /// The data of a scope, without repeats.
    ///
    /// What a commit has that cannot be read is passed over; in the work tree it is an error.
    ///
    /// - Throws: ``DataRemotesError`` `.unknownTarget`, ``DataVersionsError``, what sources throw.
    package func outputs(_ scope: DataScope) async throws -> [SelectedOutput] {
        var found: [SelectedOutput] = []
        var seen: Set<SelectedOutput> = []
        var named: Set<String> = []
        for tree in trees(scope) {
            let outputs = try await outputs(of: tree)
            for output in selected(outputs, scope, &named) where seen.insert(output).inserted { found.append(output) }
        }
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

    /// All contents of the cache that a scope without targets needs.
    ///
    /// What cannot be read may name any content, so that it is an error.
    ///
    /// - Parameters:
    ///   - scope: The work tree and the commits.
    ///   - skipsFailed: Whether a commit that cannot be read counts as one without data.
    /// - Returns: The outputs, without repeats.
    /// - Throws: ``DataVersionsError``, ``DocumentError``.
    package func kept(_ scope: DataScope, skipsFailed: Bool = false) async throws -> [SelectedOutput] {
        var found: Set<UsedOutput> = []
        var order: [UsedOutput] = []
        for tree in trees(scope) {
            do {
                for output in try await kept(tree) where found.insert(output).inserted { order.append(output) }
            } catch let error as any Explained where skipsFailed && tree.commit != nil {
                warn("the commit `\(tree.commit ?? "")` is passed over: \(error.what), because \(error.why)")
            }
        }
        return order.map { SelectedOutput(output: $0, part: nil) }
    }

    private func kept(_ tree: FileTree) async throws -> [UsedOutput] {
        let paths = try await tree.paths { PointerFiles.isOne($0) || $0 == "dvc.lock" || $0 == "dvc.yaml" }
        let texts = try await tree.texts(of: paths)
        var result = try texts.filter { $0.key.hasSuffix(".dvc") }.sorted { $0.key < $1.key }.flatMap {
            try OutputReader.pointers($0.value, file: $0.key)
        }
        let locked = try OutputReader.locked(texts)
        // What stages make is among it. Only of folders that are nowhere it must be known whether the cache should have them.
        if locked.contains(where: { $0.object.isListing && !repository.cache.holds($0.object.md5) }) {
            // With templates that cannot be resolved the lock alone says what there is, and it says enough.
            result += (try? await outputs(of: sources, in: tree)) ?? []
        }
        let elsewhere = Set(result.filter { !$0.isCached }.map(\.object))
        return (result + locked.filter { !elsewhere.contains($0.object) }).filter { $0.isCached && $0.hasContent }
    }

    private func trees(_ scope: DataScope) -> [FileTree] {
        (scope.hasWorkTree ? [.workTree(repository.root)] : [])
            + scope.commits.map { .commit($0, in: repository.root) }
    }

    private func outputs(of sources: [any OutputSource], in tree: FileTree) async throws -> [UsedOutput] {
        var result: [UsedOutput] = []
        for source in sources { result += try await source.outputs(in: tree).compactMap(UsedOutput.init) }
        return result
    }

    private func outputs(of tree: FileTree) async throws -> [UsedOutput] {
        let texts = try await tree.texts(of: try await tree.paths(where: PointerFiles.isOne))
        var result: [UsedOutput] = []
        for (path, text) in texts.sorted(by: { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }) {
            do {
                result += try OutputReader.pointers(text, file: path)
            } catch let error as any Explained where tree.commit != nil {
                warn("`\(path)` of `\(tree.commit ?? "")` is passed over: \(error.why)")
            }
        }
        do {
            result += try await outputs(of: sources, in: tree)
        } catch let error as any Explained where tree.commit != nil {
            warn("the stages of `\(tree.commit ?? "")` are passed over: \(error.what), because \(error.why)")
        }
        return result
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
        if output.object.isListing || !output.hasContent, parts.count > own.count, parts.starts(with: own) {
            return SelectedOutput(output: output, part: parts.dropFirst(own.count).joined(separator: "/"))
        }
        // A star is no slash, as in a shell.
        if scope.isPattern, fnmatch(target, output.path, FNM_PATHNAME) == 0 { return whole }
        return nil
    }
}
