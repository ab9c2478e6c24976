// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import Testing

@testable import Webhooks

/// What MLflow's variables say.
struct SettingsTests {
    @Test func `without variables they are MLflow's defaults`() throws {
        let settings = try WebhookSettings(environment: ["PATH": "/bin"])
        #expect(settings.schemes == ["https"])
        #expect(!settings.allowsPrivateAddresses)
        #expect(settings.retries == 3)
        #expect(settings.deadline == .seconds(30))
        #expect(settings.workers == 10)
        #expect(settings.encryptionKey == nil)
    }

    @Test func `each variable is read`() throws {
        let settings = try WebhookSettings(environment: [
            "MLFLOW_WEBHOOK_ALLOWED_SCHEMES": "https, HTTP", "MLFLOW_WEBHOOK_ALLOW_PRIVATE_IPS": "True",
            "MLFLOW_WEBHOOK_REQUEST_MAX_RETRIES": "0", "MLFLOW_WEBHOOK_REQUEST_TIMEOUT": "7",
            "MLFLOW_WEBHOOK_DELIVERY_MAX_WORKERS": "2",
            "MLFLOW_WEBHOOK_SECRET_ENCRYPTION_KEY": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
        ])
        #expect(settings.schemes == ["https", "http"])
        #expect(settings.allowsPrivateAddresses)
        #expect(settings.retries == 0)
        #expect(settings.deadline == .seconds(7))
        #expect(settings.workers == 2)
        #expect(settings.encryptionKey == Array(0..<32))
    }

    @Test(arguments: [
        ("MLFLOW_WEBHOOK_ALLOWED_SCHEMES", "ftp"), ("MLFLOW_WEBHOOK_ALLOWED_SCHEMES", ""),
        ("MLFLOW_WEBHOOK_ALLOW_PRIVATE_IPS", "perhaps"), ("MLFLOW_WEBHOOK_REQUEST_MAX_RETRIES", "-1"),
        ("MLFLOW_WEBHOOK_REQUEST_TIMEOUT", "0"), ("MLFLOW_WEBHOOK_REQUEST_TIMEOUT", "1.5"),
        ("MLFLOW_WEBHOOK_DELIVERY_MAX_WORKERS", "many"), ("MLFLOW_WEBHOOK_SECRET_ENCRYPTION_KEY", "too short"),
    ])
    func `a value that cannot be used is told by its variable`(name: String, value: String) {
        let error = #expect(throws: WebhookError.self) { try WebhookSettings(environment: [name: value]) }
        #expect(error?.code == .invalidSetting)
        #expect(error?.what.contains(name) == true)
        if name.contains("KEY") { #expect(error?.description.contains(value) == false) }
    }
}
