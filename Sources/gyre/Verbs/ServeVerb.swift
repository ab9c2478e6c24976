// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Files
import Logging
import Metrics
import Registry
import Server
import Serving
import SystemPackage
import Telemetry
import Terminal

/// `gyre serve`: one model, without a project.
struct ServeVerb: AsyncParsableCommand, HandlesSignals {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Answer requests with one model, and keep nothing.",
        discussion: """
            Open Inference below /v2 and MLflow's scoring at /invocations. MODEL is a version of the project (`2`), nothing for
            the champion, or the model folder of a built image.

            Example:
              gyre serve 2 --port 8080
            """
    )

    @Argument(
        help: ArgumentHelp("A version, or a folder with model.onnx; the champion if missing.", valueName: "model")
    )
    var model: String?

    @OptionGroup var listen: ListenOptions
    @OptionGroup var common: CommonOptions

    func run() async throws {
        let metrics = MetricsRegistry()
        MetricsSystem.bootstrap(metrics)
        let output = common.output
        let server = ModelServer(
            model: try await served(),
            settings: listen.settings(defaultPort: 8_080),
            version: gyreVersion,
            metrics: metrics,
            logger: listen.logger(common, label: "gyre.serve"),
            now: Session.now
        )
        try await server.run { output.announce($0) }
    }

    private func served() async throws -> ServedModel {
        let number = model.flatMap { Int($0) }
        if let model, number == nil {
            let folder = common.path(model)
            guard FileSystem.isDirectory(folder) else {
                throw ServerError(
                    .notFound,
                    what: "cannot serve `\(model)`",
                    why: "it is neither the number of a version nor a folder",
                    next: "name a version, or the model folder of a built image"
                )
            }
            return try await ModelServer.model(in: folder, places: Session.places)
        }
        return try await Session.withProject(common) { services in
            let name = services.project.model.name
            let store = ModelStore(services: services)
            guard let number else {
                guard let champion = try await Judge(services: services).championVersion() else {
                    throw ServerError(
                        .notFound,
                        what: "cannot serve `\(name)`",
                        why: "it has no champion",
                        next: "promote a run, for example by `gyre promote --best recall`"
                    )
                }
                return try await store.served(champion)
            }
            return try await store.served(try await services.registry.version(model: name, number: number))
        }
    }
}
