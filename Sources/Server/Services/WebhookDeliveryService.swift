// SPDX-License-Identifier: Apache-2.0

import Logging
import ServiceLifecycle
import Webhooks

/// Delivers events to webhooks in the background.
struct WebhookDeliveryService: Service {
    let webhooks: WebhookService
    let logger: Logger

    func run() async throws {
        let failure = RepeatedFailure("cannot deliver events", logger)
        let courier = WebhookCourier(service: webhooks, logger: logger)
        await cancelWhenGracefulShutdown { await courier.run { failure.note($0) } }
    }
}
