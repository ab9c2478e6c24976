// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Logging
import Metrics
import Registry
import Server
import Serving
import SystemPackage
import Telemetry
import Terminal

/// `gyre serve`: models, without a project.
struct ServeVerb: AsyncParsableCommand, HandlesSignals {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Answer requests with models, and keep nothing.",
        discussion: """
            Open Inference below /v2 and MLflow's scoring at /invocations. MODEL is `models:/NAME@ALIAS`, `models:/NAME/3`, \
            `models:/NAME` for the newest, `runs:/RUN/model`, an `.onnx` file, a folder that MLflow wrote, the model folder of a \
            built image, or the number of a version of the project's model; without any it is the champion. `NAME=MODEL` serves \
            it under another name. Of several versions of a name the highest answers where a request names none.

            Example:
              gyre serve models:/churn/2 models:/churn/3 prices=./prices.onnx --port 8080
            """
    )

    @Argument(help: ArgumentHelp("The models; the champion if none is named.", valueName: "model"))
    var models: [String] = []

    @OptionGroup var listen: ListenOptions
    @OptionGroup var common: CommonOptions

    func run() async throws {
        let metrics = MetricsRegistry()
        MetricsSystem.bootstrap(metrics)
        let output = common.output
        let server = ModelServer(
            models: try await served(),
            settings: listen.settings(defaultPort: 8_080),
            version: gyreVersion,
            metrics: metrics,
            logger: listen.logger(common, label: "gyre.serve"),
            now: Session.now
        )
        try await server.run { output.announce($0) }
    }

    private func served() async throws -> [ServedModel] {
        let addresses = try models.map { try ModelAddress($0) }
        let files = ModelFileLoader(
            runtimes: Runtimes(places: Session.places, root: common.folder),
            cache: Session.cacheFolder.appending("serving")
        )
        var served: [ServedModel] = []
        // A folder or file needs no project.
        for address in addresses {
            guard case .path(let path) = address.place else { continue }
            served.append(try await files.model(at: common.path(path), shown: path, as: address.name))
        }
        if served.count < addresses.count || addresses.isEmpty {
            served += try await Session.withProject(common) { services in
                let store = ModelStore(services: services)
                if addresses.isEmpty { return [try await store.served(try await champion(services))] }
                var models: [ServedModel] = []
                for address in addresses {
                    if let model = try await model(address, store, services) { models.append(model) }
                }
                return models
            }
        }
        var known: Set<String> = []
        for model in served where !known.insert("\(model.name)/\(model.version)").inserted {
            throw UsageError(
                what: "cannot serve version \(model.version) of `\(model.name)` twice",
                why: "a request could not tell them apart",
                next: "give one another name: `other=MODEL`"
            )
        }
        return served
    }

    /// A model of the project; nil for a path.
    private func model(
        _ address: ModelAddress,
        _ store: ModelStore,
        _ services: ProjectServices
    ) async throws -> ServedModel? {
        switch address.place {
        case .path: nil
        case .version(let number):
            try await store.served(
                try await services.registry.version(model: services.project.model.name, number: number),
                as: address.name
            )
        case .registered(let reference):
            try await store.served(try await services.registry.version(meant: reference), as: address.name)
        case .logged(let id): try await store.served(logged: id, as: address.name)
        case .run(let run, let path): try await store.served(run: run, path: path, as: address.name)
        }
    }

    private func champion(_ services: ProjectServices) async throws -> ModelVersion {
        if let champion = try await Judge(services: services).championVersion() { return champion }
        throw ServerError(
            .notFound,
            what: "cannot serve `\(services.project.model.name)`",
            why: "it has no champion",
            next: "promote a run, for example by `gyre promote --best recall`"
        )
    }
}
