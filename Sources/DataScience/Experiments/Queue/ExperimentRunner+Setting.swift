// SPDX-License-Identifier: Apache-2.0

package import Pipelines
package import Tracking

extension ExperimentRunner {
    /// What running needs beside the queue.
    package struct Setting: Sendable {
        /// Where runs are tracked.
        package let tracking: TrackingService
        /// Experiment of the runs, address of the server, Python.
        package let options: ReproduceOptions
        /// How many experiments run at once.
        package let workers: Int
        /// Whether entries under way wait again if all is cancelled.
        package var requeues = true
        /// Told what happens.
        package var onEvent: @Sendable (ExperimentEvent) -> Void

        /// A setting.
        package init(
            tracking: TrackingService,
            options: ReproduceOptions,
            workers: Int,
            onEvent: @escaping @Sendable (ExperimentEvent) -> Void
        ) {
            (self.tracking, self.options, self.workers, self.onEvent) = (tracking, options, workers, onEvent)
        }

        /// How the pipeline of an entry runs.
        func options(of entry: QueueEntry) -> ReproduceOptions {
            var options = options
            options.runName = entry.name
            options.alwaysTracks = true
            options.tags += [
                KeyValue("gyre.experiment", entry.name), KeyValue("gyre.experiment.baseline", entry.baseline),
                KeyValue("gyre.experiment.params", entry.params.joined(separator: " ")),
            ]
            if let parent = entry.parentRun { options.tags.append(KeyValue("mlflow.parentRunId", parent)) }
            // What DVC tells stages of experiments.
            options.environment = ["DVC_EXP_NAME": entry.name, "DVC_EXP_BASELINE_REV": entry.baseline]
            options.selection.targets = entry.targets
            options.folder = entry.folder
            options.force = entry.force
            options.selection.reach = entry.isSingle ? .alone : entry.isDownstream ? .downstream : .upstream
            return options
        }
    }
}
