// SPDX-License-Identifier: Apache-2.0

extension RunSearch {
    /// The filter for runs that stand for themselves: a stage of a pipeline has a run below that of the whole pipeline, which
    /// carries the tag `gyre.stage`.
    package static let withoutStages = "tags.`gyre.stage` IS NULL"
}
