// SPDX-License-Identifier: Apache-2.0

import Hummingbird
import JSONText
import Registry
import Tracking

/// `/2.0/mlflow/registered-models/…` and `/2.0/mlflow/model-versions/…`.
struct RegistryRoutes: Sendable {
    let registry: RegistryService
    let tracking: TrackingService
    let onChange: @Sendable () -> Void

    func add(to calls: Calls<some RequestContext>) {
        addModels(to: calls)
        addAliases(to: calls)
        addVersions(to: calls)
    }

    private func addModels(to calls: Calls<some RequestContext>) {
        let registry = registry
        let base = "2.0/mlflow/registered-models/"
        calls.post(base + "create") { call in
            try await registry.createModel(
                name: try call.required("name"),
                description: try call.string("description") ?? "",
                tags: call.pairs("tags")
            ).response
        }
        calls.get(base + "get") { call in try await registry.model(named: try call.required("name")).response }
        calls.get(base + "search") { call in
            let page = try call.page(default: 100, most: 1_000)
            let models = try await registry.searchModels(
                pattern: try NameFilter(try call.string("filter")).pattern,
                offset: page.offset,
                limit: page.limit
            )
            return .json { writer in
                writer.object { writer in
                    writer.key("registered_models")
                    writer.array { writer in for model in models { model.write(into: &writer) } }
                    if let next = Call.nextToken(offset: page.offset, count: models.count, limit: page.limit) {
                        writer.field("next_page_token", next)
                    }
                }
            }
        }
        calls.on(base + "update", .patch) { call in
            try await registry.updateModel(name: try call.required("name"), description: try call.string("description"))
                .response
        }
        calls.post(base + "rename") { call in
            try await registry.updateModel(name: try call.required("name"), newName: try call.required("new_name"))
                .response
        }
        calls.on(base + "delete", .delete) { call in
            try await registry.deleteModel(name: try call.required("name"))
            return .empty
        }
        let latest: @Sendable (Call) async throws -> Response = { call in
            let wanted = call.strings("stages")
            let model = try await registry.model(named: try call.required("name"))
            return .versions(model.latest.filter { wanted.isEmpty || wanted.contains($0.stage) }, next: nil)
        }
        calls.get(base + "get-latest-versions", latest)
        calls.post(base + "get-latest-versions", latest)
        calls.post(base + "set-tag") { call in
            let value = try call.string("value") ?? ""
            try await registry.setTag(model: try call.required("name"), key: try call.required("key"), value: value)
            return .empty
        }
        calls.on(base + "delete-tag", .delete) { call in
            try await registry.setTag(model: try call.required("name"), key: try call.required("key"), value: nil)
            return .empty
        }
    }

    private func addAliases(to calls: Calls<some RequestContext>) {
        let registry = registry
        let onChange = onChange
        let path = "2.0/mlflow/registered-models/alias"
        calls.post(path) { call in
            try await registry.setAlias(
                model: try call.required("name"),
                alias: try call.required("alias"),
                version: try call.versionNumber()
            )
            onChange()
            return .empty
        }
        calls.get(path) { call in
            let (name, alias) = (try call.required("name"), try call.required("alias"))
            guard let version = try await registry.version(model: name, alias: alias) else {
                throw CallError(
                    code: "INVALID_PARAMETER_VALUE",
                    status: .badRequest,
                    message: "Registered model alias \(alias) not found."
                )
            }
            return version.response
        }
        calls.on(path, .delete) { call in
            try await registry.deleteAlias(model: try call.required("name"), alias: try call.required("alias"))
            onChange()
            return .empty
        }
    }

    private func addVersions(to calls: Calls<some RequestContext>) {
        let registry = registry
        let tracking = tracking
        let base = "2.0/mlflow/model-versions/"
        calls.post(base + "create") { call in
            var draft = VersionDraft(
                model: try call.required("name"),
                source: try call.required("source"),
                runID: try call.string("run_id").flatMap { $0.isEmpty ? nil : $0 },
                modelID: try call.string("model_id").flatMap { $0.isEmpty ? nil : $0 }
            )
            draft.description = try call.string("description") ?? ""
            draft.runLink = try call.string("run_link") ?? ""
            draft.tags = call.pairs("tags")
            return try await registry.createVersion(draft).response
        }
        calls.get(base + "get") { call in
            try await registry.version(model: try call.required("name"), number: try call.versionNumber()).response
        }
        calls.get(base + "get-download-uri") { call in
            let version = try await registry.version(model: try call.required("name"), number: try call.versionNumber())
            // A logged model's URI names its files only through the model.
            var uri = version.source
            if let id = version.modelID, uri.hasPrefix("models:/") {
                uri = try await tracking.model(id: id).artifactURI
            }
            return .json { $0.object { $0.field("artifact_uri", uri) } }
        }
        calls.get(base + "search") { call in
            let page = try call.page(default: 10_000, most: 200_000)
            let search = try VersionFilter(try call.string("filter")).search
            let versions = try await registry.searchVersions(search, offset: page.offset, limit: page.limit)
            return .versions(
                versions,
                next: Call.nextToken(offset: page.offset, count: versions.count, limit: page.limit)
            )
        }
        calls.on(base + "update", .patch) { call in
            try await registry.updateVersion(
                model: try call.required("name"),
                number: try call.versionNumber(),
                description: try call.string("description")
            ).response
        }
        calls.post(base + "transition-stage") { call in
            try await registry.updateVersion(
                model: try call.required("name"),
                number: try call.versionNumber(),
                stage: try call.required("stage"),
                archivesOthers: try call.bool("archive_existing_versions")
            ).response
        }
        calls.on(base + "delete", .delete) { call in
            try await registry.deleteVersion(model: try call.required("name"), number: try call.versionNumber())
            return .empty
        }
        calls.post(base + "set-tag") { call in
            let value = try call.string("value") ?? ""
            let number = try call.versionNumber()
            try await registry.setTag(
                model: try call.required("name"),
                version: number,
                key: try call.required("key"),
                value: value
            )
            return .empty
        }
        calls.on(base + "delete-tag", .delete) { call in
            let number = try call.versionNumber()
            try await registry.setTag(
                model: try call.required("name"),
                version: number,
                key: try call.required("key"),
                value: nil
            )
            return .empty
        }
    }
}
