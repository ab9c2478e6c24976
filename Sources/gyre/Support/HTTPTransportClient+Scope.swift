// SPDX-License-Identifier: Apache-2.0

import HTTPTransport

extension HTTPTransportClient {
    /// Calls `body` with a client whose connections are closed afterwards, however it ends.
    static func with<Result>(_ body: (HTTPTransportClient) async throws -> Result) async throws -> Result {
        let client = HTTPTransportClient()
        do {
            let result = try await body(client)
            await client.shutdown()
            return result
        } catch {
            await client.shutdown()
            throw error
        }
    }
}
