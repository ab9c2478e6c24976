// SPDX-License-Identifier: Apache-2.0

package import Evaluation
import Files
package import Registry
import Serving
import Statistics
package import SystemPackage
import Tables
import Tracking

/// Measures models on the project's data, and holds them against its requirements.
package struct Judge: Sendable {
    private let services: ProjectServices
    private let models: ModelStore

    /// A judge for a project.
    package init(services: ProjectServices) {
        self.services = services
        models = ModelStore(services: services)
    }

    /// Measures the model of a run, and the champion on the same data.
    ///
    /// - Parameters:
    ///   - run: The run.
    ///   - root: The work tree whose data counts.
    /// - Returns: What was measured, and the verdict.
    /// - Throws: ``ServerError`` `.missingSetting` if `gyre.yaml` does not say on what to judge.
    package func report(on run: String, root: FilePath) async throws -> EvaluationReport {
        let project = services.project
        guard let data = project.evaluation.data, let target = project.model.target else {
            throw ServerError(
                .missingSetting,
                what: "cannot judge run `\(run)`",
                why: "`gyre.yaml` names no `\(project.model.target == nil ? "model.target" : "evaluation.data")`",
                next: "add it; `gyre init --example breast-cancer` shows how"
            )
        }
        let candidate = try await models.model(of: run)
        let prepared = try await models.prepare(candidate.directory)
        let served = try await models.load(prepared, name: project.model.name, version: "candidate", runID: run)
        let file = root.pushing(data)
        let errors = project.loop.errors.map { root.pushing($0) }
        let measured = try await metrics(of: served, on: file, errors: errors, target: target)
        let champion = try await championVersion()
        var baseline: [String: Double]?
        if let champion {
            // As it is now, also if its files are not those that once passed: the comparison is with what could serve.
            let prepared = try await models.prepare(try await models.directory(of: champion))
            let version = String(champion.version)
            let model = try await models.load(prepared, name: champion.name, version: version, runID: champion.runID)
            baseline = try await metrics(of: model, on: file, errors: errors, target: target).values
        }
        let digest = try await BlockingPool.shared.run { try FileHashing.digest(of: file, .md5) }
        return EvaluationReport(
            runID: run,
            modelDigest: prepared.sourceDigest,
            data: (data.string, digest.description),
            rows: measured.rows,
            metrics: measured.values,
            champion: baseline,
            championVersion: champion.map { String($0.version) },
            verdict: Verdict(
                requirements: project.evaluation.require,
                measured: measured.values,
                baselines: baseline.map { [RegistryService.champion: $0] } ?? [:]
            ),
            createdMs: services.now()
        )
    }

    /// The champion of the project's model; nil if there is none.
    package func championVersion() async throws -> ModelVersion? {
        try await services.registry.version(model: services.project.model.name, alias: RegistryService.champion)
    }

    // MARK: Measuring

    private func metrics(
        of model: ServedModel,
        on file: FilePath,
        errors: FilePath?,
        target: String
    ) async throws -> (values: [String: Double], rows: Int) {
        let engine = try await services.runtimes.tables()
        let table = try await read(file, engine)
        let test = try await quality(of: model, on: table, target: target, file)
        var values = test.metrics
        for (name, value) in try await latency(of: model, on: table) { values[name] = value }
        if let errors, FileSystem.exists(errors) {
            let rows = try await engine.read(errors)
            if rows.rowCount > 0 {
                for (name, value) in try await quality(of: model, on: rows, target: target, errors).metrics {
                    values["errors.\(name)"] = value
                }
            }
        }
        return (values, table.rowCount)
    }

    private func read(_ file: FilePath, _ engine: TableEngine) async throws -> TableChunk {
        guard FileSystem.exists(file) else {
            throw ServerError(
                .notFound,
                what: "cannot judge the model",
                why: "`\(file)` is missing",
                next: "run `gyre checkout`, or correct `evaluation.data` in `gyre.yaml`"
            )
        }
        let table = try await engine.read(file)
        guard table.rowCount > 0 else {
            throw ServerError(.invalidRequest, what: "cannot judge the model", why: "`\(file)` has no rows")
        }
        return table
    }

    private func quality(
        of model: ServedModel,
        on table: TableChunk,
        target: String,
        _ file: FilePath
    ) async throws -> BinaryQuality {
        let positive = services.project.model.positive
        guard let index = model.positiveIndex, model.classes.count == 2 else {
            throw ServerError(
                .missingSetting,
                what: "cannot judge the model",
                why: "`model.positive` is `\(positive)`, and the model's classes are \(model.classes)",
                next: "correct `model.positive` in `gyre.yaml`; models of two classes are judged"
            )
        }
        let truths = try table.column(target).strings.map { $0 == positive }
        var answers: [RowAnswer] = []
        for start in stride(from: 0, to: table.rowCount, by: ServingService.rowLimit) {
            let end = min(start + ServingService.rowLimit, table.rowCount)
            let batch = try FeatureBatch(table, rows: start..<end, columns: model.columns)
            answers += try await model.answer(batch)
        }
        return try BinaryQuality(
            truths: truths,
            answers: answers.map { $0.label == positive },
            scores: answers.map { $0.probabilities.indices.contains(index) ? $0.probabilities[index] : 0 }
        )
    }

    /// How long single rows take, in milliseconds, by nearest rank over up to 200 rows after a warm-up.
    private func latency(of model: ServedModel, on table: TableChunk) async throws -> [String: Double] {
        var times: [Double] = []
        let count = min(table.rowCount, 200)
        for index in -20..<count {
            let row = max(index, 0)
            let batch = try FeatureBatch(table, rows: row..<(row + 1), columns: model.columns)
            let start = ContinuousClock.now
            _ = try await model.answer(batch)
            if index >= 0 { times.append((ContinuousClock.now - start) / .milliseconds(1)) }
        }
        times.sort()
        func rank(_ share: Double) -> Double {
            times[min(times.count - 1, Int((share * Double(times.count)).rounded(.up)) - 1)]
        }
        return ["latency.p50": rank(0.5), "latency.p90": rank(0.9), "latency.p99": rank(0.99)]
    }
}

extension FeatureBatch {
    /// Rows of a table in a model's order of columns.
    init(_ table: TableChunk, rows: Range<Int>, columns: [ModelColumn]) throws {
        var result: [Column] = []
        for column in columns {
            let values = try table.column(column.name)
            switch column.kind {
            case .number: result.append(.numbers(rows.map { values[$0].double ?? .nan }))
            case .text: result.append(.texts(rows.map { values[$0].text ?? "" }))
            }
        }
        self.init(rowCount: rows.count, columns: result)
    }
}
