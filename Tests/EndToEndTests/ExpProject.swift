// SPDX-License-Identifier: Apache-2.0

import Files
import JSONText
import ProjectTesting
import SystemPackage
import Testing

/// A repository of DVC whose stage ran and was committed.
///
/// `train` writes `a` of `params.yaml` into `model` and `m.json`; it fails if `a` is 13, and waits for a file `go` beside the project
/// if `a` is 99. `report` depends on it.
struct ExpProject {
    let gyre: Program
    var folder: FilePath { gyre.folder }

    /// Calls `body` with a copy of the project that it may change.
    static func with(_ body: (ExpProject) async throws -> Void) async throws {
        let folder = try await making.value
        try await Program.inEmptyFolder { outer in
            let copy = try await outer.shell("cp -a '\(folder)' project && git -C project update-index --refresh")
            try #require(copy.code == 0, "\(copy.error)")
            try await body(ExpProject(gyre: Program(folder: outer.folder.appending("project"))))
        }
    }

    private static let making = Task { try await make() }

    /// Makes the project, once for all tests.
    private static func make() async throws -> FilePath {
        let folder = try FileSystem.realPath(try FileSystem.temporaryDirectory(prefix: "gyre-exp"))
        KeptFolders.keep(folder)
        let gyre = Program(folder: folder)
        let made = try await gyre.shell(
            #"""
            set -e
            git init -q -b main; git config user.name T; git config user.email t@localhost
            mkdir .dvc; : > .dvc/config; printf '/tmp\n/cache\n/config.local\n' > .dvc/.gitignore
            cat > dvc.yaml <<'STAGES'
            stages:
              train:
                cmd: sh train.sh ${a}
                deps: [in, train.sh]
                params: [a]
                outs: [model]
                metrics:
                - m.json: {cache: false}
              report:
                cmd: cat model model > report
                deps: [model]
                outs: [report]
            STAGES
            cat > train.sh <<'TRAIN'
            test "$1" -ne 13 || { echo unlucky >&2; exit 3; }
            echo "training $1"
            if test "$1" -eq 99; then until test -e "$GO"; do sleep 0.05; done; fi
            echo "$1" > model; echo "{\"acc\": $1.5}" > m.json
            if test -e extra; then cat extra >> model; fi
            TRAIN
            printf '# mine\na: 1\nb: x\n' > params.yaml; echo 1 > in; echo notes > notes.txt
            echo .gyre/ > .gitignore; echo extra >> .gitignore
            "$GYRE" repro -q > /dev/null
            git add -A; git commit -qm one
            """#
        )
        try #require(made.code == 0, "\(made.error)")
        return folder
    }

    /// The file that `a: 99` waits for.
    var go: FilePath { folder.removingLastComponent().appending("go") }

    /// Runs the program so that stages find the file they wait for.
    func run(_ arguments: String...) async throws -> Program.Answer {
        try await gyre.run(arguments, environment: ["GO": go.string])
    }

    /// Runs the real dvc.
    func dvc(_ arguments: String...) async throws -> String { try await dvc(arguments) }

    /// Runs the real dvc.
    @discardableResult
    func dvc(_ arguments: [String]) async throws -> String {
        let state = folder.removingLastComponent()
        return try await Tool.dvc(state: state).run(arguments, in: folder).output
    }

    /// The work tree: every file's bytes and time of change, and git's index.
    func state() async throws -> String {
        try await gyre.shell(
            """
            find . -path ./.git -prune -o -path ./.gyre -prune -o -path ./.dvc -prune -o -type f -printf '%p %T@ %m ' \
              -exec md5sum {} ';' | sort; md5sum .git/index; stat -c %Y .git/index; cat .git/HEAD; git log --oneline
            """
        )
        .output
    }

    /// What git knows beside branches, and what lies in Gyre's folder for experiments.
    func leftovers() async throws -> String {
        try await gyre.shell(
            """
            git for-each-ref --format='%(refname)' refs/gyre; git worktree list | tail -n +2
            ls .gyre/experiments/trees .gyre/experiments/workers | grep -v : ; ls .gyre/experiments | grep -v queue
            """
        )
        .output.split(separator: "\n").filter { !$0.isEmpty && !["trees", "workers"].contains($0) }
        .joined(separator: "\n")
    }

    func text(_ name: String) throws -> String { try FileReader.text(of: folder.appending(name)) }

    /// The statuses of the queue by name.
    func statuses() async throws -> [String: String] {
        let status = try await gyre.json("queue", "status")
        var result: [String: String] = [:]
        for task in try #require(status["tasks"]).elements {
            result[task["name"]?.string ?? ""] = task["status"]?.string ?? ""
        }
        return result
    }
}
