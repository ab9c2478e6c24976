// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import HTTPTransport
import Testing

@testable import Webhooks

/// Where webhooks may lead.
@Suite(.timeLimit(.minutes(3)))
struct AddressTests {
    private static let both = ["https", "http"]

    @Test(arguments: [
        ("https://example.com", "https://example.com", "example.com"),
        ("HTTPS://Example.COM/A?b=C#d", "https://Example.COM/A?b=C", "example.com"),
        ("http://127.0.0.1:8080/", "http://127.0.0.1:8080/", "127.0.0.1"),
        ("http://[::1]:80/x", "http://[::1]:80/x", "::1"), ("https://a.b:443?x", "https://a.b:443?x", "a.b"),
    ])
    func `an address is taken apart`(text: String, url: String, host: String) throws {
        let target = try TargetAddress(text, schemes: Self.both)
        #expect(target.url == url)
        #expect(target.host == host)
    }

    @Test(arguments: [
        "", "   ", "nope", "ftp://x/", "file:///etc/passwd", "gopher://x", "https:example.com", "https://",
        "https:///x",
        "https://:80/", "https://user:word@example.com/", "https://user@example.com/", "https://a:0/",
        "https://a:65536/",
        "https://a:x/", "https://[bad/", "https://[::1]x/", "https://[127.0.0.1]/", "https://a b/",
        "https://a/\r\nX: y",
        "https://a/\0", "https://exämple.com/", "https://a\\@b/", "https://a/" + String(repeating: "x", count: 2_048),
    ])
    func `what cannot be sent to is refused`(text: String) {
        let error = #expect(throws: WebhookError.self) { try TargetAddress(text, schemes: Self.both) }
        #expect(error?.code == .invalidParameter)
    }

    @Test func `plain HTTP is refused unless it is allowed, and words carry no secret of the address`() throws {
        let error = #expect(throws: WebhookError.self) {
            try TargetAddress("http://example.com/hook?token=abc", schemes: ["https"])
        }
        #expect(error?.why == "it does not begin with `https://`")
        #expect(error?.description.contains("abc") == false)
    }

    @Test(arguments: [
        "https://127.0.0.1/", "https://localhost/", "https://[::1]/", "https://127.1/", "https://0177.0.0.1/",
        "https://2130706433/", "https://0/", "https://10.1.2.3/", "https://169.254.169.254/latest/meta-data",
        "https://[::ffff:127.0.0.1]/", "https://[64:ff9b::7f00:1]/",
    ])
    func `an address of the own machine or network is refused, however it is written`(url: String) async throws {
        var settings = WebhookSettings()
        settings.interval = .milliseconds(5)
        try await TestHooks.run(settings) { test in
            let error = await #expect(throws: WebhookError.self) { try await test.hook(url) }
            #expect(error?.code == .invalidParameter)
            #expect(error?.why.contains("which is not a public address") == true, "\(error?.why ?? "")")
        }
    }

    @Test func `a name that nobody knows is refused`() async throws {
        try await TestHooks.run(WebhookSettings()) { test in
            let error = await #expect(throws: WebhookError.self) { try await test.hook("https://nobody.invalid/") }
            #expect(error?.code == .invalidParameter)
        }
    }

    @Test func `an address that is public is taken without a word to it`() async throws {
        try await TestHooks.run(WebhookSettings()) { test in
            let hook = try await test.hook("https://8.8.8.8/hook")
            #expect(hook.url == "https://8.8.8.8/hook")
        }
    }
}
