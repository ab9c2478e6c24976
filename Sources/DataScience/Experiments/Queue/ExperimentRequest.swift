// SPDX-License-Identifier: Apache-2.0

package import Pipelines

/// What is asked for by `exp run`.
package struct ExperimentRequest: Sendable {
    /// The parameters of each run.
    package var combinations: [[ParameterChange]] = [[]]
    /// The name; of several the beginning of the names.
    package var name: String?
    /// Only these stages.
    package var targets: [String] = []
    /// The folder that targets count from.
    package var folder = ""
    /// Whether stages run that did not change, and another experiment of the name may be replaced.
    package var force = false
    /// Whether the targets run alone.
    package var isSingle = false
    /// Whether the targets and what depends on them run.
    package var isDownstream = false
    /// Files and folders that git does not track, to be copied into the work tree of the experiment.
    package var copies: [String] = []
    /// What the commit says.
    package var message: String?

    /// A run with the parameters as they are.
    package init() {}
}

/// What happens to experiments, for whoever watches.
package enum ExperimentEvent: Sendable {
    /// A worker begins with one.
    case began(QueueEntry)
    /// What happens in its pipeline.
    case pipeline(QueueEntry, PipelineEvent)
    /// It ended, as its state tells.
    case ended(QueueEntry)
}
