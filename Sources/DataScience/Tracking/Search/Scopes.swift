// SPDX-License-Identifier: Apache-2.0

import Database

extension SearchScope {
    static let runs = SearchScope(
        table: "tracking_runs",
        attributes: [
            "run_id": .text("id"), "run_name": .text("name"), "run name": .text("name"), "Run name": .text("name"),
            "Run Name": .text("name"), "status": .text("status"), "artifact_uri": .text("artifact_uri"),
            "user_id": .text("user_id"), "start_time": .number("start_ms"), "created": .number("start_ms"),
            "Created": .number("start_ms"), "end_time": .number("end_ms", isNullable: true),
        ],
        entries: words(
            (["metrics", "metric"], .ofRuns("tracking_latest", isNumber: true)),
            (["params", "param", "parameters", "parameter"], .ofRuns("tracking_params")),
            (["tags", "tag"], .ofRuns("tracking_tags"))
        ),
        parts: words((["datasets", "dataset"], datasets)),
        ties: [(.number("start_ms"), true), (.text("id"), false)]
    )

    static let experiments = SearchScope(
        table: "tracking_experiments",
        attributes: [
            "name": .text("name"), "creation_time": .number("created_ms"), "last_update_time": .number("updated_ms"),
            "experiment_id": .number("id", isIdentifier: true),
        ],
        entries: words((["tags", "tag"], .texts("tracking_experiment_tags", "entry.experiment_id = item.id"))),
        ties: [(.number("created_ms"), true), (.number("id"), true)]
    )

    /// Logged models; with data, only what was measured on it counts.
    static func models(on datasets: [DatasetFilter] = []) -> SearchScope {
        var join: SQL = "entry.model_id = item.id"
        if !datasets.isEmpty { join += " AND (\(SQL.joined(datasets.map(\.condition), separator: " OR ")))" }
        return SearchScope(
            table: "tracking_models",
            attributes: [
                "name": .text("name"), "model_id": .text("id"), "status": .text("status"),
                "source_run_id": .text("source_run_id", isNullable: true),
                "model_type": .text("model_type", isNullable: true), "creation_timestamp": .number("created_ms"),
                "creation_timestamp_ms": .number("created_ms"), "creation_time": .number("created_ms"),
                "last_updated_timestamp": .number("updated_ms"), "last_updated_timestamp_ms": .number("updated_ms"),
                "artifact_location": .text("artifact_uri"), "lifecycle_stage": .text("stage"),
                "experiment_id": .number("experiment_id", isIdentifier: true),
            ],
            entries: words(
                (
                    ["metrics", "metric"],
                    .numbers(
                        "tracking_model_metrics",
                        join,
                        latest: "entry.timestamp_ms DESC, entry.step DESC, entry.run_id"
                    )
                ),
                (["params", "param"], .texts("tracking_model_params", "entry.model_id = item.id")),
                (["tags", "tag"], .texts("tracking_model_tags", "entry.model_id = item.id"))
            ),
            ties: [(.number("created_ms"), true), (.text("id"), false)]
        )
    }

    private static let datasets = Parts(
        table: "tracking_inputs",
        join: "entry.run = item.number",
        columns: [
            "name": .text("name"), "digest": .text("digest"), "context": .text("context", isNullable: true),
        ]
    )

    /// One meaning under several words.
    package static func words<Meaning>(_ list: (words: [String], meaning: Meaning)...) -> [String: Meaning] {
        var result: [String: Meaning] = [:]
        for (words, meaning) in list { for word in words { result[word] = meaning } }
        return result
    }
}
