// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Pipelines

/// Which stages run besides the targets, and what happens when one fails.
struct StageOptions: ParsableArguments {
    @Flag(name: [.short, .long], help: "Only the targets, not what they depend on.")
    var singleItem = false

    @Flag(help: "The targets and what depends on them.")
    var downstream = false

    @Flag(help: "Run also all that depends on a stage that ran.")
    var forceDownstream = false

    @Flag(help: "Leave stages alone whose data is missing, if nothing else changed.")
    var allowMissing = false

    @Flag(name: [.short, .long], help: "After a failure go on with what does not depend on it.")
    var keepGoing = false

    @Flag(help: "After a failure go on with everything.")
    var ignoreErrors = false

    @Flag(help: "Only say what would run, and why.")
    var dry = false

    func validate() throws {
        if keepGoing, ignoreErrors { throw ValidationError("--keep-going and --ignore-errors exclude each other") }
    }

    /// A run as they say.
    var options: ReproduceOptions {
        var options = ReproduceOptions(experiment: "", trackingURL: "")
        options.selection.reach = singleItem ? .alone : downstream ? .downstream : .upstream
        options.forceDownstream = forceDownstream
        options.allowsMissing = allowMissing
        options.onFailure = keepGoing ? .keepGoing : ignoreErrors ? .ignore : .stop
        return options
    }
}
