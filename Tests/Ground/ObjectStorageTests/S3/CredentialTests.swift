// SPDX-License-Identifier: Apache-2.0

import Files
import FilesTesting
import S3Testing
import SystemPackage
import Testing
import WebhookTesting

@testable import ObjectStorage

@Suite(.timeLimit(.minutes(5)))
struct CredentialTests {
    private let home: TemporaryFolder

    init() throws {
        home = try TemporaryFolder()
        _ = try home.file(
            ".aws/credentials",
            """
            [default]
            aws_access_key_id = AD
            aws_secret_access_key = SD
            [work]
            aws_access_key_id=AW
            aws_secret_access_key=SW
            aws_session_token = TW
            """
        )
        _ = try home.file(
            ".aws/config",
            """
            [profile work]
            region = eu-central-1
            s3 =
                addressing_style = virtual
            [profile sso]
            sso_start_url = https://x
            [profile circle]
            role_arn = arn:x
            source_profile = circle2
            [profile circle2]
            role_arn = arn:y
            source_profile = circle
            """
        )
    }

    private func chain(
        _ environment: [String: String] = [:],
        _ change: (inout AWSCredentialChain.Choice) -> Void = { _ in }
    ) -> AWSCredentialChain {
        var choice = AWSCredentialChain.Choice()
        change(&choice)
        let own = ["HOME": home.path.string, "AWS_EC2_METADATA_DISABLED": "true"]
        return AWSCredentialChain(
            choice,
            environment: own.merging(environment) { $1 },
            http: S3Server.http,
            now: S3Server.now
        )
    }

    @Test func `keys that were given count before all others`() async throws {
        let keys = AWSCredentials(accessKeyID: "A", secretAccessKey: "B")
        let found = try await chain(["AWS_ACCESS_KEY_ID": "E", "AWS_SECRET_ACCESS_KEY": "F"]) { $0.keys = keys }
            .current()
        #expect(found == keys)
    }

    @Test func `the environment counts before the files, unless a profile was named`() async throws {
        let environment = ["AWS_ACCESS_KEY_ID": "E", "AWS_SECRET_ACCESS_KEY": "F", "AWS_SESSION_TOKEN": "T"]
        #expect(try await chain(environment).current()?.accessKeyID == "E")
        #expect(try await chain(environment).current()?.sessionToken == "T")
        #expect(try await chain(environment) { $0.profile = "work" }.current()?.accessKeyID == "AW")
    }

    @Test func `the profile is that of the environment, or the default one`() async throws {
        #expect(try await chain().current()?.accessKeyID == "AD")
        let work = try await chain(["AWS_PROFILE": "work"]).current()
        #expect(work?.accessKeyID == "AW")
        #expect(work?.sessionToken == "TW")
    }

    @Test(arguments: [
        ("nothing", "there is no profile `nothing`"), ("sso", "`sso_start_url`, which Gyre does not know"),
        ("circle", "in a circle"),
    ])
    func `a profile that gives no keys says why`(name: String, why: String) async throws {
        let error = try #require(
            await #expect(throws: ObjectStorageError.self) { _ = try await chain { $0.profile = name }.current() }
        )
        #expect(error.what == "cannot find credentials for S3")
        #expect(error.why.contains(why))
    }

    @Test func `settings below another are read`() throws {
        let profiles = try AWSCredentialChain.profiles(.init(), ["HOME": home.path.string])
        #expect(profiles["work"]?["s3.addressing_style"] == "virtual")
        #expect(profiles["work"]?["region"] == "eu-central-1")
        #expect(profiles.names == ["circle", "circle2", "default", "sso", "work"])
    }

    @Test func `a role is taken with the keys of another profile`() async throws {
        let server = try await S3Server.shared()
        _ = try home.file(
            "c",
            """
            [base]
            aws_access_key_id = \(server.keys.accessKeyID)
            aws_secret_access_key = \(server.keys.secretAccessKey)
            [pusher]
            role_arn = \(server.role)
            source_profile = base
            """
        )
        let chain = chain(["AWS_ENDPOINT_URL_STS": server.endpoint]) {
            $0.profile = "pusher"
            $0.credentialsFile = home.path.appending("c")
        }
        let keys = try #require(try await chain.current())
        #expect(keys.accessKeyID != server.keys.accessKeyID)
        #expect(keys.sessionToken != nil)
        #expect(keys.expires ?? 0 > S3Server.now())
        // And the store takes them.
        let bucket = try await server.bucket()
        let client = S3Client(bucket.client.settings, credentials: chain, http: S3Server.http, now: S3Server.now)
        try await S3Store(client).put(try ObjectKey("a"), bytes: [1])
        #expect(try await bucket.bytes(of: try ObjectKey("a")) == [1])
    }

    @Test func `a token that a cluster gives a pod is changed into keys of a role`() async throws {
        let answer = """
            <AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
              <AssumeRoleWithWebIdentityResult><Credentials>
                <AccessKeyId>W</AccessKeyId><SecretAccessKey>S</SecretAccessKey><SessionToken>T</SessionToken>
                <Expiration>2100-01-01T00:00:00Z</Expiration>
              </Credentials></AssumeRoleWithWebIdentityResult>
            </AssumeRoleWithWebIdentityResponse>
            """
        _ = try home.file("token", "one.two.three\n")
        try FileSystem.removeTree(home.path.appending(".aws"))
        try await Receiver.run(reacting: { _, _ in .answer(200, body: answer) }) { receiver in
            let chain = chain([
                "AWS_WEB_IDENTITY_TOKEN_FILE": home.path.appending("token").string,
                "AWS_ROLE_ARN": "arn:aws:iam::1:role/r",
                "AWS_ROLE_SESSION_NAME": "pod", "AWS_ENDPOINT_URL_STS": receiver.url,
            ])
            let keys = try #require(try await chain.current())
            #expect((keys.accessKeyID, keys.secretAccessKey, keys.sessionToken) == ("W", "S", "T"))
            #expect(keys.expires == 4_102_444_800)
            let arrival = try #require(receiver.arrivals.first)
            let fields = Set(arrival.body.split(separator: "&").map(String.init))
            #expect(
                fields == [
                    "Action=AssumeRoleWithWebIdentity", "Version=2011-06-15",
                    "RoleArn=arn%3Aaws%3Aiam%3A%3A1%3Arole%2Fr",
                    "RoleSessionName=pod", "WebIdentityToken=one.two.three",
                ]
            )
            // Nobody signs: the token speaks for itself.
            #expect(arrival.headers["authorization"] == nil)
            _ = try await chain.current()
            #expect(receiver.arrivals.count == 1)
        }
    }

    @Test func `a machine of Amazon's has keys of its own, until they end`() async throws {
        let answer = #"{"AccessKeyId":"M","SecretAccessKey":"S","Token":"T","Expiration":"2020-01-01T00:00:00Z"}"#
        try await Receiver.run(reacting: { arrival, _ in
            switch arrival.path {
            case "/latest/api/token": .answer(200, body: "token")
            case "/latest/meta-data/iam/security-credentials/": .answer(200, body: "role\n")
            case "/latest/meta-data/iam/security-credentials/role":
                arrival.headers["x-aws-ec2-metadata-token"] == "token" ? .answer(200, body: answer) : .answer(401)
            default: .answer(404)
            }
        }) { receiver in
            try FileSystem.removeTree(home.path.appending(".aws"))
            let chain = chain([
                "AWS_EC2_METADATA_SERVICE_ENDPOINT": receiver.url, "AWS_EC2_METADATA_DISABLED": "false",
            ])
            let keys = try await chain.current()
            #expect(keys?.accessKeyID == "M")
            #expect(keys?.sessionToken == "T")
            // They have ended, so others are asked for.
            _ = try await chain.current()
            #expect(receiver.arrivals.count == 6)
        }
    }

    @Test func `a container has keys of its own`() async throws {
        let answer = #"{"AccessKeyId":"C","SecretAccessKey":"S","Token":"T"}"#
        try await Receiver.run(reacting: { arrival, _ in
            arrival.headers["authorization"] == "secret" ? .answer(200, body: answer) : .answer(403)
        }) { receiver in
            try FileSystem.removeTree(home.path.appending(".aws"))
            let keys = try await chain([
                "AWS_CONTAINER_CREDENTIALS_FULL_URI": "\(receiver.url)/x",
                "AWS_CONTAINER_AUTHORIZATION_TOKEN": "secret",
            ])
            .current()
            #expect(keys?.accessKeyID == "C")
        }
    }

    @Test func `no keys at all say where they can be put`() async throws {
        try FileSystem.removeTree(home.path.appending(".aws"))
        let error = try #require(
            await #expect(throws: ObjectStorageError.self) { _ = try await chain().current() }
        )
        #expect(error.next?.contains("AWS_ACCESS_KEY_ID") == true)
    }
}
