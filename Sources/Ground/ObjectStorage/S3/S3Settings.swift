// SPDX-License-Identifier: Apache-2.0

/// Where objects lie in a store that speaks S3, and how to write them there.
package struct S3Settings: Sendable {
    /// How a request names the bucket.
    package enum Addressing: String, Sendable {
        /// In the path with an endpoint of one's own, and where a host cannot carry the name; else in the host.
        case auto
        /// In the path: `https://host/bucket/key`.
        case path
        /// In the host: `https://bucket.host/key`.
        case virtual
    }

    /// The bucket.
    package var bucket: String
    /// What the keys begin with, without slashes at the ends; may be empty.
    package var prefix: String
    /// The address of the service, such as `http://127.0.0.1:9000`; nil for Amazon's of the region.
    package var endpoint: String?
    /// The region that requests are signed for; nil for what the credentials' files say, or `us-east-1`.
    package var region: String?
    /// How a request names the bucket.
    package var addressing = Addressing.auto
    /// Header fields of what is written, such as `x-amz-server-side-encryption`.
    package var writeHeaders: [(name: String, value: String)] = []
    /// The size of the parts of a large object, in bytes; S3 takes none below 5 MiB.
    package var partSize = 8 << 20
    /// How many parts of one object are on their way at once.
    package var partConcurrency = 4
    /// How long to wait for an answer, or for its next bytes.
    package var patience = Duration.seconds(60)
    /// How often a request is tried that fails for a reason that may pass.
    package var attempts = 6

    /// Objects in a bucket, below a prefix.
    package init(bucket: String, prefix: String = "", endpoint: String? = nil, region: String? = nil) {
        self.bucket = bucket
        self.prefix = prefix.split(separator: "/").joined(separator: "/")
        self.endpoint = endpoint
        self.region = region
    }

    /// What `s3://bucket/prefix` names; nil if it is no such address.
    package init?(url: String) {
        guard url.hasPrefix("s3://") else { return nil }
        let parts = url.dropFirst("s3://".count).split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let bucket = parts.first, !bucket.isEmpty else { return nil }
        self.init(bucket: String(bucket), prefix: parts.count > 1 ? String(parts[1]) : "")
    }

    /// The address of an object, or of the bucket if `key` is empty, without a query.
    func address(_ key: String, region: String) -> (url: String, host: String, path: String) {
        let base = endpoint ?? "https://s3.\(region).amazonaws\(region.hasPrefix("cn-") ? ".com.cn" : ".com")"
        let scheme = base.hasPrefix("http://") ? "http" : "https"
        let rest = base.split(separator: "://", maxSplits: 1).last.map(String.init) ?? base
        let parts = rest.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: true).map(String.init)
        var host = Self.withoutDefaultPort((parts.first ?? "").lowercased(), scheme)
        var folder = parts.count > 1 ? "/" + parts[1].trimmingSlashes : ""
        if isVirtual { host = "\(bucket).\(host)" } else { folder += "/" + PercentText.encoded(bucket) }
        let path = folder + "/" + PercentText.encoded(key, keepingSlashes: true)
        return ("\(scheme)://\(host)\(path)", host, path)
    }

    private var isVirtual: Bool {
        switch addressing {
        case .path: false
        case .virtual: true
        case .auto:
            // A certificate for `*.host` does not fit a name with a dot.
            endpoint == nil && !bucket.contains(".") && bucket.lowercased() == bucket && !bucket.contains("_")
        }
    }

    private static func withoutDefaultPort(_ host: String, _ scheme: String) -> String {
        let port = scheme == "http" ? ":80" : ":443"
        return host.hasSuffix(port) ? String(host.dropLast(port.count)) : host
    }
}

/// Text in addresses, where all but letters, digits and `-._~` is written as `%` and two digits.
enum PercentText {
    private static let digits = Array("0123456789ABCDEF".utf8)

    /// A text as S3 wants it in paths, queries and signatures.
    static func encoded(_ text: String, keepingSlashes: Bool = false) -> String {
        var result: [UInt8] = []
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"):
                result.append(byte)
            case UInt8(ascii: "/") where keepingSlashes: result.append(byte)
            default: result += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: result, as: UTF8.self)
    }

    /// The text that an encoded one stands for; a `+` is a space, as in queries.
    static func decoded(_ text: String) -> String {
        var result: [UInt8] = []
        let bytes = Array(text.utf8)
        var index = 0
        while index < bytes.count {
            if bytes[index] == UInt8(ascii: "%"), index + 2 < bytes.count,
                let value = UInt8(String(decoding: bytes[index + 1...index + 2], as: UTF8.self), radix: 16)
            {
                result.append(value)
                index += 3
            } else {
                result.append(bytes[index] == UInt8(ascii: "+") ? UInt8(ascii: " ") : bytes[index])
                index += 1
            }
        }
        return String(decoding: result, as: UTF8.self)
    }
}

extension String {
    fileprivate var trimmingSlashes: String { split(separator: "/").joined(separator: "/") }
}
