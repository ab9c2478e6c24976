// SPDX-License-Identifier: Apache-2.0

import Files
import JSONText
import Subprocess
import SystemPackage
import Testing

/// A signal ends a command and what it began, and says so.
@Suite(.fewAtATime, .timeLimit(.minutes(10)))
struct InterruptTests {
    @Test(arguments: [Signal.interrupt, .terminate])
    func `a training that is interrupted ends with its script, and its run is noted as killed`(
        signal: Signal
    ) async throws {
        try await Program.inProject { gyre in
            let pipeline = "stages:\n  slow:\n    cmd: echo begun; exec sleep 600\n    outs: [out]\n"
            try AtomicFile.write(pipeline, to: gyre.folder.appending("dvc.yaml"))
            let end = try await gyre.interrupt("repro", by: signal, onceSaid: "begun")
            #expect(end.code == 130)
            #expect(end.text.hasSuffix("error: cannot finish\n  why: a signal asked to stop\n"), "\(end.text)")
            #expect(try await gyre.processesThatStay().isEmpty)
            let runs = Array(try await gyre.json("runs").elements)
            #expect(runs.map { $0["status"]?.string } == ["KILLED"])
            #expect(!FileSystem.exists(gyre.folder.appending("dvc.lock")))
        }
    }
}
