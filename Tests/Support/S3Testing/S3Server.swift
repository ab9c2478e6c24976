// SPDX-License-Identifier: Apache-2.0

package import HTTPTransport
import NIOCore
package import ObjectStorage
import Subprocess
import Synchronization
package import SystemPackage

#if canImport(Glibc)
import Glibc
#endif

/// A server that speaks S3 and checks signatures: moto, one for all tests of a process.
///
/// It ends with the process, because it looks who its parent is.
package struct S3Server: Sendable {
    /// Its address on this machine.
    package let endpoint: String
    /// Its address behind TLS, by a certificate that nobody has signed.
    package let secureEndpoint: String
    /// The PEM file of that certificate.
    package let certificate: FilePath
    /// Keys that it knows.
    package let keys: AWSCredentials
    /// A role that these keys may take.
    package let role: String

    /// A server that cannot be started.
    package struct Missing: Error, CustomStringConvertible {
        package let description: String
    }

    /// What a server may do wrong, to the first request of each kind for each object.
    package enum Fault: String, Sendable, CaseIterable {
        /// Answers 503.
        case busy
        /// Answers 500.
        case broken
        /// Closes the connection in the middle of a body.
        case half
        /// Changes a byte of a body.
        case wrong
        /// Changes a byte of each body, also the next time.
        case rotten
        /// Answers late.
        case slow
        /// Answers a range that is the whole object as if none had been asked for.
        case whole
    }

    private static let script = """
        import json, logging, os, threading, time
        parent = os.getppid()
        logging.getLogger('werkzeug').setLevel(logging.CRITICAL)
        import boto3
        from moto import settings
        from moto.server import DomainDispatcherApplication, create_backend_app
        from werkzeug.serving import make_server

        seen = set()
        class Faults:
            def __init__(self, app): self.app = app
            def __call__(self, environ, start):
                words = environ['PATH_INFO'].split('/')[1].split('-')
                fault = words[1] if words[0] == 'test' else ''
                query = environ.get('QUERY_STRING', '')
                mark = (environ['REQUEST_METHOD'], environ['PATH_INFO'], query, environ.get('HTTP_RANGE', ''))
                isFirst = mark not in seen
                seen.add(mark)
                isObject = environ['PATH_INFO'].count('/') > 1 and environ['PATH_INFO'].split('/')[2] != ''
                if fault in ('busy', 'broken') and isFirst and isObject:
                    environ['wsgi.input'].read(int(environ.get('CONTENT_LENGTH') or 0))
                    start('503 Slow Down' if fault == 'busy' else '500 Internal Server Error', [('Content-Length', '0')])
                    return [b'']
                if fault == 'slow' and isFirst and isObject: time.sleep(6)
                answer = self.plain(start) if fault == 'whole' else start
                body = self.app(environ, answer)
                if environ['REQUEST_METHOD'] != 'GET' or not isObject: return body
                if fault == 'half' and isFirst: return self.half(body)
                if fault == 'rotten' or (fault == 'wrong' and isFirst): return self.changed(body)
                return body
            def plain(self, start):
                def answer(status, headers, *rest):
                    span = dict((name.lower(), value) for name, value in headers).get('content-range', '')
                    first, _, last = span.partition(' ')[2].partition('/')[0].partition('-')
                    if first != '0' or int(last) + 1 != int(span.partition('/')[2]): return start(status, headers, *rest)
                    kept = [(name, value) for name, value in headers if name.lower() != 'content-range']
                    return start('200 OK', kept, *rest)
                return answer
            def half(self, body):
                whole = b''.join(body)
                yield whole[:len(whole) // 2]
                raise ConnectionAbortedError()
            def changed(self, body):
                whole = bytearray(b''.join(body))
                if whole: whole[len(whole) // 2] ^= 1
                return [bytes(whole)]

        app = Faults(DomainDispatcherApplication(create_backend_app))
        server = make_server('127.0.0.1', 0, app, threaded=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f'http://127.0.0.1:{server.server_port}'
        import datetime, ipaddress, tempfile
        from cryptography import x509
        from cryptography.hazmat.primitives import hashes, serialization
        from cryptography.hazmat.primitives.asymmetric import ec
        private = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, 'gyre test')])
        now = datetime.datetime.now(datetime.timezone.utc)
        signed = (x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(private.public_key())
            .serial_number(x509.random_serial_number()).not_valid_before(now - datetime.timedelta(days=1))
            .not_valid_after(now + datetime.timedelta(days=2))
            .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address('127.0.0.1'))]), False)
            .add_extension(x509.BasicConstraints(True, None), True).sign(private, hashes.SHA256()))
        folder = tempfile.mkdtemp(prefix='gyre-test-tls')
        certificate, secret = os.path.join(folder, 'certificate.pem'), os.path.join(folder, 'key.pem')
        open(certificate, 'wb').write(signed.public_bytes(serialization.Encoding.PEM))
        pem = serialization.PrivateFormat.PKCS8
        open(secret, 'wb').write(private.private_bytes(serialization.Encoding.PEM, pem, serialization.NoEncryption()))
        secure = make_server('127.0.0.1', 0, app, threaded=True, ssl_context=(certificate, secret))
        threading.Thread(target=secure.serve_forever, daemon=True).start()
        iam = boto3.client('iam', endpoint_url=url, region_name='us-east-1', aws_access_key_id='a', aws_secret_access_key='b')
        iam.create_user(UserName='gyre')
        key = iam.create_access_key(UserName='gyre')['AccessKey']
        allow = json.dumps({'Version': '2012-10-17', 'Statement': [{'Effect': 'Allow', 'Action': '*', 'Resource': '*'}]})
        iam.put_user_policy(UserName='gyre', PolicyName='all', PolicyDocument=allow)
        trust = json.dumps({'Version': '2012-10-17', 'Statement': [{'Effect': 'Allow', 'Principal': {'AWS': 'arn:aws:iam::123456789012:user/gyre'}, 'Action': 'sts:AssumeRole'}]})
        role = iam.create_role(RoleName='pusher', AssumeRolePolicyDocument=trust)['Role']['Arn']
        iam.put_role_policy(RoleName='pusher', PolicyName='all', PolicyDocument=allow)
        settings.INITIAL_NO_AUTH_ACTION_COUNT = 0
        secure_url = f'https://127.0.0.1:{secure.server_port}'
        print(url, key['AccessKeyId'], key['SecretAccessKey'], role, secure_url, certificate, flush=True)
        while os.getppid() == parent: time.sleep(0.2)
        import shutil
        shutil.rmtree(folder, ignore_errors=True)
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
            guard words.count == 6 else { continue }
            let keys = AWSCredentials(accessKeyID: words[1], secretAccessKey: words[2])
            return S3Server(
                endpoint: words[0],
                secureEndpoint: words[4],
                certificate: FilePath(words[5]),
                keys: keys,
                role: words[3]
            )
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
    ///   - fault: What the server does wrong there.
    ///   - change: Changes the settings.
    /// - Returns: A store that is empty.
    /// - Throws: ``ObjectStorageError``.
    package func bucket(
        prefix: String = "",
        fault: Fault? = nil,
        _ change: (inout S3Settings) -> Void = { _ in }
    ) async throws -> S3Store {
        var settings = S3Settings(
            bucket: "test-\(fault?.rawValue ?? "none")-\(String(UInt64.random(in: .min ... .max), radix: 36))",
            prefix: prefix,
            endpoint: endpoint
        )
        change(&settings)
        let client = S3Client(
            settings,
            credentials: FixedCredentials(keys),
            http: Self.http,
            now: Self.now,
            pause: { _ in }
        )
        try await client.makeBucket()
        return S3Store(client)
    }
}
