// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import Hummingbird
import NIOCore
import Telemetry

/// `/health` and `/metrics`.
struct HealthRoutes: Sendable {
    let metrics: MetricsRegistry
    /// Called before metrics are shown, to set what is not counted as it happens.
    var onScrape: @Sendable () -> Void = {}

    func add(to router: Router<some RequestContext>) {
        let (metrics, onScrape) = (metrics, onScrape)
        router.get("health") { _, _ in "OK" }
        router.get("metrics") { _, _ in
            onScrape()
            return Response(
                status: .ok,
                headers: [.contentType: "application/openmetrics-text; version=1.0.0; charset=utf-8"],
                body: .init(byteBuffer: ByteBuffer(string: metrics.openMetricsText()))
            )
        }
    }
}
