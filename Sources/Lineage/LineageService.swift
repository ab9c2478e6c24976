// SPDX-License-Identifier: Apache-2.0

package import DataVersions
package import Feedback
package import Monitoring
package import Registry
package import Tracking

/// Walks the links that the rooms keep: prediction ↔ model version ↔ run ↔ data ↔ commit, and the errors that became data.
package struct LineageService: Sendable {
    /// Finds logged predictions by id.
    package typealias PredictionFinder = @Sendable ([String]) async throws -> [LoggedPrediction]

    private let tracking: TrackingService
    private let registry: RegistryService
    private let feedback: FeedbackService
    private let git: Git
    private let findPredictions: PredictionFinder

    /// A walker over the rooms of one project.
    package init(
        tracking: TrackingService,
        registry: RegistryService,
        feedback: FeedbackService,
        git: Git,
        findPredictions: @escaping PredictionFinder
    ) {
        self.tracking = tracking
        self.registry = registry
        self.feedback = feedback
        self.git = git
        self.findPredictions = findPredictions
    }

    /// The node of a name with all it came from, and with what came from it one step on.
    ///
    /// A walk goes from kind to kind in one order only (prediction, model version, run, data and commit), so it ends.
    ///
    /// - Parameter id: A prediction id, a run id, `MODEL/VERSION`, `md5:HASH` or a commit.
    /// - Returns: The node.
    /// - Throws: ``LineageError`` if nothing has that name.
    package func walk(from id: String) async throws -> LineageNode {
        guard !id.isEmpty, id.utf8.count <= 1_000, !id.utf8.contains(0) else { throw LineageError(id: id) }
        if id.hasPrefix("md5:") { return try await data(String(id.dropFirst(4))) }
        if let prediction = try await findPredictions([id]).first { return try await node(of: prediction) }
        if let slash = id.lastIndex(of: "/"), let number = Int(id[id.index(after: slash)...]),
            let version = try await found({ try await registry.version(model: String(id[..<slash]), number: number) })
        {
            var node = try await self.node(of: version)
            let errors = try await feedback.errors(
                model: version.name,
                version: String(version.version),
                limit: Self.most
            )
            node.results = errors.map { Self.node(of: $0) }
            return node
        }
        if let run = try await found({ try await tracking.run(id: id) }) {
            var node = try await self.node(of: run)
            let versions = try await registry.searchVersions(VersionSearch(runID: run.id), limit: Self.most)
            node.results = versions.map {
                LineageNode(.modelVersion, "\($0.name)/\($0.version)", facts: Self.facts($0))
            }
            return node
        }
        // The log may have let the prediction go; its error keeps what is needed.
        if let error = try await feedback.error(of: id) {
            var node = Self.node(of: error)
            if let version = try await origin(model: error.model, version: error.version) {
                node.origins.append(version)
            }
            return node
        }
        if id.count >= 7, let commit = try await found({ try await git.commit(named: id) }) ?? nil {
            return try await node(ofCommit: commit)
        }
        throw LineageError(id: id)
    }

    /// The most nodes of one kind beside each other.
    private static let most = 100

    // MARK: Nodes

    private func node(of prediction: LoggedPrediction) async throws -> LineageNode {
        var node = LineageNode(.prediction, prediction.id)
        node.facts = [("label", prediction.label)]
        if let score = prediction.score { node.facts.append(("score", String(score))) }
        node.facts.append(("time_ms", String(prediction.timeMs)))
        if let version = try await origin(model: prediction.model, version: prediction.version) {
            node.origins.append(version)
        }
        if let error = try await feedback.error(of: prediction.id) { node.results.append(Self.node(of: error)) }
        return node
    }

    private static func node(of error: GatheredError) -> LineageNode {
        var node = LineageNode(.error, error.id, facts: [("error_kind", error.kind.rawValue)])
        if let truth = error.truth { node.facts.append(("truth", truth)) }
        if let comment = error.comment, !comment.isEmpty { node.facts.append(("comment", comment)) }
        if let version = error.dataVersion { node.results.append(LineageNode(.data, version)) }
        return node
    }

    private func origin(model: String, version: String) async throws -> LineageNode? {
        guard let number = Int(version) else { return nil }
        let known = try await found { try await registry.version(model: model, number: number) }
        guard let known else { return nil }
        return try await node(of: known)
    }

    private func node(of version: ModelVersion) async throws -> LineageNode {
        var node = LineageNode(.modelVersion, "\(version.name)/\(version.version)", facts: Self.facts(version))
        if let digest = try await registry.verdicts(model: version.name, version: version.version).first?.digest {
            node.facts.append(("digest", digest))
        }
        if let id = version.runID, let run = try await found({ try await tracking.run(id: id) }) {
            node.origins.append(try await self.node(of: run))
        }
        return node
    }

    private func node(of run: Run) async throws -> LineageNode {
        var node = LineageNode(.run, run.id, facts: [("name", run.name), ("status", run.status.rawValue)])
        for metric in run.metrics where ["recall", "precision", "roc_auc", "accuracy"].contains(metric.key) {
            node.facts.append((metric.key, String((metric.value * 10_000).rounded() / 10_000)))
        }
        for input in run.inputs {
            node.origins.append(LineageNode(.data, "md5:\(input.digest)", facts: [("path", input.name)]))
        }
        if let commit = run.tag("mlflow.source.git.commit") {
            var origin = LineageNode(.commit, commit)
            if let known = try await found({ try await git.commit(named: commit) }) ?? nil {
                origin.facts.append(("subject", known.subject))
            }
            if run.tag("gyre.git.dirty") == "true" {
                origin.facts.append(("changes", "gyre/uncommitted.patch of the run"))
            }
            node.origins.append(origin)
        }
        return node
    }

    private func data(_ digest: String) async throws -> LineageNode {
        guard digest.wholeMatch(of: /[0-9a-f]{32}(\.dir)?/) != nil else { throw LineageError(id: "md5:\(digest)") }
        var node = LineageNode(.data, "md5:\(digest)")
        for id in try await feedback.predictions(in: "md5:\(digest)", limit: Self.most) {
            node.origins.append(LineageNode(.error, id))
        }
        for run in try await tracking.runs(using: digest, limit: Self.most) {
            let path = run.inputs.first { $0.digest == digest }?.name ?? ""
            node.results.append(LineageNode(.run, run.id, facts: [("name", run.name), ("path", path)]))
        }
        for commit in try await found({ try await git.commits(naming: digest) }) ?? [] {
            node.results.append(LineageNode(.commit, commit.id, facts: [("subject", commit.subject)]))
        }
        guard !node.origins.isEmpty || !node.results.isEmpty else { throw LineageError(id: "md5:\(digest)") }
        return node
    }

    private func node(ofCommit commit: (id: String, subject: String)) async throws -> LineageNode {
        var node = LineageNode(.commit, commit.id, facts: [("subject", commit.subject)])
        node.origins = try await git.data(of: commit.id, limit: Self.most).map { file, md5 in
            LineageNode(.data, "md5:\(md5)", facts: [("path", String(file.dropLast(".dvc".count)))])
        }
        let filter = "tags.`mlflow.source.git.commit` = '\(commit.id)'"
        let runs = try await tracking.searchRuns(RunSearch(filter: filter, limit: Self.most))
        node.results = runs.map { LineageNode(.run, $0.id, facts: [("name", $0.name)]) }
        return node
    }

    private static func facts(_ version: ModelVersion) -> [(name: String, value: String)] {
        version.aliases.isEmpty ? [] : [("aliases", version.aliases.joined(separator: ", "))]
    }

    /// The value, or nil where the room knows of none.
    private func found<Value>(_ body: () async throws -> Value) async throws -> Value? {
        do {
            return try await body()
        } catch let error as TrackingError where error.code == .notFound {
            return nil
        } catch let error as RegistryError where error.code == .notFound {
            return nil
        } catch let error as DataVersionsError where [.git, .tooLarge].contains(error.code) {
            return nil
        }
    }
}
