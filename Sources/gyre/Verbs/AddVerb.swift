// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import DataVersions
import Server
import SystemPackage

/// `gyre add`: makes a data version.
struct AddVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "add",
        abstract: "Version data files or folders with the code.",
        discussion: """
            The content goes into the cache by its hash; a small `.dvc` file takes its place in git. The files are those of
            DVC, so `dvc` can go on from here.

            Example:
              gyre add data/train.csv data/test.csv -m "First data"
            """
    )

    @Argument(help: ArgumentHelp("Files or folders.", valueName: "path"))
    var paths: [String]

    @Option(name: [.short, .long], help: ArgumentHelp("Commit the pointers to git with this message.", valueName: "text"))
    var message: String?

    @OptionGroup var common: CommonOptions

    func run() async throws {
        let workspace = try common.workspace()
        let data = try DataRepository.open(at: workspace.root)
        let pointers = try await data.add(paths.map { common.folder.pushing(FilePath($0)).lexicallyNormalized() })
        var commit: String?
        if let message {
            let git = Git(root: workspace.root)
            try await git.addAll()
            commit = try await git.commit(message)
        }
        common.output.result(AddedData(pointers: pointers, commit: commit))
    }
}
