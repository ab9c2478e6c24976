// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Database
import Logging
import Metrics
import Server
import Telemetry
import Terminal
import Webhooks

/// `gyre up`: everything of the project in one process.
struct UpVerb: AsyncParsableCommand, HandlesSignals {
    static let configuration = CommandConfiguration(
        commandName: "up",
        abstract: "Run everything of the project in one process.",
        discussion: """
            MLflow's API, artefacts, the live champion, labels and feedback, the loop and the web page, on one port of this
            machine. Ctrl-C ends it once the requests under way are answered.

            Example:
              gyre up --port 5000
            """
    )

    @Option(
        name: .customLong("allowed-host"),
        help: ArgumentHelp(
            "A name with a dot that clients call this server by; may be given again, * for any.",
            valueName: "name"
        )
    )
    var allowedHosts: [String] = []

    @OptionGroup var listen: ListenOptions
    @OptionGroup var common: CommonOptions

    func run() async throws {
        let metrics = MetricsRegistry()
        MetricsSystem.bootstrap(metrics)
        let logger = listen.logger(common, label: "gyre.up")
        let services = try await ProjectServices.open(
            try common.workspace(),
            as: .server,
            places: Session.places,
            webhooks: try WebhookSettings(environment: Session.environment),
            now: Session.now
        )
        let output = common.output
        var settings = listen.settings(defaultPort: 5_000)
        settings.allowedHosts = allowedHosts
        let server = GyreServer(
            services: services,
            settings: settings,
            version: gyreVersion,
            metrics: metrics,
            logger: logger,
            onReady: { output.announce($0) }
        )
        do {
            try await server.run()
        } catch {
            await services.close()
            throw error
        }
        await services.close()
    }
}
