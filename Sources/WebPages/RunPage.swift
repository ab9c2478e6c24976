// SPDX-License-Identifier: Apache-2.0

/// Everything about one run: what it was given, what it measured, what it read and what it left.
package struct RunPage: Sendable {
    /// One line of a table of names and values.
    package struct Pair: Sendable {
        /// The name.
        package var name: String
        /// The value.
        package var value: String

        /// A line.
        package init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    /// A metric's latest value.
    package struct Metric: Sendable {
        /// The metric.
        package var name: String
        /// Its latest value; NaN and infinities are shown as such.
        package var value: Double?
        /// The step of the latest value.
        package var step: Int64?
        /// When it was logged.
        package var timestampMs: Int64?

        /// A metric.
        package init(_ name: String, _ value: Double?, step: Int64? = nil, timestampMs: Int64? = nil) {
            self.name = name
            self.value = value
            self.step = step
            self.timestampMs = timestampMs
        }
    }

    /// Data that the run read.
    package struct Input: Sendable {
        /// Its name, usually a path in the project.
        package var name: String
        /// What it was read as, such as `training`.
        package var context: String?
        /// Its content hash.
        package var digest: String?
        /// Where it came from.
        package var source: String?

        /// An input.
        package init(_ name: String, context: String? = nil, digest: String? = nil, source: String? = nil) {
            self.name = name
            self.context = context
            self.digest = digest
            self.source = source
        }
    }

    /// The project's name.
    package var project: String
    /// When the page is made.
    package var nowMs: Int64
    /// The run's line; its params and metrics are not used.
    package var run: RunRow
    /// Id of its experiment.
    package var experimentID: String?
    /// Params, in the order to show.
    package var params: [Pair]
    /// Metrics, in the order to show.
    package var metrics: [Metric]
    /// Tags, in the order to show.
    package var tags: [Pair]
    /// Data that it read.
    package var inputs: [Input]
    /// Model versions that came from it: model and version number.
    package var versions: [(model: String, number: String)]
    /// Where its artefacts are.
    package var artifactLocation: String?

    /// A page.
    package init(
        project: String,
        nowMs: Int64,
        run: RunRow,
        experimentID: String? = nil,
        params: [Pair] = [],
        metrics: [Metric] = [],
        tags: [Pair] = [],
        inputs: [Input] = [],
        versions: [(model: String, number: String)] = [],
        artifactLocation: String? = nil
    ) {
        self.project = project
        self.nowMs = nowMs
        self.run = run
        self.experimentID = experimentID
        self.params = params
        self.metrics = metrics
        self.tags = tags
        self.inputs = inputs
        self.versions = versions
        self.artifactLocation = artifactLocation
    }

    /// The page as HTML.
    ///
    /// - Throws: ``PageError`` if a template is broken, which the tests would have seen.
    package func render() throws -> String { try Templates.render("run", RunView(self).content) }
}
