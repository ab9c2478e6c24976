// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import ObjectStorage

struct SignatureTests {
    private static let keys = AWSCredentials(
        accessKeyID: "AKIAIOSFODNN7EXAMPLE",
        secretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
    )

    /// The examples of Amazon's own description, "Signature Calculations for the Authorization Header".
    @Test(
        arguments: [
            (
                "GET", "/test.txt", "", [("range", "bytes=0-9")], RequestSignature.emptyHash,
                "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"
            ),
            (
                "PUT", "/test%24file.text", "",
                [("date", "Fri, 24 May 2013 00:00:00 GMT"), ("x-amz-storage-class", "REDUCED_REDUNDANCY")],
                "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072",
                "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"
            ),
            (
                "GET", "/", "lifecycle=", [], RequestSignature.emptyHash,
                "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"
            ),
            (
                "GET", "/", "max-keys=2&prefix=J", [], RequestSignature.emptyHash,
                "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"
            ),
        ] as [(String, String, String, [(String, String)], String, String)]
    )
    func `requests are signed as Amazon signs them`(
        method: String,
        path: String,
        query: String,
        headers: [(String, String)],
        hash: String,
        expected: String
    ) throws {
        let fields = RequestSignature(credentials: Self.keys, region: "us-east-1")
            .headers(
                method: method,
                host: "examplebucket.s3.amazonaws.com",
                path: path,
                query: query,
                headers: headers,
                payloadHash: hash,
                time: UTCTime(seconds: 1_369_353_600)
            )
        let field = try #require(fields.first { $0.0 == "Authorization" })
        #expect(field.1.hasSuffix("Signature=\(expected)"))
    }

    @Test(
        arguments: [
            (0, "19700101T000000Z"), (1_369_353_600, "20130524T000000Z"), (951_827_696, "20000229T123456Z"),
            (4_102_444_799, "20991231T235959Z"),
        ] as [(Int64, String)]
    )
    func `moments are written and read`(seconds: Int64, stamp: String) {
        #expect(UTCTime(seconds: seconds).stamp == stamp)
        #expect(UTCTime.milliseconds(stamp) == seconds * 1_000)
    }

    @Test(
        arguments: [
            ("Fri, 24 May 2013 00:00:00 GMT", 1_369_353_600_000), ("2013-05-24T00:00:00.000Z", 1_369_353_600_000),
            ("2013-05-24T00:00:00.12Z", 1_369_353_600_120), ("2013-05-24T00:00:00Z", 1_369_353_600_000),
            ("yesterday", nil), ("", nil), ("2013-05-24", nil),
        ] as [(String, Int64?)]
    )
    func `dates of answers are read`(text: String, expected: Int64?) {
        #expect(UTCTime.milliseconds(text) == expected)
    }

    @Test func `answers of XML are read, and what is none is not`() throws {
        let text = """
            <?xml version="1.0"?><!-- c --><A x="1"><B>a &amp; &#x62;&#99; &lt;</B><B><![CDATA[<d>]]></B><C/></A>
            """
        let root = try #require(XMLElement.parse(Array(text.utf8)))
        #expect(root.name == "A")
        #expect(root.all("B").map(\.text) == ["a & bc <", "<d>"])
        #expect(root["C"]?.text == "")
        for broken in ["", "x", "<A>", "<A><B></A", "{}", "<!-- <A></A>"] {
            #expect(XMLElement.parse(Array(broken.utf8)) == nil)
        }
        #expect(XMLElement.parse(Array(repeating: Array("<a>".utf8), count: 1_000).flatMap(\.self)) == nil)
    }

    @Test(
        arguments: [
            ("s3://b/p/q", nil, "b", "p/q", "https://b.s3.eu-west-1.amazonaws.com/k%20%C3%BC"),
            ("s3://b.c/", nil, "b.c", "", "https://s3.eu-west-1.amazonaws.com/b.c/k%20%C3%BC"),
            ("s3://b", "http://127.0.0.1:9000", "b", "", "http://127.0.0.1:9000/b/k%20%C3%BC"),
            ("s3://b", "https://h:443/base/", "b", "", "https://h/base/b/k%20%C3%BC"),
        ] as [(String, String?, String, String, String)]
    )
    func `addresses name bucket and key`(
        url: String,
        endpoint: String?,
        bucket: String,
        prefix: String,
        expected: String
    ) throws {
        var settings = try #require(S3Settings(url: url))
        settings.endpoint = endpoint
        #expect(settings.bucket == bucket)
        #expect(settings.prefix == prefix)
        #expect(settings.address("k ü", region: "eu-west-1").url == expected)
    }
}
