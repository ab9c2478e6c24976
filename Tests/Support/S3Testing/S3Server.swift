// SPDX-License-Identifier: Apache-2.0

package import HTTPTransport
import NIOCore
package import ObjectStorage
import Subprocess
import Synchronization
import SystemPackage

#if canImport(Glibc)
import Glibc
#endif

/// A server that speaks S3 and checks signatures: moto, one for all tests of a process.
///
/// It ends with the process, because it looks who its parent is.
package struct S3Server: Sendable {
    /// Its address on this machine.
    package let endpoint: String
    /// Keys that it knows.
    package let keys: AWSCredentials
    /// A role that these keys may take.
    package let role: String

    /// A server that cannot be started.
    package struct Missing: Error, CustomStringConvertible {
        package let description: String
    }

    private static let script = """
        import json, logging, os, time
        parent = os.getppid()
        logging.getLogger('werkzeug').setLevel(logging.ERROR)
        import boto3
        from moto import settings
        from moto.server import ThreadedMotoServer
        server = ThreadedMotoServer(ip_address='127.0.0.1', port=0, verbose=False)
        server.start()
        port = server.get_host_and_port()[1]
        url = f'http://127.0.0.1:{port}'
        iam = boto3.client('iam', endpoint_url=url, region_name='us-east-1', aws_access_key_id='a', aws_secret_access_key='b')
        iam.create_user(UserName='gyre')
        key = iam.create_access_key(UserName='gyre')['AccessKey']
        allow = json.dumps({'Version': '2012-10-17', 'Statement': [{'Effect': 'Allow', 'Action': '*', 'Resource': '*'}]})
        iam.put_user_policy(UserName='gyre', PolicyName='all', PolicyDocument=allow)
        trust = json.dumps({'Version': '2012-10-17', 'Statement': [{'Effect': 'Allow', 'Principal': '*', 'Action': 'sts:AssumeRole'}]})
        role = iam.create_role(RoleName='pusher', AssumeRolePolicyDocument=trust)['Role']['Arn']
        iam.put_role_policy(RoleName='pusher', PolicyName='all', PolicyDocument=allow)
        settings.INITIAL_NO_AUTH_ACTION_COUNT = 0
        print(url, key['AccessKeyId'], key['SecretAccessKey'], role, flush=True)
        while os.getppid() == parent: time.sleep(0.2)
        """

    /// The server of this process.
    package static func shared() async throws -> S3Server { try await starting.value }

    // One start for all tests; the child lives as long as this process.
    private static let starting = Task { try await start() }

    private static func start() async throws -> S3Server {
        let (lines, sink) = AsyncThrowingStream.makeStream(of: String.self)
        Task {
            do {
                let result = try await Subprocess.run(
                    .path(python),
                    arguments: Arguments(["-c", script]),
                    input: .none,
                    output: .sequence,
                    error: .fileDescriptor(.standardError, closeAfterSpawningProcess: false)
                ) { execution in
                    var text: [UInt8] = []
                    for try await chunk in execution.standardOutput {
                        chunk.withUnsafeBytes { text.append(contentsOf: $0) }
                        guard text.last == UInt8(ascii: "\n") else { continue }
                        sink.yield(String(decoding: text, as: UTF8.self))
                        text = []
                    }
                }
                sink.finish(throwing: Missing(description: "moto ended: \(result.terminationStatus)"))
            } catch {
                sink.finish(throwing: Missing(description: "moto cannot be started by \(python): \(error)"))
            }
        }
        for try await line in lines {
            let words = line.split(whereSeparator: \.isWhitespace).map(String.init)
            guard words.count == 4 else { continue }
            let keys = AWSCredentials(accessKeyID: words[1], secretAccessKey: words[2])
            return S3Server(endpoint: words[0], keys: keys, role: words[3])
        }
        throw Missing(description: "moto said nothing")
    }

    /// The Python that has moto: `GYRE_TEST_MOTO_PYTHON`, or that of `.venv-moto` in the package.
    private static var python: FilePath {
        if let named = getenv("GYRE_TEST_MOTO_PYTHON") { return FilePath(String(cString: named)) }
        var root = FilePath(#filePath)
        for _ in 0..<4 { root.removeLastComponent() }
        return root.appending(".venv-moto").appending("bin").appending("python")
    }

    // MARK: Buckets

    /// The client of all tests.
    package static let http = HTTPTransportClient(connectionsPerHost: 16, stall: .seconds(30))

    /// Seconds UTC.
    package static let now: @Sendable () -> Int64 = { Int64(time(nil)) }

    /// A new bucket and a client for it.
    ///
    /// - Parameters:
    ///   - prefix: What its keys begin with.
    ///   - change: Changes the settings.
    /// - Returns: A store that is empty.
    package func bucket(
        prefix: String = "",
        _ change: (inout S3Settings) -> Void = { _ in }
    ) async throws -> S3Store {
        var settings = S3Settings(
            bucket: "test-\(String(UInt64.random(in: .min ... .max), radix: 36))",
            prefix: prefix,
            endpoint: endpoint
        )
        change(&settings)
        let client = S3Client(settings, credentials: FixedCredentials(keys), http: Self.http, now: Self.now)
        try await client.makeBucket()
        return S3Store(client)
    }
}
