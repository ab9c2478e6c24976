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

extension ImportAddress {
    /// What the `Authorization` header of a server holds, by the variables that MLflow's client reads.
    package static func authorization(in environment: [String: String]) -> String? {
        if let token = environment["MLFLOW_TRACKING_TOKEN"], !token.isEmpty { return "Bearer \(token)" }
        guard let user = environment["MLFLOW_TRACKING_USERNAME"], !user.isEmpty else { return nil }
        let password = environment["MLFLOW_TRACKING_PASSWORD"] ?? ""
        return "Basic " + Base64.text(of: Array("\(user):\(password)".utf8))
    }
}
