// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Server
import Terminal
import Transfer

/// `gyre import`: runs of other tools.
struct ImportVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import",
        abstract: "Bring in data of another repository, or runs of MLflow, Sacred or TensorBoard.",
        discussion: """
            `gyre import URL PATH` imports data; `gyre import data --help` says more.

            Of runs, what is here already stays, and what grew since is topped up, so an import can be run again at any time, also \
            while `gyre up` runs. Exit code 1 means that something stayed behind that somebody should look at.

            Example:
              gyre import ../shared-data features --rev v1.2
              gyre import mlflow http://127.0.0.1:5000
              gyre import mlflow mlruns/ --dry-run
              gyre import mlflow sqlite:///mlflow.db --experiment iris
              gyre import tensorboard logs/
              gyre import sacred sacred_runs/
            """,
        subcommands: [
            ImportDataVerb.self, ImportMLflowVerb.self, ImportSacredVerb.self, ImportTensorBoardVerb.self,
        ],
        defaultSubcommand: ImportDataVerb.self
    )
}

/// What each import takes.
struct ImportOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Only this experiment; may be given several times.", valueName: "name"))
    var experiment: [String] = []

    @Flag(help: "Only say what would come.")
    var dryRun = false

    /// Imports, prints the report, and says whether all came.
    func run(_ address: ImportAddress, _ common: CommonOptions) async throws {
        var options = Importer.Options()
        options.experiments = experiment
        options.isDryRun = dryRun
        let output = common.output
        let report = try await Session.withProject(common) { services in
            let bar = RunsBar(output, dryRun ? "looking" : "importing")
            defer { bar.finish() }
            let importer = Importer(tracking: services.tracking, registry: services.registry, options: options) {
                bar.note($0)
            }
            return try await importer.run(address)
        }
        try ImportText(report).print(output)
        if report.problemCount > 0 { throw ExitCode(1) }
    }
}

/// `gyre import mlflow`.
struct ImportMLflowVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "mlflow",
        abstract: "Import from an MLflow server, a folder `mlruns/`, or a SQLite file.",
        discussion: """
            Experiments, runs with every point of their metrics, logged models, the registry and artefacts come; deleted ones \
            come deleted. Files that lie in S3 and the like stay there. A server's login is read from \
            MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN.

            Example:
              gyre import mlflow http://127.0.0.1:5000
              gyre import mlflow mlruns/
              gyre import mlflow sqlite:///mlflow.db --artifacts mlartifacts/
            """
    )

    @Argument(help: ArgumentHelp("What MLFLOW_TRACKING_URI would be.", valueName: "source"))
    var source: String

    @Option(
        help: ArgumentHelp(
            "The folder in which the server kept artefacts; `mlartifacts` beside the source if missing.",
            valueName: "folder"
        )
    )
    var artifacts: String?

    @OptionGroup var options: ImportOptions
    @OptionGroup var common: CommonOptions

    func run() async throws {
        let address = try ImportAddress(
            mlflow: source,
            from: common.folder,
            artifacts: artifacts.map(common.path),
            authorization: ImportAddress.authorization(in: Session.environment)
        )
        try await options.run(address, common)
    }
}

/// `gyre import sacred`.
struct ImportSacredVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sacred",
        abstract: "Import the folders of Sacred's file observer, or a dump of its MongoDB.",
        discussion: """
            A dump is a folder of `mongodump` (`runs.bson`, `metrics.bson`, `fs.files.bson`, `fs.chunks.bson`) or of \
            `mongoexport` (the same with `.json`).

            Example:
              gyre import sacred sacred_runs/
              gyre import sacred dump/sacred/ --dry-run
            """
    )

    @Argument(help: ArgumentHelp("The folder.", valueName: "folder"))
    var source: String

    @OptionGroup var options: ImportOptions
    @OptionGroup var common: CommonOptions

    func run() async throws { try await options.run(.sacred(common.path(source)), common) }
}

/// `gyre import tensorboard`.
struct ImportTensorBoardVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tensorboard",
        abstract: "Import TensorBoard's event files: one run for each folder that holds some.",
        discussion: """
            Scalars become metrics, hyperparameters become params, texts and images become artefacts.

            Example:
              gyre import tensorboard logs/
              gyre import tensorboard lightning_logs/ --into nightly
            """
    )

    @Argument(help: ArgumentHelp("The folder that `tensorboard --logdir` would get.", valueName: "folder"))
    var source: String

    @Option(help: ArgumentHelp("The experiment; the folder's name if missing.", valueName: "name"))
    var into: String?

    @OptionGroup var options: ImportOptions
    @OptionGroup var common: CommonOptions

    func run() async throws { try await options.run(.tensorBoard(common.path(source), experiment: into), common) }
}
