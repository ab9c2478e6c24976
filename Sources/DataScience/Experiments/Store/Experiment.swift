// SPDX-License-Identifier: Apache-2.0

/// An experiment that was run: a commit beside the branches, on top of the one that it began with.
package struct Experiment: Sendable, Hashable {
    /// What people call it.
    package let name: String
    /// The commit that it began with.
    package let baseline: String
    /// Its own commit.
    package let commit: String
    /// When it was made, seconds UTC.
    package let seconds: Int64

    /// The first digits of the commit, as DVC shows them.
    package var shortCommit: String { String(commit.prefix(7)) }
}

/// Names of experiments.
package enum ExperimentName {
    private static let adjectives = [
        "agile", "amber", "azure", "basic", "blond", "brave", "brisk", "calm", "civic", "clear", "crisp", "eager",
        "early",
        "fancy", "fleet", "fresh", "frosty", "gentle", "glad", "grand", "green", "happy", "hazel", "ideal", "ivory",
        "jolly", "keen", "kind", "light", "lively", "lucid", "lucky", "merry", "mild", "misty", "noble", "olive",
        "plain",
        "polar", "proud", "quick", "quiet", "rapid", "ready", "rosy", "royal", "rural", "sandy", "sharp", "shiny",
        "silky", "solar", "solid", "spicy", "stony", "sunny", "swift", "tidy", "urban", "vivid", "warm", "witty",
    ]
    private static let nouns = [
        "acorn", "aster", "badge", "basil", "bay", "birch", "bloom", "brook", "cedar", "cliff", "cloud", "clover",
        "coral",
        "creek", "delta", "dune", "eagle", "elm", "ember", "fern", "field", "finch", "fjord", "flint", "frost", "glade",
        "grove", "gull", "harbor", "hazel", "heath", "heron", "hill", "iris", "island", "ivy", "lake", "lark", "lily",
        "lotus", "maple", "marsh", "meadow", "moss", "oak", "otter", "pearl", "pine", "plum", "pond", "quartz", "reef",
        "ridge", "river", "robin", "sage", "shell", "shore", "spruce", "stone", "storm", "thyme", "tide", "willow",
    ]

    /// A name that none of `taken` has.
    static func make(besides taken: Set<String>) -> String {
        for turn in 0..<1_000 {
            let name = "\(adjectives.randomElement() ?? "new")-\(nouns.randomElement() ?? "run")"
            let candidate = turn < 50 ? name : "\(name)-\(turn)"
            if !taken.contains(candidate) { return candidate }
        }
        return "run-\(UInt64.random(in: .min ... .max))"
    }
}
