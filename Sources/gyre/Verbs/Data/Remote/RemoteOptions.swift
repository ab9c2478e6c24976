// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import DataRemotes
import DataVersions
import SystemPackage

/// Which remote, and how many transfers at once.
struct RemoteOptions: ParsableArguments {
    @Option(
        name: [.short, .long],
        help: ArgumentHelp("The remote; the default one if none is named.", valueName: "name")
    )
    var remote: String?

    @Option(
        name: [.short, .long],
        help: ArgumentHelp("How many transfers at once.", valueName: "number")
    )
    var jobs: Int?

    func validate() throws {
        if let jobs, jobs < 1 { throw ValidationError("--jobs is at least 1") }
    }
}

/// Which data beyond that of the targets in the work tree.
struct HistoryOptions: ParsableArguments {
    @Flag(name: [.customShort("a"), .long], help: "Also the data of all branches.")
    var allBranches = false

    @Flag(name: [.customShort("T"), .long], help: "Also the data of all tags.")
    var allTags = false

    @Flag(name: [.customShort("A"), .long], help: "Also the data of all commits.")
    var allCommits = false

    @Flag(name: [.customShort("d"), .long], help: "Also the data that the targets are made of.")
    var withDeps = false

    /// Adds the commits that are meant.
    func extend(_ scope: inout DataScope, in repository: DataRepository) async throws {
        scope.hasDependencies = withDeps
        guard allBranches || allTags || allCommits else { return }
        var choice = Git.CommitChoice()
        (choice.branches, choice.tags, choice.all) = (allBranches, allTags, allCommits)
        scope.commits = try await Git(root: repository.root).commits(choice)
    }
}

/// Which data: targets, and commits besides the work tree.
struct ScopeOptions: ParsableArguments {
    @Argument(
        help: ArgumentHelp("Data, `.dvc` files or stages; all if none are named.", valueName: "target")
    )
    var targets: [String] = []

    @OptionGroup var history: HistoryOptions

    @Flag(name: [.customShort("R"), .long], help: "A folder stands for all data below it.")
    var recursive = false

    @Flag(inversion: .prefixedNo, help: "Also what stages made for earlier inputs.")
    var runCache = false

    @Flag(help: "Targets are patterns, such as 'data/*.csv'.")
    var glob = false

    /// The data that is meant.
    func scope(in repository: DataRepository, _ common: CommonOptions) async throws -> DataScope {
        var scope = DataScope()
        scope.targets = targets.map { target in Self.target(target, in: repository, common) }
        scope.isRecursive = recursive
        scope.isPattern = glob
        try await history.extend(&scope, in: repository)
        return scope
    }

    /// A target as the project's files write it: a path from the root, or the name of a stage as it is.
    static func target(_ text: String, in repository: DataRepository, _ common: CommonOptions) -> String {
        var path = common.path(text)
        guard path.removePrefix(repository.root), !path.isEmpty else { return text }
        // In the root both are the same; below it a name may be that of a stage.
        return common.folder == repository.root ? text : path.string
    }
}
