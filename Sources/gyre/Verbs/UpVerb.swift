// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Database
import Logging
import Metrics
import Server
import Telemetry
import Terminal

/// `gyre up`: everything of the project in one process.
struct UpVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "up",
        abstract: "Run everything of the project in one process.",
        discussion: """
            MLflow's API, artefacts, the live champion, labels and feedback, the loop and the web page, on one port of this
            machine. Stop it with Ctrl-C.

            Example:
              gyre up --port 5000
            """
    )

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
            now: Session.now
        )
        let output = common.output
        let server = GyreServer(
            services: services,
            address: .init(host: listen.host, port: listen.port ?? 5_000),
            version: gyreVersion,
            metrics: metrics,
            logger: logger,
            onReady: { url in output.result(json: #"{"url":"\#(url)"}"#, text: url) }
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
