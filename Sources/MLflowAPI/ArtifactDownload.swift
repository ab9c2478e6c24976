// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import Hummingbird
import ObjectStorage

/// A file of a run, a model or a version on its way to a client.
struct ArtifactDownload {
    let store: any ObjectStore
    let key: ObjectKey

    /// The file, or the part of it that `Range` asks for.
    ///
    /// - Throws: ``CallError`` as MLflow refuses a folder; what the store throws.
    func response(to request: Request) async throws -> Response {
        let whole = try await body(nil)
        let size = whole.info.sizeInBytes
        var headers: HTTPFields = [
            .contentType: Self.mediaType(of: name),
            .contentDisposition: Self.disposition(of: name),
            .acceptRanges: "bytes",
            // A page that shows an artefact must not run it.
            .contentSecurityPolicy: "sandbox", .xContentTypeOptions: "nosniff",
        ]
        switch Self.wanted(request.headers[.range], of: size) {
        case .all: return Self.stream(whole, .ok, headers)
        case .part(let range):
            headers[.contentRange] = "bytes \(range.lowerBound)-\(range.upperBound - 1)/\(size)"
            return Self.stream(try await body(range), .partialContent, headers)
        case .nothing:
            headers[.contentRange] = "bytes */\(size)"
            return Response(status: .rangeNotSatisfiable, headers: headers)
        }
    }

    private var name: String { String(key.text.split(separator: "/").last ?? "") }

    private func body(_ range: Range<Int64>?) async throws -> ObjectBody {
        do {
            return try await store.get(key, range: range)
        } catch let error as ObjectStorageError where error.code == .notFound {
            guard try await store.list(prefix: key.text, recursive: false, after: nil, limit: 1).entries.isEmpty else {
                throw CallError.invalid("Artifact path refers to a directory, not a file: '\(key.text.prefix(1_000))'")
            }
            throw error
        }
    }

    private static func stream(_ body: ObjectBody, _ status: HTTPResponse.Status, _ headers: HTTPFields) -> Response {
        let count = body.range.count
        var headers = headers
        headers[.contentLength] = String(count)
        return Response(
            status: status,
            headers: headers,
            body: ResponseBody(contentLength: count) { writer in
                for try await piece in body { try await writer.write(piece) }
                try await writer.finish(nil)
            }
        )
    }

    /// What a request asks for of a file.
    enum Wanted: Equatable {
        case all
        case part(Range<Int64>)
        /// What lies behind its end.
        case nothing
    }

    /// The bytes that a `Range` of one piece asks for; what cannot be read, or names several pieces, asks for all.
    ///
    /// - Source: RFC 9110, section 14.
    static func wanted(_ header: String?, of size: Int64) -> Wanted {
        guard let header, header.hasPrefix("bytes="), !header.contains(",") else { return .all }
        let ends = header.dropFirst("bytes=".count).split(separator: "-", omittingEmptySubsequences: false)
        guard ends.count == 2 else { return .all }
        let (first, last) = (Int64(ends[0]), Int64(ends[1]))
        guard let first else {
            guard ends[0].isEmpty, let last else { return .all }
            return last == 0 || size == 0 ? .nothing : .part(max(0, size - last)..<size)
        }
        guard ends[1].isEmpty || last.map({ $0 >= first }) == true else { return .all }
        return first < size ? .part(first..<(min(last ?? size, size - 1) + 1)) : .nothing
    }

    /// What kind of file it is, as MLflow's server says it: what a page can show as text is text.
    static func mediaType(of name: String) -> String {
        let dot = name.lastIndex(of: ".")
        let isHidden = dot == nil || dot == name.startIndex
        let ending = isHidden ? name : String(name[name.index(after: dot ?? name.startIndex)...])
        if texts.contains(ending) { return "text/plain" }
        return types[ending.lowercased()] ?? "application/octet-stream"
    }

    private static let texts: Set<String> = [
        "txt", "log", "err", "cfg", "conf", "cnf", "cf", "ini", "properties", "prop", "hocon", "toml", "yaml", "yml",
        "xml",
        "json", "js", "py", "py3", "csv", "tsv", "md", "rst", "ipynb", "MLmodel", "MLproject",
    ]
    private static let types = [
        "html": "text/html", "htm": "text/html", "css": "text/css", "png": "image/png", "jpg": "image/jpeg",
        "jpeg": "image/jpeg", "gif": "image/gif", "svg": "image/svg+xml", "webp": "image/webp", "bmp": "image/bmp",
        "ico": "image/vnd.microsoft.icon", "tiff": "image/tiff", "pdf": "application/pdf", "mp4": "video/mp4",
        "webm": "video/webm", "mp3": "audio/mpeg", "wav": "audio/x-wav", "zip": "application/zip",
        "tar": "application/x-tar",
    ]

    /// The name under which a browser saves the file; it never shows it on this server's page.
    ///
    /// - Source: RFC 6266, and RFC 8187 for names beyond ASCII.
    static func disposition(of name: String) -> String {
        let isToken = name.utf8.allSatisfy { byte in
            (byte | 0x20 >= UInt8(ascii: "a") && byte | 0x20 <= UInt8(ascii: "z"))
                || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || "!#$%&'*+-.^_`|~".utf8.contains(byte)
        }
        if isToken { return "attachment; filename=\(name)" }
        var plain = ""
        for scalar in name.unicodeScalars where scalar.isASCII && scalar.value >= 32 && scalar.value != 127 {
            if scalar == "\"" || scalar == "\\" { plain.unicodeScalars.append("\\") }
            plain.unicodeScalars.append(scalar)
        }
        let quoted = "attachment; filename=\"\(plain.isEmpty ? "download" : plain)\""
        guard !name.utf8.allSatisfy({ $0 < 128 && $0 >= 32 && $0 != 127 }) else { return quoted }
        var encoded = ""
        for byte in name.utf8 {
            let isPlain =
                (byte | 0x20 >= UInt8(ascii: "a") && byte | 0x20 <= UInt8(ascii: "z"))
                || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || "!#$&+-.^_`|~".utf8.contains(byte)
            let digits = String(byte, radix: 16, uppercase: true)
            encoded += isPlain ? String(UnicodeScalar(byte)) : "%" + (digits.utf8.count == 2 ? digits : "0" + digits)
        }
        return quoted + "; filename*=UTF-8''\(encoded)"
    }
}
