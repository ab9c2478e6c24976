// SPDX-License-Identifier: Apache-2.0

import DataVersions
import Documents
import Files
import JSONText
import ProjectTesting
import SystemPackage
import Testing
import Tracking

@testable import Pipelines

/// What a run knows of how it came to be.
struct TrackedRunTests {
    private static let pipeline = """
        stages:
          clean: {cmd: cp raw.csv clean.csv, deps: [raw.csv], outs: [clean.csv]}
          train:
            cmd: 'cp clean.csv model; echo "{\\"auc\\": 0.9, \\"deep\\": {\\"f1\\": 1}, \\"note\\": \\"x\\"}" > m.json'
            deps: [clean.csv, 'odd "name"']
            params: [train.lr, {other.yaml: [k]}]
            outs: [model]
            metrics: [m.json: {cache: false}]
        """
    private static let params = "train:\n  lr: 0.1   # rate\n  layers: [1, 2]\nname: 'x'\n"

    private func ready() async throws -> Laboratory {
        let lab = try await Laboratory(Self.pipeline, params: Self.params)
        try lab.folder.write("1", to: "raw.csv")
        try lab.folder.write("2", to: #"odd "name""#)
        try lab.folder.write("k: {a: 1}\nl: 2\n", to: "other.yaml")
        return lab
    }

    @Test func `the run carries inputs, outputs, parameters, metrics and times`() async throws {
        let lab = try await ready()
        let id = try #require(try await lab.reproduce().runID)
        let run = try await lab.tracking.run(id: id)
        #expect(run.status == .finished && run.name == "a run" && run.endMs != nil)
        let md5 = { (text: String) in FileHashing.digest(of: Array(text.utf8), .md5).hex }
        let inputs = run.inputs.map { "\($0.name) \($0.digest)" }
        #expect(Set(inputs) == ["raw.csv \(md5("1"))", "clean.csv \(md5("1"))", "odd \"name\" \(md5("2"))"])
        for input in run.inputs {
            let source = try JSONDocument(input.source).root
            #expect(source["uri"]?.string == input.name && source["stage"]?.string != nil)
        }
        #expect(run.tag("gyre.output.model") == md5("1") && run.tag("gyre.output.clean.csv") == md5("1"))
        let params = Dictionary(run.params.map { ($0.key, $0.value) }, uniquingKeysWith: { $1 })
        #expect(params == ["train.lr": "0.1", "train.layers": "[1, 2]", "name": "x", "other.yaml:k.a": "1"])
        #expect(run.metric("auc") == 0.9 && run.metric("deep.f1") == 1 && run.metric("note") == nil)
        #expect(run.metric("gyre.stage.train.seconds").map { $0 > 0 } == true)
        #expect(run.tag("gyre.version") == "1.2.3" && run.tag("gyre.machine")?.contains("core") == true)
        #expect(run.tag("mlflow.source.name") == "gyre repro")
    }

    @Test func `each stage that runs or comes from the cache is a run below`() async throws {
        let lab = try await ready()
        let first = try await lab.tracking.run(id: try #require(try await lab.reproduce().runID))
        let children = try await lab.children(of: first)
        let train = try #require(children["train"])
        #expect(Set(children.keys) == ["clean", "train"] && train.status == .finished && train.endMs != nil)
        #expect(
            train.tag("gyre.stage.cached") == "false" && train.tag("gyre.stage.command")?.hasPrefix("cp clean") == true
        )
        #expect(train.param("train.lr") == "0.1" && train.param("other.yaml:k.a") == "1" && train.param("name") == nil)
        #expect(train.tag("gyre.stage.input.clean.csv") == train.tag("gyre.stage.output.model") && train.inputs.isEmpty)
        #expect(train.metric("gyre.seconds") != nil && train.metric("auc") == nil, "the run above has the metrics")
        #expect(first.tag("gyre.stage.train") == "ran")

        try lab.folder.remove("model")
        let second = try await lab.tracking.run(id: try #require(try await lab.reproduce().runID))
        let again = try await lab.children(of: second)
        #expect(again.keys.sorted() == ["train"] && again["train"]?.tag("gyre.stage.cached") == "true")
        #expect(second.tag("gyre.stage.train") == "cached" && second.tag("gyre.stage.clean") == "unchanged")
        #expect(second.metric("auc") == 0.9)
    }

    @Test func `what the script logged itself is left as it is`() async throws {
        let lab = try await ready()
        let tracking = lab.tracking
        try lab.folder.write(Self.pipeline.replacing("cmd: 'cp", with: "cmd: 'echo go; cp"), to: "dvc.yaml")
        let (ids, found) = AsyncStream.makeStream(of: String.self)
        // As the script would through MLflow's API: the tracking service is the same.
        let logging = Task {
            for await id in ids {
                let metric = Metric(key: "auc", value: 0.5, timestampMs: 1)
                try await tracking.log(.init(metrics: [metric], params: [KeyValue("name", "mine")]), run: id)
            }
        }
        try lab.folder.write(
            Self.pipeline.replacing(
                "cmd: 'cp",
                with: "cmd: 'echo $MLFLOW_RUN_ID; while [ ! -e logged ]; do :; done; cp"
            ),
            to: "dvc.yaml"
        )
        let done = lab.project.root.appending("logged")
        let id = try await lab.reproduce(onLine: { line in
            found.yield(line)
            found.finish()
            Task {
                _ = await logging.result
                try AtomicFile.write("", to: done)
            }
        }).runID
        let run = try await tracking.run(id: try #require(id))
        #expect(run.metric("auc") == 0.5 && run.param("name") == "mine" && run.metric("deep.f1") == 1)
    }

    @Test func `a clean tree is known by its commit`() async throws {
        let lab = try await ready()
        let commit = try await lab.project.commit("Code")
        try await lab.project.git("remote", "add", "origin", "https://me:secret@host/x.git")
        let run = try await lab.tracking.run(id: try #require(try await lab.reproduce().runID))
        #expect(run.tag("mlflow.source.git.commit") == commit && run.tag("gyre.git.dirty") == "false")
        #expect(run.tag("mlflow.source.git.branch") == "main")
        #expect(run.tag("mlflow.source.git.repoURL") == "https://host/x.git")
        await #expect(throws: (any Error).self) { try await lab.artifact("gyre/uncommitted.patch", of: run) }
    }

    @Test(arguments: [
        (["LOGNAME": "ada", "USER": "bob"], "ada"), (["LOGNAME": "", "USER": "bob"], "bob"), ([:], "Grace Hopper"),
    ])
    func `a run knows who began it, by the login or else by who commits`(
        variables: [String: String],
        user: String
    ) async throws {
        let lab = try await ready()
        try await lab.project.git("config", "user.name", "Grace Hopper")
        #expect(try await RunRecorder.user(Git(root: lab.project.root)) { variables[$0] } == user)
        let run = try await lab.tracking.run(id: try #require(try await lab.reproduce().runID))
        #expect(!run.userID.isEmpty && run.userID != "unknown" && run.tag("mlflow.user") == run.userID)
    }

    @Test func `a dirty tree leaves a patch that makes the same tree of the commit`() async throws {
        let lab = try await ready()
        let commit = try await lab.project.commit("Code")
        try lab.folder.write("print('new')\n", to: "new.py")
        try lab.folder.write("k: {a: 2}\n", to: "other.yaml")
        let run = try await lab.tracking.run(id: try #require(try await lab.reproduce().runID))
        #expect(run.tag("gyre.git.dirty") == "true")
        let clone = try TestFolder()
        try await Tool.git.run(["clone", "-q", lab.project.root.string, "."], in: clone.path)
        try await Tool.git.run(["checkout", "-q", commit], in: clone.path)
        let patch = try await lab.artifact("gyre/uncommitted.patch", of: run)
        try await Tool.git.run(["apply", "-"], in: clone.path, input: patch)
        #expect(try clone.text("new.py") == "print('new')\n" && clone.text("other.yaml") == "k: {a: 2}\n")
    }

    @Test func `the packages of the python are written down`() async throws {
        let (lab, env) = (try await ready(), try TestFolder())
        for name in ["numpy-1.26.4", "scikit_learn-1.5.0", "x-1-2"] {
            try env.write("", to: "lib/python3.11/site-packages/\(name).dist-info/METADATA")
        }
        try env.write("", to: "bin/python")
        let id = try await lab.reproduce(python: env.path.pushing("bin/python")).runID
        let run = try await lab.tracking.run(id: try #require(id))
        let text = try await lab.artifact("gyre/requirements.txt", of: run)
        #expect(text == "# python3.11\nnumpy==1.26.4\nscikit_learn==1.5.0\nx==1-2\n")
    }

    @Test func `values and names that tracking does not take do not lose the run`() async throws {
        let lab = try await Laboratory(
            "stages:\n  'odd/../stage': {cmd: touch a..b, outs: [a..b]}\n",
            params: "long: '\(String(repeating: "é", count: 5_000))'\n'a//b': 1\n'c?d': 2\nfine: 3\n"
        )
        let run = try await lab.tracking.run(id: try #require(try await lab.reproduce().runID))
        #expect(run.status == .finished && run.param("fine") == "3" && run.params.count == 2)
        #expect(run.param("long")?.hasSuffix("é…") == true)
    }

    // MARK: Setting parameters

    @Test func `a parameter is set without touching what people wrote around it`() async throws {
        let lab = try await ready()
        try await lab.reproduce(set: [("train.lr", "0.5"), ("name", "it's: new"), ("train.layers.0", "3")])
        let text = try #require(try lab.folder.text("params.yaml"))
        #expect(text == "train:\n  lr: 0.5   # rate\n  layers: [3, 2]\nname: \"it's: new\"\n")
        #expect(try await lab.run()?.param("train.lr") == "0.5")
    }

    @Test(arguments: [
        ("train.lrr", "did you mean `train.lr`? If it is new, add it by `-S +train.lrr=1`"),
        ("nowhere", "add it by `-S +nowhere=1`"), ("train.layers.7", nil),
    ])
    func `a parameter that is not there is not made up`(key: String, next: String?) async throws {
        let lab = try await ready()
        let error = try await #require(throws: PipelinesError.self) { try await lab.reproduce(set: [(key, "1")]) }
        #expect(error.code == .unknownParameter)
        if let next { #expect(error.next == next) }
        #expect(try lab.folder.text("params.yaml") == Self.params)
        #expect(try await lab.run() == nil)
    }

    @Test func `one parameter that cannot be set keeps all from being set`() async throws {
        let lab = try await ready()
        await #expect(throws: PipelinesError.self) {
            try await lab.reproduce(set: [("name", "new"), ("nowhere", "1")])
        }
        #expect(try lab.folder.text("params.yaml") == Self.params)
    }
}
