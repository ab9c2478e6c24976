// SPDX-License-Identifier: Apache-2.0

import Hummingbird
import MLflowAPI
import Telemetry

extension GyreServer {
    /// All routes of `gyre up`.
    func makeRouter(live: LiveModels, loop: LoopWorker) -> Router<BasicRequestContext> {
        let router = Router()
        let group = router.group("api/gyre/v1").add(middleware: ProblemMiddleware(shape: .problem))
        FeedbackRoutes(feedback: services.feedback, onArrival: { loop.arrived() }).add(to: group)
        ProjectRoutes(services: services, live: live, metrics: metrics).add(to: router, group: group)
        ServingRoutes(serving: live.serving, gyreVersion: version).add(to: router)
        PageRoutes(services: services, live: live).add(to: router)
        MLflowRoutes(
            tracking: services.tracking,
            registry: services.registry,
            onRegistryChange: { live.changed() }
        ).add(to: router)
        return router
    }
}
