// SPDX-License-Identifier: Apache-2.0

import Files
import HTTPTransport
import JSONText
import SystemPackage

/// Gets the keys that a machine or container of Amazon's has by itself.
///
/// - Source: *Amazon EC2 User Guide*, "Retrieve security credentials from instance metadata" (version 2);
///   *AWS SDKs and Tools Reference Guide*, "Container credential provider".
struct AWSMachines: Sendable {
    let http: HTTPTransportClient
    let environment: [String: String]

    /// Keys of the container; nil if it has none.
    func containerKeys() async throws -> AWSCredentials? {
        let relative = environment["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"].map { "http://169.254.170.2\($0)" }
        guard let address = relative ?? environment["AWS_CONTAINER_CREDENTIALS_FULL_URI"] else { return nil }
        var headers: [(String, String)] = []
        if let file = environment["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"] {
            let token = try await BlockingPool.shared.run { try FileReader.text(of: FilePath(file), limit: 1 << 16) }
            headers.append(("authorization", token.filter { !$0.isNewline }))
        } else if let token = environment["AWS_CONTAINER_AUTHORIZATION_TOKEN"] {
            headers.append(("authorization", token))
        }
        let answer: HTTPAnswer
        do {
            answer = try await http.send("GET", address, headers: headers, deadline: .seconds(5), limit: 1 << 16)
        } catch {
            throw AWSCredentialChain.failure("the container's service does not answer: \(error.why)", cause: error)
        }
        return try Self.keys(answer)
    }

    /// Keys of the machine's role; nil if it is none of Amazon's, or has no role.
    func instanceKeys() async throws -> AWSCredentials? {
        guard environment["AWS_EC2_METADATA_DISABLED"]?.lowercased() != "true" else { return nil }
        let chosen = environment["AWS_EC2_METADATA_SERVICE_ENDPOINT"] ?? "http://169.254.169.254"
        let base = chosen.hasSuffix("/") ? String(chosen.dropLast()) : chosen
        let lifetime = ("x-aws-ec2-metadata-token-ttl-seconds", "21600")
        guard
            let token = await ask("PUT", "\(base)/latest/api/token", [lifetime]),
            let role = await ask("GET", "\(base)/latest/meta-data/iam/security-credentials/", Self.header(token)),
            let name = role.text.split(whereSeparator: \.isNewline).first
        else { return nil }
        let place = "\(base)/latest/meta-data/iam/security-credentials/\(PercentText.encoded(String(name)))"
        guard let answer = await ask("GET", place, Self.header(token)) else { return nil }
        return try Self.keys(answer)
    }

    private static func header(_ token: HTTPAnswer) -> [(String, String)] {
        [("x-aws-ec2-metadata-token", token.text)]
    }

    private func ask(_ method: String, _ address: String, _ headers: [(String, String)]) async -> HTTPAnswer? {
        // Elsewhere than at Amazon nobody answers, and that is no error.
        guard
            let answer = try? await http.send(
                method,
                address,
                headers: headers,
                deadline: .seconds(1),
                limit: 1 << 16
            )
        else { return nil }
        return answer.status == 200 ? answer : nil
    }

    private static func keys(_ answer: HTTPAnswer) throws -> AWSCredentials {
        // What is no JSON has no keys either.
        let root = try? JSONDocument(answer.body).root
        guard answer.status == 200, let root, let id = root["AccessKeyId"]?.string,
            let secret = root["SecretAccessKey"]?.string
        else {
            throw AWSCredentialChain.failure("the machine's service gives no keys, and says \(answer.status)")
        }
        return AWSCredentials(
            accessKeyID: id,
            secretAccessKey: secret,
            sessionToken: root["Token"]?.string,
            expires: root["Expiration"]?.string.flatMap(UTCTime.milliseconds).map { $0 / 1_000 }
        )
    }
}
