// SPDX-License-Identifier: Apache-2.0

import Hummingbird
import JSONText
import Registry
import Tracking

/// `/2.0/mlflow/registered-models/…` and `/2.0/mlflow/model-versions/…`.
struct RegistryRoutes: Sendable {
    let registry: RegistryService
    let origin: VersionOrigin
    let onChange: @Sendable () -> Void

    func add(to calls: Calls<some RequestContext>) {
        addModels(to: calls)
        addAliases(to: calls)
        addVersions(to: calls)
    }

    private func addModels(to calls: Calls<some RequestContext>) {
        let registry = registry
        let onChange = onChange
        let base = "2.0/mlflow/registered-models/"
        calls.post(base + "create") { call in
            try await registry.createModel(
                name: try call.requiredText("name"),
                description: try call.text("description") ?? "",
                tags: try call.pairs("tags")
            ).response
        }
        calls.get(base + "get") { call in try await registry.model(named: try call.requiredText("name")).response }
        calls.get(base + "search") { call in
            let page = try call.page(default: 100, most: 1_000)
            let models = try await registry.searchModels(
                filter: try call.text("filter"),
                orderBy: try call.texts("order_by"),
                after: page.after,
                limit: page.limit
            )
            return .page("registered_models", models) { $0.write(into: &$1) }
        }
        calls.on(base + "update", .patch) { call in
            try await registry.updateModel(
                name: try call.requiredText("name"),
                description: try call.text("description")
            )
            .response
        }
        calls.post(base + "rename") { call in
            let model = try await registry.renameModel(
                name: try call.requiredText("name"),
                to: try call.requiredText("new_name")
            )
            onChange()
            return model.response
        }
        calls.on(base + "delete", .delete) { call in
            try await registry.deleteModel(name: try call.requiredText("name"))
            onChange()
            return .empty
        }
        let latest: @Sendable (Call) async throws -> Response = { call in
            let wanted = Set(try call.texts("stages").map { try VersionStage(named: $0) })
            let model = try await registry.model(named: try call.requiredText("name"))
            let versions = model.latest.filter { wanted.isEmpty || wanted.contains($0.stage) }
            return .page("model_versions", Page(versions, next: nil)) { $0.write(into: &$1) }
        }
        calls.get(base + "get-latest-versions", latest)
        calls.post(base + "get-latest-versions", latest)
        calls.post(base + "set-tag") { call in
            try await registry.setTag(model: try call.requiredText("name"), try call.tag())
            return .empty
        }
        calls.on(base + "delete-tag", .delete) { call in
            try await registry.deleteTag(model: try call.requiredText("name"), key: try call.requiredText("key"))
            return .empty
        }
    }

    private func addAliases(to calls: Calls<some RequestContext>) {
        let registry = registry
        let onChange = onChange
        let path = "2.0/mlflow/registered-models/alias"
        calls.post(path) { call in
            try await registry.setAlias(
                model: try call.requiredText("name"),
                alias: try call.requiredText("alias"),
                version: try call.versionNumber()
            )
            onChange()
            return .empty
        }
        calls.get(path) { call in
            let (name, alias) = (try call.requiredText("name"), try call.requiredText("alias"))
            guard let version = try await registry.version(model: name, alias: alias) else {
                // Says so if it is the model that is not there.
                _ = try await registry.model(named: name)
                throw CallError(
                    code: "INVALID_PARAMETER_VALUE",
                    status: .badRequest,
                    message: "Registered model alias \(alias) not found."
                )
            }
            return version.response
        }
        calls.on(path, .delete) { call in
            try await registry.deleteAlias(model: try call.requiredText("name"), alias: try call.requiredText("alias"))
            onChange()
            return .empty
        }
    }

    private func addVersions(to calls: Calls<some RequestContext>) {
        let registry = registry
        let onChange = onChange
        let origin = origin
        let base = "2.0/mlflow/model-versions/"
        calls.post(base + "create") { call in
            var draft = try await origin.draft(
                model: try call.requiredText("name"),
                source: try call.requiredText("source"),
                runID: try call.textIfAny("run_id"),
                modelID: try call.textIfAny("model_id")
            )
            draft.description = try call.text("description") ?? ""
            draft.runLink = try call.text("run_link") ?? ""
            draft.tags = try call.pairs("tags")
            return try await registry.createVersion(draft).response
        }
        calls.get(base + "get") { call in
            try await registry.version(model: try call.requiredText("name"), number: try call.versionNumber()).response
        }
        calls.get(base + "get-download-uri") { call in
            let version = try await registry.version(
                model: try call.requiredText("name"),
                number: try call.versionNumber()
            )
            let uri = try await origin.artifactURI(of: version)
            return .json { $0.object { $0.field("artifact_uri", uri) } }
        }
        calls.get(base + "search") { call in
            let page = try call.page(default: 10_000, most: 200_000)
            var search = VersionSearch()
            search.filter = try call.text("filter")
            search.orderBy = try call.texts("order_by")
            search.after = page.after
            let versions = try await registry.searchVersions(search, limit: page.limit)
            return .page("model_versions", versions) { $0.write(into: &$1) }
        }
        calls.on(base + "update", .patch) { call in
            try await registry.updateVersion(
                model: try call.requiredText("name"),
                number: try call.versionNumber(),
                description: try call.text("description")
            ).response
        }
        calls.post(base + "transition-stage") { call in
            try await registry.moveVersion(
                model: try call.requiredText("name"),
                number: try call.versionNumber(),
                to: try VersionStage(named: try call.requiredText("stage")),
                archivesOthers: try call.bool("archive_existing_versions")
            ).response
        }
        calls.on(base + "delete", .delete) { call in
            try await registry.deleteVersion(model: try call.requiredText("name"), number: try call.versionNumber())
            onChange()
            return .empty
        }
        calls.post(base + "set-tag") { call in
            try await registry.setTag(
                model: try call.requiredText("name"),
                version: try call.versionNumber(),
                try call.tag()
            )
            return .empty
        }
        calls.on(base + "delete-tag", .delete) { call in
            try await registry.deleteTag(
                model: try call.requiredText("name"),
                version: try call.versionNumber(),
                key: try call.requiredText("key")
            )
            return .empty
        }
    }
}
