// SPDX-License-Identifier: Apache-2.0

import Files
import HTTPTransport
import NIOCore
import SystemPackage

/// Gets keys of a role from the security token service.
///
/// - Source: *AWS Security Token Service API Reference*, version 2011-06-15: AssumeRole, AssumeRoleWithWebIdentity.
struct AWSRoles: Sendable {
    let http: HTTPTransportClient
    let region: String
    /// The address of the service; nil for Amazon's of the region.
    let endpoint: String?
    let now: @Sendable () -> Int64

    /// Keys of a role for whom a token speaks, as pods of a cluster have it.
    func assume(_ role: String, tokenFile: FilePath, session: String?) async throws -> AWSCredentials {
        let token: String
        do {
            token = try await BlockingPool.shared.run { try FileReader.text(of: tokenFile, limit: 1 << 16) }
        } catch {
            throw AWSCredentialChain.failure("the token in `\(tokenFile)` cannot be read", cause: error)
        }
        return try await ask(
            "AssumeRoleWithWebIdentity",
            [
                ("RoleArn", role), ("RoleSessionName", session ?? "gyre"),
                ("WebIdentityToken", token.filter { !$0.isWhitespace }),
            ],
            nil
        )
    }

    /// Keys of a role that the holder of other keys may take.
    func assume(
        _ role: String,
        with keys: AWSCredentials,
        session: String?,
        externalID: String?
    ) async throws -> AWSCredentials {
        var fields = [("RoleArn", role), ("RoleSessionName", session ?? "gyre")]
        if let externalID { fields.append(("ExternalId", externalID)) }
        return try await ask("AssumeRole", fields, keys)
    }

    private func ask(
        _ action: String,
        _ fields: [(String, String)],
        _ keys: AWSCredentials?
    ) async throws -> AWSCredentials {
        let text = ([("Action", action), ("Version", "2011-06-15")] + fields)
            .map { "\($0)=\(PercentText.encoded($1))" }.joined(separator: "&")
        let settings = S3Settings(bucket: "", endpoint: endpoint ?? "https://sts.\(region).amazonaws.com")
        let address = settings.address("", region: region)
        // The service is no bucket: its path is the root.
        let url = "\(address.url.hasPrefix("http://") ? "http" : "https")://\(address.host)/"
        var headers = [("content-type", "application/x-www-form-urlencoded")]
        if let keys {
            headers = RequestSignature(credentials: keys, region: region, service: "sts")
                .headers(
                    method: "POST",
                    host: address.host,
                    path: "/",
                    query: "",
                    headers: headers,
                    payloadHash: RequestSignature.hash(of: ByteBuffer(string: text)),
                    time: UTCTime(seconds: now())
                )
        }
        let answer: HTTPAnswer
        do {
            answer = try await http.send("POST", url, headers: headers, body: Array(text.utf8), limit: 1 << 20)
        } catch {
            throw AWSCredentialChain.failure("the service that gives roles does not answer: \(error.why)", cause: error)
        }
        let root = XMLElement.parse(answer.body)
        guard answer.status == 200, let found = root?["\(action)Result"]?["Credentials"],
            let id = found.text("AccessKeyId"), let secret = found.text("SecretAccessKey")
        else {
            let failure = S3Failure(answer: answer)
            let words = failure.code.isEmpty ? "\(answer.status)" : "`\(failure.code)`: \(failure.message)"
            throw AWSCredentialChain.failure("the service that gives roles says \(words)")
        }
        return AWSCredentials(
            accessKeyID: id,
            secretAccessKey: secret,
            sessionToken: found.text("SessionToken"),
            expires: found.text("Expiration").flatMap(UTCTime.milliseconds).map { $0 / 1_000 }
        )
    }
}
