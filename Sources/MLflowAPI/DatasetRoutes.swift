// SPDX-License-Identifier: Apache-2.0

import Hummingbird
import JSONText
import Tracking

/// `experiments/search-datasets`, at the three paths that it has had.
struct DatasetRoutes: Sendable {
    /// The most experiments of a request, MLflow's limit.
    private static let experimentLimit = 20

    let tracking: TrackingService

    func add(to calls: Calls<some RequestContext>) {
        let tracking = tracking
        // MLflow's own definition of the route lacks the slash.
        for path in ["2.0mlflow/experiments/search-datasets", "2.0/mlflow/experiments/search-datasets"] {
            calls.post(path) { call in
                let experiments = try call.texts("experiment_ids")
                guard (1...Self.experimentLimit).contains(experiments.count) else {
                    throw CallError.invalid(
                        "SearchDatasets request must specify 1 to \(Self.experimentLimit) experiment_ids, got "
                            + "\(experiments.count)."
                    )
                }
                let found = try await tracking.datasets(in: experiments)
                return .json { writer in
                    writer.object { writer in
                        writer.key("dataset_summaries")
                        writer.array { writer in for dataset in found { dataset.write(into: &writer) } }
                    }
                }
            }
        }
    }
}

extension UsedDataset {
    func write(into writer: inout JSONWriter) {
        writer.object { writer in
            writer.field("experiment_id", experimentID)
            writer.field("name", name)
            writer.field("digest", digest)
            if let context { writer.field("context", context) }
        }
    }
}
