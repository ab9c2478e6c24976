// SPDX-License-Identifier: Apache-2.0

import ProjectTesting
import Testing

#if canImport(Glibc)
import Glibc
#endif

/// Data verbs that are killed in the middle of their work, again and again, and then run to their end.
///
///     GYRE_TEST_KILLS=30 GYRE_TEST_SEED=7 swift test --filter DataKillTests     more moments, and the same again
@Suite(.fewAtATime, .timeLimit(.minutes(10)))
struct DataKillTests {
    /// A verb, what is there before it, and what must hold after it.
    struct Work: Sendable, CustomTestStringConvertible {
        let verb: String
        let before: String
        let after: String
        let result: String

        var testDescription: String { verb }
    }

    private static let start = """
        set -e
        git init -q -b main; git config user.name T; git config user.email t@localhost
        "$GYRE" init -q; git add -A; git commit -qm start
        mkdir data; for n in $(seq 400); do echo "first $n" > data/$n; done

        """

    private static let twoVersions = """
        "$GYRE" add -q data; git add -A; git commit -qm first
        for n in $(seq 400); do echo "second $n" > data/$n; done
        "$GYRE" add -q data; git commit -qam second

        """

    private static let pipeline = """
        cat > dvc.yaml <<'END'
        stages:
          one: {cmd: "mkdir one; for n in $(seq 200); do sed s/first/one/ data/$n > one/$n; done", deps: [data], outs: [one]}
          two: {cmd: "cat one/* | sort > two", deps: [one], outs: [two]}
        END
        git add -A; git commit -qm pipeline

        """

    private static let works = [
        Work(
            verb: "add data",
            before: "",
            after: "sort -u data/* | wc -l; git status --porcelain",
            result: "400\n?? .gitignore\n?? data.dvc\n"
        ),
        Work(
            verb: "commit -m all",
            before: twoVersions
                + "for n in $(seq 400); do echo \"third $n\" > data/$n; done; echo code > code; git add code",
            after: "cat data/17; git status --porcelain; git log --format=%s; git show --format= --name-only",
            result: "third 17\nall\nsecond\nfirst\nstart\ncode\ndata.dvc\n"
        ),
        Work(
            verb: "checkout",
            before: twoVersions + "git checkout -q HEAD~",
            after: "grep -L first data/*; ls data | wc -l; git status --porcelain",
            result: "400\n"
        ),
        Work(
            verb: "repro",
            before: pipeline,
            after: "cat one/17; wc -l < two; \"$GYRE\" repro; git status --porcelain",
            result: "one 17\n200\nnothing changed; every stage is up to date\n?? .gitignore\n?? dvc.lock\n"
        ),
        Work(
            verb: "gc -w -f",
            before: twoVersions,
            after: "rm -rf data; \"$GYRE\" checkout -q; cat data/400; find .dvc/cache/files -type f | wc -l",
            result: "second 400\n401\n"
        ),
    ]

    private static func number(_ variable: String) -> UInt64? {
        getenv(variable).flatMap { UInt64(String(cString: $0)) }
    }

    @Test(arguments: works)
    func `killed at any moment and run again, nothing is lost`(work: Work) async throws {
        let seed = Self.number("GYRE_TEST_SEED") ?? UInt64.random(in: 0..<1_000_000)
        var random = SplitMix(state: seed)
        try await Program.inEmptyFolder { gyre in
            let made = try await gyre.shell(Self.start + work.before)
            try #require(made.code == 0, "\(made.error)")
            for round in 1...(Self.number("GYRE_TEST_KILLS") ?? 3) {
                let comment = Comment("kill \(round) of seed \(seed)")
                let pause = Double(Int.random(in: 5...400, using: &random)) / 1000
                let killed = try await gyre.shell(
                    """
                    "$GYRE" \(work.verb) -q >.git/out 2>&1 & process=$!; sleep \(pause); kill -9 $process 2>/dev/null
                    wait $process 2>/dev/null; [ $? = 137 ] || cat .git/out
                    find .dvc/cache/files/md5 -type f 2>/dev/null | while read -r file; do
                      name=$(basename "$(dirname "$file")")$(basename "$file" .dir)
                      [ "$(md5sum < "$file" | cut -c 1-32)" = "$name" ] || echo "broken: $file"
                    done
                    grep -LE '^(first|second|third) [0-9]+$' data/*
                    """
                )
                #expect(killed.output == "", comment)
            }
            let last = try await gyre.shell("\"$GYRE\" \(work.verb)")
            // A commit that was done already has nothing left to do.
            #expect(last.code == 0 || last.error.contains("nothing to commit"), "\(last.error) (seed \(seed))")
            let after = try await gyre.shell(work.after)
            #expect(after.output == work.result, "\(after.error) (seed \(seed))")
            let aside = try TestFolder()
            let status = try await Tool.dvc(state: aside.path).run(["status"], in: gyre.folder)
            #expect(status.output == "Data and pipelines are up to date.\n", "seed \(seed)")
        }
    }
}
