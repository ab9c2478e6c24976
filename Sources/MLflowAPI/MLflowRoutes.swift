// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
package import Hummingbird
import JSONText
package import ObjectStorage
package import Registry
package import Tracking
package import Webhooks

/// MLflow's REST API, as its unmodified client calls it: tracking, registry, webhooks and the artefact proxy.
///
/// Every route answers below `/api` and below `/ajax-api`. Routes of MLflow that are not here answer 404 in MLflow's shape.
package struct MLflowRoutes: Sendable {
    /// The version of MLflow whose API this is.
    package static let version = "3.17.0"

    let tracking: TrackingService
    let registry: RegistryService
    let webhooks: WebhookService?
    let uploads: PartUploads?
    /// Called after an alias moved or what it pointed to went, so that the live service looks at once.
    let onRegistryChange: @Sendable () -> Void

    /// Routes over these services; without webhooks their routes are missing.
    ///
    /// `uploads` takes artefacts in parts; without it clients send them whole.
    package init(
        tracking: TrackingService,
        registry: RegistryService,
        webhooks: WebhookService? = nil,
        uploads: PartUploads? = nil,
        onRegistryChange: @escaping @Sendable () -> Void = {}
    ) {
        self.tracking = tracking
        self.registry = registry
        self.webhooks = webhooks
        self.uploads = uploads
        self.onRegistryChange = onRegistryChange
    }

    /// Adds the routes.
    package func add(to router: Router<some RequestContext>) {
        let version = Self.version
        router.get("version") { _, _ in version }
        let origin = VersionOrigin(registry: registry, tracking: tracking)
        let pages = ArtifactPageRoutes(tracking: tracking, origin: origin)
        let top = router.group().add(middleware: MLflowErrors())
        pages.addDownloads(to: top)
        // MLflow's own page asks here; its clients do not.
        for method in [HTTPRequest.Method.get, .post] {
            top.on("graphql", method: method) { request, _ -> Response in throw CallError.unknownRoute(request) }
        }
        for prefix in ["api", "ajax-api"] {
            let group = router.group(RouterPath(prefix)).add(middleware: MLflowErrors())
            let calls = Calls(group: group)
            calls.get("3.0/mlflow/server-info") { _ in Self.serverInfo }
            ExperimentRoutes(tracking: tracking).add(to: calls)
            RunRoutes(tracking: tracking).add(to: calls)
            LoggedModelRoutes(tracking: tracking).add(to: calls)
            DatasetRoutes(tracking: tracking).add(to: calls)
            RegistryRoutes(registry: registry, origin: origin, onChange: onRegistryChange).add(to: calls)
            if let webhooks { WebhookRoutes(webhooks: webhooks).add(to: calls) }
            ArtifactRoutes(tracking: tracking).add(to: calls)
            MultipartRoutes(tracking: tracking, uploads: uploads).add(to: calls)
            pages.add(to: calls)
            calls.refuseTheRest(below: ["2.0", "2.0mlflow", "3.0"])
        }
    }

    /// What clients ask before their first call.
    ///
    /// Uploads in parts are not offered, but taken from clients that are told to: they are for stores that are far from this
    /// server, and here a part goes the same way as the whole.
    private static var serverInfo: Response {
        .json { writer in
            writer.object { writer in
                writer.field("store_type", "SqlStore")
                for feature in ["workspaces", "trace_archival", "multipart_uploads", "multipart_downloads"] {
                    writer.field("\(feature)_enabled", false)
                }
                writer.field("presigned_upload_run_id_supported", true)
                writer.field("presigned_upload_model_id_supported", true)
                writer.key("features_enabled")
                writer.object { $0.field("gateway", false) }
            }
        }
    }
}
