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

/// Which data: targets, and commits besides the work tree.
struct ScopeOptions: ParsableArguments {
    @Argument(
        help: ArgumentHelp("Data, `.dvc` files or stages; all if none are named.", valueName: "target")
    )
    var targets: [String] = []

    @Flag(name: [.customShort("a"), .long], help: "Also the data of all branches.")
    var allBranches = false

    @Flag(name: [.customShort("T"), .long], help: "Also the data of all tags.")
    var allTags = false

    @Flag(name: [.customShort("A"), .long], help: "Also the data of all commits.")
    var allCommits = false

    @Flag(name: [.customShort("d"), .long], help: "Also the data that the targets are made of.")
    var withDeps = false

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
        scope.hasDependencies = withDeps
        scope.isPattern = glob
        var choice = Git.CommitChoice()
        (choice.branches, choice.tags, choice.all) = (allBranches, allTags, allCommits)
        if allBranches || allTags || allCommits { scope.commits = try await Git(root: repository.root).commits(choice) }
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
