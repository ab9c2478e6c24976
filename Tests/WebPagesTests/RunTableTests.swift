// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import WebPages

/// Which columns the table of runs has.
struct RunTableTests {
    @Test func `params that are equal everywhere are no column, and missing ones are`() {
        let rows = [["C": "1", "seed": "7", "solver": "a"], ["C": "2", "seed": "7"], [:]]
        #expect(RunTable.differingParams(rows) == ["C", "solver"])
    }

    @Test func `a param that the pipeline logs under a longer name is one column`() {
        let rows = [["C": "1", "train.C": "1", "split.C": "3"], ["C": "2", "train.C": "2", "split.C": "4"]]
        #expect(RunTable.differingParams(rows) == ["C", "split.C"])
    }

    @Test func `metrics that most runs have come first, and those of the machine are left out`() {
        let rows = [["f1": 0.5, "recall": 0.1, "system/cpu": 3, "gyre.stage.train.seconds": 4], ["recall": 0.2]]
        #expect(RunTable.commonMetrics(rows) == ["recall", "f1"])
    }

    @Test(arguments: [("recall", 0.9), ("log_loss", 0.2)])
    func `the best value is the highest or the lowest, as the metric asks`(metric: String, best: Double) {
        #expect(RunTable.best(of: metric, in: [0.9, 0.2, 0.5, .nan]) == best)
    }

    @Test func `a metric of unknown direction has no best value, nor have equal values`() {
        #expect(RunTable.best(of: "queue_length", in: [1, 2]) == nil)
        #expect(RunTable.best(of: "recall", in: [0.5, 0.5]) == nil)
    }
}
