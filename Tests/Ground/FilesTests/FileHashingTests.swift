// SPDX-License-Identifier: Apache-2.0

import Files
import FilesTesting
import SystemPackage
import Testing

struct FileHashingTests {
    private static let alphanumeric = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

    @Test(arguments: [
        ("", "d41d8cd98f00b204e9800998ecf8427e"), ("a", "0cc175b9c0f1b6a831c399e269772661"),
        ("abc", "900150983cd24fb0d6963f7d28e17f72"), ("message digest", "f96b697d7cb7938d525a2f31aaf161d0"),
        ("abcdefghijklmnopqrstuvwxyz", "c3fcd3d76192e4007dfb496cca67e13b"),
        (alphanumeric, "d174ab98d277d9f5a5611c2c9f419d9f"),
        (String(repeating: "1234567890", count: 8), "57edf4a22be3c955ac49da2e2107b67a"),
    ])
    func `MD5 agrees with RFC 1321`(text: String, expected: String) {
        #expect(FileHashing.digest(of: Array(text.utf8), .md5).hex == expected)
    }

    @Test(arguments: [
        ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        (
            "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
        ),
        (String(repeating: "a", count: 1_000_000), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"),
    ])
    func `SHA-256 agrees with RFC 6234`(text: String, expected: String) {
        #expect(FileHashing.digest(of: Array(text.utf8), .sha256).description == "sha256:\(expected)")
    }

    @Test(arguments: [(ContentDigest.Algorithm.md5, "md5sum"), (.sha256, "sha256sum")])
    func `a file of many pieces has the digest that the system's own tool gives`(
        algorithm: ContentDigest.Algorithm,
        tool: String
    ) async throws {
        let folder = try TemporaryFolder()
        let file = folder.path.appending("large")
        var writer = try AtomicFileWriter(replacing: file)
        var piece = (0..<1 << 20).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 11) }
        for number in 0..<20 {
            piece[number] = UInt8(number)
            try writer.append(piece)
        }
        try writer.append([1, 2, 3])
        try writer.commit()
        let expected = try Command.output(tool, "large", in: folder.path).prefix { $0 != " " }
        #expect(try FileHashing.digest(of: file, algorithm).hex == expected)
        #expect(try await FileHashing.digests(of: [file], algorithm).map(\.hex) == [String(expected)])
    }

    @Test(arguments: ContentDigest.Algorithm.allCases)
    func `how a content is cut does not matter`(algorithm: ContentDigest.Algorithm) {
        let bytes = (0..<1_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        for size in [1, 63, 64, 65, 999] {
            var hasher = StreamingHasher(algorithm)
            var rest = bytes[...]
            while !rest.isEmpty {
                hasher.update(Array(rest.prefix(size)))
                rest = rest.dropFirst(size)
            }
            #expect(hasher.finish() == FileHashing.digest(of: bytes, algorithm))
        }
    }

    @Test func `a copied hasher goes its own way`() {
        var first = StreamingHasher(.sha256)
        first.update(Array("ab".utf8))
        var second = first
        second.update(Array("x".utf8))
        first.update(Array("c".utf8))
        #expect(first.finish() == FileHashing.digest(of: Array("abc".utf8), .sha256))
        #expect(second.finish() == FileHashing.digest(of: Array("abx".utf8), .sha256))
    }

    @Test func `digests come in the order of their files`() async throws {
        let folder = try TemporaryFolder()
        let files = try (0..<50).map { try folder.file("f\($0)", String(repeating: "x", count: $0 * 997 % 50)) }
        let digests = try await FileHashing.digests(of: files, .md5)
        #expect(digests == (try files.map { try FileHashing.digest(of: $0, .md5) }))
        #expect(try await FileHashing.digests(of: [], .md5).isEmpty)
    }

    @Test func `a missing file among many is named`() async throws {
        let folder = try TemporaryFolder()
        let files = [try folder.file("f", "x"), folder.path.appending("no")]
        let error = await #expect(throws: FilesError.self) { try await FileHashing.digests(of: files, .md5) }
        #expect(error?.code == .notFound)
        #expect(error?.path == files[1])
    }

    @Test(arguments: [
        "", "d41d8cd98f00b204e9800998ecf8427", "d41d8cd98f00b204e9800998ecf8427ee", "D41D8CD98F00B204E9800998ECF8427E",
        "d41d8cd98f00b204e9800998ecf8427g", " d41d8cd98f00b204e9800998ecf8427", "d41d8cd98f00b204e9800998ecf84２7",
        "../../../../../../etc/passwd0000",
    ])
    func `what is no digest is refused`(hex: String) {
        #expect(ContentDigest(.md5, hex: hex) == nil)
        #expect(ContentDigest(.sha256, hex: hex) == nil)
    }

    @Test func `a digest is read back from its text`() {
        for algorithm in ContentDigest.Algorithm.allCases {
            let digest = FileHashing.digest(of: [1], algorithm)
            #expect(ContentDigest(algorithm, hex: digest.hex) == digest)
        }
    }
}
