// SPDX-License-Identifier: Apache-2.0

import Hummingbird
import MLflowAPI
import Telemetry
import Transfer

extension GyreServer {
    /// All routes of `gyre up`.
    func makeRouter(live: LiveModels, loop: LoopWorker) -> Router<BasicRequestContext> {
        let router = Self.router(project: services.project.project)
        router.add(middleware: HostGuard(names: settings.allowedHosts + [settings.host]))
        HealthRoutes(metrics: metrics, onScrape: live.measure).add(to: router)
        let group = router.group("api/gyre/v1")
        FeedbackRoutes(feedback: services.feedback, onArrival: { loop.arrived() }).add(to: group)
        let receiver = SyncReceiver(
            database: services.database,
            tracking: services.tracking,
            registry: services.registry
        )
        SyncRoutes(receiver: receiver, gyreVersion: version, onRegistryChange: { live.changed() }).add(to: group)
        ProjectRoutes(services: services, live: live).add(to: group)
        ServingRoutes(serving: live.serving, gyreVersion: version, project: services.project.project).add(to: router)
        AssetRoutes().add(to: router)
        let drift = DriftWatch(services: services, logger: logger)
        PageRoutes(services: services, live: live, drift: drift).add(to: router)
        MLflowRoutes(
            tracking: services.tracking,
            registry: services.registry,
            webhooks: services.webhooks,
            uploads: services.uploads,
            onRegistryChange: { live.changed() }
        ).add(to: router)
        return router
    }

    /// A router with what all requests go through.
    static func router(project: String?) -> Router<BasicRequestContext> {
        let router = Router(options: .autoGenerateHeadEndpoints)
        router.add(middleware: LoopAffinity(Listening.loops))
        router.add(middleware: RequestMetrics())
        router.add(middleware: ProblemMiddleware(project: project))
        router.add(middleware: CrossSiteGuard())
        return router
    }
}
