// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import DataVersions
import Experiments
import JSONText
import Pipelines
import Terminal

/// `gyre exp save`: keeps the work tree as an experiment.
struct ExpSaveVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "save",
        abstract: "Keep the work tree as an experiment, without running it.",
        discussion: """
            What stages read and wrote is recorded as it is now, as by `gyre commit -f`.

            Example:
              gyre exp save -n by-hand -I notes.md
            """
    )

    @Argument(help: ArgumentHelp("Record only this data, `.dvc` file or stage.", valueName: "target"))
    var targets: [String] = []

    @Option(name: [.short, .long], help: ArgumentHelp("The name; one is made up if left out.", valueName: "name"))
    var name: String?

    @Flag(name: [.short, .long], help: "Replace an experiment of the name.")
    var force = false

    @Flag(name: [.customShort("R"), .long], help: "Take a folder for all data in it.")
    var recursive = false

    @Option(
        name: [.customShort("I"), .long],
        help: ArgumentHelp("A file or folder that git does not track, to keep too.", valueName: "path")
    )
    var includeUntracked: [String] = []

    @Option(name: [.short, .long], help: ArgumentHelp("What the commit of the experiment says.", valueName: "text"))
    var message: String?

    @OptionGroup var common: CommonOptions

    func run() async throws {
        let project = try PipelineProject(common)
        var request = ExperimentRequest()
        (request.name, request.message, request.force) = (name, message, force)
        let more = try includeUntracked.map { try project.existing($0, to: "keep") }
        let found = try await TrackedTargets.find(
            targets,
            of: project.data,
            from: common.folder,
            recursive: recursive,
            withDeps: false
        )
        let work = CommitWork(data: project.data, targets: found, common: common)
        let wishes = CommitWork.Wishes(message: nil, takesStages: true, isForced: true, relinks: false)
        try await ExperimentSession.with(common) { session in
            let (experiment, left) = try await project.data.staging {
                try await session.runner.save(request, adding: more) { _ = try await work.perform(wishes) }
            }
            if !left.isEmpty {
                let names = left.prefix(5).map { "`\($0)`" }.joined(separator: ", ") + (left.count > 5 ? ", …" : "")
                common.output.warning("git does not track \(names): not in the experiment; `-I` takes it in")
            }
            var writer = JSONWriter()
            writer.object { writer in
                writer.field("name", experiment.name)
                writer.field("ref", experiment.commit)
                writer.field("baseline", experiment.baseline)
                writer.field("untracked", left)
            }
            try common.answer(json: writer.text, text: "Experiment has been saved as: \(experiment.name)")
        }
    }
}
