// SPDX-License-Identifier: Apache-2.0

import Files
package import HTTPTransport
import NIOCore
package import SystemPackage

/// A file behind HTTP, as `gyre import-url` and `gyre get-url` take it.
package struct HTTPOrigin: Sendable {
    /// What a server says about a file.
    struct Facts: Sendable {
        /// The hash of what the server says, as DVC computes it: it changes when the file does.
        let checksum: String
        let size: Int64?
    }

    private let url: String
    private let client: HTTPTransportClient

    /// A file; nothing is asked.
    package init(url: String, client: HTTPTransportClient) {
        self.url = url
        self.client = client
    }

    /// Asks what the server knows, without the content.
    ///
    /// - Throws: ``DataVersionsError`` `.missingContent` if it has no such file.
    func facts() async throws -> Facts {
        // A server that counts what it packs would give a size that the file has not.
        let answer = try await client.send("HEAD", url, headers: [("Accept-Encoding", "identity")])
        guard (200..<300).contains(answer.status) else { throw missing(answer.status) }
        return Self.facts(url, answer.headers)
    }

    /// Downloads to a file.
    ///
    /// - Throws: ``DataVersionsError`` `.missingContent` if the server has no such file, `.changed` for half of it.
    package func download(to file: FilePath) async throws {
        try await client.download(url) { stream in
            guard (200..<300).contains(stream.status) else { throw missing(stream.status) }
            try await Self.save(stream, to: file)
        }
    }

    /// Writes an answer to a file, whole or not at all.
    static func save(_ stream: HTTPStream, to file: FilePath) async throws {
        var writer = try AtomicFileWriter(replacing: file, permissions: [.ownerReadWrite, .groupRead, .otherRead])
        for try await piece in stream.body { try writer.append(Array(piece.readableBytesView)) }
        if let length = stream.length, length != writer.count {
            throw DataVersionsError(
                .changed,
                what: "cannot download `\(file.lastComponent?.string ?? "")`",
                why: "\(writer.count) of \(length) bytes came",
                next: "run it again"
            )
        }
        try writer.commit()
    }

    /// The number that DVC writes as `checksum`: the MD5, as a decimal number, of the text that Python gives what fsspec knows.
    ///
    /// - Source: fsspec 2026, `implementations/http.py` (`_file_info`) and `utils.tokenize`.
    static func facts(_ url: String, _ headers: [(name: String, value: String)]) -> Facts {
        func header(_ name: String) -> String? { headers.first { $0.name.lowercased() == name.lowercased() }?.value }
        let encoding = header("content-encoding") ?? ""
        let size = ["", "identity"].contains(encoding) ? header("content-length").flatMap { Int64($0) } : nil
        var fields = ["'name': \(PythonText.repr(url))", "'size': \(size.map { String($0) } ?? "None")"]
        if let type = header("content-type") {
            fields.append("'mimetype': \(PythonText.repr(String(type.prefix { $0 != ";" })))")
        }
        if header("accept-ranges") == "none" { fields.append("'partial': False") }
        fields.append("'url': \(PythonText.repr(url))")
        for name in ["ETag", "Content-MD5", "Digest", "Last-Modified"] {
            if let value = header(name), !value.isEmpty { fields.append("'\(name)': \(PythonText.repr(value))") }
        }
        let text = "({\(fields.joined(separator: ", ")), 'type': 'file'},)"
        return Facts(checksum: decimal(FileHashing.digest(of: Array(text.utf8), .md5).hex), size: size)
    }

    /// A hexadecimal number of any length as a decimal one.
    private static func decimal(_ hex: String) -> String { UInt128(hex, radix: 16).map { String($0) } ?? hex }

    private func missing(_ status: Int) -> DataVersionsError {
        DataVersionsError(
            .missingContent,
            what: "cannot fetch `\(url)`",
            why: status == 404 ? "the server has no such file" : "the server answers \(status)",
            next: "look at the address"
        )
    }
}

/// Texts as Python writes them.
enum PythonText {
    /// The text that `repr` gives a string.
    static func repr(_ text: String) -> String {
        let quote = text.contains("'") && !text.contains("\"") ? "\"" : "'"
        var result = quote
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\r": result += "\\r"
            case "\t": result += "\\t"
            case "'" where quote == "'": result += "\\'"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + quote
    }
}
