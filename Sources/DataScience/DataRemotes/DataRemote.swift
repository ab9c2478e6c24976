// SPDX-License-Identifier: Apache-2.0

package import DataVersions
import Files
package import HTTPTransport
import ObjectStorage
import SystemPackage

#if canImport(Glibc)
import Glibc
#endif

/// A remote of a repository, ready to be asked.
package struct DataRemote: Sendable {
    /// Its name in the settings.
    package let name: String
    /// Its address, as people know it.
    package let url: String
    let storage: any RemoteStorage
    /// How many transfers at once.
    let concurrency: Int
    /// The clock in seconds UTC.
    var now: @Sendable () -> Int64 = { Int64(time(nil)) }

    init(name: String, url: String, storage: any RemoteStorage, jobs: Int? = nil) {
        self.name = name
        self.url = url
        self.storage = storage
        concurrency = max(1, jobs ?? storage.concurrency)
    }

    /// What opening a remote needs of the process.
    package struct Surroundings: Sendable {
        let environment: [String: String]
        let http: HTTPTransportClient
        /// Clients of another trust than the system's.
        let trusting: TrustingClients?
        let now: @Sendable () -> Int64

        /// The environment's variables, a client that outlives the remote, and the clock in seconds UTC.
        package init(
            environment: [String: String],
            http: HTTPTransportClient,
            trusting: TrustingClients? = nil,
            now: @escaping @Sendable () -> Int64
        ) {
            self.trusting = trusting
            self.environment = environment
            self.http = http
            self.now = now
        }
    }

    /// Opens the remote that settings describe; nothing is sent.
    ///
    /// - Parameters:
    ///   - settings: The remote as the config has it.
    ///   - jobs: How many transfers at once; nil for what the settings or the kind of remote say.
    ///   - surroundings: What it needs.
    /// - Returns: The remote.
    /// - Throws: ``DataRemotesError`` `.unsupported` for kinds and settings that Gyre does not know, `.invalidRemote`.
    package static func open(
        _ settings: RemoteSettings,
        jobs: Int?,
        _ surroundings: Surroundings
    ) throws -> DataRemote {
        for key in ["worktree", "version_aware"] where try settings.bool(key) == true {
            throw unsupported(settings, "its setting `\(key)`")
        }
        let jobs = try jobs ?? settings.integer("jobs")
        switch settings.scheme {
        case "", "file", "local":
            let path =
                settings.scheme.isEmpty ? settings.url : String(settings.url.dropFirst(settings.scheme.count + 3))
            let storage = try FolderRemote(root: FilePath(path).lexicallyNormalized())
            return DataRemote(name: settings.name, url: settings.url, storage: storage, jobs: jobs)
        case "s3":
            let store = try BucketSettings(settings, surroundings).store()
            return DataRemote(
                name: settings.name,
                url: settings.url,
                storage: BucketRemote(store, concurrency: 32),
                jobs: jobs
            )
        default: throw unsupported(settings, "remotes of the kind `\(settings.scheme)://`")
        }
    }

    static func unsupported(_ settings: RemoteSettings, _ words: String) -> DataRemotesError {
        DataRemotesError(
            .unsupported,
            what: "cannot use the remote `\(settings.name)`",
            why: "Gyre does not support \(words)",
            next: "use a folder or `s3://…`, or `dvc` for this one"
        )
    }
}
