// SPDX-License-Identifier: Apache-2.0

package import DataVersions
package import SystemPackage
package import Tracking

/// How a pipeline is reproduced.
package struct ReproduceOptions: Sendable {
    /// What happens when a stage fails.
    package enum FailurePolicy: Sendable {
        /// No other stage begins; those that run go on to their end.
        case stop
        /// What does not depend on it goes on.
        case keepGoing
        /// Everything goes on.
        case ignore
    }

    /// Which stages.
    package var selection = StageSelection()
    /// The folder that targets count from, relative to the project; empty for its own.
    package var folder = ""
    /// Changes of parameters to make first.
    package var changes: [ParameterChange] = []
    /// Run every stage, also those that are fresh.
    package var force = false
    /// Run also what depends on a stage that ran, whatever came out.
    package var forceDownstream = false
    /// How many stages may run at once, at least 1.
    package var jobs = 1
    /// What happens when a stage fails.
    package var onFailure = FailurePolicy.stop
    /// Whether what a command made before of the same inputs is taken from the cache.
    package var usesRunCache = true
    /// Whether outputs go into the cache.
    package var commits = true
    /// Whether stages stay whose data is missing, if nothing else changed.
    package var allowsMissing = false
    /// Fetches contents that are missing into the cache; nil if nothing is fetched.
    package var fetch: (@Sendable ([DataPointer]) async throws -> Void)?
    /// Puts data into the work tree that is missing at these paths, relative to the project, and fetches it first.
    package var pull: (@Sendable ([String]) async throws -> Void)?
    /// The experiment of the run.
    package var experiment: String
    /// The name of the run; one is made up if it is nil.
    package var runName: String?
    /// Where the stages find the tracking server.
    package var trackingURL: String
    /// The Python whose folder comes first in the stages' search path.
    package var python: FilePath?
    /// More variables for the stages' environment.
    package var environment: [String: String] = [:]
    /// Whether there is a run also if every stage is up to date.
    package var alwaysTracks = false
    /// More notes for the run.
    package var tags: [KeyValue] = []
    /// The version of Gyre, for the run's notes.
    package var gyreVersion = ""

    /// Options that run what is stale.
    package init(experiment: String, trackingURL: String) {
        self.experiment = experiment
        self.trackingURL = trackingURL
    }

    /// Only these stages and what they depend on; all if empty.
    package var targets: [String] {
        get { selection.targets }
        set { selection.targets = newValue }
    }
}

/// What came of a stage.
package struct StageResult: Sendable {
    /// How a stage ended.
    package enum State: String, Sendable {
        /// Its command ran.
        case ran
        /// Its outputs came from the cache: the command ran before on the same inputs.
        case cached
        /// It was up to date.
        case unchanged
        /// It is frozen.
        case frozen
        /// Its command, or what is done around it, failed.
        case failed
        /// It needs a stage that failed.
        case blocked
    }

    /// The stage; with its file if that is not the project's own.
    package let name: String
    /// How it ended.
    package let state: State
    /// Why, or why not, in one line.
    package let reason: String
    /// How long it took, seconds.
    package let seconds: Double
    /// The commands, for who only asks.
    package var commands: [String] = []

    /// Whether its command ran to its end.
    package var didRun: Bool { state == .ran }
}

/// What came of a reproduction.
package struct ReproduceResult: Sendable {
    /// The run that was tracked; nil if no stage ran.
    package let runID: String?
    /// The stages in the order of the pipeline.
    package let stages: [StageResult]
}

/// What happens while a pipeline runs, for whoever watches.
package enum PipelineEvent: Sendable {
    /// A stage begins.
    case began(stage: String, reason: String)
    /// A stage need not run.
    case skipped(stage: String, reason: String)
    /// The outputs of a stage came from the cache.
    case restored(stage: String, reason: String)
    /// A command of a stage begins.
    case command(stage: String, text: String)
    /// A line that a stage wrote.
    case line(stage: String, text: String)
    /// A stage ended well.
    case ended(stage: String, seconds: Double)
    /// A stage failed, and others go on.
    case failed(stage: String, reason: String)
}
