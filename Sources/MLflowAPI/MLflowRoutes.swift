// SPDX-License-Identifier: Apache-2.0

package import Hummingbird
import JSONText
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
    /// Called after an alias moved or what it pointed to went, so that the live service looks at once.
    let onRegistryChange: @Sendable () -> Void

    /// Routes over these services; without webhooks their routes are missing.
    package init(
        tracking: TrackingService,
        registry: RegistryService,
        webhooks: WebhookService? = nil,
        onRegistryChange: @escaping @Sendable () -> Void = {}
    ) {
        self.tracking = tracking
        self.registry = registry
        self.webhooks = webhooks
        self.onRegistryChange = onRegistryChange
    }

    /// Adds the routes.
    package func add(to router: Router<some RequestContext>) {
        let version = Self.version
        router.get("version") { _, _ in version }
        for prefix in ["api", "ajax-api"] {
            let group = router.group(RouterPath(prefix)).add(middleware: MLflowErrors())
            let calls = Calls(group: group)
            calls.get("3.0/mlflow/server-info") { _ in .json { $0.object { $0.field("store_type", "SqlStore") } } }
            ExperimentRoutes(tracking: tracking).add(to: calls)
            RunRoutes(tracking: tracking).add(to: calls)
            LoggedModelRoutes(tracking: tracking).add(to: calls)
            RegistryRoutes(registry: registry, tracking: tracking, onChange: onRegistryChange).add(to: calls)
            if let webhooks { WebhookRoutes(webhooks: webhooks).add(to: calls) }
            ArtifactRoutes(tracking: tracking).add(to: group, calls: calls)
            calls.refuseTheRest(below: ["2.0", "3.0"])
        }
    }
}
