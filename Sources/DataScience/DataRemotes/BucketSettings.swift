// SPDX-License-Identifier: Apache-2.0

import DataVersions
import Files
import HTTPTransport
import ObjectStorage
import SystemPackage

/// Reads what DVC's config says of a remote in S3.
struct BucketSettings {
    private let settings: RemoteSettings
    private let surroundings: DataRemote.Surroundings

    init(_ settings: RemoteSettings, _ surroundings: DataRemote.Surroundings) {
        self.settings = settings
        self.surroundings = surroundings
    }

    /// The store that the settings describe.
    ///
    /// - Throws: ``DataRemotesError`` `.invalidRemote`, `.unsupported`.
    func store() throws -> S3Store {
        guard var s3 = S3Settings(url: settings.url) else {
            throw DataRemotesError(
                .invalidRemote,
                what: "cannot use the remote `\(settings.name)`",
                why: "`\(settings.url)` names no bucket",
                next: "write it as `s3://BUCKET/PREFIX`"
            )
        }
        for key in ["sse_customer_algorithm", "sse_customer_key"] where settings[key] != nil {
            throw DataRemote.unsupported(settings, "its setting `\(key)`")
        }
        let environment = surroundings.environment
        let http = try client()
        var choice = AWSCredentialChain.Choice()
        choice.profile = settings["profile"]
        choice.credentialsFile = settings["credentialpath"].map { FilePath($0) }
        choice.configFile = settings["configpath"].map { FilePath($0) }
        choice.region = settings["region"]
        if let id = settings["access_key_id"], let secret = settings["secret_access_key"] {
            choice.keys = AWSCredentials(
                accessKeyID: id,
                secretAccessKey: secret,
                sessionToken: settings["session_token"]
            )
        }
        let profile = try AWSCredentialChain.profiles(choice, environment)[
            AWSCredentialChain.profileName(choice, environment)
        ]
        s3.region =
            settings["region"] ?? environment["AWS_REGION"] ?? environment["AWS_DEFAULT_REGION"] ?? profile?["region"]
        s3.endpoint =
            settings["endpointurl"] ?? environment["AWS_ENDPOINT_URL_S3"] ?? environment["AWS_ENDPOINT_URL"]
            ?? profile?["s3.endpoint_url"] ?? profile?["endpoint_url"]
        if try settings.bool("use_ssl") == false, let endpoint = s3.endpoint, !endpoint.contains("://") {
            s3.endpoint = "http://\(endpoint)"
        }
        s3.addressing = profile?["s3.addressing_style"].flatMap(S3Settings.Addressing.init(rawValue:)) ?? .auto
        s3.writeHeaders = writeHeaders
        if let seconds = try settings.integer("read_timeout") { s3.patience = .seconds(max(1, seconds)) }
        let isAnonymous = try settings.bool("allow_anonymous_login") == true
        let credentials: any AWSCredentialSource =
            isAnonymous
            ? FixedCredentials(nil)
            : AWSCredentialChain(choice, environment: environment, http: http, now: surroundings.now)
        return S3Store(
            S3Client(s3, credentials: credentials, http: http, now: surroundings.now)
        )
    }

    /// The client that trusts whom the settings name: `ssl_verify` is a truth value, or a file with certificates of
    /// authorities, as `AWS_CA_BUNDLE` is.
    private func client() throws -> HTTPTransportClient {
        guard let wanted = settings["ssl_verify"] ?? surroundings.environment["AWS_CA_BUNDLE"], !wanted.isEmpty else {
            return surroundings.http
        }
        let trust: HTTPTransportClient.Trust
        switch wanted.lowercased() {
        case "true", "1", "yes", "on": return surroundings.http
        case "false", "0", "no", "off": trust = .anybody
        default:
            guard FileSystem.exists(FilePath(wanted)) else {
                throw DataRemotesError(
                    .invalidRemote,
                    what: "cannot use the remote `\(settings.name)`",
                    why:
                        "`\(settings["ssl_verify"] == nil ? "AWS_CA_BUNDLE" : "ssl_verify")` names `\(wanted)`, and there is no such file",
                    next: "name a PEM file with the certificates that count, `true` or `false`"
                )
            }
            trust = .authorities(wanted)
        }
        guard let clients = surroundings.trusting else {
            throw DataRemote.unsupported(settings, "`ssl_verify` other than `true` here")
        }
        return clients.client(trust)
    }

    private var writeHeaders: [(name: String, value: String)] {
        [
            ("sse", "x-amz-server-side-encryption"), ("sse_kms_key_id", "x-amz-server-side-encryption-aws-kms-key-id"),
            ("acl", "x-amz-acl"), ("grant_read", "x-amz-grant-read"), ("grant_read_acp", "x-amz-grant-read-acp"),
            ("grant_write_acp", "x-amz-grant-write-acp"), ("grant_full_control", "x-amz-grant-full-control"),
        ]
        .compactMap { key, header in settings[key].map { (header, $0) } }
    }
}
