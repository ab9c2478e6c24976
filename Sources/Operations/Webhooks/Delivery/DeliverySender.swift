// SPDX-License-Identifier: Apache-2.0

import Database
import Diagnostics
import HTTPTransport

/// Sends single deliveries.
struct DeliverySender: Sendable {
    /// The most bytes of a receiver's answer that are read.
    static let answerLimit = 64 << 10

    let service: WebhookService
    let client: HTTPTransportClient

    init(service: WebhookService) {
        self.service = service
        // An own network's addresses are refused twice: before the connection, by name, and on it, by its other end.
        client = HTTPTransportClient(
            connectionsPerHost: service.settings.workers,
            onlyPublicPeers: !service.settings.allowsPrivateAddresses
        )
    }

    /// Sends a delivery once.
    func send(_ delivery: DueDelivery) async throws -> HTTPAnswer {
        let settings = service.settings
        let target = try TargetAddress(delivery.url, schemes: settings.schemes)
        if !settings.allowsPrivateAddresses { try await target.requirePublic() }
        var secret: String?
        if let sealed = delivery.sealedSecret {
            secret = try await service.secrets.open(sealed, of: delivery.webhook)
        }
        return try await client.send(
            "POST",
            target.url,
            headers: DeliveryHeaders.make(
                id: delivery.id,
                seconds: service.now() / 1_000,
                body: delivery.body,
                secret: secret
            ),
            body: Array(delivery.body.utf8),
            deadline: settings.deadline,
            limit: Self.answerLimit,
            cutsAnswer: true
        )
    }

    /// What became of sending a delivery once; nil if the task was asked to stop before that was known.
    func outcome(of delivery: DueDelivery) async -> DeliveryOutcome? {
        do {
            let answer = try await send(delivery)
            return DeliveryOutcome(status: answer.status, retryAfter: answer.header("Retry-After"))
        } catch let error as HTTPTransportError {
            switch error.code {
            case .cancelled: return nil
            case .unreachable, .timedOut, .invalidAnswer, .answerTooLarge:
                return Task.isCancelled ? nil : .failed(status: nil, why: error.why, retryAfter: nil)
            case .invalidAddress, .invalidRequest, .forbiddenPeer: return .refused(status: nil, why: error.why)
            }
        } catch let error as WebhookError {
            return .refused(status: nil, why: error.why)
        } catch {
            return Task.isCancelled ? nil : .failed(status: nil, why: "it could not be sent", retryAfter: nil)
        }
    }
}

extension WebhookService {
    /// Sends an example to a webhook, once, whatever its status.
    ///
    /// - Parameters:
    ///   - id: The webhook.
    ///   - event: What the example is of; nil for the first event of the webhook.
    /// - Returns: What the receiver said.
    /// - Throws: ``WebhookError`` `.notFound`.
    package func trial(id: String, event: WebhookEvent? = nil) async throws -> WebhookTrial {
        let (webhook, sealed) = try await database.read { reader in
            (try WebhookStore.webhook(id, reader), try WebhookStore.secret(of: id, reader))
        }
        guard let event = event ?? webhook.events.first else { throw WebhookError.missing(id) }
        let delivery = DueDelivery(
            number: 0,
            id: Self.newID(),
            webhook: id,
            body: event.body(atMs: now()) { event.writeExample(into: &$0) },
            attempts: 0,
            url: webhook.url,
            sealedSecret: sealed
        )
        let sender = DeliverySender(service: self)
        let trial: WebhookTrial
        do {
            let answer = try await sender.send(delivery)
            trial = WebhookTrial(
                success: (200..<300).contains(answer.status),
                responseStatus: answer.status,
                responseBody: answer.text,
                failure: nil
            )
        } catch let error as any Explained {
            trial = WebhookTrial(
                success: false,
                responseStatus: nil,
                responseBody: nil,
                failure: "\(error.what): \(error.why)"
            )
        }
        await sender.client.shutdown()
        return trial
    }
}
