// SPDX-License-Identifier: Apache-2.0

import Files
package import SystemPackage

/// What is to be imported.
package enum ImportAddress: Sendable {
    /// A server that speaks MLflow's REST API, with what its `Authorization` header holds.
    case mlflowServer(url: String, authorization: String?)
    /// The folder of MLflow's file store, and the folder in which a server kept its artefacts.
    case mlflowFolder(FilePath, artifacts: FilePath?)
    /// The database of MLflow's SQL store, and the folder in which a server kept its artefacts.
    case mlflowDatabase(FilePath, artifacts: FilePath?)
    /// Folders of Sacred's file observer, or a dump of what its MongoDB observer wrote.
    case sacred(FilePath)
    /// Folders with TensorBoard's event files.
    case tensorBoard(FilePath, experiment: String?)

    /// What MLflow itself would take as a tracking URI.
    ///
    /// - Parameters:
    ///   - text: A URL, `sqlite:///FILE`, or a path.
    ///   - folder: What relative paths begin at.
    ///   - artifacts: The folder in which a server kept its artefacts.
    ///   - authorization: What the `Authorization` header holds; user and password in the URL go before it.
    /// - Throws: ``TransferError`` `.unknownSource`.
    package init(
        mlflow text: String,
        from folder: FilePath,
        artifacts: FilePath? = nil,
        authorization: String? = nil
    ) throws(TransferError) {
        func path(_ text: String) -> FilePath { folder.pushing(FilePath(text)).lexicallyNormalized() }
        let scheme = text.firstRange(of: ":").map { text[..<$0.lowerBound].lowercased() } ?? ""
        switch scheme {
        case "http", "https":
            let (url, user) = Self.splitUser(text)
            self = .mlflowServer(url: url, authorization: user ?? authorization)
        case "sqlite":
            guard text.hasPrefix("sqlite:///"), text.utf8.count > 10 else {
                throw TransferError(
                    .unknownSource,
                    what: "cannot import `\(text.prefix(200))`",
                    why: "a SQLite file is written `sqlite:///FILE`"
                )
            }
            self = .mlflowDatabase(path(String(text.dropFirst(10))), artifacts: artifacts)
        case "file": self = .mlflowFolder(path(ImportState.plain(text)), artifacts: artifacts)
        default:
            let isURI = text.contains("://")
            guard !isURI, !text.isEmpty else {
                throw TransferError(
                    .unknownSource,
                    what: "cannot import `\(FailedAddress.shown(text))`",
                    why: "it is neither `http://…`, nor `sqlite:///…`, nor a folder",
                    next: isURI ? "begin `mlflow server` on that store, and import from its address" : nil
                )
            }
            let file = path(text)
            let isFile = FileSystem.exists(file) && !FileSystem.isDirectory(file)
            self = isFile ? .mlflowDatabase(file, artifacts: artifacts) : .mlflowFolder(file, artifacts: artifacts)
        }
    }

    func open() async throws -> any ImportSource {
        switch self {
        case .mlflowServer(let url, let authorization):
            try await MLflowServer.open(url: url, authorization: authorization)
        case .mlflowFolder(let folder, let artifacts): try await MLflowFolder.open(folder, artifacts: artifacts)
        case .mlflowDatabase(let file, let artifacts): try await MLflowDatabase.open(file, artifacts: artifacts)
        case .sacred(let folder): try await SacredSource.open(folder)
        case .tensorBoard(let folder, let experiment):
            try await TensorBoardFolder.open(folder, experiment: experiment)
        }
    }

    /// A URL without `user:password@`, and these as a header.
    private static func splitUser(_ url: String) -> (url: String, header: String?) {
        guard let scheme = url.firstRange(of: "://") else { return (url, nil) }
        let rest = url[scheme.upperBound...]
        let host = rest.prefix { $0 != "/" }
        guard let at = host.lastIndex(of: "@") else { return (url, nil) }
        let plain = String(url[..<scheme.upperBound] + rest[rest.index(after: at)...])
        return (plain, "Basic " + Base64.text(of: Array(URLText.decoded(String(host[..<at])).utf8)))
    }
}

/// An address without what may be secret.
enum FailedAddress {
    static func shown(_ text: String) -> String {
        guard let scheme = text.firstRange(of: "://") else { return String(text.prefix(200)) }
        let rest = text[scheme.upperBound...]
        let host = rest.prefix { $0 != "/" }
        guard let at = host.lastIndex(of: "@") else { return String(text.prefix(200)) }
        return String((text[..<scheme.upperBound] + rest[rest.index(after: at)...]).prefix(200))
    }
}

/// Percent encoding of URLs.
enum URLText {
    /// The text as part of a query.
    static func encoded(_ text: String, keeping kept: String = "") -> String {
        var result = ""
        for byte in text.utf8 {
            switch byte {
            case 48...57, 65...90, 97...122, UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "~"):
                result.unicodeScalars.append(Unicode.Scalar(byte))
            case _ where kept.utf8.contains(byte): result.unicodeScalars.append(Unicode.Scalar(byte))
            default:
                let digits = String(byte, radix: 16, uppercase: true)
                result += digits.utf8.count == 1 ? "%0\(digits)" : "%\(digits)"
            }
        }
        return result
    }

    /// The text that was encoded; what is no code stays.
    static func decoded(_ text: String) -> String {
        var bytes: [UInt8] = []
        let source = Array(text.utf8)
        var index = 0
        while index < source.count {
            if source[index] == UInt8(ascii: "%"), index + 2 < source.count,
                let byte = UInt8(String(decoding: source[index + 1...index + 2], as: UTF8.self), radix: 16)
            {
                bytes.append(byte)
                index += 3
            } else {
                bytes.append(source[index])
                index += 1
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

/// Base64 of RFC 4648.
enum Base64 {
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    static func text(of bytes: [UInt8]) -> String {
        var result: [UInt8] = []
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let part = bytes[start..<min(start + 3, bytes.count)]
            var group: UInt32 = 0
            for (index, byte) in part.enumerated() { group |= UInt32(byte) << (16 - 8 * index) }
            for index in 0..<4 {
                let isPadding = index > part.count
                result.append(isPadding ? UInt8(ascii: "=") : alphabet[Int(group >> (18 - 6 * index) & 63)])
            }
        }
        return String(decoding: result, as: UTF8.self)
    }

    /// The bytes of a text; nil if it is none.
    static func bytes(of text: String) -> [UInt8]? {
        var result: [UInt8] = []
        var group: UInt32 = 0
        var count = 0
        for byte in text.utf8 where byte != UInt8(ascii: "=") {
            guard let value = alphabet.firstIndex(of: byte) else { return nil }
            group = group << 6 | UInt32(value)
            count += 1
            guard count == 4 else { continue }
            result += [UInt8(group >> 16 & 255), UInt8(group >> 8 & 255), UInt8(group & 255)]
            (group, count) = (0, 0)
        }
        switch count {
        case 0: break
        case 2: result.append(UInt8(group >> 4 & 255))
        case 3: result += [UInt8(group >> 10 & 255), UInt8(group >> 2 & 255)]
        default: return nil
        }
        return result
    }
}
