// SPDX-License-Identifier: Apache-2.0

/// The project at one look: the live service, models, runs, experiments, gathered errors and the loop.
///
/// All times are milliseconds UTC. Lists are shown in the order given; what is not there shows as `–` or as a sentence that
/// says how to get it.
package struct HomePage: Sendable {
    /// The project's name.
    package var project: String
    /// When the page is made; ages are told from here.
    package var nowMs: Int64
    /// The experiment that ``runs`` are limited to; nil for all.
    package var experimentID: String?
    /// Every experiment, newest first.
    package var experiments: [ExperimentRow]
    /// Runs, newest first.
    package var runs: [RunRow]
    /// How many runs there are, shown or not; nil if nobody counted.
    package var runCount: Int?
    /// Registered models.
    package var models: [ModelRow]
    /// What answers requests now, one for each model.
    package var services: [ServiceCard]
    /// Gathered errors, newest first.
    package var errors: [ErrorRow]
    /// How many errors there are, and how many it takes.
    package var errorSummary: ErrorSummary?
    /// Turns of the loop, newest first.
    package var turns: [TurnRow]

    /// A page; whatever is left out is shown as not there yet.
    package init(
        project: String,
        nowMs: Int64,
        experimentID: String? = nil,
        experiments: [ExperimentRow] = [],
        runs: [RunRow] = [],
        runCount: Int? = nil,
        models: [ModelRow] = [],
        services: [ServiceCard] = [],
        errors: [ErrorRow] = [],
        errorSummary: ErrorSummary? = nil,
        turns: [TurnRow] = []
    ) {
        self.project = project
        self.nowMs = nowMs
        self.experimentID = experimentID
        self.experiments = experiments
        self.runs = runs
        self.runCount = runCount
        self.models = models
        self.services = services
        self.errors = errors
        self.errorSummary = errorSummary
        self.turns = turns
    }

    /// The page as HTML.
    ///
    /// - Throws: ``PageError`` if a template is broken, which the tests would have seen.
    package func render() throws -> String { try Templates.render("home", HomeView(self).content) }
}
