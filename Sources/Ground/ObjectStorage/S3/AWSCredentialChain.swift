// SPDX-License-Identifier: Apache-2.0

import Files
package import HTTPTransport
package import SystemPackage

/// Looks for keys where Amazon's own tools look, in their order, and gets new ones before they end.
///
/// The order: keys that were given, the environment (unless a profile was named), the profile with its role, a web identity,
/// the container's service, the machine's own service.
///
/// - Source: *AWS SDKs and Tools Reference Guide*, "Standardized credential providers"; botocore's order.
package actor AWSCredentialChain: AWSCredentialSource {
    /// What somebody set for one store, before files and environment count.
    package struct Choice: Sendable {
        /// Keys that are to be used whatever else there is.
        package var keys: AWSCredentials?
        /// The profile; nil for that of the environment, or `default`.
        package var profile: String?
        /// The file with keys in place of `~/.aws/credentials`.
        package var credentialsFile: FilePath?
        /// The file with settings in place of `~/.aws/config`.
        package var configFile: FilePath?
        /// The region, if it is known.
        package var region: String?

        /// No choice.
        package init() {}
    }

    private let choice: Choice
    private let environment: [String: String]
    private let http: HTTPTransportClient
    private let now: @Sendable () -> Int64
    private var known: AWSCredentials?
    private var underWay: Task<AWSCredentials, any Error>?

    /// Keys are asked for when they are needed first.
    ///
    /// - Parameters:
    ///   - choice: What counts before all else.
    ///   - environment: The variables, with `HOME`.
    ///   - http: Asks the services that give keys.
    ///   - now: The clock, seconds UTC.
    package init(
        _ choice: Choice,
        environment: [String: String],
        http: HTTPTransportClient,
        now: @escaping @Sendable () -> Int64
    ) {
        self.choice = choice
        self.environment = environment
        self.http = http
        self.now = now
    }

    /// The keys to sign with now.
    ///
    /// - Throws: ``ObjectStorageError`` `.failed` if there are none, or a profile or service cannot give them.
    package func current() async throws -> AWSCredentials? {
        // Five minutes early, so that none end on their way.
        if let known, known.expires.map({ $0 - 300 > now() }) ?? true { return known }
        if let underWay { return try await underWay.value }
        let task = Task { try await find() }
        underWay = task
        defer { underWay = nil }
        let found = try await withTaskCancellationHandler {
            try await task.value
        } onCancel: {
            task.cancel()
        }
        known = found
        return found
    }

    /// Forgets the keys; others are asked for when they are needed next.
    package func renew() { known = nil }

    // MARK: The chain

    private func find() async throws -> AWSCredentials {
        if let keys = choice.keys { return keys }
        if choice.profile == nil, let keys = environmentKeys { return keys }
        let profiles = try Self.profiles(choice, environment)
        let name = Self.profileName(choice, environment)
        if let named = choice.profile ?? environment["AWS_PROFILE"], profiles[named] == nil {
            throw Self.failure(
                "there is no profile `\(named)`",
                next: profiles.names.isEmpty
                    ? "write it into `~/.aws/credentials`" : "there are: \(profiles.names.joined(separator: ", "))"
            )
        }
        if let profile = profiles[name], let keys = try await keys(of: profile, name, profiles, depth: 0) {
            return keys
        }
        if let token = environment["AWS_WEB_IDENTITY_TOKEN_FILE"], let role = environment["AWS_ROLE_ARN"] {
            return try await roles.assume(
                role,
                tokenFile: FilePath(token),
                session: environment["AWS_ROLE_SESSION_NAME"]
            )
        }
        if let keys = try await machines.containerKeys() { return keys }
        if let keys = try await machines.instanceKeys() { return keys }
        throw Self.failure(
            "none are set, and this machine has no role",
            next: "set `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`, write `~/.aws/credentials`, or give the remote "
                + "`access_key_id` and `secret_access_key` in `.dvc/config.local`"
        )
    }

    private var environmentKeys: AWSCredentials? {
        guard let id = environment["AWS_ACCESS_KEY_ID"], !id.isEmpty, let secret = environment["AWS_SECRET_ACCESS_KEY"]
        else { return nil }
        let token = environment["AWS_SESSION_TOKEN"] ?? environment["AWS_SECURITY_TOKEN"]
        return AWSCredentials(
            accessKeyID: id,
            secretAccessKey: secret,
            sessionToken: token.flatMap { $0.isEmpty ? nil : $0 }
        )
    }

    private func keys(
        of profile: AWSProfiles.Profile,
        _ name: String,
        _ profiles: AWSProfiles,
        depth: Int
    ) async throws -> AWSCredentials? {
        guard depth < 5 else { throw Self.failure("the profiles from `\(name)` on name each other in a circle") }
        if let role = profile["role_arn"] {
            let session = profile["role_session_name"]
            if let file = profile["web_identity_token_file"] {
                return try await roles.assume(role, tokenFile: FilePath(file), session: session)
            }
            guard let source = try await sourceKeys(of: profile, name, profiles, depth: depth) else {
                throw Self.failure("the profile `\(name)` has a role, and no keys to ask for it")
            }
            return try await roles.assume(role, with: source, session: session, externalID: profile["external_id"])
        }
        if let id = profile["aws_access_key_id"], let secret = profile["aws_secret_access_key"] {
            return AWSCredentials(accessKeyID: id, secretAccessKey: secret, sessionToken: profile["aws_session_token"])
        }
        for unknown in ["sso_session", "sso_start_url", "credential_process"] where profile[unknown] != nil {
            throw Self.failure(
                "the profile `\(name)` asks for `\(unknown)`, which Gyre does not know",
                next: "run `eval \"$(aws configure export-credentials --profile \(name) --format env)\"` first"
            )
        }
        return nil
    }

    private func sourceKeys(
        of profile: AWSProfiles.Profile,
        _ name: String,
        _ profiles: AWSProfiles,
        depth: Int
    ) async throws -> AWSCredentials? {
        switch profile["credential_source"] {
        case "Environment": return environmentKeys
        case "EcsContainer": return try await machines.containerKeys()
        case "Ec2InstanceMetadata": return try await machines.instanceKeys()
        default:
            guard let source = profile["source_profile"], var other = profiles[source] else { return nil }
            // A profile that names itself has its own keys.
            if source == name { other["role_arn"] = nil }
            return try await keys(of: other, source, profiles, depth: depth + 1)
        }
    }

    private var roles: AWSRoles {
        let region = choice.region ?? environment["AWS_REGION"] ?? environment["AWS_DEFAULT_REGION"] ?? "us-east-1"
        let endpoint = environment["AWS_ENDPOINT_URL_STS"] ?? environment["AWS_ENDPOINT_URL"]
        return AWSRoles(http: http, region: region, endpoint: endpoint, now: now)
    }

    private var machines: AWSMachines { AWSMachines(http: http, environment: environment) }

    // MARK: Files

    /// The profiles that hold for a choice; blocks.
    package static func profiles(_ choice: Choice, _ environment: [String: String]) throws -> AWSProfiles {
        func place(_ chosen: FilePath?, _ variable: String, _ name: String) -> FilePath? {
            let home = environment["HOME"].map { FilePath($0) }
            return chosen ?? environment[variable].map { FilePath($0) } ?? home?.appending(".aws").appending(name)
        }
        return try AWSProfiles(
            credentials: place(choice.credentialsFile, "AWS_SHARED_CREDENTIALS_FILE", "credentials"),
            config: place(choice.configFile, "AWS_CONFIG_FILE", "config")
        )
    }

    /// The profile that holds for a choice.
    package static func profileName(_ choice: Choice, _ environment: [String: String]) -> String {
        choice.profile ?? environment["AWS_PROFILE"] ?? environment["AWS_DEFAULT_PROFILE"] ?? "default"
    }

    static func failure(_ why: String, next: String? = nil, cause: (any Error)? = nil) -> ObjectStorageError {
        ObjectStorageError(.failed, what: "cannot find credentials for S3", why: why, next: next, cause: cause)
    }
}
