// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import DataRemotes
import DataVersions
import Experiments
import JSONText
import Terminal

/// What `exp push` and `exp pull` have in common.
struct ShareOptions: ParsableArguments {
    @Argument(help: ArgumentHelp("A remote of git, by name or address.", valueName: "git-remote"))
    var gitRemote: String

    @Argument(help: ArgumentHelp("The experiments; those of HEAD if none is named.", valueName: "experiment"))
    var experiments: [String] = []

    @OptionGroup var scope: BaselineOptions

    @Flag(name: [.short, .long], help: "Replace another experiment of the name.")
    var force = false

    @Flag(help: "Leave the data where it is.")
    var noCache = false

    @Flag(inversion: .prefixedNo, help: "Also what stages made for earlier inputs.")
    var runCache = false

    @OptionGroup var remote: RemoteOptions
    @OptionGroup var common: CommonOptions

    func validate() throws {
        if !experiments.isEmpty, scope.isGiven {
            throw ValidationError("Names go without --rev, --num and --all-commits.")
        }
    }

    /// Those of `all` that are meant.
    func chosen(of all: [Experiments.Experiment], _ store: ExperimentStore) async throws -> [Experiments.Experiment] {
        guard experiments.isEmpty else {
            var chosen: [Experiments.Experiment] = []
            for name in experiments {
                let found = try await store.experiment(name, among: all)
                if !chosen.contains(found) { chosen.append(found) }
            }
            return chosen
        }
        let baselines = try await scope.baselines(of: all, Git(root: store.data.root))
        return all.filter { baselines.contains($0.baseline) }
    }

    /// The data that experiments name; none if it stays where it is.
    func outputs(_ experiments: [Experiments.Experiment], _ session: RemoteSession) async throws -> [SelectedOutput] {
        guard !noCache, !experiments.isEmpty else { return [] }
        var scope = DataScope()
        (scope.commits, scope.hasWorkTree) = (experiments.map(\.commit), false)
        return try await session.reader.outputs(scope)
    }

    /// Tells what became of experiments, in DVC's words.
    ///
    /// - Parameters:
    ///   - outcome: What became of each.
    ///   - verb: `push` or `pull`.
    ///   - transfer: What became of their data; nil if it stayed.
    /// - Throws: ``ExperimentsError`` `.nameTaken` if another is in the place of one.
    func answer(_ outcome: SharedExperiments.Outcome, _ verb: String, _ transfer: TransferText?) throws {
        func names(_ experiments: [Experiments.Experiment]) -> String {
            experiments.map { "'\($0.name)'" }.joined(separator: ", ")
        }
        var writer = JSONWriter()
        writer.object { writer in
            writer.field("experiments", outcome.moved.map(\.name))
            writer.field("up_to_date", outcome.upToDate.map(\.name))
            writer.field("diverged", outcome.diverged.map(\.name))
            if let transfer {
                writer.key("data")
                writer.object { transfer.write(into: &$0) }
            }
        }
        var lines: [String] = []
        if !outcome.upToDate.isEmpty {
            let (shown, isOne) = (names(outcome.upToDate), outcome.upToDate.count == 1)
            let place = verb == "push" ? " on Git remote '\(gitRemote)'" : ""
            lines.append("Experiment\(isOne ? "" : "s") \(shown) \(isOne ? "is" : "are") up to date\(place).")
        }
        if !outcome.moved.isEmpty {
            let (shown, isOne) = (names(outcome.moved), outcome.moved.count == 1)
            let (word, way) = verb == "push" ? ("Pushed", "to") : ("Pulled", "from")
            lines.append("\(word) experiment\(isOne ? "" : "s") \(shown) \(way) Git remote '\(gitRemote)'.")
        }
        if outcome.shared.isEmpty { lines.append("No experiments to \(verb).") }
        if let line = transfer?.line { lines.append(line) }
        if noCache, !outcome.shared.isEmpty {
            lines.append("Their data stays where it is: run it again without `--no-cache`.")
        }
        try common.answer(json: writer.text, text: lines.joined(separator: "\n"))
        guard let first = outcome.diverged.first else { return }
        throw ExperimentsError(
            .nameTaken,
            what: "cannot \(verb) \(names(outcome.diverged))",
            why:
                "\(verb == "push" ? "`\(gitRemote)` has" : "there is") another experiment `\(first.name)` of that commit",
            next: "replace it by `-f`, or give yours another name by `gyre exp rename`"
        )
    }
}

/// `gyre exp push`: sends experiments to a git remote, behind their data.
struct ExpPushVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "push",
        abstract: "Send experiments to a git remote, and their data to the data's remote.",
        discussion: """
            The data goes first: nobody finds an experiment without its data.

            Example:
              gyre exp push origin brave-lark
            """
    )

    @OptionGroup var share: ShareOptions

    func run() async throws {
        try await RemoteSession.with(share.common, share.remote) { session in
            let store = ExperimentStore(try PipelineProject(share.common).data)
            _ = try await store.head()
            let chosen = try await share.chosen(of: try await store.all(), store)
            var transfer: TransferText?
            let shared = SharedExperiments(of: share.gitRemote, beside: store)
            let outcome = try await shared.push(chosen, force: share.force) { outcome in
                let outputs = try await share.outputs(outcome.shared, session)
                guard !outputs.isEmpty else { return }
                let report = try await PushVerb.push(outputs, hasRunCache: share.runCache, session)
                let text = TransferText(report: report, verb: "pushed")
                try text.check()
                transfer = text
            }
            try share.answer(outcome, "push", transfer)
        }
    }
}

/// `gyre exp pull`: brings experiments from a git remote, with their data.
struct ExpPullVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pull",
        abstract: "Bring experiments from a git remote, and their data into the cache.",
        discussion: """
            Example:
              gyre exp pull origin brave-lark
              gyre exp apply brave-lark
            """
    )

    @OptionGroup var share: ShareOptions

    func run() async throws {
        try await RemoteSession.with(share.common, share.remote) { session in
            let store = ExperimentStore(try PipelineProject(share.common).data)
            _ = try await store.head()
            let shared = SharedExperiments(of: share.gitRemote, beside: store)
            let chosen = try await share.chosen(of: try await shared.all(), store)
            let outcome = try await shared.pull(chosen, force: share.force)
            let outputs = try await share.outputs(outcome.shared, session)
            var transfer: TransferText?
            if !outputs.isEmpty {
                let report = try await FetchVerb.fetch(outputs, hasRunCache: share.runCache, session).report
                transfer = TransferText(report: report, verb: "fetched")
            }
            try share.answer(outcome, "pull", transfer)
            try transfer?.check()
        }
    }
}
