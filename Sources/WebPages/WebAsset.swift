// SPDX-License-Identifier: Apache-2.0

import WebAssets

/// A file that pages refer to, carried inside the binary: style, script or icon.
package struct WebAsset: Sendable {
    /// The content.
    package let bytes: [UInt8]
    /// Value for `Content-Type`.
    package let contentType: String
    /// Sixteen hex digits that change with the content.
    package let version: String

    /// Value for `ETag`, with its quotes.
    package var etag: String { "\"\(version)\"" }
    /// Value for `Cache-Control`: pages name assets with their version, so one that was fetched stays good.
    package var cacheControl: String { "public, max-age=31536000, immutable" }

    /// The asset that is served under `/assets/<path>`; nil if there is none.
    package static func named(_ path: String) -> WebAsset? { assets[path] }

    /// Text of each template by its name, without the suffix.
    static let templates: [String: String] = {
        var templates: [String: String] = [:]
        for (path, bytes) in files where path.hasSuffix(".mustache") {
            templates[String(path.dropLast(".mustache".count))] = String(decoding: bytes, as: UTF8.self)
        }
        return templates
    }()

    private static let assets: [String: WebAsset] = {
        var assets: [String: WebAsset] = [:]
        for (path, bytes) in files {
            guard let suffix = path.split(separator: ".").last, let type = types[String(suffix)] else { continue }
            assets[path] = WebAsset(bytes: bytes, contentType: type, version: version(of: bytes))
        }
        return assets
    }()

    private static let types = [
        "css": "text/css; charset=utf-8",
        "js": "text/javascript; charset=utf-8",
        "svg": "image/svg+xml",
    ]

    private static var files: [(path: String, bytes: [UInt8])] {
        (0..<gyre_web_asset_count()).map { index in
            let file = gyre_web_asset(index)
            let bytes = UnsafeBufferPointer(start: file.bytes, count: file.length)
            return (String(cString: file.path), Array(bytes))
        }
    }

    /// FNV-1a, 64 bits: tells contents of our own apart, nothing more.
    private static func version(of bytes: [UInt8]) -> String {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        let digits = String(hash, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}

/// Headers that every page is sent with.
package enum PageHeaders {
    /// Value for `Content-Type`.
    package static let contentType = "text/html; charset=utf-8"
    /// Value for `Content-Security-Policy`: nothing from elsewhere, nothing inline, in nobody's frame.
    package static let contentSecurityPolicy =
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; "
        + "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    /// All of them by name.
    package static let all: [(name: String, value: String)] = [
        ("Content-Type", contentType),
        ("Content-Security-Policy", contentSecurityPolicy),
        ("Cache-Control", "no-store"),
        ("Referrer-Policy", "no-referrer"),
        ("X-Content-Type-Options", "nosniff"),
    ]
}
